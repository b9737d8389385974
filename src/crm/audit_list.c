/* Reading the audit log: each search goes along one index of its Business, in the order of (at, id). */
#include "crm/audit.h"

const char *audit_actor_name(enum audit_actor actor)
{
    static const char *const names[] = {
        [AUDIT_OPERATOR] = "operator",
        [AUDIT_EMPLOYEE] = "employee",
        [AUDIT_NOBODY] = "nobody",
        [AUDIT_ELSEWHERE] = "elsewhere",
    };
    return names[actor];
}

const char *write_via_name(enum write_via via)
{
    static const char *const names[] = {
        [VIA_ADMIN_SOCKET] = "admin_socket",
        [VIA_COMMAND] = "command",
        [VIA_API_KEY] = "api_key",
        [VIA_SESSION] = "session",
        [VIA_NOTHING] = "nothing",
    };
    return names[via];
}

/* ── statements ──────────────────────────────────────────────────────────────────────────────── */

#define ENTRY_COLUMNS                                                                                        \
    "id, at, action, subject_kind, subject_id, subject_name, actor_kind, employee_id, actor_name, via, "     \
    "key_id, address, request_id, changes "

/*
 * $1 the Business; $2, $3 and $4, $5 between which (at, id); $6 how many; $7 and on what it is filtered by. A condition
 * that is not asked for is in no statement: "$n IS NULL OR ..." makes PostgreSQL expect so few rows that it sorts.
 */
#define SEARCH(where, order)                                                                                 \
    "SELECT " ENTRY_COLUMNS "FROM audit_entry WHERE business_id = $1 " where                                 \
    "AND (at, id) > ($2, $3) AND (at, id) < ($4, $5) ORDER BY " order " LIMIT $6"
#define BOTH(where)                                                                                          \
    {                                                                                                        \
        SEARCH(where, "at DESC, id DESC"), SEARCH(where, "at, id")                                           \
    }

#define EMPLOYEE "AND employee_id = "
#define SUBJECT "AND subject_id = "
#define KIND "AND subject_kind = "
#define ACTION "AND action = "

/* By which filters there are (the bits of BY_*), and whether the oldest come first. An action has its kind in it. */
enum { BY_EMPLOYEE = 1, BY_SUBJECT = 2, BY_KIND = 4, BY_ACTION = 8 };

static const char *const statements[][2] = {
    [0] = BOTH(""),
    [BY_EMPLOYEE] = BOTH(EMPLOYEE "$7 "),
    [BY_SUBJECT] = BOTH(SUBJECT "$7 "),
    [BY_EMPLOYEE | BY_SUBJECT] = BOTH(EMPLOYEE "$7 " SUBJECT "$8 "),
    [BY_KIND] = BOTH(KIND "$7 "),
    [BY_EMPLOYEE | BY_KIND] = BOTH(EMPLOYEE "$7 " KIND "$8 "),
    [BY_SUBJECT | BY_KIND] = BOTH(SUBJECT "$7 " KIND "$8 "),
    [BY_EMPLOYEE | BY_SUBJECT | BY_KIND] = BOTH(EMPLOYEE "$7 " SUBJECT "$8 " KIND "$9 "),
    [BY_ACTION] = BOTH(ACTION "$7 "),
    [BY_EMPLOYEE | BY_ACTION] = BOTH(EMPLOYEE "$7 " ACTION "$8 "),
    [BY_SUBJECT | BY_ACTION] = BOTH(SUBJECT "$7 " ACTION "$8 "),
    [BY_EMPLOYEE | BY_SUBJECT | BY_ACTION] = BOTH(EMPLOYEE "$7 " SUBJECT "$8 " ACTION "$9 "),
};

#define AUDIT_EXPORT_ROWS 200 /* in memory at once */

#define RANGE_PARAMS 6
#define FILTERS_MOST 3

struct search {
    const char *sql;
    struct db_value values[RANGE_PARAMS + FILTERS_MOST];
    size_t count;
};

static bool is_below(const struct page_key *a, const struct page_key *b)
{
    return a->number != b->number ? a->number < b->number : id_compare(a->id, b->id) < 0;
}

static void add_filter(struct search *s, unsigned *by, unsigned bit, struct db_value value)
{
    if (value.null)
        return;
    *by |= bit;
    s->values[s->count++] = value;
}

/* What lies after `low` and before `high`, both left out; the nil id is before every other. */
static void search_begin(struct search *s, const struct actor *actor, const struct audit_filter *filter,
    const struct page_key *low, const struct page_key *high, bool oldest_first, size_t most)
{
    struct page_key after = {.number = filter->after}, before = {.number = filter->before};
    unsigned by = 0;
    if (low && is_below(&after, low))
        after = *low;
    if (high && is_below(high, &before))
        before = *high;
    *s = (struct search){.values = {db_id(actor->business_id), db_int(after.number), db_id(after.id),
                             db_int(before.number), db_id(before.id), db_int((int64_t)most)},
        .count = RANGE_PARAMS};
    add_filter(s, &by, BY_EMPLOYEE, db_id_or_null(filter->employee_id));
    add_filter(s, &by, BY_SUBJECT, db_id_or_null(filter->subject_id));
    if (!filter->action)
        add_filter(s, &by, BY_KIND, db_text(filter->subject_kind));
    add_filter(s, &by, BY_ACTION, db_text(filter->action));
    s->sql = statements[by][oldest_first];
}

