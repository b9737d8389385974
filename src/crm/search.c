/* The half of search.h that asks the database, for each engine in its own words. */
#include "crm/search.h"

#include "base/buf.h"
#include "crm/record_row.h"

#define MATCH_MOST 16384 /* bytes of a search's expression */
#define PATTERN_MOST (2 * 4 * SEARCH_CHARS_MOST + 8)

/* Sorts after every email: the last code point. */
#define NO_EMAIL "\xf4\x8f\xbf\xbf"

/*
 * A trigram that all texts of an object have, so that the index finds only that object's. Made of random bits of its
 * id; should two objects share one, the rows still tell.
 */
static char *scope_of(struct arena *arena, struct id object_id)
{
    char *scope = arena_alloc(arena, 3 * 4 + 1);
    for (size_t i = 0; i < 3; i++) { /* characters of private use, U+F0000 to U+F7FFF */
        unsigned bits = ((unsigned)object_id.bytes[10 + 2 * i] << 8 | object_id.bytes[11 + 2 * i]) & 0x7fff;
        scope[4 * i] = '\xf3';
        scope[4 * i + 1] = (char)(0xb0 + (bits >> 12));
        scope[4 * i + 2] = (char)(0x80 + (bits >> 6 & 0x3f));
        scope[4 * i + 3] = (char)(0x80 + (bits & 0x3f));
    }
    return scope;
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

static const char *const entry_columns[] = {
    "record_id", "business_id", "object_id", "owner_id", "sort_name", "sort_email", "folded"};
static const struct db_insert insert_entry = {
    .table = "record_search", .columns = entry_columns, .column_count = ARRAY_LEN(entry_columns)};

static enum err_code insert_postgres(
    struct db *db, struct arena *arena, const struct search_entry *entries, size_t count, struct error *err)
{
    struct db_value *values = ARENA_ARRAY(arena, struct db_value, count * ARRAY_LEN(entry_columns)),
                    *v = values;
    for (size_t i = 0; i < count; i++) {
        *v++ = db_id(entries[i].record_id);
        *v++ = db_id(entries[i].business_id);
        *v++ = db_id(entries[i].object_id);
        *v++ = db_id_or_null(entries[i].owner_id);
        *v++ = db_text(entries[i].sort_name);
        *v++ = db_text(entries[i].sort_email ? entries[i].sort_email : NO_EMAIL);
        *v++ = db_text(entries[i].text);
    }
    return db_insert_many(db, &insert_entry, values, count, err);
}

static enum err_code insert_sqlite(
    struct db *db, struct arena *arena, const struct search_entry *entry, struct error *err)
{
    enum err_code code = db_exec(db,
        "INSERT INTO record_search (record_id, business_id, object_id, owner_id, sort_name, sort_email) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        DB_PARAMS(db_id(entry->record_id), db_id(entry->business_id), db_id(entry->object_id),
            db_id_or_null(entry->owner_id), db_text(entry->sort_name),
            db_text(entry->sort_email ? entry->sort_email : NO_EMAIL)),
        NULL, err);
    if (code)
        return code;
    return db_exec(db,
        "INSERT INTO record_text (rowid, scope, folded) "
        "SELECT entry, $1, $2 FROM record_search WHERE record_id = $3 AND business_id = $4",
        DB_PARAMS(db_text(scope_of(arena, entry->object_id)), db_text(entry->text), db_id(entry->record_id),
            db_id(entry->business_id)),
        NULL, err);
}

enum err_code search_insert(
    struct db *db, const struct search_entry *entries, size_t count, struct error *err)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    if (db_engine_of(db) == DB_POSTGRES)
        return insert_postgres(db, arena, entries, count, err);
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < count && !code; i++)
        code = insert_sqlite(db, arena, &entries[i], err);
    return code;
}

enum err_code search_remove(struct db *db, struct id record_id, struct id business_id, struct error *err)
{
    enum err_code code = ERR_OK;
    if (db_engine_of(db) == DB_SQLITE)
        code = db_exec(db,
            "DELETE FROM record_text WHERE rowid = "
            "(SELECT entry FROM record_search WHERE record_id = $1 AND business_id = $2)",
            DB_PARAMS(db_id(record_id), db_id(business_id)), NULL, err);
    return code ? code
                : db_exec(db, "DELETE FROM record_search WHERE record_id = $1 AND business_id = $2",
                      DB_PARAMS(db_id(record_id), db_id(business_id)), NULL, err);
}

/* ── finding ─────────────────────────────────────────────────────────────────────────────────── */

/* The page first, by what record_search has; its records then. `from` begins with FROM, and names it s. */
#define FIND(from, own, page, order)                                                                         \
    "SELECT " RECORD_COLUMNS "FROM (SELECT s.record_id, s.business_id, s.sort_name, s.sort_email " from      \
    " AND s.object_id = $1 AND s.business_id = $2 " own "ORDER BY " order " " page                           \
    ") s JOIN record r ON r.id = s.record_id AND r.business_id = s.business_id " RECORD_OWNER                \
    "ORDER BY " order

/* Only the owner's. */
#define OWN(owner) "AND s.owner_id = " owner " "

