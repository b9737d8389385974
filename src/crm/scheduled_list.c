/*
 * Which Scheduled Activities a page has: ids by (due_at, id). Open ones and completed ones have an index each for the
 * Business, the employee, the role and the type, so that a page is read where it lies, however many there are
 * of the other kind; a list of both takes a page of each.
 */
#include "crm/record.h"
#include "crm/scheduled_internal.h"

/*
 * $1 Business; $2, $3 and $4, $5 between which (due_at, id); $6 how many; $7 and on by what they are found. A condition
 * that is not asked for is in no statement: "$n IS NULL OR ..." makes PostgreSQL expect so few rows that it sorts.
 */
#define BETWEEN "AND (s.due_at, s.id) > ($2, $3) AND (s.due_at, s.id) < ($4, $5) "
#define OPEN "AND s.completed_at IS NULL "
#define COMPLETED "AND s.completed_at IS NOT NULL "
#define UP "ORDER BY s.due_at, s.id LIMIT $6"
#define DOWN "ORDER BY s.due_at DESC, s.id DESC LIMIT $6"

#define ONE(where, which, order)                                                                             \
    "SELECT s.id, s.due_at FROM scheduled_activity s WHERE s.business_id = $1 " where which BETWEEN order
#define BOTH(where, order)                                                                                   \
    "SELECT s.id, s.due_at FROM (SELECT * FROM (" ONE(                                                       \
        where, OPEN, order) ") o UNION ALL SELECT * FROM (" ONE(where, COMPLETED, order) ") c) s " order

/*
 * $7, $8: the record, and its object for what is about all of them; $9 employee, $10 role, $11 type, or NULL. A record
 * has few enough to be sorted; the cross join has SQLite begin with them, and not with all that the Business has.
 */
#define ABOUT(open, which, order)                                                                            \
    "SELECT s.id, s.due_at FROM scheduled_association a CROSS JOIN scheduled_activity s "                    \
    "WHERE s.id = a.scheduled_id AND s.business_id = a.business_id AND s.business_id = $1 "                  \
    "AND a.record_id IN ($7, $8) AND ($9 IS NULL OR s.employee_id = $9) "                                    \
    "AND ($10 IS NULL OR s.role_id = $10) AND ($11 IS NULL OR s.activity_object_id = $11) " open which       \
        BETWEEN order

#define ALL_STATES(where)                                                                                    \
    {                                                                                                        \
        {BOTH(where, UP), BOTH(where, DOWN)}, {ONE(where, OPEN, UP), ONE(where, OPEN, DOWN)},                \
        {                                                                                                    \
            ONE(where, COMPLETED, UP), ONE(where, COMPLETED, DOWN)                                           \
        }                                                                                                    \
    }

/*
 * For those who may not see all: $12 the employee, $13 whether they may view all, but for what sharing takes away. What
 * they are to do themselves they see in any case.
 */
#define VISIBLE                                                                                              \
    "AND (s.employee_id = $12 OR s.role_id IN (SELECT v.role_id FROM employee_role v WHERE v.employee_id = " \
    "$12 "                                                                                                   \
    "AND v.business_id = $1) OR ($13 = 1 AND " ACCESS_SHARED("s.activity_object_id", "$1", "$12") ")) "

/* In such words, for SQLite: a person has less to do than there is of a type, so that index is not the one to take. */
#define AND_OF_TYPE "AND s.activity_object_id IN ($8, $8) "

enum found_by { BY_BUSINESS, BY_EMPLOYEE, BY_ROLE, BY_OBJECT, BY_EMPLOYEE_OBJECT, BY_ROLE_OBJECT, BY_RECORD };

#define BY_ALL(visible)                                                                                      \
    {                                                                                                        \
        [BY_BUSINESS] = ALL_STATES(visible), [BY_EMPLOYEE] = ALL_STATES("AND s.employee_id = $7 " visible),  \
        [BY_ROLE] = ALL_STATES("AND s.role_id = $7 " visible),                                               \
        [BY_OBJECT] = ALL_STATES("AND s.activity_object_id = $7 " visible),                                  \
        [BY_EMPLOYEE_OBJECT] = ALL_STATES("AND s.employee_id = $7 " AND_OF_TYPE visible),                    \
        [BY_ROLE_OBJECT] = ALL_STATES("AND s.role_id = $7 " AND_OF_TYPE visible), [BY_RECORD] = {            \
            {ABOUT("", visible, UP), ABOUT("", visible, DOWN)},                                              \
            {ABOUT("AND a.open = 1 ", OPEN visible, UP), ABOUT("AND a.open = 1 ", OPEN visible, DOWN)},      \
            {ABOUT("", COMPLETED visible, UP), ABOUT("", COMPLETED visible, DOWN)}                           \
        }                                                                                                    \
    }

