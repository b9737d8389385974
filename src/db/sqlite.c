/*
 * The embedded engine. WAL, synchronous=FULL: a commit is on disk when it returns (I3). One process has the
 * file (an exclusive lock on the data directory, base/dirlock.h); within it one connection writes, others
 * read.
 */
#include "db/engine.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fault.h"
#include "db/sqlite_plan.h"
#include "db/vfs_powercut.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

#define STATEMENTS_MOST 512 /* power of two; far more than there are literals */

struct statement {
    const void *key; /* address of the SQL literal, or of the struct db_insert */
    sqlite3_stmt *stmt;
};

struct sqlite {
    struct db db; /* first */
    sqlite3 *handle;
    struct statement statements[STATEMENTS_MOST];
};

struct sqlite_rows {
    struct db_rows rows; /* first */
    struct sqlite *owner;
    sqlite3_stmt *stmt;
};

static struct sqlite *self(struct db *db)
{
    return CONTAINER_OF(db, struct sqlite, db);
}

static enum err_code code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ? ERR_CONFLICT
                                                                                    : ERR_INVALID;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return ERR_UNAVAILABLE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
        return ERR_BUSY;
    default:
        return ERR_INTERNAL;
    }
}

static enum err_code fail(struct sqlite *s, struct error *err)
{
    return error_set(
        err, code_of(sqlite3_extended_errcode(s->handle)), "SQLite: %s", sqlite3_errmsg(s->handle));
}

static struct statement *slot_of(struct sqlite *s, const void *key)
{
    size_t at = ((uintptr_t)key >> 3) * 0x9e3779b97f4a7c15ULL >> 32;
    for (;; at++) {
        struct statement *slot = &s->statements[at & (STATEMENTS_MOST - 1)];
        if (slot->key == key || !slot->key)
            return slot;
    }
}

static enum err_code prepare(
    struct sqlite *s, const void *key, const char *sql, sqlite3_stmt **stmt, struct error *err)
{
    struct statement *slot = slot_of(s, key);
    if (!slot->key) {
        CLEANUP(mem_free_ptr) char *text = engine_rewrite(sql, DB_SQLITE);
        if (sqlite3_prepare_v3(s->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &slot->stmt, NULL) !=
            SQLITE_OK)
            return fail(s, err);
        sqlite_tell_plan(s->handle, text);
        slot->key = key;
    }
    *stmt = slot->stmt;
    return ERR_OK;
}

/* `life`: SQLITE_STATIC if the statement is stepped while the values still live, else SQLITE_TRANSIENT. */
static int bind(sqlite3_stmt *stmt, const struct db_value *values, size_t n, sqlite3_destructor_type life)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; i < n && rc == SQLITE_OK; i++) {
        const struct db_value *v = &values[i];
        int at = (int)i + 1;
        if (v->null)
            rc = sqlite3_bind_null(stmt, at);
        else if (v->type == DB_ID)
            rc = sqlite3_bind_blob(stmt, at, v->id.bytes, sizeof v->id.bytes, life);
        else if (v->type == DB_INT)
            rc = sqlite3_bind_int64(stmt, at, v->number);
        else if (v->type == DB_TEXT)
            rc = sqlite3_bind_text64(stmt, at, v->data, v->len, life, SQLITE_UTF8);
        else
            rc = sqlite3_bind_blob64(stmt, at, v->data, v->len, life);
    }
    return rc;
}

static enum err_code fault_position(struct error *err)
{
    if (FAULT(db_lost))
        return error_set(err, ERR_UNAVAILABLE, "the database is gone (simulated)");
    if (FAULT(statement))
        return error_set(err, ERR_INTERNAL, "the statement failed (simulated)");
    return ERR_OK;
}

static enum err_code step_once(
    struct sqlite *s, sqlite3_stmt *stmt, const struct db_value *values, size_t n, struct error *err)
{
    enum err_code code = fault_position(err);
    if (code)
        return code;
    if (bind(stmt, values, n, SQLITE_STATIC) != SQLITE_OK)
        return fail(s, err);
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        code = fail(s, err);
    sqlite3_reset(stmt);
    return code;
}

