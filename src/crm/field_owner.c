/* The owner of fields: an Activity Object or a record object, whose version stands for its fields, too. */
#include "crm/business.h"
#include "crm/field_internal.h"

/* Reads an owner that the statement finds; its columns are id, version, kind, archived_at. */
static enum err_code take_owner(
    struct db_rows *rows, struct field_holder *holder, bool *archived, struct error *err)
{
    enum err_code code = ERR_OK;
    bool activity = holder->kind == FIELDS_OF_ACTIVITY_OBJECT;
    if (!db_next(rows, &code, err))
        return code ? code
                    : error_set(err, ERR_NOT_FOUND, "There is no such %s in this Business.",
                          activity ? "Activity Object" : "object of records");
    holder->id = db_col_id(rows, 0);
    holder->version = db_col_int(rows, 1);
    if (!activity)
        holder->kind = db_col_int(rows, 2) == 0 ? FIELDS_OF_CONTACTS : FIELDS_OF_CUSTOM_OBJECT;
    *archived = !db_col_null(rows, 3);
    return ERR_OK;
}

static enum err_code find(
    struct db *db, struct id business_id, struct field_holder *holder, bool *archived, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code;
    struct id id = holder->id;
    if (holder->kind == FIELDS_OF_ACTIVITY_OBJECT)
        code = db_query(db,
            "SELECT id, version, 0, archived_at FROM activity_object WHERE id = $1 AND business_id = $2",
            DB_PARAMS(db_id(id), db_id(business_id)), &rows, err);
    else if (!holder->key || id_parse(holder->key, strlen(holder->key), &id))
        code = db_query(db,
            "SELECT id, version, kind, archived_at FROM record_object WHERE id = $1 AND business_id = $2",
            DB_PARAMS(db_id(id), db_id(business_id)), &rows, err);
    else
        code = db_query(db,
            "SELECT id, version, kind, archived_at FROM record_object WHERE business_id = $1 AND api_name = "
            "$2",
            DB_PARAMS(db_id(business_id), db_text(holder->key)), &rows, err);
    return code ? code : take_owner(rows, holder, archived, err);
}

enum err_code field_owner_read(
    struct db *db, const struct actor *actor, struct field_holder *holder, struct error *err)
{
    bool archived;
    enum err_code code = may(actor, ACTION_VIEW_OBJECT, actor->business_id, err);
    return code ? code : find(db, actor->business_id, holder, &archived, err);
}

/* Nobody else changes the row until the commit. */
static enum err_code lock(struct write *w, const struct field_holder *holder, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        holder->kind == FIELDS_OF_ACTIVITY_OBJECT
            ? db_query(w->db, "SELECT id FROM activity_object WHERE id = $1 AND business_id = $2{update}",
                  DB_PARAMS(db_id(holder->id), db_id(w->business_id)), &rows, err)
            : db_query(w->db, "SELECT id FROM record_object WHERE id = $1 AND business_id = $2{update}",
                  DB_PARAMS(db_id(holder->id), db_id(w->business_id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        ;
    return code;
}

enum err_code field_owner_hold(
    struct write *w, const struct field_holder *owner, struct field_holder *holder, struct error *err)
{
    *holder = *owner;
    bool archived = false;
    enum err_code code = w->actor ? may(w->actor, ACTION_EDIT_OBJECT, w->business_id, err) : ERR_OK;
    if (!code)
        code = find(w->db, w->business_id, holder, &archived, err);
    if (!code)
        code = lock(w, holder, err);
    if (!code)
        code = find(w->db, w->business_id, holder, &archived, err);
    if (code)
        return code;
    if (holder->version != owner->version)
        return error_set(err, ERR_STALE, "These settings were changed by somebody else since you read them.");
    return archived ? error_set(err, ERR_CONFLICT, "This object is archived; restore it first.") : ERR_OK;
}

enum err_code field_owner_touch(struct write *w, struct field_holder *holder, int64_t more, struct error *err)
{
    enum err_code code =
        holder->kind == FIELDS_OF_ACTIVITY_OBJECT
            ? db_exec(w->db,
                  "UPDATE activity_object SET version = version + 1, field_count = field_count + $1 "
                  "WHERE id = $2 AND business_id = $3",
                  DB_PARAMS(db_int(more), db_id(holder->id), db_id(w->business_id)), NULL, err)
            : db_exec(w->db,
                  "UPDATE record_object SET version = version + 1 WHERE id = $1 AND business_id = $2",
                  DB_PARAMS(db_id(holder->id), db_id(w->business_id)), NULL, err);
    holder->version++;
    return code ? code : business_touch(w->db, w->business_id, err);
}