/* Whether all may be seen, by what they are found, their state (overdue ones are open ones), and whether backwards. */
static const char *const statements[2][BY_RECORD + 1][3][2] = {BY_ALL(""), BY_ALL(VISIBLE)};

/* The values from $7 on, and how many. At most five. */
static enum found_by choose(
    const struct scheduled_filter *filter, struct id record_object_id, struct db_value *values, size_t *count)
{
    bool object = !id_is_nil(filter->object_id);
    if (!id_is_nil(filter->record_id)) {
        values[0] = db_id(filter->record_id);
        values[1] = db_id(record_object_id);
        values[2] = db_id_or_null(filter->employee_id);
        values[3] = db_id_or_null(filter->role_id);
        values[4] = db_id_or_null(filter->object_id);
        *count = 5;
        return BY_RECORD;
    }
    *count = object ? 1 : 0;
    values[0] = db_id(filter->object_id);
    bool employee = !id_is_nil(filter->employee_id);
    if (!employee && id_is_nil(filter->role_id))
        return object ? BY_OBJECT : BY_BUSINESS;
    values[0] = db_id(employee ? filter->employee_id : filter->role_id);
    values[1] = db_id(filter->object_id);
    ++*count;
    return employee ? (object ? BY_EMPLOYEE_OBJECT : BY_EMPLOYEE) : object ? BY_ROLE_OBJECT : BY_ROLE;
}

/* ── between which keys ──────────────────────────────────────────────────────────────────────── */

struct bound {
    int64_t due_at;
    struct id id;
};

static bool is_below(struct bound a, struct bound b)
{
    return a.due_at != b.due_at ? a.due_at < b.due_at : id_compare(a.id, b.id) < 0;
}

static void lower(struct bound *high, struct bound to)
{
    if (is_below(to, *high))
        *high = to;
}

static void raise(struct bound *low, struct bound to)
{
    if (is_below(*low, to))
        *low = to;
}

/* What is between `low` and `high`, both left out; the nil id is before every other. */
static void bounds(
    const struct scheduled_filter *filter, const struct page *page, struct bound *low, struct bound *high)
{
    *low = (struct bound){.due_at = INT64_MIN};
    *high = (struct bound){.due_at = INT64_MAX};
    if (filter->after)
        raise(low, (struct bound){.due_at = filter->due_after});
    if (filter->before)
        lower(high, (struct bound){.due_at = filter->due_before});
    if (filter->state == SCHEDULED_OVERDUE)
        lower(high, (struct bound){.due_at = filter->now});
    struct bound key = {page->key.number, page->key.id};
    if (page->from && page->back)
        lower(high, key);
    else if (page->from)
        raise(low, key);
}

/* ── the page ────────────────────────────────────────────────────────────────────────────────── */

