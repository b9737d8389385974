/*
 * Which activities a page has, newest first: the order of their ids, which begin with the millisecond they were made
 * in. Every statement goes along one index and stops at the page's end; the whole Business is the newest of each of its
 * Activity Objects, merged, so that what others log on the same server costs it nothing.
 */
#include "crm/logged_internal.h"

/* How far the millisecond in an id may be from logged_at: the clock was set back, or a thread stood still. */
#define SLACK_MS 60000

/* The parameters of the statements below, by their numbers. */
struct search {
    struct id business_id; /* $1 */
    struct id low, high; /* $2, $3: ids in between, without them */
    int64_t after, before; /* $4, $5 */
    int64_t most; /* $6 */
    struct id object_id, employee_id; /* $7, $8: nil: any */
    struct id record_id; /* $9 */
};

#define IN_RANGE "l.business_id = $1 AND l.id > $2 AND l.id < $3 AND l.deleted_at IS NULL "                  \
                 "AND l.logged_at >= $4 AND l.logged_at < $5 "
#define IF_OBJECT "AND (l.activity_object_id = $7 OR $7 IS NULL) "
#define IF_EMPLOYEE "AND (l.logged_by = $8 OR $8 IS NULL) "

#define OF_OBJECT(order)                                                                                     \
    "SELECT l.id FROM logged_activity l WHERE l.activity_object_id = $7 AND " IN_RANGE                       \
    "ORDER BY l.id " order " LIMIT $6"

#define OF_EMPLOYEE(order)                                                                                   \
    "SELECT l.id FROM logged_activity l WHERE l.logged_by = $8 AND " IN_RANGE IF_OBJECT                      \
    "ORDER BY l.id " order " LIMIT $6"

/* What is about the record itself, and what is about every record of its object. */
#define ABOUT(which, order)                                                                                  \
    "SELECT a.activity_id AS id FROM activity_association a JOIN logged_activity l ON l.id = a.activity_id " \
    "AND l.business_id = a.business_id WHERE a.record_id = " which                                           \
    " AND a.business_id = $1 AND a.activity_id > $2 AND a.activity_id < $3 AND " IN_RANGE IF_OBJECT          \
        IF_EMPLOYEE "ORDER BY a.activity_id " order " LIMIT $6"
#define OF_RECORD(order)                                                                                     \
    "SELECT id FROM (SELECT id FROM (" ABOUT("$9", order) ") AS one UNION SELECT id FROM (" ABOUT(           \
        "(SELECT object_id FROM record WHERE id = $9 AND business_id = $1)",                                 \
        order) ") AS every) AS found ORDER BY id " order " LIMIT $6"

/* The last one that would be on the page if there were no other object: nothing on the page is further away. */
#define EDGES(order)                                                                                         \
    "SELECT (SELECT l.id FROM logged_activity l WHERE l.activity_object_id = o.id AND " IN_RANGE             \
    "ORDER BY l.id " order " LIMIT 1 OFFSET $6) FROM activity_object o WHERE o.business_id = $1"

/*
 * The objects lead (CROSS JOIN says so to SQLite), and what is found is sorted afterwards (MATERIALIZED says so to
 * PostgreSQL): neither may go along all activities of all Businesses because the order fits.
 */
#define OF_BUSINESS(order)                                                                                   \
    "WITH found AS MATERIALIZED (SELECT l.id FROM activity_object o CROSS JOIN logged_activity l "           \
    "WHERE o.business_id = $1 AND l.activity_object_id = o.id AND " IN_RANGE                                 \
    ") SELECT id FROM found ORDER BY id " order " LIMIT $6"

/* The least, or (`end`) the greatest, id of a millisecond. */
static struct id id_of_ms(int64_t ms, bool end)
{
    struct id id;
    memset(id.bytes, end ? 0xff : 0x00, sizeof id.bytes);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)((uint64_t)ms >> (40 - 8 * i));
    return id;
}

