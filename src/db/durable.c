#include "db/engine.h"

#include <strings.h>

/* One setting's value by a query of one column and one row. */
static enum err_code read_text(struct db *db, const char *sql, char *out, size_t size, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, sql, DB_NO_PARAMS, &rows, err);
    if (code)
        return code;
    const char *text = db_next(rows, &code, err) ? db_col_text(rows, 0) : NULL;
    if (!code && !text)
        code = error_set(err, ERR_INTERNAL, "The database gave no answer to: %s", sql);
    if (!code)
        snprintf(out, size, "%s", text);
    return code;
}

struct setting {
    const char *name;
    const char *sql;
    const char *risk;
};

static const struct setting settings[] = {
    {"fsync", "SHOW fsync", "a power cut can destroy the database"},
    {"full_page_writes", "SHOW full_page_writes", "a power cut can tear pages"},
    {"synchronous_commit", "SHOW synchronous_commit", "a crash can forget what was answered as stored"},
};

static enum err_code check_postgres(struct db *db, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        char value[32];
        enum err_code code = read_text(db, settings[i].sql, value, sizeof value, err);
        if (code)
            return code;
        if (strcasecmp(value, "off") == 0)
            return error_set(err, ERR_INVALID,
                "PostgreSQL runs with %s = off: %s. Set %s = on in postgresql.conf (or for this role and "
                "database) and reload.",
                settings[i].name, settings[i].risk, settings[i].name);
    }
    return ERR_OK;
}

static enum err_code read_synchronous(struct db *db, int64_t *level, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, "PRAGMA synchronous", DB_NO_PARAMS, &rows, err);
    if (!code)
        *level = db_next(rows, &code, err) ? db_col_int(rows, 0) : -1;
    return code;
}

static enum err_code check_sqlite(struct db *db, struct error *err)
{
    char mode[32];
    enum err_code code = read_text(db, "PRAGMA journal_mode", mode, sizeof mode, err);
    if (code)
        return code;
    if (strcasecmp(mode, "wal") != 0)
        return error_set(err, ERR_INVALID,
            "The SQLite file is in journal_mode %s, not wal. Put it on a local file system that allows "
            "shared memory.",
            mode);
    int64_t level = -1;
    code = read_synchronous(db, &level, err);
    if (!code && level < 2 && !db->unsafe_no_sync)
        code = error_set(err, ERR_INVALID,
            "SQLite runs with synchronous = %lld, so a power cut forgets commits. It must be 2 (FULL).",
            (long long)level);
    return code;
}

enum err_code db_check_durable(struct db *db, struct error *err)
{
    return db->engine == DB_POSTGRES ? check_postgres(db, err) : check_sqlite(db, err);
}
