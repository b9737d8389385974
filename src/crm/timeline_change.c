#include "crm/timeline_change.h"

#define NOTE(whose)                                                                                          \
    "INSERT INTO timeline_change (lane, seq, record_id, business_id, kind, entry_id, created_at, "           \
    "activity_object_id, employee_id, role_id) "                                                             \
    "SELECT DISTINCT $1, $2, a.record_id, a.business_id, $3, $4, $5, e.activity_object_id, " whose " FROM "

enum err_code timeline_note(struct db *db, struct lane_pos pos, enum timeline_change_kind kind,
    struct id business_id, struct id entry_id, int64_t now, struct error *err)
{
    const char *sql =
        kind == TIMELINE_LOGGED_DELETED
            ? NOTE("e.logged_by, $7") "activity_association a JOIN logged_activity e "
                                      "ON e.id = a.activity_id AND e.business_id = a.business_id "
                                      "WHERE a.activity_id = $4 AND a.business_id = $6"
            : NOTE("e.employee_id, coalesce(e.role_id, $7)") "scheduled_association a JOIN "
                                                             "scheduled_activity e "
                                                             "ON e.id = a.scheduled_id AND e.business_id = "
                                                             "a.business_id "
                                                             "WHERE a.scheduled_id = $4 AND a.business_id = "
                                                             "$6";
    return db_exec(db, sql,
        DB_PARAMS(db_int(pos.lane), db_int(pos.seq), db_int(kind), db_id(entry_id), db_int(now),
            db_id(business_id), db_null(DB_ID)),
        NULL, err);
}