/* Nil if it is no record's id: it may be an object's, for what is about all of its records. */
static enum err_code object_of_record(struct db *db, struct arena *arena, const struct actor *actor,
    struct id record_id, struct id *object_id, struct error *err)
{
    struct record_ref record = {0};
    enum err_code code =
        id_is_nil(record_id) ? ERR_OK : record_find(db, arena, actor, record_id, &record, err);
    *object_id = record.object_id;
    return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* What is found, by its key. At most one more than the page has. */
static enum err_code find(struct db *db, const struct actor *actor, const struct scheduled_filter *filter,
    const struct page *page, struct id object_id, bool some, struct bound *found, size_t *count,
    struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct bound low, high;
    size_t more;
    bounds(filter, page, &low, &high);
    struct db_value values[6 + 5 + 2] = {db_id(actor->business_id), db_int(low.due_at), db_id(low.id),
        db_int(high.due_at), db_id(high.id), db_int((int64_t)page->limit + 1)};
    enum found_by found_by = choose(filter, object_id, values + 6, &more);
    for (size_t i = 6 + more; some && i < 6 + 5; i++)
        values[i] = db_null(DB_ID);
    values[6 + 5] = db_id(actor->employee.id);
    values[6 + 5 + 1] = db_int(access_level(actor, ACTION_VIEW_SCHEDULED_ACTIVITY) == LEVEL_ALL);
    if (some)
        more = 5 + 2;
    int state = filter->state == SCHEDULED_OVERDUE ? SCHEDULED_OPEN : (int)filter->state;
    enum err_code code = db_query(
        db, statements[some][found_by][state][page->back], (struct db_params){values, 6 + more}, &rows, err);
    *count = 0;
    while (!code && *count <= page->limit && db_next(rows, &code, err)) {
        found[*count].id = db_col_id(rows, 0);
        found[(*count)++].due_at = db_col_int(rows, 1);
    }
    return code;
}

/* Joins what was found to the page so far, both in order, and keeps one more than the page has. */
static void join(const struct page *page, struct bound *so_far, size_t *count, const struct bound *found,
    size_t found_count)
{
    struct bound joined[PAGE_LIMIT_MOST + 1] = {{0}};
    size_t n = 0, i = 0, j = 0;
    while (n <= page->limit && (i < *count || j < found_count)) {
        bool first = j == found_count || (i < *count && is_below(page->back ? found[j] : so_far[i],
                                                            page->back ? so_far[i] : found[j]));
        joined[n++] = first ? so_far[i++] : found[j++];
    }
    memcpy(so_far, joined, n * sizeof *joined);
    *count = n;
}

/* Of somebody who sees only what they are to do themselves: what is theirs by name, and by each of their roles. */
static enum err_code find_mine(struct db *db, const struct actor *actor,
    const struct scheduled_filter *filter, const struct page *page, struct bound *all, size_t *count,
    struct error *err)
{
    struct bound found[PAGE_LIMIT_MOST + 1];
    size_t n = 0;
    enum err_code code = ERR_OK;
    *count = 0;
    for (size_t i = 0; i <= actor->access->role_count && !code; i++) {
        struct scheduled_filter mine = *filter;
        if (i == 0)
            mine.employee_id = actor->employee.id;
        else
            mine.role_id = actor->access->roles[i - 1];
        bool other = (!id_is_nil(filter->employee_id) && !id_equal(filter->employee_id, mine.employee_id)) ||
                     (!id_is_nil(filter->role_id) && !id_equal(filter->role_id, mine.role_id));
        if (other || (!id_is_nil(mine.employee_id) && !id_is_nil(mine.role_id)))
            continue;
        code = find(db, actor, &mine, page, (struct id){0}, false, found, &n, err);
        if (!code)
            join(page, all, count, found, n);
    }
    return code;
}

/* The ids of the page, with at most one too many. */
static enum err_code list_ids(struct db *db, struct arena *arena, const struct actor *actor,
    const struct scheduled_filter *filter, const struct page *page, struct id *ids, size_t *count,
    struct error *err)
{
    struct bound found[PAGE_LIMIT_MOST + 1];
    struct id object_id;
    enum err_code code = object_of_record(db, arena, actor, filter->record_id, &object_id, err);
    if (code)
        return code;
    bool all = access_level(actor, ACTION_VIEW_SCHEDULED_ACTIVITY) == LEVEL_ALL;
    bool about = !id_is_nil(filter->record_id);
    code = all || about ? find(db, actor, filter, page, object_id, !all || actor->access->hidden_count > 0,
                              found, count, err)
                        : find_mine(db, actor, filter, page, found, count, err);
    for (size_t i = 0; i < *count && !code; i++)
        ids[i] = found[i].id;
    return code;
}

enum err_code scheduled_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct scheduled_filter *filter, struct page *page, struct scheduled_activity **scheduled,
    size_t *count, struct error *err)
{
    struct id *ids = ARENA_ARRAY(arena, struct id, page->limit + 1);
    size_t n = 0;
    bool visible = true;
    enum err_code code = may(actor, ACTION_VIEW_SCHEDULED_ACTIVITY, NULL, err);
    if (!code && !id_is_nil(filter->record_id))
        code = record_is_visible(db, actor, filter->record_id, &visible, err);
    bool nobody = !id_is_nil(filter->employee_id) && !id_is_nil(filter->role_id); /* it is never for both */
    if (!code && !nobody && visible)
        code = list_ids(db, arena, actor, filter, page, ids, &n, err);
    if (code)
        return code;
    n = page_cut(page, ids, sizeof *ids, n);
    return scheduled_read_many(db, arena, actor, ids, n, scheduled, count, err);
}
