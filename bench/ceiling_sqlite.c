/*
 * The ceiling of the writer: the rows of an activity, its delivery and its outcome, committed in groups by
 * bare prepared statements, with nothing before, between or after. The schema is Herald's own, made by its
 * migrations, and the settings are read from a connection that Herald opens. The batches are those of a
 * server that is busy: N new activities together with the outcomes of the N before.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "bench.h"
#include "db/db.h"

#include <getopt.h>
#include <sqlite3.h>
#include <unistd.h>

enum { BATCH_MOST = 4096, PATH_MOST = 1024 };

enum hot_table { ACTIVITY, ASSOCIATION, DELIVERY, ATTEMPT, TABLES };

/* All columns, in the order of the schema; a run refuses to start when the schema has changed. */
static const struct {
    const char *name, *columns;
} tables[TABLES] = {
    [ACTIVITY] = {"logged_activity",
        "id,business_id,lane,seq,activity_object_id,logged_by,logged_at,completed_at,completed_by,"
        "scheduled_activity_id,mentions,notes,delivery_id,field_values,deleted_at,deleted_by"},
    [ASSOCIATION] = {"activity_association", "activity_id,business_id,position,object_id,record_id"},
    [DELIVERY] = {"delivery",
        "id,business_id,lane,seq,activity_id,activity_object_id,settings_version,url,state,"
        "attempts,created_at,finished_at"},
    [ATTEMPT] = {"delivery_attempt",
        "delivery_id,business_id,number,started_at,succeeded,status,error_class,detail,recovered,wire_sends,"
        "dns_us,"
        "connect_us,tls_us,first_byte_us,total_us,response_headers,response_body,response_body_cut"},
};

static const char outcome_sql[] = "UPDATE delivery SET state = 1, attempts = 1, finished_at = ?3 "
                                  "WHERE id = ?1 AND business_id = ?2 AND state = 0";

struct made {
    struct id activity, delivery;
    int64_t seq;
};

struct bare {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *outcome, *insert[TABLES];
    struct id business, object, employee, contact_object, contact;
    int64_t seq;
    struct made sent[BATCH_MOST]; /* the last batch, without outcomes yet */
    int64_t sent_count;
};

static void check(struct bare *bare, int rc, const char *what)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
        fatal("%s: %s", what, sqlite3_errmsg(bare->db));
}

static sqlite3_stmt *prepare(struct bare *bare, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    check(bare, sqlite3_prepare_v3(bare->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL), sql);
    return stmt;
}

static void step(struct bare *bare, sqlite3_stmt *stmt)
{
    check(bare, sqlite3_step(stmt), sqlite3_sql(stmt));
    sqlite3_reset(stmt);
}

static void bind_id(sqlite3_stmt *stmt, int at, const struct id *id)
{
    sqlite3_bind_blob(stmt, at, id->bytes, sizeof id->bytes, SQLITE_STATIC);
}

static void bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
    sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

static void bind_ints(sqlite3_stmt *stmt, int at, const int64_t *values, int n)
{
    for (int i = 0; i < n; i++)
        sqlite3_bind_int64(stmt, at + i, values[i]);
}

/* Columns that are not bound are NULL. */
static void insert_activity(struct bare *bare, const struct made *made, int64_t now_us)
{
    sqlite3_stmt *stmt = bare->insert[ACTIVITY];
    bind_id(stmt, 1, &made->activity);
    bind_id(stmt, 2, &bare->business);
    bind_ints(stmt, 3, (int64_t[]){1, made->seq}, 2);
    bind_id(stmt, 5, &bare->object);
    bind_id(stmt, 6, &bare->employee);
    bind_ints(stmt, 7, &now_us, 1);
    bind_text(stmt, 11, "[]");
    bind_text(stmt, 12, "Discussed pricing and next steps");
    bind_id(stmt, 13, &made->delivery);
    bind_text(stmt, 14, "{}");
    step(bare, stmt);
}

static void insert_association(struct bare *bare, const struct made *made)
{
    sqlite3_stmt *stmt = bare->insert[ASSOCIATION];
    bind_id(stmt, 1, &made->activity);
    bind_id(stmt, 2, &bare->business);
    sqlite3_bind_int64(stmt, 3, 0);
    bind_id(stmt, 4, &bare->contact_object);
    bind_id(stmt, 5, &bare->contact);
    step(bare, stmt);
}

