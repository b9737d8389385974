/*
 * Private to src/db: what an engine (sqlite.c, postgres.c) is. db.c is the front: db.h's functions forward to
 * the ops one to one, db.h says what each promises. An engine embeds `struct db` and `struct db_rows` as the
 * first member of its own structs.
 *
 * Who does what: the engine passes FAULT(db_lost) and FAULT(statement) in exec, exec_many, insert_many and
 * query; the front passes FAULT(commit) in db_commit. The front also makes db_col_text_copy out of col_text,
 * and accepts NULL for close and rows_close.
 */
#ifndef HERALD_DB_ENGINE_H
#define HERALD_DB_ENGINE_H

#include "db/db.h"

struct engine_ops {
    enum err_code (*exec)(
        struct db *db, const char *sql, struct db_params params, int64_t *changed, struct error *err);
    enum err_code (*exec_many)(struct db *db, const char *sql, const struct db_value *values, size_t per_row,
        size_t n, struct error *err);
    enum err_code (*insert_many)(struct db *db, const struct db_insert *insert, const struct db_value *values,
        size_t n, struct error *err);
    enum err_code (*query)(
        struct db *db, const char *sql, struct db_params params, struct db_rows **rows, struct error *err);

    bool (*next)(struct db_rows *rows, enum err_code *code, struct error *err);
    bool (*col_null)(struct db_rows *rows, int col);
    int64_t (*col_int)(struct db_rows *rows, int col);
    struct id (*col_id)(struct db_rows *rows, int col);
    const char *(*col_text)(struct db_rows *rows, int col);
    const void *(*col_bytes)(struct db_rows *rows, int col, size_t *len);
    void (*rows_close)(struct db_rows *rows); /* never NULL */

    enum err_code (*begin)(struct db *db, struct error *err);
    enum err_code (*commit)(struct db *db, struct error *err);
    void (*rollback)(struct db *db);
    bool (*in_transaction)(struct db *db);
    enum err_code (*ping)(struct db *db, struct error *err);
    /* One DDL statement, rewritten but not prepared; `sql` need not be a literal. */
    enum err_code (*script)(struct db *db, const char *sql, struct error *err);
    /* db_claim; NULL where the file's lock does it */
    enum err_code (*claim)(struct db *db, struct id owner, struct error *err);
    /* In the open transaction nothing is timed out: it may move a large table. NULL where nothing ever is. */
    enum err_code (*take_time)(struct db *db, struct error *err);
    void (*close)(struct db *db); /* never NULL; frees the struct */
};

/* The engine's open function sets all members but the last. */
struct db {
    const struct engine_ops *ops;
    enum db_engine engine;
    bool read_only;
    bool unsafe_no_sync; /* db_config said so: db_check_durable lets it pass */
    uint64_t writes; /* the front's: db_writes */
};

struct db_rows {
    const struct engine_ops *ops;
};

enum err_code sqlite_open(
    const struct db_config *config, bool read_only, struct db **db, struct error *err) MUST_CHECK;
enum err_code postgres_open(
    const struct db_config *config, bool read_only, struct db **db, struct error *err) MUST_CHECK;

/*
 * Runs the statements of a migration's text, each ended by ';'; one that begins with {sqlite} or {postgres} on that
 * engine only. ERR_INTERNAL for one that is too long, or for a
 * last one without its ';': nothing is left out silently.
 */
enum err_code engine_run_script(struct db *db, const char *script, struct error *err) MUST_CHECK;

/*
 * A statement's text for one engine; mem_free it. Text in '...' is left alone.
 *               SQLite                     PostgreSQL
 *   $1          ?1                         $1
 *   {share}                                 FOR SHARE        (with a space before it)
 *   {update}                                FOR NO KEY UPDATE: keys never change
 *   {update_free}                           FOR UPDATE SKIP LOCKED
 *   {now}       the database's clock in microseconds
 *   {id}        BLOB                       uuid
 *   {int}       INTEGER                    bigint
 *   {text}      TEXT                       text COLLATE "C"
 *   {bytes}     BLOB                       bytea
 *   {strict}     STRICT                                      after a table's closing parenthesis
 *   {clustered}  STRICT, WITHOUT ROWID                       likewise
 * An unknown {word} stays as it is, so that the engine refuses it.
 */
char *engine_rewrite(const char *sql, enum db_engine engine) __attribute__((malloc, returns_nonnull));

#endif