static enum err_code exec(
    struct db *db, const char *sql, struct db_params params, int64_t *changed, struct error *err)
{
    struct sqlite *s = self(db);
    sqlite3_stmt *stmt = NULL;
    enum err_code code = prepare(s, sql, sql, &stmt, err);
    if (!code)
        code = step_once(s, stmt, params.values, params.count, err);
    if (!code && changed)
        *changed = sqlite3_changes64(s->handle);
    return code;
}

static enum err_code run_rows(struct sqlite *s, sqlite3_stmt *stmt, const struct db_value *values,
    size_t per_row, size_t n, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < n && !code; i++)
        code = step_once(s, stmt, values + i * per_row, per_row, err);
    return code;
}

static enum err_code exec_many(struct db *db, const char *sql, const struct db_value *values, size_t per_row,
    size_t n, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum err_code code = prepare(self(db), sql, sql, &stmt, err);
    return code ? code : run_rows(self(db), stmt, values, per_row, n, err);
}

static char *insert_text(const struct db_insert *insert)
{
    struct buf sql = BUF_INIT(8192);
    buf_reserve(&sql, 2048);
    buf_printf(&sql, "INSERT INTO %s (", insert->table);
    for (size_t i = 0; i < insert->column_count; i++)
        buf_printf(&sql, "%s%s", i ? ", " : "", insert->columns[i]);
    buf_add_text(&sql, ") VALUES (");
    for (size_t i = 0; i < insert->column_count; i++)
        buf_printf(&sql, "%s$%zu", i ? ", " : "", i + 1);
    buf_printf(&sql, ")%s", insert->or_ignore ? " ON CONFLICT DO NOTHING" : "");
    return buf_take(&sql);
}

static enum err_code insert_many(
    struct db *db, const struct db_insert *insert, const struct db_value *values, size_t n, struct error *err)
{
    struct sqlite *s = self(db);
    CLEANUP(mem_free_ptr) char *sql = slot_of(s, insert)->key ? NULL : insert_text(insert);
    sqlite3_stmt *stmt = NULL;
    enum err_code code = prepare(s, insert, sql, &stmt, err);
    return code ? code : run_rows(s, stmt, values, insert->column_count, n, err);
}

static const struct engine_ops ops;

static enum err_code query(
    struct db *db, const char *sql, struct db_params params, struct db_rows **rows, struct error *err)
{
    struct sqlite *s = self(db);
    sqlite3_stmt *stmt = NULL;
    enum err_code code = fault_position(err);
    if (!code)
        code = prepare(s, sql, sql, &stmt, err);
    if (code)
        return code;
    if (sqlite3_stmt_busy(stmt))
        return error_set(
            err, ERR_INTERNAL, "a query was started again before its rows were closed: %.80s", sql);
    if (bind(stmt, params.values, params.count, SQLITE_TRANSIENT) != SQLITE_OK)
        return fail(s, err);
    struct sqlite_rows *r = mem_zalloc(sizeof *r);
    *r = (struct sqlite_rows){.rows.ops = &ops, .owner = s, .stmt = stmt};
    *rows = &r->rows;
    return ERR_OK;
}

static sqlite3_stmt *stmt_of(struct db_rows *rows)
{
    return CONTAINER_OF(rows, struct sqlite_rows, rows)->stmt;
}

static bool next(struct db_rows *rows, enum err_code *code, struct error *err)
{
    struct sqlite_rows *r = CONTAINER_OF(rows, struct sqlite_rows, rows);
    int rc = sqlite3_step(r->stmt);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        *code = fail(r->owner, err);
    sqlite3_reset(r->stmt);
    return false;
}

static bool col_null(struct db_rows *rows, int col)
{
    return sqlite3_column_type(stmt_of(rows), col) == SQLITE_NULL;
}

static int64_t col_int(struct db_rows *rows, int col)
{
    return sqlite3_column_int64(stmt_of(rows), col);
}

static struct id col_id(struct db_rows *rows, int col)
{
    struct id id = {0};
    const void *bytes = sqlite3_column_blob(stmt_of(rows), col);
    if (bytes && sqlite3_column_bytes(stmt_of(rows), col) == sizeof id.bytes)
        memcpy(id.bytes, bytes, sizeof id.bytes);
    return id;
}

static const char *col_text(struct db_rows *rows, int col)
{
    return (const char *)sqlite3_column_text(stmt_of(rows), col);
}

