#include "crm/object.h"

#include "base/json_read.h"
#include "crm/business.h"

static const char *const association_names[] = {"none", "one_or_more", "all"};
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

bool object_takes(const struct activity_object *object, struct id record_object_id)
{
    if (object->association_mode == ASSOCIATE_NONE)
        return false;
    for (size_t i = 0; i < object->association_object_count; i++)
        if (id_equal(object->association_objects[i], record_object_id))
            return true;
    return object->association_object_count == 0;
}

/* ── rows ────────────────────────────────────────────────────────────────────────────────────── */

#define OBJECT_COLUMNS                                                                                       \
    "id, business_id, name, api_name, description, color, icon, association_mode, association_objects, "     \
    "submission_action, redirect_url, webhook_url, field_count, rule_count, version, created_at, "           \
    "archived_at "

/* '["0193…","0193…"]', as object_change.c wrote it. Nearly always there is nothing in it. */
static void take_ids(const char *text, struct arena *arena, struct activity_object *object)
{
    if (strcmp(text, "[]") == 0)
        return;
    json_auto_t *list = json_load(text, strlen(text));
    size_t count = json_array_size(list);
    struct id *ids = ARENA_ARRAY(arena, struct id, count);
    for (size_t i = 0; i < count; i++) {
        const char *id = json_string_value(json_array_get(list, i));
        if (id && id_parse(id, strlen(id), &ids[object->association_object_count]))
            object->association_object_count++;
    }
    object->association_objects = ids;
}

static void take_object(struct db_rows *rows, struct arena *arena, struct activity_object *object)
{
    *object = (struct activity_object){
        .id = db_col_id(rows, 0),
        .business_id = db_col_id(rows, 1),
        .name = db_col_text_copy(rows, 2, arena),
        .api_name = db_col_text_copy(rows, 3, arena),
        .description = db_col_text_copy(rows, 4, arena),
        .color = db_col_text_copy(rows, 5, arena),
        .icon = db_col_text_copy(rows, 6, arena),
        .association_mode = (enum association_mode)db_col_int(rows, 7),
        .action = (enum submission_action)db_col_int(rows, 9),
        .redirect_url = db_col_text_copy(rows, 10, arena),
        .webhook_url = db_col_text_copy(rows, 11, arena),
        .field_count = db_col_int(rows, 12),
        .rule_count = db_col_int(rows, 13),
        .version = db_col_int(rows, 14),
        .created_at = db_col_int(rows, 15),
        .archived_at = db_col_int(rows, 16),
    };
    take_ids(db_col_text(rows, 8), arena, object);
}

static enum err_code expect_object(
    struct db_rows *rows, struct arena *arena, struct activity_object *object, struct error *err)
{
    enum err_code code = ERR_OK;
    if (!db_next(rows, &code, err))
        return code ? code
                    : error_set(err, ERR_NOT_FOUND, "There is no such Activity Object in this Business.");
    take_object(rows, arena, object);
    return ERR_OK;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

enum err_code object_find(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
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
    if (!code)
        code = expect_object(rows, arena, object, err);
    return code;
}

enum err_code object_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    const char *api_name, struct activity_object *object, struct error *err)
{
    enum err_code code = object_find(db, arena, actor, id, api_name, object, err);
    struct thing thing = {.activity_object_id = object->id};
    return code ? code : may(actor, ACTION_VIEW_OBJECT, &thing, err);
}

enum err_code object_read_open(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    const char *api_name, struct activity_object *object, struct error *err)
{
    enum err_code code = object_find(db, arena, actor, id, api_name, object, err);
    if (code || !object->archived_at)
        return code;
    if (access_is_hidden(actor, object->id))
        return error_set(err, ERR_NOT_FOUND, "There is no such Activity Object in this Business.");
    return error_set(err, ERR_NOT_FOUND,
        "The Activity Object '%.80s' is archived: nothing new is logged with it.", object->name);
}

/* $2: 0 those that are not archived, 1 the others, 2 all. */
#define LISTED                                                                                               \
    "FROM activity_object WHERE business_id = $1 AND ($2 = 2 OR ($2 = 0 AND archived_at IS NULL) OR "        \
    "($2 = 1 AND archived_at IS NOT NULL)) AND ($6 IS NULL OR " ACCESS_SHARED(                               \
        "activity_object.id", "$1", "$6") ") "

enum err_code object_list_shared(struct db *db, struct arena *arena, const struct actor *actor,
    enum archived_filter archived, struct page *page, struct activity_object **objects, size_t *count,
    struct error *err)
{
    static const char forward[] =
        "SELECT " OBJECT_COLUMNS LISTED "AND (name, id) > ($3, $4) ORDER BY name, id LIMIT $5";
    static const char back[] =
        "SELECT " OBJECT_COLUMNS LISTED "AND (name, id) < ($3, $4) ORDER BY name DESC, id DESC LIMIT $5";
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool all = access_level(actor, ACTION_EDIT_OBJECT) != LEVEL_NONE;
    struct id shared_for = {0};
    if (!all)
        shared_for = access_shared_for(actor);
    enum err_code code = db_query(db, page->back ? back : forward,
        DB_PARAMS(db_id(actor->business_id), db_int(archived), db_text(page->key.text ? page->key.text : ""),
            db_id(page->key.id), db_int((int64_t)page->limit + 1), db_id_or_null(shared_for)),
        &rows, err);
    *objects = ARENA_ARRAY(arena, struct activity_object, page->limit + 1);
    *count = 0;
    while (!code && *count <= page->limit && db_next(rows, &code, err))
        take_object(rows, arena, &(*objects)[(*count)++]);
    *count = page_cut(page, *objects, sizeof **objects, *count);
    return code;
}

enum err_code object_list(struct db *db, struct arena *arena, const struct actor *actor,
    enum archived_filter archived, struct page *page, struct activity_object **objects, size_t *count,
    struct error *err)
{
    enum err_code code = may(actor, ACTION_VIEW_OBJECT, NULL, err);
    return code ? code : object_list_shared(db, arena, actor, archived, page, objects, count, err);
}

/* ── for those who change it ─────────────────────────────────────────────────────────────────── */

enum err_code object_hold(
    struct write *w, struct id id, int64_t version, struct activity_object *object, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = write_may(w, ACTION_EDIT_OBJECT, NULL, err);
    if (!code)
        code = db_query(w->db,
            "SELECT " OBJECT_COLUMNS "FROM activity_object WHERE id = $1 AND business_id = $2{update}",
            DB_PARAMS(db_id(id), db_id(w->business_id)), &rows, err);
    if (!code)
        code = expect_object(rows, w->arena, object, err);
    if (!code && object->version != version)
        code = error_set(err, ERR_STALE, "These settings were changed by somebody else since you read them.");
    return code;
}

enum err_code object_touch(struct write *w, struct activity_object *object, int64_t fields_more,
    int64_t rules_more, struct error *err)
{
    if (object->archived_at)
        return error_set(err, ERR_CONFLICT, "This Activity Object is archived; restore it first.");
    object->field_count += fields_more;
    object->rule_count += rules_more;
    object->version++;
    enum err_code code = db_exec(w->db,
        "UPDATE activity_object SET field_count = $1, rule_count = $2, version = $3 "
        "WHERE id = $4 AND business_id = $5",
        DB_PARAMS(db_int(object->field_count), db_int(object->rule_count), db_int(object->version),
            db_id(object->id), db_id(object->business_id)),
        NULL, err);
    return code ? code : business_touch(w->db, object->business_id, err);
}
