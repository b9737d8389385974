/* The front of db.h: forwards to the engine, counts, and holds the fault switch of COMMIT. */
#include "db/engine.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "base/metrics.h"

enum err_code db_open(const struct db_config *config, bool read_only, struct db **db, struct error *err)
{
    return config->engine == DB_SQLITE ? sqlite_open(config, read_only, db, err)
                                       : postgres_open(config, read_only, db, err);
}

void db_close(struct db *db)
{
    if (db)
        db->ops->close(db);
}

void db_close_ptr(struct db **db)
{
    db_close(*db);
}

enum db_engine db_engine_of(const struct db *db)
{
    return db->engine;
}

static void count(const struct db *db, size_t statements)
{
    if (!db->read_only)
        metric_add(METRIC_statements_total, (int64_t)statements);
}

/* Statements of which something may stay. */
static void count_writes(struct db *db, size_t statements)
{
    count(db, statements);
    db->writes += statements;
}

uint64_t db_writes(const struct db *db)
{
    return db->writes;
}

enum err_code db_exec(
    struct db *db, const char *sql, struct db_params params, int64_t *changed, struct error *err)
{
    count_writes(db, 1);
    return db->ops->exec(db, sql, params, changed, err);
}

enum err_code db_exec_many(struct db *db, const char *sql, const struct db_value *values, size_t per_row,
    size_t n, struct error *err)
{
    count_writes(db, n);
    return n ? db->ops->exec_many(db, sql, values, per_row, n, err) : ERR_OK;
}

enum err_code db_insert_many(
    struct db *db, const struct db_insert *insert, const struct db_value *values, size_t n, struct error *err)
{
    count_writes(db, n);
    return n ? db->ops->insert_many(db, insert, values, n, err) : ERR_OK;
}

enum err_code db_query(
    struct db *db, const char *sql, struct db_params params, struct db_rows **rows, struct error *err)
{
    *rows = NULL;
    count(db, 1);
    return db->ops->query(db, sql, params, rows, err);
}

bool db_next(struct db_rows *rows, enum err_code *code, struct error *err)
{
    return rows->ops->next(rows, code, err);
}

bool db_col_null(struct db_rows *rows, int col)
{
    return rows->ops->col_null(rows, col);
}

int64_t db_col_int(struct db_rows *rows, int col)
{
    return rows->ops->col_int(rows, col);
}

struct id db_col_id(struct db_rows *rows, int col)
{
    return rows->ops->col_id(rows, col);
}

const char *db_col_text(struct db_rows *rows, int col)
{
    return rows->ops->col_text(rows, col);
}

char *db_col_text_copy(struct db_rows *rows, int col, struct arena *arena)
{
    const char *text = db_col_text(rows, col);
    return text ? arena_strdup(arena, text) : NULL;
}

const void *db_col_bytes(struct db_rows *rows, int col, size_t *len)
{
    return rows->ops->col_bytes(rows, col, len);
}

void db_rows_close(struct db_rows *rows)
{
    if (rows)
        rows->ops->rows_close(rows);
}

void db_rows_close_ptr(struct db_rows **rows)
{
    db_rows_close(*rows);
}

enum err_code db_begin(struct db *db, struct error *err)
{
    return db->ops->begin(db, err);
}

enum err_code db_commit(struct db *db, struct error *err)
{
    FAULT_KILL(before_commit);
    enum err_code code = FAULT(commit) ? error_set(err, ERR_UNAVAILABLE, "the disk is full (simulated)")
                                       : db->ops->commit(db, err);
    if (code && db->ops->in_transaction(db))
        db->ops->rollback(db);
    if (!code && FAULT(commit_answer))
        code = error_set(err, ERR_UNAVAILABLE, "the connection was lost during COMMIT (simulated)");
    return code;
}

void db_rollback(struct db *db)
{
    db->ops->rollback(db);
}

bool db_in_transaction(struct db *db)
{
    return db->ops->in_transaction(db);
}

enum err_code db_claim(struct db *db, struct id owner, struct error *err)
{
    return db->ops->claim ? db->ops->claim(db, owner, err) : ERR_OK;
}

enum err_code db_ping(struct db *db, struct error *err)
{
    return db->ops->ping(db, err);
}
