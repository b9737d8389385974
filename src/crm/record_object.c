#include "crm/record_object.h"

#include "crm/audit.h"
#include "crm/business.h"
#include "crm/check.h"

/* What stands in a path where an object's name could: /api/records/objects. */
static const char *const reserved_names[] = {"objects", NULL};

const char *record_kind_name(enum record_kind kind)
{
    static const char *const names[] = {"contact", "custom"};
    return names[kind];
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

#define OBJECT_COLUMNS "id, business_id, kind, name, api_name, description, version, created_at, archived_at "

static void take_object(struct db_rows *rows, struct arena *arena, struct record_object *object)
{
    *object = (struct record_object){
        .id = db_col_id(rows, 0),
        .business_id = db_col_id(rows, 1),
        .kind = (enum record_kind)db_col_int(rows, 2),
        .name = db_col_text_copy(rows, 3, arena),
        .api_name = db_col_text_copy(rows, 4, arena),
        .description = db_col_text_copy(rows, 5, arena),
        .version = db_col_int(rows, 6),
        .created_at = db_col_int(rows, 7),
        .archived_at = db_col_int(rows, 8),
    };
}

enum err_code record_object_lookup(struct db *db, struct arena *arena, struct id business_id, const char *key,
    struct record_object *object, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct id id;
    enum err_code code =
        id_parse(key, strlen(key), &id)
            ? db_query(db, "SELECT " OBJECT_COLUMNS "FROM record_object WHERE id = $1 AND business_id = $2",
                  DB_PARAMS(db_id(id), db_id(business_id)), &rows, err)
            : db_query(db,
                  "SELECT " OBJECT_COLUMNS "FROM record_object WHERE business_id = $1 AND api_name = $2",
                  DB_PARAMS(db_id(business_id), db_text(key)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such object in this Business.");
    take_object(rows, arena, object);
    return ERR_OK;
}

/* Whoever may see records, or settings, knows which objects there are. */
static enum err_code may_know_objects(const struct actor *actor, struct error *err)
{
    return may_see(actor, ACTION_VIEW_OBJECT, NULL) ? ERR_OK : may(actor, ACTION_VIEW_RECORD, NULL, err);
}

enum err_code record_object_read(struct db *db, struct arena *arena, const struct actor *actor,
    const char *key, struct record_object *object, struct error *err)
{
    enum err_code code = may_know_objects(actor, err);
    return code ? code : record_object_lookup(db, arena, actor->business_id, key, object, err);
}

enum err_code record_object_find(
    struct write *w, const char *key, struct record_object *object, struct error *err)
{
    return record_object_lookup(w->db, w->arena, w->business_id, key, object, err);
}

enum err_code record_object_list(struct db *db, struct arena *arena, const struct actor *actor, bool archived,
    struct page *page, struct record_object **objects, size_t *count, struct error *err)
{
#define LIST "SELECT " OBJECT_COLUMNS "FROM record_object WHERE business_id = $1 AND archived_at IS "
    static const char *const forward[] = {
        LIST "NULL AND (name, id) > ($2, $3) ORDER BY name, id LIMIT $4",
        LIST "NOT NULL AND (name, id) > ($2, $3) ORDER BY name, id LIMIT $4",
    };
    static const char *const back[] = {
        LIST "NULL AND (name, id) < ($2, $3) ORDER BY name DESC, id DESC LIMIT $4",
        LIST "NOT NULL AND (name, id) < ($2, $3) ORDER BY name DESC, id DESC LIMIT $4",
    };
#undef LIST
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *objects = ARENA_ARRAY(arena, struct record_object, page->limit + 1);
    *count = 0;
    enum err_code code = may_know_objects(actor, err);
    if (code)
        return code;
    code = db_query(db, page->back ? back[archived] : forward[archived],
        DB_PARAMS(db_id(actor->business_id), db_text(page->key.text ? page->key.text : ""),
            db_id(page->key.id), db_int((int64_t)page->limit + 1)),
        &rows, err);
    while (!code && *count <= page->limit && db_next(rows, &code, err))
        take_object(rows, arena, &(*objects)[(*count)++]);
    *count = page_cut(page, *objects, sizeof **objects, *count);
    return code;
}

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

static void check_new_name(const char *name, bool derived, struct error_list *list)
{
    if (check_api_name(name, derived, "/api_name", list) && text_listed(reserved_names, name))
        error_list_add(list, "/api_name", "The api_name '%s' has a meaning of its own; take another.", name);
}

/* Whether its name is one. */
static bool check_object(struct write *w, const struct record_object *object, struct error_list *list)
{
    const struct crm_limits *limits = crm_limits(w->crm);
    bool named = check_name_member(object->name, limits->name_chars, list);
    if (text_chars(object->description) > (size_t)limits->text_chars)
        error_list_add(list, "/description", "A description has at most %lld characters.",
            (long long)limits->text_chars);
    return named;
}

static void api_name_taken(const struct record_object *object, struct error_list *list)
{
    error_list_conflict(
        list, "/api_name", "The api_name '%.80s' is taken in this Business.", object->api_name);
}

static enum err_code check_untaken(
    struct write *w, const struct record_object *object, struct error_list *list, struct error *err)
{
    struct record_object other;
    enum err_code code = record_object_find(w, object->api_name, &other, err);
    if (!code)
        api_name_taken(object, list);
    return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* `before` of a new object is one without anything. */
static enum err_code audit_object(struct write *w, const char *action, const struct record_object *before,
    const struct record_object *after, struct error *err)
{
    const char *was = before->description, *is = after->description;
    struct audit audit = AUDIT(w, action, after->id, after->name);
    audit_text(&audit, "name", before->name, after->name);
    audit_text(&audit, "api_name", before->api_name, after->api_name);
    audit_text(&audit, "description", was && *was ? was : NULL, *is ? is : NULL);
    audit_bool(&audit, "archived", before->archived_at != 0, after->archived_at != 0);
    return audit_add(&audit, err);
}

static enum err_code insert(
    struct write *w, const struct record_object *o, struct error_list *list, struct error *err)
{
    enum err_code code = db_exec(w->db,
        "INSERT INTO record_object (id, business_id, kind, name, api_name, description, version, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        DB_PARAMS(db_id(o->id), db_id(o->business_id), db_int(o->kind), db_text(o->name),
            db_text(o->api_name), db_text(o->description), db_int(o->version), db_int(o->created_at)),
        NULL, err);
    if (code == ERR_CONFLICT) /* another node was quicker */
        api_name_taken(o, list);
    return code ? code
                : audit_object(w, "record_object.created", &(struct record_object){.name = NULL}, o, err);
}

enum err_code record_object_add(struct write *w, const struct record_object_input *input,
    struct record_object *object, struct error_list *list, struct error *err)
{
    enum err_code code = write_may(w, ACTION_ADD_OBJECT, NULL, err);
    if (code)
        return code;
    *object = (struct record_object){.id = id_new(),
        .business_id = w->business_id,
        .kind = RECORD_CUSTOM,
        .name = input->name ? input->name : "",
        .description = input->description ? input->description : "",
        .version = 1,
        .created_at = w->now};
    object->api_name = input->api_name ? input->api_name : text_api_name(w->arena, object->name);
    if (check_object(w, object, list) || input->api_name)
        check_new_name(object->api_name, !input->api_name, list);
    code = check_untaken(w, object, list, err);
    if (!code)
        code = error_list_refuse(list, err);
    return code ? code : insert(w, object, list, err);
}

static void apply(struct write *w, const struct record_object_input *input, struct record_object *object)
{
    if (input->name)
        object->name = input->name;
    if (input->description)
        object->description = input->description;
    if (input->has_archived)
        object->archived_at = input->archived ? w->now : 0;
}

static enum err_code lock(struct write *w, struct id id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(w->db, "SELECT id FROM record_object WHERE id = $1 AND business_id = $2{update}",
            DB_PARAMS(db_id(id), db_id(w->business_id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        ;
    return code;
}

/* Under the object's lock, so that no field is bound to one of its own meanwhile. */
static enum err_code check_unbound(struct write *w, const struct record_object *object, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = lock(w, object->id, err);
    if (code)
        return code;
    code = db_query(w->db,
        "SELECT o.name, (SELECT f.display_name FROM field f WHERE f.owner_id = o.id AND f.business_id = "
        "o.business_id AND f.bound_object_id = $2 AND f.archived_at IS NULL ORDER BY f.position, f.id LIMIT "
        "1) FROM activity_object o WHERE o.business_id = $1",
        DB_PARAMS(db_id(w->business_id), db_id(object->id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        if (!db_col_null(rows, 1))
            return error_set(err, ERR_CONFLICT,
                "The field '%.60s' of the Activity Object '%.60s' writes into it.", db_col_text(rows, 1),
                db_col_text(rows, 0));
    return code;
}

static enum err_code check_archiving(
    struct write *w, const struct record_object *before, const struct record_object *after, struct error *err)
{
    if (after->archived_at && before->kind == RECORD_CONTACT)
        return error_set(err, ERR_CONFLICT, "Contacts cannot be archived: every Business has them.");
    if (after->archived_at && before->archived_at)
        return error_set(err, ERR_CONFLICT, "This object is archived; it can only be restored.");
    return after->archived_at ? check_unbound(w, after, err) : ERR_OK;
}

static enum err_code update(struct write *w, struct record_object *o, struct error *err)
{
    int64_t changed = 0;
    enum err_code code = db_exec(w->db,
        "UPDATE record_object SET name = $1, description = $2, archived_at = $3, version = version + 1 "
        "WHERE id = $4 AND business_id = $5 AND version = $6",
        DB_PARAMS(db_text(o->name), db_text(o->description),
            o->archived_at ? db_int(o->archived_at) : db_null(DB_INT), db_id(o->id), db_id(o->business_id),
            db_int(o->version)),
        &changed, err);
    if (!code && changed == 0)
        code = error_set(err, ERR_STALE, "This object was changed by somebody else since you read it.");
    o->version++;
    return code ? code : business_touch(w->db, w->business_id, err);
}

enum err_code record_object_change(struct write *w, const char *key, int64_t version,
    const struct record_object_input *input, struct record_object *object, struct error_list *list,
    struct error *err)
{
    enum err_code code = write_may(w, ACTION_EDIT_OBJECT, NULL, err);
    if (!code && input->has_archived && input->archived)
        code = write_may(w, ACTION_DELETE_OBJECT, NULL, err);
    if (!code)
        code = record_object_find(w, key, object, err);
    if (!code && object->version != version)
        code = error_set(err, ERR_STALE, "This object was changed by somebody else since you read it.");
    if (code)
        return code;
    const struct record_object before = *object;
    apply(w, input, object);
    (void)check_object(w, object, list);
    code = check_archiving_refused(check_archiving(w, &before, object, err), list, err);
    if (!code)
        code = error_list_refuse(list, err);
    bool same = text_same(before.name, object->name) && text_same(before.description, object->description) &&
                before.archived_at == object->archived_at;
    if (!code && !same)
        code = update(w, object, err);
    return code || same ? code : audit_object(w, "record_object.changed", &before, object, err);
}

/* ── what hangs on it ────────────────────────────────────────────────────────────────────────── */

/* Found by its key, locked, and read again as it is under the lock. */
enum err_code record_object_hold(
    struct write *w, const char *key, int64_t version, struct record_object *object, struct error *err)
{
    enum err_code code = write_may(w, ACTION_EDIT_OBJECT, NULL, err);
    if (!code)
        code = record_object_find(w, key, object, err);
    if (!code)
        code = lock(w, object->id, err);
    if (!code)
        code = record_object_find(w, key, object, err);
    if (!code && object->version != version)
        code = error_set(err, ERR_STALE, "This object was changed by somebody else since you read it.");
    return code;
}

enum err_code record_object_touch(struct write *w, struct record_object *object, struct error *err)
{
    if (object->archived_at)
        return error_set(err, ERR_CONFLICT, "This object is archived; restore it first.");
    object->version++;
    enum err_code code =
        db_exec(w->db, "UPDATE record_object SET version = $1 WHERE id = $2 AND business_id = $3",
            DB_PARAMS(db_int(object->version), db_id(object->id), db_id(object->business_id)), NULL, err);
    return code ? code : business_touch(w->db, w->business_id, err);
}
