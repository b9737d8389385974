#include "crm/timeline.h"

#include "crm/id_list.h"

#include <stdlib.h>

const char *timeline_kind_name(enum timeline_kind kind)
{
    return kind == TIMELINE_KIND_LOGGED ? "logged" : "scheduled";
}

enum err_code timeline_may(const struct actor *actor, const struct timeline_of *of, struct error *err)
{
    const struct thing thing = {.employee_id = of->owner_id};
    return may(actor, ACTION_VIEW_RECORD, &thing, err);
}

bool timeline_showed(const struct actor *actor, enum timeline_kind kind, const struct thing *was)
{
    return may_see(
        actor, kind == TIMELINE_KIND_LOGGED ? ACTION_VIEW_ACTIVITY : ACTION_VIEW_SCHEDULED_ACTIVITY, was);
}

bool timeline_shows(const struct actor *actor, const struct timeline_entry *entry)
{
    const struct thing thing = {.activity_object_id = entry->activity_object_id,
        .employee_id = entry->person.id,
        .role_id = entry->role_id};
    return timeline_showed(actor, entry->kind, &thing);
}

bool timeline_shows_entity(const struct actor *actor, const struct timeline_entity *entity)
{
    const struct thing thing = {.employee_id = entity->owner_id};
    return may_see(actor, ACTION_VIEW_RECORD, id_equal(entity->id, entity->object_id) ? NULL : &thing);
}