/* Whether the two exclude each other: "role.created" is of the kind "role". */
static bool is_contradiction(const struct audit_filter *filter)
{
    if (!filter->action || !filter->subject_kind)
        return false;
    size_t len = strcspn(filter->action, ".");
    return strlen(filter->subject_kind) != len || memcmp(filter->subject_kind, filter->action, len) != 0;
}

/* ── rows ────────────────────────────────────────────────────────────────────────────────────── */

/* The texts are the row's own. */
static void take_entry(struct db_rows *rows, struct audit_entry *entry)
{
    *entry = (struct audit_entry){.id = db_col_id(rows, 0),
        .at = db_col_int(rows, 1),
        .action = db_col_text(rows, 2),
        .subject_kind = db_col_text(rows, 3),
        .subject_id = db_col_id(rows, 4),
        .subject_name = db_col_text(rows, 5),
        .actor = (enum audit_actor)db_col_int(rows, 6),
        .employee_id = db_col_id(rows, 7),
        .actor_name = db_col_text(rows, 8),
        .via = (enum write_via)db_col_int(rows, 9),
        .key_id = db_col_id(rows, 10),
        .address = db_col_text(rows, 11),
        .request_id = db_col_id(rows, 12),
        .changes = db_col_text(rows, 13)};
}

static void keep_texts(struct arena *arena, struct audit_entry *entry)
{
    const char **texts[] = {&entry->action, &entry->subject_kind, &entry->subject_name, &entry->actor_name,
        &entry->address, &entry->changes};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (*texts[i])
            *texts[i] = arena_strdup(arena, *texts[i]);
}

enum err_code audit_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct audit_filter *filter, struct page *page, struct audit_entry **entries, size_t *count,
    struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t most = page->limit + 1, n = 0;
    struct search s;
    *entries = ARENA_ARRAY(arena, struct audit_entry, most);
    *count = 0;
    enum err_code code = may(actor, ACTION_VIEW_AUDIT, NULL, err);
    if (code || is_contradiction(filter))
        return code;
    const struct page_key *key = page->from ? &page->key : NULL;
    search_begin(&s, actor, filter, page->back ? key : NULL, page->back ? NULL : key, page->back, most);
    code = db_query(db, s.sql, (struct db_params){s.values, s.count}, &rows, err);
    while (!code && n < most && db_next(rows, &code, err)) {
        take_entry(rows, &(*entries)[n]);
        keep_texts(arena, &(*entries)[n++]);
    }
    *count = page_cut(page, *entries, sizeof **entries, n);
    return code;
}

/* One handful of an export. */
struct handful {
    size_t count; /* that were read */
    struct page_key last; /* that was taken */
    bool full; /* `each` took no more */
};

static enum err_code export_some(struct db *db, const struct actor *actor, const struct audit_filter *filter,
    bool (*each)(void *ctx, const struct audit_entry *entry), void *ctx, struct handful *some,
    struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct search s;
    some->count = 0;
    search_begin(&s, actor, filter, &some->last, NULL, true, AUDIT_EXPORT_ROWS);
    enum err_code code = db_query(db, s.sql, (struct db_params){s.values, s.count}, &rows, err);
    while (!code && !some->full && db_next(rows, &code, err)) {
        struct audit_entry entry;
        take_entry(rows, &entry);
        some->count++;
        some->full = !each(ctx, &entry);
        if (!some->full)
            some->last = (struct page_key){.number = entry.at, .id = entry.id};
    }
    return code;
}

enum err_code audit_export(struct db *db, const struct actor *actor, const struct audit_filter *filter,
    const struct page_key *from, bool (*each)(void *ctx, const struct audit_entry *entry), void *ctx,
    bool *more, struct error *err)
{
    struct handful some = {.last = from ? *from : (struct page_key){.number = INT64_MIN}};
    size_t n = 0;
    *more = false;
    enum err_code code = may(actor, ACTION_VIEW_AUDIT, NULL, err);
    if (code || is_contradiction(filter))
        return code;
    do {
        code = export_some(db, actor, filter, each, ctx, &some, err);
        n += some.count;
    } while (!code && !some.full && some.count == AUDIT_EXPORT_ROWS && n < AUDIT_EXPORT_MOST);
    *more = some.full || some.count == AUDIT_EXPORT_ROWS;
    return code;
}

enum err_code audit_key(
    struct db *db, const struct actor *actor, struct id id, struct page_key *key, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, "SELECT at FROM audit_entry WHERE id = $1 AND business_id = $2",
        DB_PARAMS(db_id(id), db_id(actor->business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such entry in this Business.");
    *key = (struct page_key){.number = db_col_int(rows, 0), .id = id};
    return ERR_OK;
}
