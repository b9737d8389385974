/* Completing a Scheduled Activity, once: the part of the transaction that logs which decides who was first (M3). */
#include "crm/logged_internal.h"
#include "crm/timeline_change.h"

static enum err_code read_scheduled(struct db *db, struct id business_id, struct id scheduled_id,
    struct completion *completion, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT activity_object_id, completed_at, logged_activity_id FROM scheduled_activity "
        "WHERE id = $1 AND business_id = $2",
        DB_PARAMS(db_id(scheduled_id), db_id(business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code
                    : error_set(err, ERR_NOT_FOUND, "There is no such Scheduled Activity in this Business.");
    completion->object_id = db_col_id(rows, 0);
    completion->done = !db_col_null(rows, 1);
    completion->completed_by = db_col_id(rows, 2);
    return ERR_OK;
}

/* A place in the arena that grows; what is left behind goes with the arena. */
static void add_associated(struct arena *arena, struct completion *completion, struct id id)
{
    size_t count = completion->associated_count;
    if ((count & (count - 1)) == 0) { /* 0 and the powers of two: as many again */
        struct id *more = ARENA_ARRAY(arena, struct id, count ? 2 * count : 1);
        if (count)
            memcpy(more, completion->associated, count * sizeof *more);
        completion->associated = more;
    }
    completion->associated[completion->associated_count++] = id;
}

enum err_code completion_read(struct db *db, struct arena *arena, struct id business_id, struct id scheduled_id,
    struct completion *completion, struct error *err)
{
    *completion = (struct completion){0};
    enum err_code code = read_scheduled(db, business_id, scheduled_id, completion, err);
    if (code)
        return code;
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    code = db_query(db,
        "SELECT record_id FROM scheduled_association WHERE scheduled_id = $1 AND business_id = $2 "
        "ORDER BY position",
        DB_PARAMS(db_id(scheduled_id), db_id(business_id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        add_associated(arena, completion, db_col_id(rows, 0));
    return code;
}

static enum err_code claim(struct db *db, const struct log_unit *log, bool *first, struct error *err)
{
    const struct logged_activity *activity = &log->activity;
    int64_t changed = 0;
    enum err_code code = db_exec(db,
        "UPDATE scheduled_activity SET completed_at = $1, logged_activity_id = $2, updated_at = $1 "
        "WHERE id = $3 AND business_id = $4 AND completed_at IS NULL",
        DB_PARAMS(db_int(activity->completed_at), db_id(activity->id), db_id(activity->scheduled_activity_id),
            db_id(log->business_id)),
        &changed, err);
    *first = changed > 0;
    return code;
}

/* It is open no more on the timelines that it was on; whoever watches them hears of it. */
static enum err_code close_associations(struct db *db, const struct log_unit *log, struct error *err)
{
    const struct logged_activity *activity = &log->activity;
    enum err_code code = db_exec(db,
        "UPDATE scheduled_association SET open = 0 WHERE scheduled_id = $1 AND business_id = $2",
        DB_PARAMS(db_id(activity->scheduled_activity_id), db_id(log->business_id)), NULL, err);
    return code ? code
                : timeline_note(db, log->unit.pos, TIMELINE_COMPLETED, log->business_id,
                      activity->scheduled_activity_id, activity->logged_at, err);
}

enum err_code completion_write(struct db *db, struct log_unit *log, bool *first, struct error *err)
{
    enum err_code code = claim(db, log, first, err);
    if (code)
        return code;
    if (*first)
        return close_associations(db, log, err);
    struct completion completion;
    code = read_scheduled(db, log->business_id, log->activity.scheduled_activity_id, &completion, err);
    if (!code)
        log->completed_by = completion.completed_by;
    return code;
}
