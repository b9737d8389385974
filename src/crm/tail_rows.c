#include "crm/tail_rows.h"

#include "crm/id_list.h"

#include <stdlib.h>

static size_t index_of(const struct id *ids, size_t n, struct id id)
{
    size_t i = 0;
    while (i < n && !id_equal(ids[i], id))
        i++;
    return i;
}

/*
 * One statement, one moment: see timeline_cursor.h. Each side has a limit of its own, so that it is the beginning of
 * an index however much comes after. What a logged one is about comes by a second statement: a join made PostgreSQL
 * read all associations.
 */
static const char read_rows[] =
    "SELECT seq, kind, entry_id, record_id, business_id, activity_object_id, employee_id, role_id FROM ("
    "SELECT * FROM (SELECT l.seq AS seq, 0 AS kind, l.id AS entry_id, $5 AS record_id, "
    "l.business_id AS business_id, l.activity_object_id AS activity_object_id, l.logged_by AS employee_id, "
    "$5 AS role_id FROM logged_activity l "
    "WHERE l.lane = $1 AND l.seq > $2 AND l.seq <= $3 ORDER BY l.seq LIMIT $4) AS logged "
    "UNION ALL "
    "SELECT * FROM (SELECT c.seq, c.kind, c.entry_id, c.record_id, c.business_id, c.activity_object_id, "
    "c.employee_id, c.role_id FROM timeline_change c "
    "WHERE c.lane = $1 AND c.seq > $2 AND c.seq <= $3 ORDER BY c.seq LIMIT $4) AS changed"
    ") AS r ORDER BY seq, kind DESC LIMIT $4";

static enum err_code read_once(struct db *db, struct arena *arena, int64_t lane, int64_t after, int64_t until,
    size_t most, struct tail_rows *out, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *out = (struct tail_rows){.items = ARENA_ARRAY(arena, struct tail_row, most)};
    enum err_code code = db_query(db, read_rows,
        DB_PARAMS(db_int(lane), db_int(after), db_int(until), db_int((int64_t)most), db_null(DB_ID)), &rows,
        err);
    while (!code && out->count < most && db_next(rows, &code, err))
        out->items[out->count++] = (struct tail_row){.seq = db_col_int(rows, 0),
            .kind = (int)db_col_int(rows, 1),
            .entry_id = db_col_id(rows, 2),
            .record_id = db_col_id(rows, 3),
            .business_id = db_col_id(rows, 4),
            .was = {.activity_object_id = db_col_id(rows, 5),
                .employee_id = db_col_id(rows, 6),
                .role_id = db_col_id(rows, 7)}};
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

static enum err_code read_positions(struct db *db, struct arena *arena, int64_t lane, int64_t after,
    int64_t until, size_t most, struct tail_rows *rows, struct error *err)
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

/* ── what logged activities are about ────────────────────────────────────────────────────────── */

/* Rows in the making: `items` grows. */
struct growing {
    struct arena *arena;
    struct tail_row *items;
    size_t count, room;
};

static void add_row(struct growing *rows, const struct tail_row *row)
{
    if (rows->count == rows->room) {
        struct tail_row *more = ARENA_ARRAY(rows->arena, struct tail_row, 2 * rows->room + 16);
        if (rows->count)
            memcpy(more, rows->items, rows->count * sizeof *more);
        rows->items = more;
        rows->room = 2 * rows->room + 16;
    }
    rows->items[rows->count++] = *row;
}

/* A row for each record that some activities are about. The Business is compared here: they may be of several. */
static enum err_code add_records(
    struct db *db, struct growing *rows, const struct tail_row **logged, size_t count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *found = NULL;
    struct id ids[ID_LIST_MOST];
    for (size_t i = 0; i < count; i++)
        ids[i] = logged[i]->entry_id;
    enum err_code code = id_list_query(db,
        "SELECT activity_id, business_id, record_id FROM activity_association WHERE activity_id IN " ID_LIST,
        ids, count, DB_NO_PARAMS, &found, err);
    while (!code && db_next(found, &code, err)) {
        size_t i = index_of(ids, count, db_col_id(found, 0));
        if (i == count || !id_equal(logged[i]->business_id, db_col_id(found, 1)))
            continue;
        struct tail_row row = *logged[i];
        row.record_id = db_col_id(found, 2);
        add_row(rows, &row);
    }
    return code;
}

/* By position; of one unit what ended comes before what began. */
static int in_order(const void *a, const void *b)
{
    const struct tail_row *x = a, *y = b;
    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return x->kind != y->kind ? (x->kind > y->kind ? -1 : 1) : 0;
}

/* Beside a logged activity's own row, which is of no record, there is one for each record that it is about. */
static enum err_code expand(struct db *db, struct arena *arena, struct tail_rows *rows, struct error *err)
{
    struct growing all = {.arena = arena};
    const struct tail_row *logged[ID_LIST_MOST];
    size_t n = 0;
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < rows->count && !code; i++) {
        add_row(&all, &rows->items[i]);
        if (rows->items[i].kind == TAIL_ROW_LOGGED)
            logged[n++] = &rows->items[i];
        if (n == ID_LIST_MOST || (n > 0 && i + 1 == rows->count)) {
            code = add_records(db, &all, logged, n, err);
            n = 0;
        }
    }
    rows->positions = rows->count;
    rows->items = all.items;
    rows->count = all.count;
    if (rows->count)
        qsort(rows->items, rows->count, sizeof *rows->items, in_order);
    return code;
}

enum err_code tail_rows_read(struct db *db, struct arena *arena, int64_t lane, int64_t after, int64_t until,
    size_t most, struct tail_rows *rows, struct error *err)
{
    enum err_code code = read_positions(db, arena, lane, after, until, most, rows, err);
    return code ? code : expand(db, arena, rows, err);
}

/* ── entries ─────────────────────────────────────────────────────────────────────────────────── */

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

/* The first row's, and those of the rows like it that follow; they are not wanted any more afterwards. */
static enum err_code load_some(
    struct db *db, struct arena *arena, struct tail_row *first, const struct tail_row *end, struct error *err)
{
    struct id *ids = ARENA_ARRAY(arena, struct id, ID_LIST_MOST);
    struct timeline_entry *entries = ARENA_ARRAY(arena, struct timeline_entry, ID_LIST_MOST);
    size_t n = 0;
    for (const struct tail_row *row = first; row < end; row++)
        if (needs_entry(row) && alike(row, first) && n < ID_LIST_MOST && index_of(ids, n, row->entry_id) == n)
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
