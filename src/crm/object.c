#include "crm/object.h"

#include "base/clock.h"
#include "crm/business.h"
#include "crm/check.h"
#include "net/url.h"

#define API_NAME_MOST 63

static const char *const association_names[] = {"none", "one_or_more"};
static const char *const action_names[] = {"redirect", "trigger_webhook"};

const char *association_mode_name(enum association_mode mode)
{
    return association_names[mode];
}

const char *submission_action_name(enum submission_action action)
{
    return action_names[action];
}

static int index_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

bool association_mode_parse(const char *name, enum association_mode *mode)
{
    int i = index_of(association_names, ARRAY_LEN(association_names), name);
    if (i >= 0)
        *mode = (enum association_mode)i;
    return i >= 0;
}

bool submission_action_parse(const char *name, enum submission_action *action)
{
    int i = index_of(action_names, ARRAY_LEN(action_names), name);
    if (i >= 0)
        *action = (enum submission_action)i;
    return i >= 0;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

#define OBJECT_COLUMNS                                                                                       \
    "id, business_id, name, api_name, association_mode, submission_action, redirect_url, webhook_url, "      \
    "version, "                                                                                              \
    "created_at "

static void take_object(struct db_rows *rows, struct arena *arena, struct activity_object *object)
{
    *object = (struct activity_object){
        .id = db_col_id(rows, 0),
        .business_id = db_col_id(rows, 1),
        .name = db_col_text_copy(rows, 2, arena),
        .api_name = db_col_text_copy(rows, 3, arena),
        .association_mode = (enum association_mode)db_col_int(rows, 4),
        .action = (enum submission_action)db_col_int(rows, 5),
        .redirect_url = db_col_text_copy(rows, 6, arena),
        .webhook_url = db_col_text_copy(rows, 7, arena),
        .version = db_col_int(rows, 8),
        .created_at = db_col_int(rows, 9),
    };
}

enum err_code object_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    const char *api_name, struct activity_object *object, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        api_name
            ? db_query(db,
                  "SELECT " OBJECT_COLUMNS "FROM activity_object WHERE business_id = $1 AND api_name = $2",
                  DB_PARAMS(db_id(actor->business_id), db_text(api_name)), &rows, err)
            : db_query(db, "SELECT " OBJECT_COLUMNS "FROM activity_object WHERE id = $1 AND business_id = $2",
                  DB_PARAMS(db_id(id), db_id(actor->business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code
                    : error_set(err, ERR_NOT_FOUND, "There is no such Activity Object in this Business.");
    take_object(rows, arena, object);
    return may(actor, ACTION_VIEW_OBJECT, object->business_id, err);
}

enum err_code object_list(struct db *db, struct arena *arena, const struct actor *actor, struct page *page,
    struct activity_object **objects, size_t *count, struct error *err)
{
    static const char forward[] = "SELECT " OBJECT_COLUMNS "FROM activity_object WHERE business_id = $1 "
                                  "AND (name, id) > ($2, $3) ORDER BY name, id LIMIT $4";
    static const char back[] = "SELECT " OBJECT_COLUMNS "FROM activity_object WHERE business_id = $1 "
                               "AND (name, id) < ($2, $3) ORDER BY name DESC, id DESC LIMIT $4";
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t most = page->limit + 1;
    *objects = ARENA_ARRAY(arena, struct activity_object, most);
    *count = 0;
    enum err_code code = may(actor, ACTION_VIEW_OBJECT, actor->business_id, err);
    if (!code)
        code = db_query(db, page->back ? back : forward,
            DB_PARAMS(db_id(actor->business_id), db_text(page->key.text ? page->key.text : ""),
                db_id(page->key.id), db_int((int64_t)most)),
            &rows, err);
    while (!code && *count < most && db_next(rows, &code, err))
        take_object(rows, arena, &(*objects)[(*count)++]);
    if (!code)
        *count = page_cut(page, *objects, sizeof **objects, *count);
    return code;
}

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

/* Puts what `input` sets over `object`. */
static void apply(const struct object_input *input, struct activity_object *object)
{
    if (input->name)
        object->name = input->name;
    if (input->has.action)
        object->action = input->action;
    if (input->has.redirect_url)
        object->redirect_url = input->redirect_url && *input->redirect_url ? input->redirect_url : NULL;
    if (input->has.webhook_url)
        object->webhook_url = input->webhook_url && *input->webhook_url ? input->webhook_url : NULL;
}

static enum err_code check_object(
    struct arena *arena, const struct activity_object *object, struct error_list *list, struct error *err)
{
    struct error why;
    struct url url;
    if (!check_name(object->name, NAME_MOST))
        error_list_add(list, "/name", "A name of 1 to %d characters is needed.", NAME_MOST);
    if (object->redirect_url && url_parse(arena, object->redirect_url, &url, &why))
        error_list_add(list, "/redirect_url", "%s", why.text);
    if (object->webhook_url && url_check_without(arena, object->webhook_url, ACTIVITY_PARAMETER, &why))
        error_list_add(list, "/webhook_url", "%s", why.text);
    if (object->action == SUBMIT_TRIGGER_WEBHOOK && !object->webhook_url)
        error_list_add(list, "/webhook_url", "To trigger a webhook, a Webhook URL is needed.");
    return list->count ? error_set(err, ERR_INVALID, "%s", list->items[0].text) : ERR_OK;
}

static bool check_api_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return name[0] >= 'a' && name[0] <= 'z' && !name[len] && len <= API_NAME_MOST;
}

static enum err_code object_insert(struct db *db, void *ctx, struct error *err)
{
    const struct activity_object *o = ctx;
    enum err_code code = check_business(db, o->business_id, err);
    if (!code)
        code = db_exec(db,
            "INSERT INTO activity_object (id, business_id, name, api_name, association_mode, "
            "submission_action, "
            "redirect_url, webhook_url, version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
            "$10)",
            DB_PARAMS(db_id(o->id), db_id(o->business_id), db_text(o->name), db_text(o->api_name),
                db_int(o->association_mode), db_int(o->action), db_text(o->redirect_url),
                db_text(o->webhook_url), db_int(o->version), db_int(o->created_at)),
            NULL, err);
    if (code == ERR_CONFLICT)
        error_set(err, code, "The api_name '%s' is taken in this Business.", o->api_name);
    return code;
}

enum err_code object_add(struct crm *crm, struct arena *arena, struct id business_id,
    const struct object_input *input, struct activity_object *object, struct error_list *list,
    struct error *err)
{
    *object = (struct activity_object){.id = id_new(),
        .business_id = business_id,
        .name = "",
        .association_mode = input->has.association_mode ? input->association_mode : ASSOCIATE_ONE_OR_MORE,
        .action = SUBMIT_REDIRECT,
        .version = 1,
        .created_at = clock_wall_us()};
    apply(input, object);
    object->api_name = input->api_name ? input->api_name : text_api_name(arena, object->name);
    if (*object->name && !check_api_name(object->api_name))
        error_list_add(list, "/api_name",
            "An api_name of up to %d letters a to z, digits and underscores, beginning with a letter, is "
            "needed.",
            API_NAME_MOST);
    enum err_code code = check_object(arena, object, list, err);
    return code ? code : writer_run(crm->writer, object_insert, object, err);
}

struct change_call {
    struct arena *arena;
    const struct actor *actor;
    struct id id;
    int64_t version;
    const struct object_input *input;
    struct activity_object *object;
    struct error_list *list;
};

/* Read, check and write in the writer's transaction: nobody can come between. */
static enum err_code object_update(struct db *db, void *ctx, struct error *err)
{
    struct change_call *call = ctx;
    struct activity_object *o = call->object;
    *call->list = (struct error_list){0};
    enum err_code code = object_read(db, call->arena, call->actor, call->id, NULL, o, err);
    if (!code && o->version != call->version)
        code = error_set(err, ERR_STALE, "These settings were changed by somebody else since you read them.");
    if (code)
        return code;
    apply(call->input, o);
    code = check_object(call->arena, o, call->list, err);
    if (code)
        return code;
    int64_t changed = 0;
    code = db_exec(db,
        "UPDATE activity_object SET name = $1, submission_action = $2, redirect_url = $3, webhook_url = $4, "
        "version = version + 1 WHERE id = $5 AND business_id = $6 AND version = $7",
        DB_PARAMS(db_text(o->name), db_int(o->action), db_text(o->redirect_url), db_text(o->webhook_url),
            db_id(o->id), db_id(o->business_id), db_int(o->version)),
        &changed, err);
    if (!code && changed == 0)
        code = error_set(err, ERR_STALE, "These settings were changed by somebody else since you read them.");
    o->version++;
    return code ? code : business_touch(db, o->business_id, err);
}

enum err_code object_change(struct crm *crm, struct arena *arena, const struct actor *actor, struct id id,
    int64_t version, const struct object_input *input, struct activity_object *object,
    struct error_list *list, struct error *err)
{
    enum err_code code = may(actor, ACTION_EDIT_OBJECT, actor->business_id, err);
    struct change_call call = {.arena = arena,
        .actor = actor,
        .id = id,
        .version = version,
        .input = input,
        .object = object,
        .list = list};
    return code ? code : writer_run(crm->writer, object_update, &call, err);
}
