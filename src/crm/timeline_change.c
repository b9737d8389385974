#include "crm/timeline_change.h"

#define NOTE                                                                                                 \
    "INSERT INTO timeline_change (lane, seq, record_id, business_id, kind, entry_id, created_at) "           \
    "SELECT DISTINCT $1, $2, record_id, business_id, $3, $4, $5 FROM "

enum err_code timeline_note(struct db *db, struct lane_pos pos, enum timeline_change_kind kind,
    struct id business_id, struct id entry_id, int64_t now, struct error *err)
{
    const char *sql = kind == TIMELINE_LOGGED_DELETED
                          ? NOTE "activity_association WHERE activity_id = $4 AND business_id = $6"
                          : NOTE "scheduled_association WHERE scheduled_id = $4 AND business_id = $6";
    return db_exec(db, sql,
        DB_PARAMS(db_int(pos.lane), db_int(pos.seq), db_int(kind), db_id(entry_id), db_int(now),
            db_id(business_id)),
        NULL, err);
}
