/*
 * Which activities a page has, newest first: the order of their ids, which begin with the millisecond they were made
 * in. Every statement goes along one index and stops at the page's end; the whole Business is the newest of each of its
 * Activity Objects, merged, so that what others log on the same server costs it nothing.
 */
#include "crm/logged_internal.h"

/* How far the millisecond in an id may be from logged_at: the clock was set back, or a thread stood still. */
#define SLACK_MS 60000

/* How many Activity Objects are searched by one statement. */
#define OBJECTS 8

/* The parameters of the statements below, by their numbers. */
struct search {
    struct id business_id; /* $1 */
    struct id low, high; /* $2, $3: ids in between, without them */
    int64_t after, before; /* $4, $5: INT64_MIN, INT64_MAX: any */
    struct id object_id, employee_id, record_id; /* $6, $7, $8: nil: any */
    size_t most; /* rows; the limits in the statements are literals, since PostgreSQL plans for those */
};

/*
 * What owns the activities is bound to the Business, and they to it: PostgreSQL does not know that the one decides the
 * other, and for a Business that has few would go along the activities of all. The owner leads: CROSS JOIN says so to
 * SQLite. Of two bounds of one kind PostgreSQL supposes, while it does not know them, that next to nothing lies in
 * between, and then sorts all that does: so the bounds of ids are a row and an id, and those of time are optional.
 */
#define MATCHES                                                                                              \
    "l.deleted_at IS NULL AND (l.logged_at >= $4 OR $4 IS NULL) AND (l.logged_at < $5 OR $5 IS NULL) "
#define IN_RANGE "(l.id, l.business_id) > ($2, $1) AND l.id < $3 AND " MATCHES
#define IF_OBJECT "AND (l.activity_object_id = $6 OR $6 IS NULL) "
#define IF_EMPLOYEE "AND (l.logged_by = $7 OR $7 IS NULL) "

#define OF(object, order, most)                                                                              \
    "SELECT l.id FROM activity_object o CROSS JOIN logged_activity l WHERE o.id = " object                   \
    " AND o.business_id = $1 AND l.activity_object_id = o.id AND " IN_RANGE "ORDER BY l.id " order           \
    " LIMIT " most
#define OF_OBJECT(order, most) OF("$6", order, most)

/* Of several objects, $6 to $13; nil: none. */
#define BRANCH(object, name, order, most) "SELECT id FROM (" OF(object, order, most) ") AS " name
#define AND_BRANCH(object, name, order, most) " UNION ALL " BRANCH(object, name, order, most)
#define OF_OBJECTS(order, most)                                                                              \
    "SELECT id FROM (" BRANCH("$6", "a", order, most) AND_BRANCH("$7", "b", order, most)                     \
        AND_BRANCH("$8", "c", order, most) AND_BRANCH("$9", "d", order, most)                                \
            AND_BRANCH("$10", "e", order, most) AND_BRANCH("$11", "f", order, most)                          \
                AND_BRANCH("$12", "g", order, most)                                                          \
                    AND_BRANCH("$13", "h", order, most) ") AS found ORDER BY id " order " LIMIT " most

#define OF_EMPLOYEE(order, most)                                                                             \
    "SELECT l.id FROM employee e CROSS JOIN logged_activity l WHERE e.id = $7 AND e.business_id = $1 "       \
    "AND l.logged_by = e.id AND " IN_RANGE IF_OBJECT "ORDER BY l.id " order " LIMIT " most

/* What is about the record itself, and what is about every record of its object. */
#define ABOUT(which, order, most)                                                                            \
    "SELECT a.activity_id AS id FROM activity_association a CROSS JOIN logged_activity l "                   \
    "WHERE a.record_id = " which " AND a.business_id = $1 AND (a.activity_id, a.business_id) > ($2, $1) "    \
    "AND a.activity_id < $3 AND l.id = a.activity_id AND l.business_id = a.business_id AND " MATCHES         \
        IF_OBJECT IF_EMPLOYEE "ORDER BY a.activity_id " order " LIMIT " most
#define OBJECT_OF_RECORD "(SELECT object_id FROM record WHERE id = $8 AND business_id = $1)"
#define OF_RECORD(order, most)                                                                               \
    "SELECT id FROM (SELECT id FROM (" ABOUT("$8", order, most) ") AS one UNION ALL SELECT id FROM (" ABOUT( \
        OBJECT_OF_RECORD, order, most) ") AS every) AS found ORDER BY id " order " LIMIT " most

/* Either way, for the usual page and for the longest. */
#define PICK(OF, back, most)                                                                                 \
    ((most) <= USUAL_MOST ? (back) ? OF("ASC", "51") : OF("DESC", "51")                                      \
        : (back) ? OF("ASC", "201")                                                                          \
                          : OF("DESC", "201"))
#define USUAL_MOST 51
_Static_assert(PAGE_LIMIT_PRESET + 1 == USUAL_MOST && PAGE_LIMIT_MOST + 1 == 201, "the limits in PICK");

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
        .most = page->limit + 1};
    struct id bound = page_id_bound(page);
    if (page->back && id_compare(bound, s.low) > 0)
        s.low = bound;
    if (!page->back && id_compare(bound, s.high) < 0)
        s.high = bound;
    return s;
}

#define RANGE_PARAMS 5

