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
    bool shared_only; /* sharing takes some types away from the employee */
    bool with_delivery; /* only those that had a webhook, of the types that ever had one */
    struct id reader; /* $9 */
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
#define WITH_DELIVERY                                                                                        \
    "l.delivery_id IS NOT NULL AND (l.logged_at >= $4 OR $4 IS NULL) AND (l.logged_at < $5 OR $5 IS NULL) "
#define BETWEEN "(l.id, l.business_id) > ($2, $1) AND l.id < $3 AND "
#define IN_RANGE BETWEEN MATCHES
#define IF_OBJECT "AND (l.activity_object_id = $6 OR $6 IS NULL) "
#define IF_EMPLOYEE "AND (l.logged_by = $7 OR $7 IS NULL) "

#define OF(matches, object, order, most)                                                                     \
    "SELECT l.id FROM activity_object o CROSS JOIN logged_activity l WHERE o.id = " object                   \
    " AND o.business_id = $1 AND l.activity_object_id = o.id AND " BETWEEN matches "ORDER BY l.id " order    \
    " LIMIT " most
#define OF_OBJECT(order, most) OF(MATCHES, "$6", order, most)

/* Of several objects, $6 to $13; nil: none. */
#define BRANCH(matches, object, name, order, most)                                                           \
    "SELECT id FROM (" OF(matches, object, order, most) ") AS " name
#define AND_BRANCH(matches, object, name, order, most)                                                       \
    " UNION ALL " BRANCH(matches, object, name, order, most)
#define OF_EIGHT(matches, order, most)                                                                       \
    "SELECT id FROM (" BRANCH(matches, "$6", "a", order, most) AND_BRANCH(matches, "$7", "b", order, most)   \
        AND_BRANCH(matches, "$8", "c", order, most) AND_BRANCH(matches, "$9", "d", order, most)              \
            AND_BRANCH(matches, "$10", "e", order, most) AND_BRANCH(matches, "$11", "f", order, most)        \
                AND_BRANCH(matches, "$12", "g", order, most)                                                 \
                    AND_BRANCH(matches, "$13", "h", order, most) ") AS found ORDER BY id " order             \
                                                                 " LIMIT " most
#define OF_OBJECTS(order, most) OF_EIGHT(MATCHES, order, most)
#define OF_WEBHOOKS(order, most) OF_EIGHT(WITH_DELIVERY, order, most)

/* For those from whom sharing takes some types away: $9, the employee. */
#define SHARED "AND " ACCESS_SHARED("l.activity_object_id", "$1", "$9")

#define EMPLOYEES(shared, order, most)                                                                       \
    "SELECT l.id FROM employee e CROSS JOIN logged_activity l WHERE e.id = $7 AND e.business_id = $1 "       \
    "AND l.logged_by = e.id AND " IN_RANGE IF_OBJECT shared "ORDER BY l.id " order " LIMIT " most

#define OF_EMPLOYEE(order, most) EMPLOYEES("", order, most)
#define OF_EMPLOYEE_SHARED(order, most) EMPLOYEES(SHARED, order, most)

/* What is about the record itself, and what is about every record of its object. */
#define ABOUT(which, shared, order, most)                                                                    \
    "SELECT a.activity_id AS id FROM activity_association a CROSS JOIN logged_activity l "                   \
    "WHERE a.record_id = " which " AND a.business_id = $1 AND (a.activity_id, a.business_id) > ($2, $1) "    \
    "AND a.activity_id < $3 AND l.id = a.activity_id AND l.business_id = a.business_id AND " MATCHES         \
        IF_OBJECT IF_EMPLOYEE shared "ORDER BY a.activity_id " order " LIMIT " most
#define OBJECT_OF_RECORD "(SELECT object_id FROM record WHERE id = $8 AND business_id = $1)"
#define RECORDS(shared, order, most)                                                                         \
    "SELECT id FROM (SELECT id FROM (" ABOUT(                                                                \
        "$8", shared, order, most) ") AS one UNION ALL SELECT id FROM (" ABOUT(OBJECT_OF_RECORD, shared,     \
        order, most) ") AS every) AS found ORDER BY id " order " LIMIT " most
#define OF_RECORD(order, most) RECORDS("", order, most)
#define OF_RECORD_SHARED(order, most) RECORDS(SHARED, order, most)

