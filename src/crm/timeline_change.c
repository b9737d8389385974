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

/* The last unit of those that begin the lane and are old. 0: there is none. */
static enum err_code find_floor(
    struct db *db, int64_t lane, int64_t before, int64_t most, int64_t *floor, bool *more, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    int64_t seen = 0;
    bool old = true;
    *floor = 0;
    enum err_code code =
        db_query(db, "SELECT seq, created_at FROM timeline_change WHERE lane = $1 ORDER BY seq LIMIT $2",
            DB_PARAMS(db_int(lane), db_int(most)), &rows, err);
    while (!code && old && db_next(rows, &code, err)) {
        old = db_col_int(rows, 1) < before || db_col_int(rows, 0) == *floor;
        if (old)
            *floor = db_col_int(rows, 0);
        seen += old;
    }
    *more = seen == most;
    return code;
}

enum err_code timeline_prune(
    struct db *db, int64_t lane, int64_t before, int64_t most, bool *more, struct error *err)
{
    int64_t floor;
    enum err_code code = find_floor(db, lane, before, most, &floor, more, err);
    if (code || floor == 0)
        return code;
    code = db_exec(db,
        "INSERT INTO timeline_floor (lane, seq) VALUES ($1, $2) ON CONFLICT (lane) DO UPDATE SET seq = $2",
        DB_PARAMS(db_int(lane), db_int(floor)), NULL, err);
    return code ? code
                : db_exec(db, "DELETE FROM timeline_change WHERE lane = $1 AND seq <= $2",
                      DB_PARAMS(db_int(lane), db_int(floor)), NULL, err);
}