enum err_code timeline_find(struct db *db, const struct actor *actor, const char *object, struct id record_id,
    struct timeline_of *of, struct error *err)
{
    static const char by_name[] =
        "SELECT o.id, r.owner_id FROM record_object o JOIN record r ON r.object_id = o.id AND r.business_id "
        "= "
        "o.business_id "
        "WHERE o.business_id = $1 AND o.api_name = $2 AND r.id = $3 AND r.business_id = $1";
    static const char by_id[] =
        "SELECT o.id, r.owner_id FROM record_object o JOIN record r ON r.object_id = o.id AND "
        "r.business_id = o.business_id "
        "WHERE o.business_id = $1 AND o.id = $2 AND r.id = $3 AND r.business_id = $1";
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct id object_id;
    bool named = !id_parse(object, strlen(object), &object_id);
    enum err_code code = may(actor, ACTION_VIEW_RECORD, NULL, err);
    if (!code)
        code = db_query(db, named ? by_name : by_id,
            DB_PARAMS(
                db_id(actor->business_id), named ? db_text(object) : db_id(object_id), db_id(record_id)),
            &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such record in this Business.");
    *of = (struct timeline_of){
        .record_id = record_id, .object_id = db_col_id(rows, 0), .owner_id = db_col_id(rows, 1)};
    return timeline_may(actor, of, err);
}

/* ── which entries: four scans of indexes, merged ────────────────────────────────────────────── */

struct found {
    struct id id;
    enum timeline_kind kind;
};

struct scan {
    const char *newer_first, *older_first; /* after a key, and before one */
};

#define LOGGED_SCAN(CMP, ORDER, WITHIN)                                                                      \
    "SELECT activity_id FROM activity_association WHERE record_id = $1 AND business_id = $2 AND "            \
    "activity_id " CMP " $3 ORDER BY activity_id " ORDER " LIMIT $4"
#define SCHEDULED_SCAN(CMP, ORDER, WITHIN)                                                                   \
    "SELECT scheduled_id FROM scheduled_association WHERE record_id = $1 AND business_id = $2 AND open = 1 " \
    "AND scheduled_id " CMP " $3 ORDER BY scheduled_id " ORDER " LIMIT $4"

/* Those that filter look no further than $5, the horizon; $6 is the type. */
#define LOGGED_FROM                                                                                          \
    "SELECT a.activity_id FROM activity_association a "                                                      \
    "JOIN logged_activity l ON l.id = a.activity_id AND l.business_id = a.business_id "                      \
    "WHERE a.record_id = $1 AND a.business_id = $2 "
#define SCHEDULED_FROM                                                                                       \
    "SELECT a.scheduled_id FROM scheduled_association a "                                                    \
    "JOIN scheduled_activity s ON s.id = a.scheduled_id AND s.business_id = a.business_id "                  \
    "WHERE a.record_id = $1 AND a.business_id = $2 AND a.open = 1 "
#define LOGGED_SCAN_OF_TYPE(CMP, ORDER, WITHIN)                                                              \
    LOGGED_FROM "AND a.activity_id " CMP " $3 AND a.activity_id " WITHIN " $5 "                              \
                "AND l.activity_object_id = $6 ORDER BY a.activity_id " ORDER " LIMIT $4"
#define SCHEDULED_SCAN_OF_TYPE(CMP, ORDER, WITHIN)                                                           \
    SCHEDULED_FROM "AND a.scheduled_id " CMP " $3 AND a.scheduled_id " WITHIN " $5 "                         \
                   "AND s.activity_object_id = $6 ORDER BY a.scheduled_id " ORDER " LIMIT $4"
/* For those who may not see all: $7 the employee, $8 whether they may view all but for what sharing takes away. */
#define LOGGED_SCAN_VISIBLE(CMP, ORDER, WITHIN)                                                              \
    LOGGED_FROM "AND a.activity_id " CMP " $3 AND a.activity_id " WITHIN " $5 "                              \
                "AND ($6 IS NULL OR l.activity_object_id = $6) AND ($8 = 1 OR l.logged_by = $7) "            \
                "AND " ACCESS_SHARED("l.activity_object_id", "$2", "$7") "ORDER BY a.activity_id " ORDER     \
                                                                         " LIMIT $4"
#define SCHEDULED_SCAN_VISIBLE(CMP, ORDER, WITHIN)                                                           \
    SCHEDULED_FROM "AND a.scheduled_id " CMP " $3 AND a.scheduled_id " WITHIN " $5 "                         \
                   "AND ($6 IS NULL OR s.activity_object_id = $6) AND (s.employee_id = $7 OR s.role_id IN "  \
                   "(SELECT v.role_id FROM employee_role v WHERE v.employee_id = $7 AND v.business_id = "    \
                   "$2) OR ($8 = 1 AND " ACCESS_SHARED(                                                      \
                       "s.activity_object_id", "$2", "$7") ")) ORDER BY a.scheduled_id " ORDER " LIMIT $4"

/* The last of so many of a record's entries, whatever they are: how far a page that filters looks. */
#define LOOKED_AT_MOST 2000
#define LOGGED_HORIZON(CMP, ORDER, WITHIN)                                                                   \
    "SELECT activity_id FROM activity_association WHERE record_id = $1 AND business_id = $2 AND "            \
    "activity_id " CMP " $3 ORDER BY activity_id " ORDER " LIMIT 1 OFFSET 1999"
#define SCHEDULED_HORIZON(CMP, ORDER, WITHIN)                                                                \
    "SELECT scheduled_id FROM scheduled_association WHERE record_id = $1 AND business_id = $2 AND open = 1 " \
    "AND scheduled_id " CMP " $3 ORDER BY scheduled_id " ORDER " LIMIT 1 OFFSET 1999"
_Static_assert(LOOKED_AT_MOST == 1999 + 1, "the offsets in the statements");

#define BOTH_WAYS(SCAN)                                                                                      \
    {                                                                                                        \
        SCAN("<", "DESC", ">="), SCAN(">", "ASC", "<=")                                                      \
    }

enum scanned { ALL_OF_IT, OF_TYPE, VISIBLE };

static const struct scan scans[2][3] = {
    [TIMELINE_KIND_LOGGED] = {BOTH_WAYS(LOGGED_SCAN), BOTH_WAYS(LOGGED_SCAN_OF_TYPE),
        BOTH_WAYS(LOGGED_SCAN_VISIBLE)},
    [TIMELINE_KIND_SCHEDULED] = {BOTH_WAYS(SCHEDULED_SCAN), BOTH_WAYS(SCHEDULED_SCAN_OF_TYPE),
        BOTH_WAYS(SCHEDULED_SCAN_VISIBLE)},
};

static const struct scan horizons[2] = {[TIMELINE_KIND_LOGGED] = BOTH_WAYS(LOGGED_HORIZON),
    [TIMELINE_KIND_SCHEDULED] = BOTH_WAYS(SCHEDULED_HORIZON)};

struct search {
    struct db *db;
    const struct actor *actor;
    struct id business_id;
    const struct timeline_filter *filter;
    struct page *page;
    struct found *found; /* room for all that the scans may find */
    size_t count;
};

static const char *statement(const struct search *search, const struct scan *scan)
{
    return search->page->back ? scan->older_first : scan->newer_first;
}

/* Where a scan of this subject has looked at enough, and the page ends, unless another one ends it before. */
static enum err_code find_horizon(
    struct search *search, enum timeline_kind kind, struct id subject, struct id *horizon, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct page *page = search->page;
    memset(horizon->bytes, page->back ? 0xff : 0x00, sizeof horizon->bytes);
    enum err_code code = db_query(search->db, statement(search, &horizons[kind]),
        DB_PARAMS(db_id(subject), db_id(search->business_id), db_id(page_id_bound(page))), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code;
    *horizon = db_col_id(rows, 0);
    int order = id_compare(*horizon, page->edge);
    if (id_is_nil(page->edge) || (page->back ? order < 0 : order > 0))
        page->edge = *horizon;
    return ERR_OK;
}

static enum action view_of(enum timeline_kind kind)
{
    return kind == TIMELINE_KIND_LOGGED ? ACTION_VIEW_ACTIVITY : ACTION_VIEW_SCHEDULED_ACTIVITY;
}

/* `subject` is the record, or its object for what is about all of its records. */
static enum err_code scan(
    struct search *search, enum timeline_kind kind, struct id subject, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    const struct page *page = search->page;
    struct id type = search->filter->activity_object_id, horizon = {0};
    bool all = access_level(search->actor, view_of(kind)) == LEVEL_ALL;
    enum scanned scanned = !all || search->actor->access->hidden_count ? VISIBLE
                           : id_is_nil(type)                           ? ALL_OF_IT
                                                                       : OF_TYPE;
    enum err_code code = scanned == ALL_OF_IT ? ERR_OK : find_horizon(search, kind, subject, &horizon, err);
    if (code)
        return code;
    const struct db_value values[] = {db_id(subject), db_id(search->business_id), db_id(page_id_bound(page)),
        db_int((int64_t)page->limit + 1), db_id(horizon), db_id_or_null(type),
        db_id(search->actor->employee.id), db_int(all)};
    static const size_t counts[] = {[ALL_OF_IT] = 4, [OF_TYPE] = 6, [VISIBLE] = 8};
    code = db_query(search->db, statement(search, &scans[kind][scanned]),
        (struct db_params){values, counts[scanned]}, &rows, err);
    while (!code && db_next(rows, &code, err))
        search->found[search->count++] = (struct found){.id = db_col_id(rows, 0), .kind = kind};
    return code;
}

static int newest_first(const void *a, const void *b)
{
    return id_compare(((const struct found *)b)->id, ((const struct found *)a)->id);
}

static int oldest_first(const void *a, const void *b)
{
    return -newest_first(a, b);
}

/* Whether another scan has not looked so far. */
static bool is_beyond_edge(const struct page *page, struct id id)
{
    int order = id_compare(id, page->edge);
    return !id_is_nil(page->edge) && (page->back ? order > 0 : order < 0);
}

/* In the order in which they were read, the nearest first; one that two scans found stays once. */
static void merge(struct search *search)
{
    size_t most = search->page->limit + 1, kept = 0;
    qsort(search->found, search->count, sizeof *search->found,
        search->page->back ? oldest_first : newest_first);
    for (size_t i = 0; i < search->count && kept < most; i++)
        if ((kept == 0 || !id_equal(search->found[kept - 1].id, search->found[i].id)) &&
            !is_beyond_edge(search->page, search->found[i].id))
            search->found[kept++] = search->found[i];
    search->count = kept;
}

static enum err_code find_all(struct search *search, const struct timeline_of *of, struct error *err)
{
    enum err_code code = ERR_OK;
    for (int kind = TIMELINE_KIND_LOGGED; kind <= TIMELINE_KIND_SCHEDULED && !code; kind++) {
        if (!(kind == TIMELINE_KIND_LOGGED ? search->filter->logged : search->filter->scheduled))
            continue;
        if (!may_see(search->actor, view_of((enum timeline_kind)kind), NULL))
            continue;
        code = scan(search, (enum timeline_kind)kind, of->record_id, err);
        if (!code)
            code = scan(search, (enum timeline_kind)kind, of->object_id, err);
    }
    merge(search);
    return code;
}

/* ── what they are: two queries a hundred ───────────────────────────────────────────────────────── */

static struct timeline_entry *entry_of(
    const struct id *ids, size_t count, struct timeline_entry *entries, struct id id)
{
    for (size_t i = 0; i < count; i++)
        if (id_equal(ids[i], id))
            return &entries[i];
    return NULL;
}

/* Columns 0 to 16 of both kinds. */
#define ENTRY_COLUMNS(A, NOTES)                                                                              \
    "o.id, o.name, o.api_name, o.color, o.icon, substr(" A "." NOTES ", 1, 1001), e.id, e.first_name, "      \
    "e.last_name, e.display_name, e.email "
_Static_assert(TIMELINE_NOTES_CHARS + 1 == 1001, "the statements ask for one character more");

static const char logged_rows[] =
    "SELECT l.id, l.logged_at, 0, l.completed_at, l.scheduled_activity_id, NULL, NULL, " ENTRY_COLUMNS("l",
        "notes") "FROM logged_activity l "
                 "JOIN activity_object o ON o.id = l.activity_object_id AND o.business_id = l.business_id "
                 "LEFT JOIN employee e ON e.id = l.logged_by AND e.business_id = l.business_id "
                 "WHERE l.business_id = $101 AND l.deleted_at IS NULL AND l.id IN " ID_LIST;

static const char scheduled_rows[] =
    "SELECT s.id, s.created_at, s.due_at, s.completed_at, s.logged_activity_id, r.id, r.name, " ENTRY_COLUMNS(
        "s",
        "note") "FROM scheduled_activity s "
                "JOIN activity_object o ON o.id = s.activity_object_id AND o.business_id = s.business_id "
                "LEFT JOIN employee e ON e.id = s.employee_id AND e.business_id = s.business_id "
                "LEFT JOIN role r ON r.id = s.role_id AND r.business_id = s.business_id "
                "WHERE s.business_id = $101 AND s.id IN " ID_LIST;

/* Ends the text after so many characters; whether there were more. */
static bool cut(char *text, size_t chars)
{
    for (; *text; text++)
        if (((unsigned char)*text & 0xc0) != 0x80 && chars-- == 0) {
            *text = '\0';
            return true;
        }
    return false;
}

static void take_row(
    struct db_rows *rows, struct arena *arena, enum timeline_kind kind, struct timeline_entry *entry)
{
    char *notes = db_col_text_copy(rows, 12, arena);
    bool notes_cut = cut(notes, TIMELINE_NOTES_CHARS);
    *entry = (struct timeline_entry){.kind = kind,
        .id = db_col_id(rows, 0),
        .created_at = db_col_int(rows, 1),
        .due_at = db_col_int(rows, 2),
        .completed_at = db_col_int(rows, 3),
        .counterpart_id = db_col_id(rows, 4),
        .role_id = db_col_id(rows, 5),
        .role_name = db_col_text_copy(rows, 6, arena),
        .activity_object_id = db_col_id(rows, 7),
        .object_name = db_col_text_copy(rows, 8, arena),
        .object_api_name = db_col_text_copy(rows, 9, arena),
        .object_color = db_col_text_copy(rows, 10, arena),
        .object_icon = db_col_text_copy(rows, 11, arena),
        .notes = notes,
        .notes_cut = notes_cut,
        .person = {.id = db_col_id(rows, 13),
            .first_name = db_col_text_copy(rows, 14, arena),
            .last_name = db_col_text_copy(rows, 15, arena),
            .display_name = db_col_text_copy(rows, 16, arena),
            .email = db_col_text_copy(rows, 17, arena)}};
}

/* An object's own id in place of a record's: all of its records. */
#define ENTITY_ROWS(TABLE, ID)                                                                               \
    "SELECT a." ID                                                                                           \
    ", a.record_id, a.object_id, coalesce(r.display_name, o.name), o.name, r.owner_id FROM " TABLE " a "     \
    "JOIN record_object o ON o.id = a.object_id AND o.business_id = a.business_id "                          \
    "LEFT JOIN record r ON r.id = a.record_id AND r.business_id = a.business_id "                            \
    "WHERE a.business_id = $101 AND a." ID " IN " ID_LIST " ORDER BY a." ID ", a.position"

static const char logged_entities[] = ENTITY_ROWS("activity_association", "activity_id");
static const char scheduled_entities[] = ENTITY_ROWS("scheduled_association", "scheduled_id");

static void add_entity(
    struct arena *arena, struct timeline_entry *entry, const struct timeline_entity *entity)
{
    size_t n = entry->entity_count;
    if ((n & (n - 1)) == 0) { /* 0, 1, 2, 4 …: full */
        struct timeline_entity *more = ARENA_ARRAY(arena, struct timeline_entity, n ? 2 * n : 1);
        if (n)
            memcpy(more, entry->entities, n * sizeof *more);
        entry->entities = more;
    }
    entry->entities[entry->entity_count++] = *entity;
}

static enum err_code read_entities(struct db *db, struct arena *arena, struct id business_id,
    enum timeline_kind kind, const struct id *ids, size_t count, struct timeline_entry *entries,
    struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        id_list_query(db, kind == TIMELINE_KIND_LOGGED ? logged_entities : scheduled_entities, ids, count,
            DB_PARAMS(db_id(business_id)), &rows, err);
    while (!code && db_next(rows, &code, err)) {
        struct timeline_entity entity = {.id = db_col_id(rows, 1),
            .object_id = db_col_id(rows, 2),
            .display_name = db_col_text_copy(rows, 3, arena),
            .object_name = db_col_text_copy(rows, 4, arena),
            .owner_id = db_col_id(rows, 5)};
        struct timeline_entry *entry = entry_of(ids, count, entries, db_col_id(rows, 0));
        if (entry)
            add_entity(arena, entry, &entity);
    }
    return code;
}

/* At most ID_LIST_MOST. */
static enum err_code read_some(struct db *db, struct arena *arena, struct id business_id,
    enum timeline_kind kind, const struct id *ids, size_t count, struct timeline_entry *entries,
    struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = id_list_query(db, kind == TIMELINE_KIND_LOGGED ? logged_rows : scheduled_rows, ids,
        count, DB_PARAMS(db_id(business_id)), &rows, err);
    while (!code && db_next(rows, &code, err)) {
        struct timeline_entry *entry = entry_of(ids, count, entries, db_col_id(rows, 0));
        if (entry)
            take_row(rows, arena, kind, entry);
    }
    return code ? code : read_entities(db, arena, business_id, kind, ids, count, entries, err);
}

enum err_code timeline_read(struct db *db, struct arena *arena, struct id business_id,
    enum timeline_kind kind, const struct id *ids, size_t count, struct timeline_entry *entries,
    struct error *err)
{
    enum err_code code = ERR_OK;
    memset(entries, 0, count * sizeof *entries);
    for (size_t at = 0, some; at < count && !code; at += some) {
        some = count - at < ID_LIST_MOST ? count - at : ID_LIST_MOST;
        code = read_some(db, arena, business_id, kind, ids + at, some, entries + at, err);
    }
    return code;
}

/* ── a page ──────────────────────────────────────────────────────────────────────────────────── */

/* Those of one kind, at their places in `entries`. */
static enum err_code fill_kind(const struct search *search, struct arena *arena, enum timeline_kind kind,
    struct timeline_entry *entries, struct error *err)
{
    struct id *ids = ARENA_ARRAY(arena, struct id, search->count);
    struct timeline_entry *read = ARENA_ARRAY(arena, struct timeline_entry, search->count);
    size_t n = 0;
    for (size_t i = 0; i < search->count; i++)
        if (search->found[i].kind == kind)
            ids[n++] = search->found[i].id;
    enum err_code code = timeline_read(search->db, arena, search->business_id, kind, ids, n, read, err);
    n = 0;
    for (size_t i = 0; i < search->count && !code; i++)
        if (search->found[i].kind == kind)
            entries[i] = read[n++];
    return code;
}

/* What went between the scans and the reads, or to somebody else, is not there any more. */
static size_t drop_gone(const struct actor *actor, struct timeline_entry *entries, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!id_is_nil(entries[i].id) && timeline_shows(actor, &entries[i]))
            entries[kept++] = entries[i];
    return kept;
}

enum err_code timeline_page(struct db *db, struct arena *arena, const struct actor *actor,
    const struct timeline_of *of, const struct timeline_filter *filter, struct page *page,
    struct timeline_entry **entries, size_t *count, struct error *err)
{
    struct search search = {.db = db,
        .actor = actor,
        .business_id = actor->business_id,
        .filter = filter,
        .page = page,
        .found = ARENA_ARRAY(arena, struct found, 4 * (page->limit + 1))};
    enum err_code code = timeline_may(actor, of, err);
    if (!code)
        code = find_all(&search, of, err);
    if (code)
        return code;
    search.count = page_cut(page, search.found, sizeof *search.found, search.count);
    *entries = ARENA_ARRAY(arena, struct timeline_entry, search.count + 1);
    code = fill_kind(&search, arena, TIMELINE_KIND_LOGGED, *entries, err);
    if (!code)
        code = fill_kind(&search, arena, TIMELINE_KIND_SCHEDULED, *entries, err);
    *count = code ? 0 : drop_gone(actor, *entries, search.count);
    return code;
}
