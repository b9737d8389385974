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
    enum err_code code = may(actor, ACTION_VIEW_OBJECT, NULL, err);
    return code ? code : find(db, actor->business_id, holder, &archived, err);
}

/* Nobody else changes the row until the commit. */
static enum err_code lock_record_object(struct write *w, struct id id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(w->db, "SELECT id FROM record_object WHERE id = $1 AND business_id = $2{update}",
            DB_PARAMS(db_id(id), db_id(w->business_id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        ;
    return code;
}

static enum err_code hold_record_object(
    struct write *w, int64_t version, struct field_held *held, struct error *err)
{
    bool archived;
    enum err_code code = write_may(w, ACTION_EDIT_OBJECT, NULL, err);
    if (!code)
        code = find(w->db, w->business_id, &held->owner, &archived, err);
    if (!code)
        code = lock_record_object(w, held->owner.id, err);
    if (!code)
        code = find(w->db, w->business_id, &held->owner, &archived, err);
    if (!code && held->owner.version != version)
        code = error_set(err, ERR_STALE, "These settings were changed by somebody else since you read them.");
    held->object.archived_at = !code && archived;
    return code;
}

enum err_code field_owner_hold(
    struct write *w, const struct field_holder *owner, struct field_held *held, struct error *err)
{
    *held = (struct field_held){.owner = *owner};
    return owner->kind == FIELDS_OF_ACTIVITY_OBJECT
               ? object_hold(w, owner->id, owner->version, &held->object, err)
               : hold_record_object(w, owner->version, held, err);
}

static enum err_code touch_record_object(struct write *w, struct field_held *held, struct error *err)
{
    if (held->object.archived_at)
        return error_set(err, ERR_CONFLICT, "This object is archived; restore it first.");
    held->owner.version++;
    enum err_code code =
        db_exec(w->db, "UPDATE record_object SET version = $1 WHERE id = $2 AND business_id = $3",
            DB_PARAMS(db_int(held->owner.version), db_id(held->owner.id), db_id(w->business_id)), NULL, err);
    return code ? code : business_touch(w->db, w->business_id, err);
}

enum err_code field_owner_touch(struct write *w, struct field_held *held, int64_t more, struct error *err)
{
    if (held->owner.kind != FIELDS_OF_ACTIVITY_OBJECT)
        return touch_record_object(w, held, err);
    enum err_code code = object_touch(w, &held->object, more, 0, err);
    held->owner.version = held->object.version;
    return code;
}
