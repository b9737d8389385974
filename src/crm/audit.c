#include "crm/audit.h"

#include "base/clock.h"
#include "base/emit.h"
#include "base/text.h"

#include <stdlib.h>

#define JSON_MOST (64 << 20) /* bytes of one value; bodies are far smaller */

struct audit_change {
    const char *member, *before, *after; /* the values in JSON */
    struct audit_change *next;
};

/* ── members ─────────────────────────────────────────────────────────────────────────────────── */

static void add(struct audit *audit, const char *member, const char *before, const char *after)
{
    struct audit_change *change = ARENA_NEW(audit->w->arena, struct audit_change), **at = &audit->changes;
    while (*at)
        at = &(*at)->next;
    *change = (struct audit_change){.member = member, .before = before, .after = after};
    *at = change;
}

static const char *quoted(struct audit *audit, const char *text)
{
    if (!text)
        return "null";
    CLEANUP(buf_free) struct buf out = BUF_INIT(JSON_MOST);
    text_json_quote(&out, text);
    return arena_strndup(audit->w->arena, buf_text(&out), out.len);
}

void audit_text(struct audit *audit, const char *member, const char *before, const char *after)
{
    audit->compared = true;
    if (!text_same(before, after))
        add(audit, member, quoted(audit, before), quoted(audit, after));
}

void audit_bool(struct audit *audit, const char *member, bool before, bool after)
{
    audit_json(audit, member, before ? "true" : "false", after ? "true" : "false");
}

static const char *moment(struct audit *audit, int64_t us)
{
    return us ? quoted(audit, time_format(us).text) : "null";
}

void audit_time(struct audit *audit, const char *member, int64_t before, int64_t after)
{
    audit_json(audit, member, moment(audit, before), moment(audit, after));
}

void audit_id(struct audit *audit, const char *member, struct id before, struct id after)
{
    audit_text(audit, member,
        id_is_nil(before) ? NULL : arena_strdup(audit->w->arena, id_format(before).text),
        id_is_nil(after) ? NULL : arena_strdup(audit->w->arena, id_format(after).text));
}

void audit_json(struct audit *audit, const char *member, const char *before, const char *after)
{
    before = before ? before : "null";
    after = after ? after : "null";
    audit->compared = true;
    if (strcmp(before, after) != 0)
        add(audit, member, before, after);
}

static int by_id(const void *a, const void *b)
{
    return id_compare(*(const struct id *)a, *(const struct id *)b);
}

/* In one order, each once. */
static const char *set_as_json(struct audit *audit, const struct id *ids, size_t count)
{
    CLEANUP(buf_free) struct buf out = BUF_INIT(JSON_MOST);
    struct json json = JSON_INTO(&out);
    struct id *sorted = ARENA_ARRAY(audit->w->arena, struct id, count);
    if (count) {
        memcpy(sorted, ids, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, by_id);
    }
    emit_array(&json, NULL);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || !id_equal(sorted[i - 1], sorted[i]))
            emit_id(&json, NULL, sorted[i]);
    emit_array_end(&json);
    return arena_strndup(audit->w->arena, buf_text(&out), out.len);
}

void audit_ids(struct audit *audit, const char *member, const struct id *before, size_t before_count,
    const struct id *after, size_t after_count)
{
    audit_json(
        audit, member, set_as_json(audit, before, before_count), set_as_json(audit, after, after_count));
}

static const struct id *ids_of(struct audit *audit, const struct person *people, int64_t count)
{
    struct id *ids = ARENA_ARRAY(audit->w->arena, struct id, (size_t)count);
    for (int64_t i = 0; i < count; i++)
        ids[i] = people[i].id;
    return ids;
}

void audit_people(struct audit *audit, const char *member, const struct person *before, int64_t before_count,
    const struct person *after, int64_t after_count)
{
    audit_ids(audit, member, ids_of(audit, before, before_count), (size_t)before_count,
        ids_of(audit, after, after_count), (size_t)after_count);
}

/* https://example.com/hooks?token=***&x=***: whoever may set the URL knows the rest. */
static const char *without_values(struct audit *audit, const char *url)
{
    const char *at = url ? strchr(url, '?') : NULL;
    if (!at)
        return url;
    CLEANUP(buf_free) struct buf out = BUF_INIT(JSON_MOST);
    buf_add(&out, url, (size_t)(at - url));
    do {
        size_t len = strcspn(at + 1, "&"), name = strcspn(at + 1, "=&");
        buf_add(&out, at, 1);
        if (name < len)
            buf_add(&out, at + 1, name + 1);
        buf_add_text(&out, len ? "***" : "");
        at += 1 + len;
    } while (*at);
    return arena_strndup(audit->w->arena, buf_text(&out), out.len);
}

void audit_url(struct audit *audit, const char *member, const char *before, const char *after)
{
    audit->compared = true;
    if (!text_same(before, after))
        add(audit, member, quoted(audit, without_values(audit, before)),
            quoted(audit, without_values(audit, after)));
}

/* ── entries ─────────────────────────────────────────────────────────────────────────────────── */

static const char *changes_as_json(const struct audit *audit)
{
    CLEANUP(buf_free) struct buf out = BUF_INIT(2 * JSON_MOST);
    struct json json = JSON_INTO(&out);
    emit_object(&json, NULL);
    for (const struct audit_change *change = audit->changes; change; change = change->next) {
        emit_object(&json, change->member);
        emit_raw(&json, "before", change->before);
        emit_raw(&json, "after", change->after);
        emit_object_end(&json);
    }
    emit_object_end(&json);
    return arena_strndup(audit->w->arena, buf_text(&out), out.len);
}