/* The last of so many of what is about a record, whatever else is asked for: how far a page that filters looks. */
#define LOOKED_AT_MOST 2000
#define HORIZON(which, order)                                                                                \
    "SELECT activity_id FROM activity_association WHERE record_id = " which " AND business_id = $1 AND "     \
    "(activity_id, business_id) > ($2, $1) AND activity_id < $3 ORDER BY activity_id " order                 \
    " LIMIT 1 OFFSET 1999"
_Static_assert(LOOKED_AT_MOST == 1999 + 1, "the offset in HORIZON");
#define RECORD_HORIZON(order) HORIZON("$4", order)
#define OBJECT_HORIZON(order)                                                                                \
    HORIZON("(SELECT object_id FROM record WHERE id = $4 AND business_id = $1)", order)

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

/* ── about a record ──────────────────────────────────────────────────────────────────────────── */

/* The id before it, or (`up`) after it. */
static struct id neighbour(struct id id, bool up)
{
    for (size_t i = sizeof id.bytes; i-- > 0;) {
        id.bytes[i] = (uint8_t)(id.bytes[i] + (up ? 1 : -1));
        if (id.bytes[i] != (up ? 0x00 : 0xff))
            break;
    }
    return id;
}

/* Looks no further than the horizon, where the page ends then. */
static enum err_code narrow_to_horizon(
    struct db *db, struct search *s, const char *sql, struct page *page, struct error *err)
{
    struct id horizon;
    size_t found = 0;
    enum err_code code = take_ids(db, sql,
        DB_PARAMS(db_id(s->business_id), db_id(s->low), db_id(s->high), db_id(s->record_id)), 1, &horizon,
        &found, err);
    if (code || found == 0)
        return code;
    page->edge = horizon;
    if (page->back)
        s->high = neighbour(horizon, true);
    else
        s->low = neighbour(horizon, false);
    return ERR_OK;
}

/* What is about a record has an index, and what is asked for besides has none there. */
static enum err_code bound_walk(struct db *db, struct search *s, struct page *page, struct error *err)
{
    bool filters = !id_is_nil(s->object_id) || !id_is_nil(s->employee_id) || s->shared_only;
    if (id_is_nil(s->record_id) || !filters)
        return ERR_OK;
    enum err_code code =
        narrow_to_horizon(db, s, page->back ? RECORD_HORIZON("ASC") : RECORD_HORIZON("DESC"), page, err);
    return code ? code
                : narrow_to_horizon(
                      db, s, page->back ? OBJECT_HORIZON("ASC") : OBJECT_HORIZON("DESC"), page, err);
}

/* What is filtered by something that has an index. */
static enum err_code find_filtered(
    struct db *db, const struct search *s, bool back, struct id *ids, size_t *count, struct error *err)
{
    struct db_value values[RANGE_PARAMS + 4];
    range_values(s, values);
    values[5] = db_id_or_null(s->object_id);
    values[6] = db_id_or_null(s->employee_id);
    values[7] = db_id_or_null(s->record_id);
    values[8] = db_id(s->reader);
    const struct db_params all = {values, 9};
    if (!id_is_nil(s->record_id) && s->shared_only)
        return take_ids(db, PICK(OF_RECORD_SHARED, back, s->most), all, s->most, ids, count, err);
    if (!id_is_nil(s->record_id))
        return take_ids(
            db, PICK(OF_RECORD, back, s->most), (struct db_params){values, 8}, s->most, ids, count, err);
    if (!id_is_nil(s->employee_id) && s->shared_only)
        return take_ids(db, PICK(OF_EMPLOYEE_SHARED, back, s->most), all, s->most, ids, count, err);
    if (!id_is_nil(s->employee_id))
        return take_ids(
            db, PICK(OF_EMPLOYEE, back, s->most), (struct db_params){values, 7}, s->most, ids, count, err);
    return take_ids(
        db, PICK(OF_OBJECT, back, s->most), (struct db_params){values, 6}, s->most, ids, count, err);
}

/* ── the whole Business ──────────────────────────────────────────────────────────────────────── */

