#include "crm/tail_rows.h"

#define LOAD_MOST 100 /* entries at once */

/*
 * An activity about nothing has a row, too, so that the tail gets beyond it. One statement, one moment: see
 * timeline_cursor.h.
 */
static const char read_rows[] =
    "SELECT seq, kind, entry_id, record_id, business_id FROM ("
    "SELECT l.seq AS seq, 0 AS kind, l.id AS entry_id, a.record_id AS record_id, l.business_id AS "
    "business_id "
    "FROM logged_activity l "
    "LEFT JOIN activity_association a ON a.activity_id = l.id AND a.business_id = l.business_id "
    "WHERE l.lane = $1 AND l.seq > $2 AND l.seq <= $3 "
    "UNION ALL "
    "SELECT c.seq, c.kind, c.entry_id, c.record_id, c.business_id FROM timeline_change c "
    "WHERE c.lane = $1 AND c.seq > $2 AND c.seq <= $3"
    ") AS r ORDER BY seq, kind DESC LIMIT $4";

static enum err_code read_once(struct db *db, struct arena *arena, int64_t lane, int64_t after, int64_t until,
    size_t most, struct tail_rows *out, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *out = (struct tail_rows){.items = ARENA_ARRAY(arena, struct tail_row, most)};
    enum err_code code = db_query(db, read_rows,
        DB_PARAMS(db_int(lane), db_int(after), db_int(until), db_int((int64_t)most)), &rows, err);
    while (!code && out->count < most && db_next(rows, &code, err))
        out->items[out->count++] = (struct tail_row){.seq = db_col_int(rows, 0),
            .kind = (int)db_col_int(rows, 1),
            .entry_id = db_col_id(rows, 2),
            .record_id = db_col_id(rows, 3),
            .business_id = db_col_id(rows, 4)};
    return code;
}

/* How many are left without the last seq, which may go on behind the limit. */
static size_t whole(const struct tail_rows *rows)
{
    size_t n = rows->count;
    while (n > 0 && rows->items[n - 1].seq == rows->items[rows->count - 1].seq)
        n--;
    return n;
}

enum err_code tail_rows_read(struct db *db, struct arena *arena, int64_t lane, int64_t after, int64_t until,
    size_t most, struct tail_rows *rows, struct error *err)
{
    for (;; most *= 2) {
        enum err_code code = read_once(db, arena, lane, after, until, most, rows, err);
        if (code || rows->count < most)
            return code;
        rows->more = true;
        rows->count = whole(rows);
        if (rows->count > 0) /* else one unit alone is more than that */
            return ERR_OK;
    }
}

enum timeline_kind tail_row_entry_kind(const struct tail_row *row)
{
    return row->kind == TAIL_ROW_LOGGED || row->kind == TIMELINE_LOGGED_DELETED ? TIMELINE_KIND_LOGGED
                                                                                : TIMELINE_KIND_SCHEDULED;
}

bool tail_row_is_deletion(const struct tail_row *row)
{
    return row->kind == TIMELINE_LOGGED_DELETED || row->kind == TIMELINE_SCHEDULED_DELETED;
}

static bool needs_entry(const struct tail_row *row)
{
    return row->wanted && !tail_row_is_deletion(row);
}

static bool alike(const struct tail_row *a, const struct tail_row *b)
{
    return id_equal(a->business_id, b->business_id) && tail_row_entry_kind(a) == tail_row_entry_kind(b);
}

static size_t index_of(const struct id *ids, size_t n, struct id id)
{
    size_t i = 0;
    while (i < n && !id_equal(ids[i], id))
        i++;
    return i;
}

/* The first row's, and those of the rows like it that follow; they are not wanted any more afterwards. */
static enum err_code load_some(
    struct db *db, struct arena *arena, struct tail_row *first, const struct tail_row *end, struct error *err)
{
    struct id *ids = ARENA_ARRAY(arena, struct id, LOAD_MOST);
    struct timeline_entry *entries = ARENA_ARRAY(arena, struct timeline_entry, LOAD_MOST);
    size_t n = 0;
    for (const struct tail_row *row = first; row < end; row++)
        if (needs_entry(row) && alike(row, first) && n < LOAD_MOST && index_of(ids, n, row->entry_id) == n)
            ids[n++] = row->entry_id;
    enum err_code code =
        timeline_read(db, arena, first->business_id, tail_row_entry_kind(first), ids, n, entries, err);
    for (struct tail_row *row = first; row < end && !code; row++) {
        size_t i = needs_entry(row) && alike(row, first) ? index_of(ids, n, row->entry_id) : n;
        if (i == n)
            continue;
        row->wanted = false;
        row->entry = id_is_nil(entries[i].id) ? NULL : &entries[i];
    }
    return code;
}

enum err_code tail_rows_load(struct db *db, struct arena *arena, struct tail_rows *rows, struct error *err)
{
    enum err_code code = ERR_OK;
    struct tail_row *end = rows->items + rows->count;
    for (struct tail_row *row = rows->items; row < end && !code; row++)
        if (needs_entry(row))
            code = load_some(db, arena, row, end, err);
    return code;
}