static void insert_delivery(struct bare *bare, const struct made *made, int64_t now_us)
{
    sqlite3_stmt *stmt = bare->insert[DELIVERY];
    bind_id(stmt, 1, &made->delivery);
    bind_id(stmt, 2, &bare->business);
    bind_ints(stmt, 3, (int64_t[]){1, made->seq}, 2);
    bind_id(stmt, 5, &made->activity);
    bind_id(stmt, 6, &bare->object);
    sqlite3_bind_int64(stmt, 7, 1);
    bind_text(stmt, 8, "http://127.0.0.1:9000/hooks/sales-call");
    bind_ints(stmt, 9, (int64_t[]){0, 0, now_us}, 3);
    step(bare, stmt);
}

static void finish_delivery(struct bare *bare, const struct made *made, int64_t now_us)
{
    bind_id(bare->outcome, 1, &made->delivery);
    bind_id(bare->outcome, 2, &bare->business);
    sqlite3_bind_int64(bare->outcome, 3, now_us);
    step(bare, bare->outcome);
    if (sqlite3_changes(bare->db) != 1)
        fatal("a delivery was not pending");
}

static void insert_attempt(struct bare *bare, const struct made *made, int64_t now_us)
{
    sqlite3_stmt *stmt = bare->insert[ATTEMPT];
    bind_id(stmt, 1, &made->delivery);
    bind_id(stmt, 2, &bare->business);
    bind_ints(stmt, 3, (int64_t[]){1, now_us, 1, 200}, 4);
    bind_text(stmt, 8, "");
    bind_ints(stmt, 9, (int64_t[]){0, 1, 12, 0, 0, 120, 130}, 7);
    bind_text(stmt, 16, "Content-Length: 0\n");
    bind_text(stmt, 17, "");
    sqlite3_bind_int64(stmt, 18, 0);
    step(bare, stmt);
}

/* Table by table, as Herald does. */
static void commit_batch(struct bare *bare, int64_t batch)
{
    struct made made[BATCH_MOST];
    int64_t now_us = clock_wall_us();
    step(bare, bare->begin);
    for (int64_t i = 0; i < batch; i++) {
        made[i] = (struct made){.activity = id_new(), .delivery = id_new(), .seq = ++bare->seq};
        insert_activity(bare, &made[i], now_us);
    }
    for (int64_t i = 0; i < batch; i++)
        insert_association(bare, &made[i]);
    for (int64_t i = 0; i < batch; i++)
        insert_delivery(bare, &made[i], now_us);
    for (int64_t i = 0; i < bare->sent_count; i++)
        finish_delivery(bare, &bare->sent[i], now_us);
    for (int64_t i = 0; i < bare->sent_count; i++)
        insert_attempt(bare, &bare->sent[i], now_us);
    step(bare, bare->commit);
    memcpy(bare->sent, made, (size_t)batch * sizeof made[0]);
    bare->sent_count = batch;
}

static int64_t setting(struct db *db, const char *pragma)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct error err;
    enum err_code code = db_query(db, pragma, DB_NO_PARAMS, &rows, &err);
    if (code || !db_next(rows, &code, &err))
        fatal("%s: %s", pragma, code ? err.text : "no answer");
    return db_col_int(rows, 0);
}

/* A database with Herald's schema; its settings as pragmas for the bare connection. */
static void make_database(const char *path, char *pragmas, size_t size)
{
    struct error err;
    struct db *db;
    int version;
    struct db_config config = {.engine = DB_SQLITE, .path = path};
    if (db_open(&config, false, &db, &err) || db_migrate(db, &version, &err))
        fatal("%s", err.text);
    snprintf(pragmas, size,
        "PRAGMA wal_autocheckpoint = %lld; PRAGMA cache_size = %lld; PRAGMA synchronous = %lld; "
        "PRAGMA foreign_keys = %lld; PRAGMA mmap_size = %lld",
        (long long)setting(db, "PRAGMA wal_autocheckpoint"), (long long)setting(db, "PRAGMA cache_size"),
        (long long)setting(db, "PRAGMA synchronous"), (long long)setting(db, "PRAGMA foreign_keys"),
        (long long)setting(db, "PRAGMA mmap_size"));
    db_close(db);
}

