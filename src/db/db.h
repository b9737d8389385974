/*
 * One database interface, two engines (sqlite.c, postgres.c). A `struct db` is one connection; one thread uses
 * it at a time. Nothing above this folder knows which engine runs.
 *
 * SQL is written once, in the subset that both share:
 *  - parameters are $1, $2 … and always bound; the text of a statement is a literal with static storage, since
 *    statements are prepared once and found again by address;
 *  - `{share}` and `{update}` after a SELECT lock the rows for the transaction (nothing on SQLite, where only
 *    one transaction writes); `{update_free}` passes over rows that somebody else has locked;
 *  - every table column is an id, an integer, a text or bytes (see DB_* below); booleans are 0 and 1; times are
 *    int64 microseconds UTC; JSON is text;
 *  - no casts, no engine's own functions; `{now}` is the database's own clock, in microseconds; text compares
 *    bytewise;
 *  - parameters have the type of the value that is bound: a NULL is db_null(DB_ID), not a naked NULL.
 *
 * A connection that was lost is opened again by itself at the next statement outside a transaction; inside one,
 * the error is ERR_UNAVAILABLE, and every further statement's too, until db_rollback.
 */
#ifndef HERALD_DB_DB_H
#define HERALD_DB_DB_H

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"

#include <stdint.h>

struct db;
struct db_rows;

enum db_type { DB_ID, DB_INT, DB_TEXT, DB_BYTES };

struct db_value {
    enum db_type type;
    bool null;
    struct id id;
    int64_t number;
    const char *data; /* DB_TEXT, DB_BYTES; must live until the call returns */
    size_t len;
};

static inline struct db_value db_null(enum db_type type)
{
    return (struct db_value){.type = type, .null = true};
}
static inline struct db_value db_id(struct id id)
{
    return (struct db_value){.type = DB_ID, .id = id};
}
/* The nil id is stored as NULL. */
static inline struct db_value db_id_or_null(struct id id)
{
    return (struct db_value){.type = DB_ID, .id = id, .null = id_is_nil(id)};
}
static inline struct db_value db_int(int64_t number)
{
    return (struct db_value){.type = DB_INT, .number = number};
}
/* NULL is stored as NULL. */
static inline struct db_value db_text(const char *text)
{
    return (struct db_value){.type = DB_TEXT, .data = text, .len = text ? strlen(text) : 0, .null = !text};
}
static inline struct db_value db_bytes(const void *data, size_t len)
{
    return (struct db_value){.type = DB_BYTES, .data = data, .len = len, .null = !data};
}

/* A statement's parameters: db_exec(db, SQL, DB_PARAMS(db_id(id), db_int(3)), &err). */
struct db_params {
    const struct db_value *values;
    size_t count;
};
#define DB_PARAMS(...)                                                                                       \
    ((struct db_params){(const struct db_value[]){__VA_ARGS__},                                              \
        sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)})
#define DB_NO_PARAMS ((struct db_params){NULL, 0})

enum db_engine { DB_SQLITE, DB_POSTGRES };

struct db_config {
    enum db_engine engine;
    const char *path; /* SQLite: the file */
    const char *conninfo; /* PostgreSQL: a libpq URL */
    bool
        unsafe_no_sync; /* tests only: SQLite with synchronous=OFF, to show that the power-cut test can fail */
};

/* Opens a connection. A read-only one cannot change anything. ERR_UNAVAILABLE, ERR_INVALID. */
enum err_code db_open(
    const struct db_config *config, bool read_only, struct db **db, struct error *err) MUST_CHECK;
void db_close(struct db *db);
void db_close_ptr(struct db **db);
enum db_engine db_engine_of(const struct db *db);

/* Runs a statement that returns no rows; *changed (or NULL) is the number of rows it touched. */
enum err_code db_exec(
    struct db *db, const char *sql, struct db_params params, int64_t *changed, struct error *err) MUST_CHECK;

/*
 * The same statement for `n` rows of parameters, all of one shape: one after the other on SQLite, pipelined on
 * PostgreSQL, where a failure may surface only at the next db_query or db_commit of the transaction.
 */
enum err_code db_exec_many(struct db *db, const char *sql, const struct db_value *values, size_t per_row,
    size_t n, struct error *err) MUST_CHECK;

/*
 * Inserts rows: `insert` names table and columns, types are those of the first row. As with db_exec_many, a failure
 * may surface only later in the transaction.
 */
struct db_insert {
    const char *table;
    const char *const *columns;
    size_t column_count;
    bool or_ignore; /* a row whose key is there already is left out */
};
enum err_code db_insert_many(struct db *db, const struct db_insert *insert, const struct db_value *values,
    size_t n, struct error *err) MUST_CHECK;

/* How many statements this connection was given that may change something (all but db_query's); it only grows. */
uint64_t db_writes(const struct db *db);

/*
 * Queries. The rows stay valid until db_rows_close; texts and bytes of the current row until the next db_next.
 *     CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
 *     code = db_query(db, SQL, DB_PARAMS(...), &rows, err);
 *     while (!code && db_next(rows, &code, err)) ...
 */
enum err_code db_query(struct db *db, const char *sql, struct db_params params, struct db_rows **rows,
    struct error *err) MUST_CHECK;
bool db_next(struct db_rows *rows, enum err_code *code, struct error *err) MUST_CHECK;
bool db_col_null(struct db_rows *rows, int col);
int64_t db_col_int(struct db_rows *rows, int col); /* 0 if null */
struct id db_col_id(struct db_rows *rows, int col); /* nil if null */
const char *db_col_text(struct db_rows *rows, int col); /* NULL if null */
char *db_col_text_copy(struct db_rows *rows, int col, struct arena *arena);
const void *db_col_bytes(struct db_rows *rows, int col, size_t *len);
void db_rows_close(struct db_rows *rows); /* accepts NULL */
void db_rows_close_ptr(struct db_rows **rows);

/* Transactions. A rollback never fails: if it cannot be said, the connection is dropped. */
enum err_code db_begin(struct db *db, struct error *err) MUST_CHECK;
enum err_code db_commit(struct db *db, struct error *err) MUST_CHECK;
void db_rollback(struct db *db);
/* Whether the transaction that db_begin opened is still open (an engine may have rolled it back by itself). */
bool db_in_transaction(struct db *db);

/* Cheap question to the database whether it answers, for /readyz. */
enum err_code db_ping(struct db *db, struct error *err) MUST_CHECK;

/* Brings the schema to this program's version, under a lock. Refuses a schema from the future. */
enum err_code db_migrate(struct db *db, int *version, struct error *err) MUST_CHECK;

/* Refuses a PostgreSQL that may forget what it committed: fsync, full_page_writes, synchronous_commit (I3). */
enum err_code db_check_durable(struct db *db, struct error *err) MUST_CHECK;

/*
 * From now on this connection works only while no other claims the same owner (a node's id): whoever has it knows
 * that whatever else ran under that id is gone, and all that it began is committed or undone (I11). Waits a few
 * seconds for a predecessor's session to end. Whenever the connection is opened anew, it is claimed again, and
 * checked as db_check_durable does, before anything else; until that works all is ERR_UNAVAILABLE. Nothing on
 * SQLite, where the lock on the data directory says the same. ERR_UNAVAILABLE. Outside a transaction.
 */
enum err_code db_claim(struct db *db, struct id owner, struct error *err) MUST_CHECK;

#endif
