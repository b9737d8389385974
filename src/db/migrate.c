/*
 * Forward-only, numbered, embedded. Each migration runs in one transaction together with its line in
 * schema_version; on PostgreSQL an exclusive lock on that table keeps other nodes out meanwhile.
 */
#include "db/engine.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/embed.h"
#include "base/log.h"

#include <string.h>

#define STATEMENT_MOST (1 << 16)
#define CREATE_MOST 5 /* tries, when other nodes make the same table in this very moment */

static enum err_code current_version(struct db *db, int *version, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, "SELECT coalesce(max(version), 0) FROM schema_version", DB_NO_PARAMS, &rows, err);
    if (!code && db_next(rows, &code, err))
        *version = (int)db_col_int(rows, 0);
    return code;
}

static enum err_code lock_schema(struct db *db, struct error *err)
{
    if (db->engine == DB_SQLITE) /* BEGIN IMMEDIATE is the lock */
        return ERR_OK;
    enum err_code code = db->ops->take_time(db, err);
    return code ? code
                : db_exec(db, "LOCK TABLE schema_version IN ACCESS EXCLUSIVE MODE", DB_NO_PARAMS, NULL, err);
}

/*
 * Copies one statement, up to its ';' outside quotes and comments, without comments. False at the end, with what
 * is left then.
 */
static bool next_statement(const char **at, struct buf *out)
{
    buf_reset(out);
    bool quoted = false;
    for (const char *c = *at; *c; c++) {
        if (!quoted && c[0] == '-' && c[1] == '-') {
            c += strcspn(c, "\n");
            if (!*c)
                break;
        }
        if (*c == '\'')
            quoted = !quoted;
        if (*c == ';' && !quoted) {
            *at = c + 1;
            return true;
        }
        buf_add(out, c, 1);
    }
    return false;
}

/* What this engine is to run of a statement: nothing ("") if it begins with the other one's name. */
static const char *for_engine(const char *sql, enum db_engine engine)
{
    static const char *const names[] = {[DB_SQLITE] = "{sqlite}", [DB_POSTGRES] = "{postgres}"};
    const char *begin = sql + strspn(sql, " \t\r\n");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strncmp(begin, names[i], strlen(names[i])) == 0)
            return i == engine ? begin + strlen(names[i]) : "";
    return sql;
}

static enum err_code run_statement(struct db *db, const char *sql, struct error *err)
{
    sql = for_engine(sql, db->engine);
    return *sql ? db->ops->script(db, sql, err) : ERR_OK;
}

enum err_code engine_run_script(struct db *db, const char *script, struct error *err)
{
    struct buf sql = BUF_INIT(STATEMENT_MOST);
    enum err_code code = ERR_OK;
    bool more = true;
    while (!code && (more = next_statement(&script, &sql)) && !sql.overflow)
        code = run_statement(db, buf_text(&sql), err);
    const char *text = buf_text(&sql);
    if (!code && sql.overflow)
        code = error_set(err, ERR_INTERNAL, "a statement of the script has more than %d bytes: %.60s ...",
            STATEMENT_MOST, text);
    if (!code && !more && text[strspn(text, " \t\r\n")])
        code = error_set(err, ERR_INTERNAL, "the script's last statement does not end with ';': %.60s", text);
    buf_free(&sql);
    return code;
}

static enum err_code migrate_step(
    struct db *db, int target, const struct embedded_file *file, bool *done, struct error *err)
{
    int version = 0;
    enum err_code code = db_begin(db, err);
    if (code)
        return code;
    code = lock_schema(db, err);
    if (!code)
        code = current_version(db, &version, err);
    *done = version < target;
    if (!code && *done)
        code = engine_run_script(db, file->data, err);
    if (!code && *done)
        code = db_exec(db, "INSERT INTO schema_version (version, name, at) VALUES ($1, $2, $3)",
            DB_PARAMS(db_int(target), db_text(file->path), db_int(clock_wall_us())), NULL, err);
    if (!code)
        return db_commit(db, err);
    db_rollback(db);
    return code;
}

static enum err_code create_version_table(struct db *db, struct error *err)
{
    return db->ops->script(db,
        "CREATE TABLE IF NOT EXISTS schema_version (version {int} NOT NULL PRIMARY KEY, name {text} NOT "
        "NULL, "
        "at {int} NOT NULL){strict}",
        err);
}

/* What is there already is found without the lock, which a dump of the database may hold up for long. */
static enum err_code migrate_from(struct db *db, int have, int *known, struct error *err)
{
    enum err_code code = ERR_OK;
    for (*known = 0; !code && embedded_migrations[*known].path; (*known)++) {
        bool done = false;
        if (*known < have)
            continue;
        code = migrate_step(db, *known + 1, &embedded_migrations[*known], &done, err);
        if (!code && done)
            LOG(LOG_INFO, "schema migrated", F_INT("version", *known + 1),
                F_TEXT("name", embedded_migrations[*known].path));
    }
    return code;
}

enum err_code db_migrate(struct db *db, int *version, struct error *err)
{
    enum err_code code = create_version_table(db, err);
    for (int i = 1; code == ERR_CONFLICT && i < CREATE_MOST; i++)
        code = create_version_table(db, err);
    int known = 0;
    if (!code)
        code = current_version(db, version, err);
    if (!code)
        code = migrate_from(db, *version, &known, err);
    if (!code)
        code = current_version(db, version, err);
    if (!code && *version > known)
        code = error_set(err, ERR_INVALID,
            "the database has schema version %d, this program knows %d: start the newer program", *version,
            known);
    return code;
}