/* Who it was, as the Business of the entry knows them. */
struct author {
    enum audit_actor kind;
    struct id employee_id;
    const char *name;
};

static struct author author_in(const struct audit *audit, struct id business_id)
{
    const struct actor *actor = audit->actor;
    if (!actor || id_is_nil(actor->user_id))
        return (struct author){.kind = audit->w->origin.via == VIA_NOTHING ? AUDIT_NOBODY : AUDIT_OPERATOR};
    if (!id_equal(actor->business_id, business_id))
        return (struct author){.kind = AUDIT_ELSEWHERE};
    return (struct author){AUDIT_EMPLOYEE, actor->employee.id, actor->employee.display_name};
}

static enum err_code insert(
    const struct audit *audit, struct id business_id, const struct author *author, struct error *err)
{
    struct write *w = audit->w;
    size_t kind = strcspn(audit->action, ".");
    /* From where and by which request somebody worked in another Business is not this one's to know. */
    bool here = !audit->actor || id_equal(audit->actor->business_id, business_id);
    struct origin from = here ? w->origin : (struct origin){.via = w->origin.via};
    return db_exec(w->db,
        "INSERT INTO audit_entry (id, business_id, at, action, subject_kind, subject_id, subject_name, "
        "actor_kind, employee_id, actor_name, via, key_id, address, request_id, changes) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        DB_PARAMS(db_id(id_new()), db_id(business_id), db_int(w->now), db_text(audit->action),
            db_text(arena_strndup(w->arena, audit->action, kind)), db_id_or_null(audit->subject_id),
            db_text(audit->subject_name), db_int(author->kind), db_id_or_null(author->employee_id),
            db_text(author->name), db_int(from.via), db_id_or_null(from.key_id), db_text(from.address),
            db_id_or_null(from.request_id), db_text(changes_as_json(audit))),
        NULL, err);
}

static bool is_nothing(const struct audit *audit)
{
    return audit->compared && !audit->changes;
}

enum err_code audit_add(struct audit *audit, struct error *err)
{
    audit->w->accounted = true;
    if (is_nothing(audit))
        return ERR_OK;
    struct author author = author_in(audit, audit->business_id);
    return insert(audit, audit->business_id, &author, err);
}

/* ── what a User has everywhere ──────────────────────────────────────────────────────────────── */

struct employment {
    struct id business_id, employee_id;
    const char *name;
    bool active;
};

/* Not bound to one Business, as what it is about is not. */
static enum err_code employments(
    const struct audit *audit, struct id user_id, struct employment **found, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct write *w = audit->w;
    *count = 0;
    enum err_code code = db_query(w->db,
        "SELECT business_id, id, display_name, active FROM employee WHERE user_id = $1 ORDER BY id",
        DB_PARAMS(db_id(user_id)), &rows, err);
    while (!code && db_next(rows, &code, err)) {
        if ((*count & (*count - 1)) == 0) { /* 0 and the powers of two: full */
            struct employment *more = ARENA_ARRAY(w->arena, struct employment, *count ? 2 * *count : 1);
            if (*count)
                memcpy(more, *found, *count * sizeof *more);
            *found = more;
        }
        (*found)[(*count)++] = (struct employment){.business_id = db_col_id(rows, 0),
            .employee_id = db_col_id(rows, 1),
            .name = db_col_text_copy(rows, 2, w->arena),
            .active = db_col_int(rows, 3)};
    }
    return code;
}

/* Without a subject it is about the user, as the employee of that Business. */
static enum err_code insert_there(
    const struct audit *audit, struct id user_id, const struct employment *there, struct error *err)
{
    struct audit own = *audit;
    if (id_is_nil(audit->subject_id)) {
        own.subject_id = there->employee_id;
        own.subject_name = there->name;
    }
    bool by_user = audit->actor && id_equal(audit->actor->user_id, user_id);
    struct author author = by_user ? (struct author){AUDIT_EMPLOYEE, there->employee_id, there->name}
                                   : author_in(audit, there->business_id);
    return insert(&own, there->business_id, &author, err);
}

enum err_code audit_add_of_user(struct audit *audit, struct id user_id, struct error *err)
{
    struct employment *all = NULL;
    size_t count = 0;
    bool active = false;
    audit->w->accounted = true;
    if (is_nothing(audit))
        return ERR_OK;
    enum err_code code = employments(audit, user_id, &all, &count, err);
    for (size_t i = 0; i < count; i++)
        active |= all[i].active;
    for (size_t i = 0; i < count && !code; i++)
        if (all[i].active || !active) /* somebody who has left is none of their business */
            code = insert_there(audit, user_id, &all[i], err);
    return code;
}

enum err_code audit_add_of_user_there(struct audit *audit, struct id user_id, struct error *err)
{
    struct employment *all = NULL;
    size_t count = 0;
    audit->w->accounted = true;
    enum err_code code = employments(audit, user_id, &all, &count, err);
    for (size_t i = 0; i < count && !code; i++)
        if (id_equal(all[i].business_id, audit->business_id))
            code = insert_there(audit, user_id, &all[i], err);
    return code;
}