/* The first five parameters. */
static void range_values(const struct search *s, struct db_value *values)
{
    values[0] = db_id(s->business_id);
    values[1] = db_id(s->low);
    values[2] = db_id(s->high);
    values[3] = s->after == INT64_MIN ? db_null(DB_INT) : db_int(s->after);
    values[4] = s->before == INT64_MAX ? db_null(DB_INT) : db_int(s->before);
}

static enum err_code take_ids(struct db *db, const char *sql, struct db_params params, size_t most,
    struct id *ids, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *count = 0;
    enum err_code code = db_query(db, sql, params, &rows, err);
    while (!code && *count < most && db_next(rows, &code, err))
        ids[(*count)++] = db_col_id(rows, 0);
    return code;
}

/* What is filtered by something that has an index. */
static enum err_code find_filtered(
    struct db *db, const struct search *s, bool back, struct id *ids, size_t *count, struct error *err)
{
    struct db_value values[RANGE_PARAMS + 3];
    range_values(s, values);
    values[5] = db_id_or_null(s->object_id);
    values[6] = db_id_or_null(s->employee_id);
    values[7] = db_id_or_null(s->record_id);
    if (!id_is_nil(s->record_id))
        return take_ids(
            db, PICK(OF_RECORD, back, s->most), (struct db_params){values, 8}, s->most, ids, count, err);
    if (!id_is_nil(s->employee_id))
        return take_ids(
            db, PICK(OF_EMPLOYEE, back, s->most), (struct db_params){values, 7}, s->most, ids, count, err);
    return take_ids(
        db, PICK(OF_OBJECT, back, s->most), (struct db_params){values, 6}, s->most, ids, count, err);
}

/* ── the whole Business ──────────────────────────────────────────────────────────────────────── */

/* The next so many Activity Objects of a Business after the one with that id. */
static enum err_code next_objects(
    struct db *db, struct id business_id, struct id after, struct id *ids, size_t *count, struct error *err)
{
    return take_ids(db,
        "SELECT id FROM activity_object WHERE business_id = $1 AND id > $2 ORDER BY id LIMIT 256",
        DB_PARAMS(db_id(business_id), db_id(after)), 256, ids, count, err);
}

/* Joins what was found to the page so far, both in order, and keeps the first `most`. */
static void join(struct id *page, size_t *count, const struct id *found, size_t found_count,
    const struct search *s, bool back)
{
    struct id joined[PAGE_LIMIT_MOST + 1];
    size_t n = 0, i = 0, j = 0;
    memset(joined, 0, sizeof joined); /* for analyzers, which do not see that n of them are set */
    while (n < s->most && (i < *count || j < found_count)) {
        int order = i == *count ? 1 : j == found_count ? -1 : id_compare(page[i], found[j]);
        bool first = i < *count && (j == found_count || (back ? order < 0 : order > 0));
        joined[n++] = first ? page[i++] : found[j++];
    }
    memcpy(page, joined, n * sizeof *page);
    *count = n;
}

/* Once there is a page full, nothing beyond its end is looked for. */
static void narrow(struct search *s, const struct id *page, size_t count, bool back)
{
    if (count < s->most)
        return;
    if (back)
        s->high = page[count - 1];
    else
        s->low = page[count - 1];
}

static enum err_code find_of_objects(struct db *db, const struct search *s, bool back,
    const struct id *objects, size_t object_count, struct id *ids, size_t *count, struct error *err)
{
    struct db_value values[RANGE_PARAMS + OBJECTS];
    range_values(s, values);
    for (size_t i = 0; i < OBJECTS; i++)
        values[RANGE_PARAMS + i] = db_id(i < object_count ? objects[i] : (struct id){0});
    return take_ids(db, PICK(OF_OBJECTS, back, s->most), (struct db_params){values, ARRAY_LEN(values)},
        s->most, ids, count, err);
}

static enum err_code find_whole(
    struct db *db, struct search *s, bool back, struct id *ids, size_t *count, struct error *err)
{
    struct id objects[256], found[PAGE_LIMIT_MOST + 1], after = {0};
    size_t object_count, n;
    enum err_code code;
    *count = 0;
    do {
        code = next_objects(db, s->business_id, after, objects, &object_count, err);
        for (size_t at = 0; at < object_count && !code; at += OBJECTS) {
            size_t some = object_count - at < OBJECTS ? object_count - at : OBJECTS;
            code = find_of_objects(db, s, back, objects + at, some, found, &n, err);
            if (code)
                break;
            join(ids, count, found, n, s, back);
            narrow(s, ids, *count, back);
        }
        if (object_count)
            after = objects[object_count - 1];
    } while (!code && object_count == ARRAY_LEN(objects));
    return code;
}

enum err_code logged_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct logged_filter *filter, struct page *page, struct logged_activity **activities, size_t *count,
    struct error *err)
{
    struct search search = search_of(actor, filter, page);
    struct id *ids = ARENA_ARRAY(arena, struct id, page->limit + 1);
    size_t found = 0;
    bool whole =
        id_is_nil(filter->object_id) && id_is_nil(filter->record_id) && id_is_nil(filter->employee_id);
    *count = 0;
    enum err_code code = may(actor, ACTION_VIEW_ACTIVITY, actor->business_id, err);
    if (!code)
        code = whole ? find_whole(db, &search, page->back, ids, &found, err)
                     : find_filtered(db, &search, page->back, ids, &found, err);
    if (code)
        return code;
    found = page_cut(page, ids, sizeof *ids, found);
    return logged_read_many(db, arena, actor, ids, found, activities, count, err);
}