/* The next so many Activity Objects of a Business after the one with that id. */
static enum err_code next_objects(
    struct db *db, const struct search *s, struct id after, struct id *ids, size_t *count, struct error *err)
{
    static const char all[] =
        "SELECT id FROM activity_object WHERE business_id = $1 AND id > $2 ORDER BY id LIMIT 256";
    static const char with_webhook[] = "SELECT id FROM activity_object WHERE business_id = $1 AND id > $2 "
                                       "AND had_webhook = 1 ORDER BY id LIMIT 256";
    return take_ids(db, s->with_delivery ? with_webhook : all, DB_PARAMS(db_id(s->business_id), db_id(after)),
        256, ids, count, err);
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
    const char *sql = s->with_delivery ? PICK(OF_WEBHOOKS, back, s->most) : PICK(OF_OBJECTS, back, s->most);
    return take_ids(db, sql, (struct db_params){values, ARRAY_LEN(values)}, s->most, ids, count, err);
}

/* Those that sharing does not take away. */
static size_t keep_shared(const struct actor *actor, struct id *objects, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!access_is_hidden(actor, objects[i]))
            objects[kept++] = objects[i];
    return kept;
}

static enum err_code find_whole(struct db *db, const struct actor *actor, struct search *s, bool back,
    struct id *ids, size_t *count, struct error *err)
{
    struct id objects[256], found[PAGE_LIMIT_MOST + 1], after = {0};
    size_t object_count, n;
    enum err_code code;
    bool more;
    *count = 0;
    do {
        code = next_objects(db, s, after, objects, &object_count, err);
        more = object_count == ARRAY_LEN(objects);
        if (object_count)
            after = objects[object_count - 1];
        object_count = keep_shared(actor, objects, object_count);
        for (size_t at = 0; at < object_count && !code; at += OBJECTS) {
            size_t some = object_count - at < OBJECTS ? object_count - at : OBJECTS;
            code = find_of_objects(db, s, back, objects + at, some, found, &n, err);
            if (code)
                break;
            join(ids, count, found, n, s, back);
            narrow(s, ids, *count, back);
        }
    } while (!code && more);
    return code;
}

/* Narrows what is asked for to what the actor may see; *none when that is nothing. */
static enum err_code narrow_to_visible(
    struct db *db, const struct actor *actor, struct logged_filter *filter, bool *none, struct error *err)
{
    bool visible = true;
    *none = access_is_hidden(actor, filter->object_id);
    if (access_level(actor, ACTION_VIEW_ACTIVITY) == LEVEL_MY) {
        *none |= !id_is_nil(filter->employee_id) && !id_equal(filter->employee_id, actor->employee.id);
        filter->employee_id = actor->employee.id;
    }
    enum err_code code = id_is_nil(filter->record_id)
                             ? ERR_OK
                             : record_is_visible(db, actor, filter->record_id, &visible, err);
    *none |= !visible;
    return code;
}

static enum err_code list_ids(struct db *db, const struct actor *actor, const struct logged_filter *filter,
    struct page *page, struct id *ids, size_t *found, struct error *err)
{
    struct search search = search_of(actor, filter, page);
    search.shared_only = actor->access->hidden_count > 0;
    search.reader = actor->employee.id;
    bool whole =
        id_is_nil(filter->object_id) && id_is_nil(filter->record_id) && id_is_nil(filter->employee_id);
    if (whole)
        return find_whole(db, actor, &search, page->back, ids, found, err);
    enum err_code code = bound_walk(db, &search, page, err);
    return code ? code : find_filtered(db, &search, page->back, ids, found, err);
}

enum err_code logged_with_delivery(struct db *db, const struct actor *actor, const struct page *page,
    struct id *ids, size_t *count, struct error *err)
{
    const struct logged_filter any = {.after = INT64_MIN, .before = INT64_MAX};
    struct search search = search_of(actor, &any, page);
    search.with_delivery = true;
    return find_whole(db, actor, &search, page->back, ids, count, err);
}

enum err_code logged_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct logged_filter *filter, struct page *page, struct logged_activity **activities, size_t *count,
    struct error *err)
{
    struct logged_filter visible = *filter;
    struct id *ids = ARENA_ARRAY(arena, struct id, page->limit + 1);
    size_t found = 0;
    bool none = true;
    *count = 0;
    enum err_code code = may(actor, ACTION_VIEW_ACTIVITY, NULL, err);
    if (!code)
        code = narrow_to_visible(db, actor, &visible, &none, err);
    if (!code && !none)
        code = list_ids(db, actor, &visible, page, ids, &found, err);
    if (code)
        return code;
    found = page_cut(page, ids, sizeof *ids, found);
    return logged_read_many(db, arena, actor, ids, found, activities, count, err);
}
