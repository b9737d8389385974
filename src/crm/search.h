/*
 * The search of records by text. Owns the tables record_search and, on SQLite, record_text: one row each for a
 * record that is not archived. The one module whose SQL differs by engine; what it finds does not.
 *
 * What is found: a search is words; each of them must be in the record's searched texts.
 *  - Texts compare folded (search_fold): by Unicode case folding, in NFC; i, I, İ and ı are one letter, decimal
 *    digits of any script are ASCII's. Accents count.
 *  - A word of three or more characters is found anywhere: by trigrams (FTS5; pg_trgm).
 *  - A shorter one is found where a word of the text begins: after a blank, or after what is no letter or digit.
 *    It goes by the same index, because each such beginning is marked in the indexed text (search_text).
 *  - Where phone numbers are searched, a word of digits and + - ( ) . / is compared by its digits.
 *
 * Writes: inside the writer's transaction. Reads and the pure functions: any thread.
 */
#ifndef HERALD_CRM_SEARCH_H
#define HERALD_CRM_SEARCH_H

#include "db/db.h"

#define SEARCH_TERMS_MOST 10
#define SEARCH_CHARS_MOST 200

/* ── pure ────────────────────────────────────────────────────────────────────────────────────── */

/* As texts are compared: one blank between words, none at the ends. In the arena. */
char *search_fold(struct arena *arena, const char *text) __attribute__((returns_nonnull));

/* A folded text as a key to sort by: cut where an index's row would become too long. In the arena. */
char *search_sort_key(struct arena *arena, const char *text) __attribute__((returns_nonnull));

/* What is searched of a record. */
struct search_source {
    const char *const *texts; /* names, email; NULL ones are passed over */
    size_t text_count;
    const char *const *phones;
    size_t phone_count;
    bool by_digits; /* the object has phone numbers */
};
/* The text that is indexed, of which a needle is a substring if the record is found. In the arena. */
char *search_text(struct arena *arena, const struct search_source *source) __attribute__((returns_nonnull));

struct search_needles {
    const char *needles[SEARCH_TERMS_MOST];
    size_t count; /* 0: everything is found */
};
/* The words of a search. False when there are more than SEARCH_TERMS_MOST. */
bool search_needles(
    struct arena *arena, const char *search, bool by_digits, struct search_needles *needles) MUST_CHECK;

/* ── the index ───────────────────────────────────────────────────────────────────────────────── */

struct search_entry {
    struct id record_id, business_id, object_id;
    struct id owner_id; /* nil: nobody's */
    const char *sort_name; /* search_sort_key of the display name */
    const char *sort_email; /* NULL: none */
    const char *text; /* search_text */
};

/* Puts entries of records that have none. */
enum err_code search_insert(
    struct db *db, const struct search_entry *entries, size_t count, struct error *err) MUST_CHECK;
/* Takes a record's entry away, if it has one. */
enum err_code search_remove(
    struct db *db, struct id record_id, struct id business_id, struct error *err) MUST_CHECK;

enum search_order {
    SEARCH_BY_NAME,
    SEARCH_BY_NAME_DOWN,
    SEARCH_BY_AGE,
    SEARCH_BY_AGE_DOWN,
    SEARCH_BY_EMAIL, /* those without one are last */
    SEARCH_BY_EMAIL_DOWN,
    SEARCH_ORDERS
};

struct search_query {
    struct id business_id, object_id;
    struct id owner_id; /* only that employee's; nil: all */
    const struct search_needles *needles;
    enum search_order order;
    int64_t skip, most;
};
/* Those that are found, in order: rows of RECORD_COLUMNS (record_row.h). */
enum err_code search_find(struct db *db, struct arena *arena, const struct search_query *query,
    struct db_rows **rows, struct error *err) MUST_CHECK;

#endif
