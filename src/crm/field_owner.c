/* The owner of fields: an Activity Object or a record object, whose version stands for its fields, too. */
#include "crm/business.h"
#include "crm/field_internal.h"

static enum err_code read_version(
    struct write *w, const struct field_holder *holder, int64_t *version, bool *archived, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool activity = holder->kind == FIELDS_OF_ACTIVITY_OBJECT;
    enum err_code code =
        activity
            ? db_query(w->db,
                  "SELECT version, archived_at FROM activity_object WHERE id = $1 AND business_id = "
                  "$2{update}",
                  DB_PARAMS(db_id(holder->id), db_id(w->business_id)), &rows, err)
            : db_query(w->db,
                  "SELECT version, archived_at FROM record_object WHERE id = $1 AND business_id = $2{update}",
                  DB_PARAMS(db_id(holder->id), db_id(w->business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code
                    : error_set(err, ERR_NOT_FOUND, "There is no such %s in this Business.",
                          activity ? "Activity Object" : "object");
    *version = db_col_int(rows, 0);
    *archived = !db_col_null(rows, 1);
    return ERR_OK;
}

enum err_code field_owner_hold(struct write *w, enum field_owner kind, struct id id, int64_t version,
    struct field_holder *holder, struct error *err)
{
    *holder = (struct field_holder){.kind = kind, .id = id, .version = version};
    int64_t now = 0;
    bool archived = false;
    enum err_code code = w->actor ? may(w->actor, ACTION_EDIT_OBJECT, w->business_id, err) : ERR_OK;
    if (!code)
        code = read_version(w, holder, &now, &archived, err);
    if (code)
        return code;
    if (archived)
        return error_set(err, ERR_CONFLICT, "This object is archived; restore it first.");
    return now == version ? ERR_OK
                          : error_set(err, ERR_STALE,
                                "These settings were changed by somebody else since you read them.");
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