/* `us` may be any int64; ids have 48 bits of milliseconds. */
static int64_t clamped_ms(int64_t us, int64_t slack_ms)
{
    int64_t ms = us / US_PER_MS + slack_ms;
    const int64_t most = (INT64_C(1) << 48) - 1;
    return ms < 0 ? 0 : ms > most ? most : ms;
}

static struct search search_of(
    const struct actor *actor, const struct logged_filter *filter, const struct page *page)
{
    struct search s = {.business_id = actor->business_id,
        .low = id_of_ms(clamped_ms(filter->after, -SLACK_MS), false),
        .high = id_of_ms(clamped_ms(filter->before, SLACK_MS), true),
        .after = filter->after,
        .before = filter->before,
        .object_id = filter->object_id,
        .employee_id = filter->employee_id,
        .record_id = filter->record_id,
        .most = (int64_t)page->limit + 1};
    struct id bound = page_id_bound(page);
    if (page->back && id_compare(bound, s.low) > 0)
        s.low = bound;
    if (!page->back && id_compare(bound, s.high) < 0)
        s.high = bound;
    return s;
}

/* A statement takes the first so many of the parameters. */
struct statement {
    const char *sql;
    size_t params;
};

static struct statement statement_of(const struct search *s, bool back)
{
    if (!id_is_nil(s->record_id))
        return (struct statement){back ? OF_RECORD("ASC") : OF_RECORD("DESC"), 9};
    if (!id_is_nil(s->employee_id))
        return (struct statement){back ? OF_EMPLOYEE("ASC") : OF_EMPLOYEE("DESC"), 8};
    if (!id_is_nil(s->object_id))
        return (struct statement){back ? OF_OBJECT("ASC") : OF_OBJECT("DESC"), 7};
    return (struct statement){back ? OF_BUSINESS("ASC") : OF_BUSINESS("DESC"), 6};
}

static struct statement edges_of(bool back)
{
    return (struct statement){back ? EDGES("ASC") : EDGES("DESC"), 6};
}

static enum err_code search_query(struct db *db, const struct search *s, struct statement statement,
    struct db_rows **rows, struct error *err)
{
    const struct db_value values[] = {db_id(s->business_id), db_id(s->low), db_id(s->high), db_int(s->after),
        db_int(s->before), db_int(s->most), db_id_or_null(s->object_id), db_id_or_null(s->employee_id),
        db_id_or_null(s->record_id)};
    return db_query(db, statement.sql, (struct db_params){values, statement.params}, rows, err);
}

/* Brings the far end of the search near, for a Business with more than one page. */
static enum err_code narrow(struct db *db, struct search *s, bool back, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = search_query(db, s, edges_of(back), &rows, err);
    while (!code && db_next(rows, &code, err)) {
        struct id edge = db_col_id(rows, 0);
        if (id_is_nil(edge))
            continue;
        if (!back && id_compare(edge, s->low) > 0)
            s->low = edge;
        if (back && id_compare(edge, s->high) < 0)
            s->high = edge;
    }
    return code;
}

static enum err_code find(
    struct db *db, const struct search *s, bool back, struct id *ids, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *count = 0;
    enum err_code code = search_query(db, s, statement_of(s, back), &rows, err);
    while (!code && *count < (size_t)s->most && db_next(rows, &code, err))
        ids[(*count)++] = db_col_id(rows, 0);
    return code;
}

enum err_code logged_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct logged_filter *filter, struct page *page, struct logged_activity **activities, size_t *count,
    struct error *err)
{
    struct search search = search_of(actor, filter, page);
    struct id *ids = ARENA_ARRAY(arena, struct id, page->limit + 1);
    size_t found = 0;
    bool whole = id_is_nil(filter->object_id) && id_is_nil(filter->record_id) && id_is_nil(filter->employee_id);
    *count = 0;
    enum err_code code = may(actor, ACTION_VIEW_ACTIVITY, actor->business_id, err);
    if (!code && whole)
        code = narrow(db, &search, page->back, err);
    if (!code)
        code = find(db, &search, page->back, ids, &found, err);
    if (code)
        return code;
    found = page_cut(page, ids, sizeof *ids, found);
    return logged_read_many(db, arena, actor, ids, found, activities, count, err);
}