static const void *col_bytes(struct db_rows *rows, int col, size_t *len)
{
    const void *bytes = sqlite3_column_blob(stmt_of(rows), col);
    *len = (size_t)sqlite3_column_bytes(stmt_of(rows), col);
    return bytes;
}

static void rows_close(struct db_rows *rows)
{
    sqlite3_stmt *stmt = stmt_of(rows);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    mem_free(CONTAINER_OF(rows, struct sqlite_rows, rows));
}

static enum err_code begin(struct db *db, struct error *err)
{
    return exec(db, db->read_only ? "BEGIN" : "BEGIN IMMEDIATE", DB_NO_PARAMS, NULL, err);
}

static enum err_code commit(struct db *db, struct error *err)
{
    return exec(db, "COMMIT", DB_NO_PARAMS, NULL, err);
}

static bool in_transaction(struct db *db)
{
    return !sqlite3_get_autocommit(self(db)->handle);
}

static void rollback(struct db *db)
{
    if (in_transaction(db))
        sqlite3_exec(self(db)->handle, "ROLLBACK", NULL, NULL, NULL);
}

static enum err_code ping(struct db *db, struct error *err)
{
    struct db_rows *rows = NULL;
    enum err_code code = query(db, "SELECT 1", DB_NO_PARAMS, &rows, err);
    if (!code && !next(rows, &code, err) && !code)
        code = error_set(err, ERR_INTERNAL, "SQLite: no answer to SELECT 1");
    if (rows)
        rows_close(rows);
    return code;
}

static enum err_code script(struct db *db, const char *sql, struct error *err)
{
    CLEANUP(mem_free_ptr) char *text = engine_rewrite(sql, DB_SQLITE);
    return sqlite3_exec(self(db)->handle, text, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK : fail(self(db), err);
}

static void close_connection(struct db *db)
{
    struct sqlite *s = self(db);
    for (size_t i = 0; i < STATEMENTS_MOST; i++)
        sqlite3_finalize(s->statements[i].stmt);
    sqlite3_close(s->handle);
    mem_free(s);
}

static const struct engine_ops ops = {
    .exec = exec,
    .exec_many = exec_many,
    .insert_many = insert_many,
    .query = query,
    .next = next,
    .col_null = col_null,
    .col_int = col_int,
    .col_id = col_id,
    .col_text = col_text,
    .col_bytes = col_bytes,
    .rows_close = rows_close,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .in_transaction = in_transaction,
    .ping = ping,
    .script = script,
    .close = close_connection,
};

/* The writer checkpoints every 16 MiB of log, so that a page that changes often is written to the file once.
 */
static enum err_code configure(
    struct sqlite *s, const struct db_config *config, bool read_only, struct error *err)
{
    const char *pragmas = read_only ? "PRAGMA cache_size = -2000; PRAGMA query_only = 1;"
                                    : "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 4000;"
                                      "PRAGMA cache_size = -16000; PRAGMA foreign_keys = 1;";
    const char *sync = config->unsafe_no_sync ? "PRAGMA synchronous = OFF;" : "PRAGMA synchronous = FULL;";
    sqlite3_busy_timeout(s->handle, 5000);
    if (sqlite3_exec(s->handle, pragmas, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(s->handle, sync, NULL, NULL, NULL) != SQLITE_OK)
        return fail(s, err);
    return ERR_OK;
}

/* SQLite's count of its memory takes a lock that all connections share, at each allocation; nobody reads it. */
static void prepare_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum err_code sqlite_open(const struct db_config *config, bool read_only, struct db **db, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare_library);
    struct sqlite *s = mem_zalloc(sizeof *s);
    s->db = (struct db){
        .ops = &ops, .engine = DB_SQLITE, .read_only = read_only, .unsafe_no_sync = config->unsafe_no_sync};
    /* A reader of a WAL opens for writing too: it shares the log's index. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (read_only ? 0 : SQLITE_OPEN_CREATE);
    int rc = sqlite3_open_v2(config->path, &s->handle, flags, powercut_vfs_name());
    enum err_code code = ERR_OK;
    if (rc != SQLITE_OK)
        code = error_set(err, code_of(rc), "cannot open %s: %s", config->path, sqlite3_errstr(rc));
    else
        code = configure(s, config, read_only, err);
    if (code) {
        close_connection(&s->db);
        return code;
    }
    *db = &s->db;
    return ERR_OK;
}
