/* What a repeat under an Idempotency-Key is told: the first one's answer, without what the caller may not see any more. */
#include "api/call.h"
#include "base/alloc.h"
#include "base/json_read.h"
#include "crm/logged.h"

#include <string.h>

/* The activity as the caller sees it now; NULL: no memory. */
static json_t *render_now(const struct logged_activity *activity)
{
    CLEANUP(buf_free) struct buf text = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&text);
    emit_object(&json, NULL);
    emit_logged_members(&json, activity);
    emit_object_end(&json);
    return text.overflow ? NULL : json_load(buf_text(&text), text.len);
}

/* Two texts, or the ids of two objects. */
static bool is_same(json_t *a, json_t *b)
{
    return json_is_object(a) && json_is_object(b)
               ? json_equal(json_object_get(a, "id"), json_object_get(b, "id"))
               : json_equal(a, b);
}

static json_t *find(json_t *list, json_t *wanted)
{
    size_t i;
    json_t *each;
    json_array_foreach(list, i, each) if (is_same(each, wanted)) return each;
    return NULL;
}

/* Takes out of a list what is not in the list of now. */
static bool keep_seen(json_t *list, json_t *now)
{
    bool changed = false;
    for (size_t i = json_array_size(list); i-- > 0;)
        if (!find(now, json_array_get(list, i)))
            changed |= json_array_remove(list, i) == 0;
    return changed;
}

/* Empties values that are empty now: an activity is never changed, so they refer to what may not be seen. */
static bool empty_unseen(json_t *fields, json_t *now)
{
    bool changed = false;
    size_t i;
    json_t *field;
    json_array_foreach(fields, i, field)
    {
        json_t *seen = find(now, field);
        if (!seen || !json_is_null(json_object_get(seen, "value")) ||
            json_is_null(json_object_get(field, "value")))
            continue;
        changed |= json_object_set_new(field, "value", json_null()) == 0;
    }
    return changed;
}

/* In the arena; NULL: no memory. */
static const char *without_unseen(struct arena *arena, const char *text, json_t *first, json_t *now)
{
    bool entities =
        keep_seen(json_object_get(first, "associated_entities"), json_object_get(now, "associated_entities"));
    bool mentions = keep_seen(json_object_get(first, "mentions"), json_object_get(now, "mentions"));
    bool values = empty_unseen(json_object_get(first, "fields"), json_object_get(now, "fields"));
    if (!entities && !mentions && !values)
        return text;
    CLEANUP(mem_free_ptr) char *left = json_dumps(first, JSON_COMPACT);
    return left ? arena_strdup(arena, left) : NULL;
}

enum err_code logged_repeat_seen(struct call *call, struct idempotent_answer *first, struct error *err)
{
    struct logged_activity activity = {0};
    enum err_code code =
        logged_read_again(call->db, call->arena, &call->actor, first->activity_id, &activity, err);
    if (code)
        return code;
    json_t *then = json_load(first->text, strlen(first->text)), *now = render_now(&activity);
    first->text = then && now ? without_unseen(call->arena, first->text, then, now) : NULL;
    json_decref(then);
    json_decref(now);
    return first->text ? ERR_OK : error_set(err, ERR_UNAVAILABLE, "There is no memory for this answer now.");
}
