/* Deleting an activity: its row stays as a tombstone, for its delivery; what people wrote goes (M4). */
#include "crm/audit.h"
#include "crm/logged_internal.h"
#include "crm/timeline_change.h"

/* What people wrote goes, what the delivery and the lists need stays. */
static enum err_code bury(struct write *w, struct id id, struct error *err)
{
    int64_t changed = 0;
    struct id by = {0}; /* an operator is nobody of the Business */
    if (w->actor)
        by = w->actor->employee.id;
    enum err_code code = db_exec(w->db,
        "UPDATE logged_activity SET deleted_at = $1, deleted_by = $2, notes = '', mentions = '[]', "
        "field_values = '{}' WHERE id = $3 AND business_id = $4 AND deleted_at IS NULL",
        DB_PARAMS(db_int(w->now), db_id_or_null(by), db_id(id), db_id(w->business_id)), &changed, err);
    if (!code && changed == 0)
        code = error_set(err, ERR_NOT_FOUND, "There is no such Logged Activity in this Business.");
    return code;
}

static enum err_code may_delete(struct write *w, struct id id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT activity_object_id, logged_by FROM logged_activity WHERE id = $1 AND business_id = $2 AND "
        "deleted_at IS NULL",
        DB_PARAMS(db_id(id), db_id(w->business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code
                    : error_set(err, ERR_NOT_FOUND, "There is no such Logged Activity in this Business.");
    const struct thing thing = {.activity_object_id = db_col_id(rows, 0), .employee_id = db_col_id(rows, 1)};
    return may(w->actor, ACTION_DELETE_ACTIVITY, &thing, err);
}

enum err_code logged_delete(struct write *w, struct id id, struct error *err)
{
    enum err_code code = w->actor ? may_delete(w, id, err) : ERR_OK;
    if (!code)
        code = bury(w, id, err);
    if (!code)
        code = timeline_note(w->db, w->pos, TIMELINE_LOGGED_DELETED, w->business_id, id, w->now, err);
    if (!code)
        code = db_exec(w->db, "DELETE FROM activity_association WHERE activity_id = $1 AND business_id = $2",
            DB_PARAMS(db_id(id), db_id(w->business_id)), NULL, err);
    if (!code)
        code = idempotency_erase(w->db, w->business_id, id, err);
    struct audit audit = AUDIT(w, "logged_activity.deleted", id, NULL);
    return code ? code : audit_add(&audit, err);
}