#define IN_EACH_ORDER(from, own, page)                                                                       \
    {                                                                                                        \
        [SEARCH_BY_NAME] = FIND(from, own, page, "s.sort_name, s.record_id"),                                \
        [SEARCH_BY_NAME_DOWN] = FIND(from, own, page, "s.sort_name DESC, s.record_id DESC"),                 \
        [SEARCH_BY_AGE] = FIND(from, own, page, "s.record_id"),                                              \
        [SEARCH_BY_AGE_DOWN] = FIND(from, own, page, "s.record_id DESC"),                                    \
        [SEARCH_BY_EMAIL] = FIND(from, own, page, "s.sort_email, s.record_id"),                              \
        [SEARCH_BY_EMAIL_DOWN] = FIND(from, own, page, "s.sort_email DESC, s.record_id DESC"),               \
    }

#define PAGE "LIMIT $3 OFFSET $4"

/* Its plan is to walk the index of the order. */
#define ALL "FROM record_search s WHERE 1 = 1"
static const char *const find_all[2][SEARCH_ORDERS] = {
    IN_EACH_ORDER(ALL, "", PAGE), IN_EACH_ORDER(ALL, OWN("$5"), PAGE)};

/* CROSS JOIN: SQLite keeps this order of tables, so the trigrams come first. */
#define BY_TEXT                                                                                              \
    "FROM record_text t CROSS JOIN record_search s ON s.entry = t.rowid WHERE t.record_text MATCH $5"
static const char *const find_sqlite[2][SEARCH_ORDERS] = {
    IN_EACH_ORDER(BY_TEXT, "", PAGE), IN_EACH_ORDER(BY_TEXT, OWN("$6"), PAGE)};

/* As many patterns as there can be; those that are not needed match everything. */
#define BY_PATTERNS                                                                                          \
    "FROM record_search s WHERE s.folded LIKE $5 AND s.folded LIKE $6 AND s.folded LIKE $7 AND "             \
    "s.folded LIKE $8 AND s.folded LIKE $9 AND s.folded LIKE $10 AND s.folded LIKE $11 AND "                 \
    "s.folded LIKE $12 AND s.folded LIKE $13 AND s.folded LIKE $14"
static const char *const find_postgres[2][SEARCH_ORDERS] = {
    IN_EACH_ORDER(BY_PATTERNS, "", PAGE), IN_EACH_ORDER(BY_PATTERNS, OWN("$15"), PAGE)};
_Static_assert(SEARCH_TERMS_MOST == 10, "find_postgres has this many patterns");

/* scope : "…" AND folded : "…" AND …: FTS5's strings, in which only the quote is special. */
static char *match_of(struct arena *arena, const struct search_query *query)
{
    struct buf match = BUF_INIT(MATCH_MOST);
    buf_printf(&match, "scope : \"%s\"", scope_of(arena, query->object_id));
    for (size_t i = 0; i < query->needles->count; i++) {
        buf_add_text(&match, " AND folded : \"");
        for (const char *c = query->needles->needles[i]; *c; c++)
            buf_add(&match, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
        buf_add_text(&match, "\"");
    }
    char *text = arena_strdup(arena, buf_text(&match));
    buf_free(&match);
    return text;
}

/* "%maria%", with LIKE's own characters escaped. */
static char *pattern_of(struct arena *arena, const char *needle)
{
    struct buf pattern = BUF_INIT(PATTERN_MOST);
    buf_add_text(&pattern, "%");
    for (const char *c = needle; *c; c++) {
        if (strchr("%_\\", *c))
            buf_add_text(&pattern, "\\");
        buf_add(&pattern, c, 1);
    }
    buf_add_text(&pattern, "%");
    char *text = arena_strdup(arena, buf_text(&pattern));
    buf_free(&pattern);
    return text;
}

enum err_code search_find(struct db *db, struct arena *arena, const struct search_query *query,
    struct db_rows **rows, struct error *err)
{
    const struct search_needles *needles = query->needles;
    struct db_value values[4 + SEARCH_TERMS_MOST + 1] = {
        db_id(query->object_id), db_id(query->business_id), db_int(query->most), db_int(query->skip)};
    size_t own = id_is_nil(query->owner_id) ? 0 : 1; /* the owner is the last parameter */
    if (needles->count == 0) {
        values[4] = db_id(query->owner_id);
        return db_query(db, find_all[own][query->order], (struct db_params){values, 4 + own}, rows, err);
    }
    if (db_engine_of(db) == DB_SQLITE) {
        values[4] = db_text(match_of(arena, query));
        values[5] = db_id(query->owner_id);
        return db_query(db, find_sqlite[own][query->order], (struct db_params){values, 5 + own}, rows, err);
    }
    for (size_t i = 0; i < SEARCH_TERMS_MOST; i++)
        values[4 + i] = db_text(i < needles->count ? pattern_of(arena, needles->needles[i]) : "%");
    values[4 + SEARCH_TERMS_MOST] = db_id(query->owner_id);
    return db_query(db, find_postgres[own][query->order],
        (struct db_params){values, 4 + SEARCH_TERMS_MOST + own}, rows, err);
}