static void check_columns(struct bare *bare, enum hot_table table)
{
    sqlite3_stmt *stmt = prepare(bare, "SELECT group_concat(name, ',') FROM pragma_table_info(?1)");
    bind_text(stmt, 1, tables[table].name);
    check(bare, sqlite3_step(stmt), sqlite3_sql(stmt));
    const char *columns = (const char *)sqlite3_column_text(stmt, 0);
    if (!columns || strcmp(columns, tables[table].columns) != 0)
        fatal("the columns of %s are now %s: bring bench/ceiling_sqlite.c up to date", tables[table].name,
            columns ? columns : "none");
    sqlite3_finalize(stmt);
}

static sqlite3_stmt *prepare_insert(struct bare *bare, enum hot_table table)
{
    check_columns(bare, table);
    char values[256] = "?";
    size_t len = 1;
    for (const char *c = tables[table].columns; *c; c++)
        if (*c == ',')
            len += (size_t)snprintf(values + len, sizeof values - len, ",?");
    char sql[1024];
    snprintf(sql, sizeof sql, "INSERT INTO %s (%s) VALUES (%s)%s", tables[table].name, tables[table].columns,
        values, table == ATTEMPT ? " ON CONFLICT DO NOTHING" : "");
    return prepare(bare, sql);
}

static void open_bare(struct bare *bare, const char *path)
{
    char pragmas[512];
    make_database(path, pragmas, sizeof pragmas);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    check(bare, sqlite3_open_v2(path, &bare->db, flags, NULL), path);
    check(bare, sqlite3_exec(bare->db, pragmas, NULL, NULL, NULL), pragmas);
    bare->begin = prepare(bare, "BEGIN IMMEDIATE");
    bare->commit = prepare(bare, "COMMIT");
    bare->outcome = prepare(bare, outcome_sql);
    for (enum hot_table table = 0; table < TABLES; table++)
        bare->insert[table] = prepare_insert(bare, table);
}

static void close_bare(struct bare *bare)
{
    sqlite3_stmt *all[] = {bare->begin, bare->commit, bare->outcome};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        sqlite3_finalize(all[i]);
    for (enum hot_table table = 0; table < TABLES; table++)
        sqlite3_finalize(bare->insert[table]);
    sqlite3_close(bare->db);
}

static void remove_database(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char name[PATH_MOST + 8];
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static void measure(const char *path, int64_t batch, int64_t count)
{
    struct bare *bare = mem_zalloc(sizeof *bare);
    struct id *ids[] = {
        &bare->business, &bare->object, &bare->employee, &bare->contact_object, &bare->contact};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        *ids[i] = id_new();
    remove_database(path);
    open_bare(bare, path);
    int64_t commits = (count + batch - 1) / batch;
    double cpu = cpu_seconds();
    int64_t start_us = clock_boot_us();
    for (int64_t i = 0; i < commits; i++)
        commit_batch(bare, batch);
    int64_t activities = commits * batch;
    commit_batch(bare, 0); /* the outcomes of the last batch */
    double seconds = (double)(clock_boot_us() - start_us) / (double)US_PER_S;
    printf(
        "{\"count\": %lld, \"batch\": %lld, \"seconds\": %.6f, \"rate\": %.1f, \"commits_per_second\": %.1f, "
        "\"cpu_seconds\": %.3f}\n",
        (long long)activities, (long long)batch, seconds, (double)activities / seconds,
        (double)(commits + 1) / seconds, cpu_seconds() - cpu);
    close_bare(bare);
    remove_database(path);
    mem_free(bare);
}

static int usage(void)
{
    fputs("usage: herald-bench sqlite --file NEW_FILE [--batch N] [--count N]\n", stderr);
    return 2;
}

int bench_sqlite(int argc, char **argv)
{
    static const struct option options[] = {{"file", required_argument, NULL, 'f'},
        {"batch", required_argument, NULL, 'b'}, {"count", required_argument, NULL, 'n'}, {0}};
    const char *path = NULL;
    int64_t batch = 32, count = 20000;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'f')
            path = optarg;
        else if (c == 'b')
            batch = arg_number("--batch", optarg, 1, BATCH_MOST);
        else if (c == 'n')
            count = arg_number("--count", optarg, 1, 100000000);
        else
            return usage();
    }
    if (!path || strlen(path) > PATH_MOST || optind != argc)
        return usage();
    measure(path, batch, count);
    return 0;
}
