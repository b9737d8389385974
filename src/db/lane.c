#include "db/lane.h"

#include "base/alloc.h"
#include "base/clock.h"

static void start_epoch(struct lane *lane, struct id node, int64_t asked_at, int64_t lease_us)
{
    lane->node = node;
    lane->next_seq = lane->epoch << LANE_SEQ_BITS;
    lane->held_until_boot_us = asked_at + lease_us;
}

static enum err_code find_own(
    struct db *db, struct id node, struct lane *lane, bool *found, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, "SELECT id, writer_epoch FROM lane WHERE writer_node = $1 ORDER BY id LIMIT 1{update}",
            DB_PARAMS(db_id(node)), &rows, err);
    *found = !code && db_next(rows, &code, err);
    if (*found)
        *lane = (struct lane){.id = db_col_int(rows, 0), .epoch = db_col_int(rows, 1) + 1};
    return code;
}

static enum err_code add_new(
    struct db *db, struct id node, int64_t lease_us, struct lane *lane, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, "SELECT coalesce(max(id), 0) + 1 FROM lane", DB_NO_PARAMS, &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_INTERNAL, "no number for a new lane");
    *lane = (struct lane){.id = db_col_int(rows, 0), .epoch = 1};
    db_rows_close(rows);
    rows = NULL;
    return db_exec(db,
        "INSERT INTO lane (id, writer_node, writer_epoch, dispatch_node, dispatch_epoch, expires_at) "
        "VALUES ($1, $2, 1, $2, 1, {now} + $3)",
        DB_PARAMS(db_int(lane->id), db_id(node), db_int(lease_us)), NULL, err);
}

static enum err_code take_again(struct db *db, int64_t lease_us, const struct lane *lane, struct error *err)
{
    return db_exec(db,
        "UPDATE lane SET writer_epoch = $2, dispatch_epoch = dispatch_epoch + 1, expires_at = {now} + $3 "
        "WHERE id = $1",
        DB_PARAMS(db_int(lane->id), db_int(lane->epoch), db_int(lease_us)), NULL, err);
}

/* What it adopted in an earlier run and nobody took over since. */
static enum err_code retake_adopted(
    struct db *db, int64_t lease_us, const struct lane *lane, struct error *err)
{
    return db_exec(db,
        "UPDATE lane SET dispatch_epoch = dispatch_epoch + 1, expires_at = {now} + $3 "
        "WHERE dispatch_node = $1 AND id <> $2",
        DB_PARAMS(db_id(lane->node), db_int(lane->id), db_int(lease_us)), NULL, err);
}

enum err_code lane_take(struct db *db, struct id node, int64_t lease_us, struct lane *lane, struct error *err)
{
    int64_t asked_at = clock_boot_us();
    bool found;
    enum err_code code = find_own(db, node, lane, &found, err);
    if (!code && !found)
        code = add_new(db, node, lease_us, lane, err);
    if (code)
        return code;
    start_epoch(lane, node, asked_at, lease_us);
    if (found)
        code = take_again(db, lease_us, lane, err);
    return code ? code : retake_adopted(db, lease_us, lane, err);
}

enum err_code lane_check(struct db *db, const struct lane *lane, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, "SELECT id FROM lane WHERE id = $1 AND writer_node = $2 AND writer_epoch = $3{share}",
            DB_PARAMS(db_int(lane->id), db_id(lane->node), db_int(lane->epoch)), &rows, err);
    if (code || db_next(rows, &code, err))
        return code;
    return code ? code
                : error_set(err, ERR_FENCED, "lane %lld belongs to another node now", (long long)lane->id);
}

enum err_code lane_renew(struct db *db, struct lane *lane, int64_t lease_us, struct error *err)
{
    int64_t asked_at = clock_boot_us(), changed = 0;
    enum err_code code = db_exec(db,
        "UPDATE lane SET expires_at = {now} + $4 WHERE id = $1 AND writer_node = $2 AND writer_epoch = $3",
        DB_PARAMS(db_int(lane->id), db_id(lane->node), db_int(lane->epoch), db_int(lease_us)), &changed, err);
    if (!code && changed == 0)
        return error_set(err, ERR_FENCED, "lane %lld belongs to another node now", (long long)lane->id);
    if (!code)
        code = db_exec(db, "UPDATE lane SET expires_at = {now} + $3 WHERE dispatch_node = $1 AND id <> $2",
            DB_PARAMS(db_id(lane->node), db_int(lane->id), db_int(lease_us)), NULL, err);
    if (!code)
        lane->held_until_boot_us = asked_at + lease_us;
    return code;
}

static enum err_code find_expired(struct db *db, struct id node, int64_t *lane, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *lane = 0;
    enum err_code code = db_query(db,
        "SELECT id FROM lane WHERE dispatch_node <> $1 AND expires_at < {now} ORDER BY id LIMIT "
        "1{update_free}",
        DB_PARAMS(db_id(node)), &rows, err);
    if (!code && db_next(rows, &code, err))
        *lane = db_col_int(rows, 0);
    return code;
}

enum err_code lane_adopt(struct db *db, struct id node, int64_t lease_us, int64_t *lane, struct error *err)
{
    enum err_code code = find_expired(db, node, lane, err);
    if (code || *lane == 0)
        return code;
    return db_exec(db,
        "UPDATE lane SET writer_node = $4, writer_epoch = writer_epoch + 1, dispatch_node = $2, "
        "dispatch_epoch = dispatch_epoch + 1, expires_at = {now} + $3 WHERE id = $1",
        DB_PARAMS(db_int(*lane), db_id(node), db_int(lease_us), db_null(DB_ID)), NULL, err);
}

void lane_set_add(struct lane_set *set, int64_t lane)
{
    if (set->count == set->room) {
        set->room = set->room ? 2 * set->room : 8;
        set->lanes = mem_realloc(set->lanes, set->room * sizeof *set->lanes);
    }
    set->lanes[set->count++] = lane;
}

bool lane_set_has(const struct lane_set *set, int64_t lane)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->lanes[i] == lane)
            return true;
    return false;
}

void lane_set_free(struct lane_set *set)
{
    mem_free(set->lanes);
    *set = (struct lane_set){0};
}

enum err_code lane_read_adopted(
    struct db *db, const struct lane *own, struct lane_set *adopted, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, "SELECT id FROM lane WHERE dispatch_node = $1 AND id <> $2 ORDER BY id",
        DB_PARAMS(db_id(own->node), db_int(own->id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        lane_set_add(adopted, db_col_int(rows, 0));
    return code;
}

enum err_code lane_release(struct db *db, const struct lane *lane, struct error *err)
{
    return db_exec(db, "UPDATE lane SET expires_at = 0 WHERE dispatch_node = $1",
        DB_PARAMS(db_id(lane->node)), NULL, err);
}
