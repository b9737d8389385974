/*
 * The PostgreSQL engine against a real server: HERALD_TEST_POSTGRES is its URL (tests/postgres.sh prints one).
 * The tests use its schemas `public` and `migrated`, one after the other.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "db/engine.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>

static const char *server_url(void)
{
    return getenv("HERALD_TEST_POSTGRES");
}

/* A statement by the side, on a connection of its own. */
static void aside(const char *sql)
{
    PGconn *conn = PQconnectdb(server_url());
    PGresult *res = PQexec(conn, sql);
    if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    PQclear(res);
    PQfinish(conn);
}

struct fixture {
    struct db *db; /* first: see tear_down_database */
    struct error err;
};

static struct db *open_db(bool read_only)
{
    const struct db_config config = {.engine = DB_POSTGRES, .conninfo = server_url()};
    return open_database(&config, read_only);
}

static int set_up(void **state)
{
    if (!server_url())
        return 0;
    struct fixture *f = mem_zalloc(sizeof *f);
    f->db = open_db(false);
    must(db_exec(f->db, "DROP TABLE IF EXISTS thing", DB_NO_PARAMS, NULL, &f->err), &f->err);
    must(f->db->ops->script(f->db,
             "CREATE TABLE thing (id {id} PRIMARY KEY, number {int}, name {text} UNIQUE, data {bytes}, "
             "CHECK (number <> 13)){strict}",
             &f->err),
        &f->err);
    *state = f;
    return 0;
}

static const char *const thing_columns[] = {"id", "number", "name", "data"};
static const struct db_insert thing_insert = {"thing", thing_columns, 4, false};

static enum err_code add(struct fixture *f, int64_t number, const char *name)
{
    return db_exec(f->db, "INSERT INTO thing (id, number, name) VALUES ($1, $2, $3)",
        DB_PARAMS(db_id(id_new()), db_int(number), db_text(name)), NULL, &f->err);
}

static int64_t count(struct fixture *f)
{
    return ask(f->db, "SELECT count(*) FROM thing");
}

static void values_come_back(void **state)
{
    struct fixture *f = need(state);
    struct id id = id_new();
    const char text[] = "Zoë 🐙", bytes[] = {0, 1, (char)0xff, 0};
    int64_t changed = -1;
    must(db_exec(f->db, "INSERT INTO thing (id, number, name, data) VALUES ($1, $2, $3, $4)",
             DB_PARAMS(db_id(id), db_int(INT64_MIN), db_text(text), db_bytes(bytes, sizeof bytes)), &changed,
             &f->err),
        &f->err);
    assert_int_equal(changed, 1);
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(f->db, "SELECT id, number, name, data FROM thing WHERE id = $1",
        DB_PARAMS(db_id(id)), &rows, &f->err);
    must(code, &f->err);
    assert_true(db_next(rows, &code, &f->err));
    size_t len;
    assert_true(id_equal(db_col_id(rows, 0), id));
    assert_true(db_col_int(rows, 1) == INT64_MIN);
    assert_string_equal(db_col_text(rows, 2), text);
    assert_memory_equal(db_col_bytes(rows, 3, &len), bytes, sizeof bytes);
    assert_int_equal(len, sizeof bytes);
    assert_false(db_next(rows, &code, &f->err));
    assert_int_equal(code, ERR_OK);
}

static void nulls_come_back(void **state)
{
    struct fixture *f = need(state);
    const struct db_value row[] = {db_id(id_new()), db_null(DB_INT), db_text(NULL), db_bytes(NULL, 0)};
    must(db_insert_many(f->db, &thing_insert, row, 1, &f->err), &f->err);
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(f->db, "SELECT number, name, data, id FROM thing", DB_NO_PARAMS, &rows, &f->err);
    must(code, &f->err);
    assert_true(db_col_null(rows, 0)); /* before the first row there is nothing, and no crash */
    assert_true(db_next(rows, &code, &f->err));
    size_t len = 7;
    assert_true(db_col_null(rows, 0) && db_col_null(rows, 1) && db_col_null(rows, 2));
    assert_false(db_col_null(rows, 3));
    assert_int_equal(db_col_int(rows, 0), 0);
    assert_null(db_col_text(rows, 1));
    assert_null(db_col_bytes(rows, 2, &len));
    assert_int_equal(len, 0);
    assert_true(db_col_null(rows, 4) && db_col_null(rows, -1));
}

static void computed_integers_are_read(void **state)
{
    struct fixture *f = need(state);
    assert_int_equal(ask(f->db, "SELECT 7"), 7);
    assert_int_equal(ask(f->db, "SELECT -7::int2"), -7);
    assert_int_equal(ask(f->db, "SELECT 1 = 1"), 1);
    assert_int_equal(ask(f->db, "SELECT 1 = 2"), 0);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM thing"), 0);
    assert_true(ask(f->db, "SELECT sum(n) FROM (VALUES (9000000000000000000::bigint), (5)) AS v (n)") ==
                9000000000000000005);
    assert_true(ask(f->db, "SELECT -12345678901234.9::numeric") == -12345678901234);
    assert_true(ask(f->db, "SELECT 120000::numeric") == 120000);
    assert_true(ask(f->db, "SELECT 0.5::numeric") == 0);
    assert_true(ask(f->db, "SELECT 1e30::numeric") == INT64_MAX);
    assert_true(ask(f->db, "SELECT 'NaN'::numeric") == 0);
}

static void now_is_the_time(void **state)
{
    struct fixture *f = need(state);
    int64_t before = clock_wall_us(), now = ask(f->db, "SELECT {now}");
    assert_in_range((uintmax_t)now, (uintmax_t)(before - US_PER_S), (uintmax_t)(clock_wall_us() + US_PER_S));
}

static void rows_are_inserted_together(void **state)
{
    struct fixture *f = need(state);
    enum { N = 500 };
    struct db_value values[N * 4];
    char names[N][16];
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "name %d", i);
        const struct db_value row[] = {db_id(id_new()), i % 3 ? db_int(1000 + i) : db_null(DB_INT),
            db_text(names[i]), i % 2 ? db_bytes(names[i], 3) : db_null(DB_BYTES)};
        memcpy(&values[(ptrdiff_t)i * 4], row, sizeof row);
    }
    must(db_insert_many(f->db, &thing_insert, values, N, &f->err), &f->err);
    assert_int_equal(count(f), N);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM thing WHERE number IS NULL"), 167);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM thing WHERE name = 'name ' || (number - 1000)"), 333);
    assert_int_equal(db_insert_many(f->db, &thing_insert, values, 1, &f->err), ERR_CONFLICT);
    static const struct db_insert ignoring = {"thing", thing_columns, 4, true};
    must(db_insert_many(f->db, &ignoring, values, N, &f->err), &f->err);
    must(db_insert_many(f->db, &thing_insert, NULL, 0, &f->err), &f->err);
    assert_int_equal(count(f), N);
}

static void many_outside_a_transaction_are_all_or_none(void **state)
{
    struct fixture *f = need(state);
    const char *sql = "INSERT INTO thing (id, number) VALUES ($1, $2)";
    struct db_value values[] = {
        db_id(id_new()), db_int(1), db_id(id_new()), db_int(13), db_id(id_new()), db_int(3)};
    assert_int_equal(db_exec_many(f->db, sql, values, 2, 3, &f->err), ERR_INVALID);
    assert_non_null(strstr(f->err.text, "23514"));
    assert_int_equal(count(f), 0);
    values[3] = db_text("not an integer");
    assert_int_equal(db_exec_many(f->db, sql, values, 2, 3, &f->err), ERR_INTERNAL);
    assert_int_equal(count(f), 0);
    values[3] = db_int(2);
    must(db_exec_many(f->db, sql, values, 2, 3, &f->err), &f->err);
    assert_int_equal(count(f), 3);
}

static void a_transaction_commits_or_rolls_back(void **state)
{
    struct fixture *f = need(state);
    must(db_begin(f->db, &f->err), &f->err);
    assert_true(db_in_transaction(f->db));
    must(add(f, 1, "one"), &f->err);
    db_rollback(f->db);
    assert_false(db_in_transaction(f->db));
    assert_int_equal(count(f), 0);
    must(db_begin(f->db, &f->err), &f->err);
    must(add(f, 1, "one"), &f->err);
    must(db_commit(f->db, &f->err), &f->err);
    assert_int_equal(count(f), 1);
    must(db_begin(f->db, &f->err), &f->err);
    must(db_commit(f->db, &f->err), &f->err); /* an empty one */
    assert_int_equal(db_commit(f->db, &f->err), ERR_INTERNAL);
    must(db_begin(f->db, &f->err), &f->err);
    assert_int_equal(db_begin(f->db, &f->err), ERR_INTERNAL);
    db_rollback(f->db);
}

static void a_failed_transaction_cannot_commit(void **state)
{
    struct fixture *f = need(state);
    must(db_begin(f->db, &f->err), &f->err);
    must(add(f, 1, "same"), &f->err);
    assert_int_equal(add(f, 2, "same"), ERR_CONFLICT);
    assert_int_equal(add(f, 3, "other"), ERR_CONFLICT); /* the first error stays */
    assert_true(db_in_transaction(f->db));
    f->err = (struct error){0};
    assert_int_equal(db_commit(f->db, &f->err), ERR_CONFLICT);
    assert_non_null(strstr(f->err.text, "23505"));
    assert_false(db_in_transaction(f->db));
    assert_int_equal(count(f), 0);
    must(add(f, 1, "after"), &f->err);
}

static void a_late_failure_stops_the_commit(void **state)
{
    struct fixture *f = need(state);
    const struct db_value values[] = {db_id(id_new()), db_int(1), db_id(id_new()), db_int(13)};
    must(db_begin(f->db, &f->err), &f->err);
    must(add(f, 5, "five"), &f->err);
    must(db_exec_many(f->db, "INSERT INTO thing (id, number) VALUES ($1, $2)", values, 2, 2, &f->err),
        &f->err);
    assert_int_equal(db_commit(f->db, &f->err), ERR_INVALID);
    assert_false(db_in_transaction(f->db));
    assert_int_equal(count(f), 0);
    must(db_begin(f->db, &f->err), &f->err);
    must(db_exec_many(f->db, "INSERT INTO thing (id, number) VALUES ($1, $2)", values, 2, 2, &f->err),
        &f->err);
    struct db_rows *rows = NULL;
    assert_int_equal(db_query(f->db, "SELECT 1", DB_NO_PARAMS, &rows, &f->err), ERR_INVALID);
    assert_null(rows);
    db_rollback(f->db);
    must(db_begin(f->db, &f->err), &f->err);
    must(db_exec_many(f->db, "INSERT INTO thing (id, number) VALUES ($1, $2)", values, 2, 2, &f->err),
        &f->err);
    db_rollback(f->db); /* nobody has read the answers yet */
    must(db_begin(f->db, &f->err), &f->err);
    must(db_exec_many(f->db, "INSERT INTO thing (id, number) VALUES ($1, $2)", values, 2, 1, &f->err),
        &f->err);
    must(db_commit(f->db, &f->err), &f->err);
    assert_int_equal(count(f), 1);
}

/* The constraint is checked by COMMIT itself. */
static void a_commit_that_fails_is_an_error(void **state)
{
    struct fixture *f = need(state);
    must(f->db->ops->script(
             f->db, "ALTER TABLE thing ADD UNIQUE (number) DEFERRABLE INITIALLY DEFERRED", &f->err),
        &f->err);
    must(db_begin(f->db, &f->err), &f->err);
    must(add(f, 1, "a"), &f->err);
    must(add(f, 1, "b"), &f->err);
    assert_int_equal(db_commit(f->db, &f->err), ERR_CONFLICT);
    assert_false(db_in_transaction(f->db));
    assert_int_equal(count(f), 0);
}

/* A statement that ends the transaction on the server by itself: the front never does this, COMMIT must notice. */
static void a_commit_answered_with_rollback_is_an_error(void **state)
{
    struct fixture *f = need(state);
    must(db_begin(f->db, &f->err), &f->err);
    must(add(f, 1, "a"), &f->err);
    const char *sql = "SELECT 1 / (number - 1) FROM thing";
    struct db_rows *rows = NULL;
    assert_int_equal(db_query(f->db, sql, DB_NO_PARAMS, &rows, &f->err), ERR_INTERNAL);
    assert_non_null(strstr(f->err.text, "22012"));
    assert_int_equal(db_commit(f->db, &f->err), ERR_INTERNAL);
    assert_int_equal(count(f), 0);
}

static void bad_input_is_an_error_value(void **state)
{
    struct fixture *f = need(state);
    struct db_value nul = db_text("a");
    nul.data = "a\0b";
    nul.len = 3;
    const struct db_value bad[] = {nul, db_text("\xff\xfe"), db_text("\xed\xa0\x80")};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(db_exec(f->db, "INSERT INTO thing (id, name) VALUES ($1, $2)",
                             DB_PARAMS(db_id(id_new()), bad[i]), NULL, &f->err),
            ERR_INVALID);
        const struct db_value row[] = {db_id(id_new()), db_int(1), bad[i], db_null(DB_BYTES)};
        assert_int_equal(db_insert_many(f->db, &thing_insert, row, 1, &f->err), ERR_INVALID);
    }
    assert_int_equal(db_exec(f->db, "SELECT $1, $2", DB_PARAMS(db_int(1)), NULL, &f->err), ERR_INTERNAL);
    assert_int_equal(db_exec(f->db, "no such statement", DB_NO_PARAMS, NULL, &f->err), ERR_INTERNAL);
    assert_int_equal(db_exec(f->db, "", DB_NO_PARAMS, NULL, &f->err), ERR_INTERNAL);
    struct db_value large = db_bytes("", 0);
    large.len = (size_t)1 << 32;
    assert_int_equal(db_exec(f->db, "SELECT $1", DB_PARAMS(large), NULL, &f->err), ERR_TOO_LARGE);
    assert_int_equal(count(f), 0);
}

static void copy_is_refused_and_the_connection_recovers(void **state)
{
    struct fixture *f = need(state);
    assert_int_not_equal(db_exec(f->db, "COPY thing TO STDOUT", DB_NO_PARAMS, NULL, &f->err), ERR_OK);
    int64_t deadline = clock_boot_us() + DEADLINE_US;
    while (db_ping(f->db, &f->err) && clock_boot_us() < deadline)
        usleep(20000);
    assert_int_equal(count(f), 0);
}

/* Statements are found by address; another text or other types there must not get the old plan. */
static void an_address_may_be_used_again(void **state)
{
    struct fixture *f = need(state);
    char sql[64] = "SELECT 1";
    assert_int_equal(ask(f->db, sql), 1);
    snprintf(sql, sizeof sql, "SELECT 2");
    assert_int_equal(ask(f->db, sql), 2);
    struct db_rows *rows = NULL;
    static const char typed[] = "SELECT $1";
    must(db_query(f->db, typed, DB_PARAMS(db_int(5)), &rows, &f->err), &f->err);
    db_rows_close(rows);
    must(db_query(f->db, typed, DB_PARAMS(db_text("five")), &rows, &f->err), &f->err);
    enum err_code code = ERR_OK;
    assert_true(db_next(rows, &code, &f->err));
    assert_string_equal(db_col_text(rows, 0), "five");
    db_rows_close(rows);
}

/* More statements than the cache likes: the connection starts afresh between them. */
static void many_statements_are_no_problem(void **state)
{
    struct fixture *f = need(state);
    char sql[32];
    for (int i = 0; i < 2500; i++) {
        snprintf(sql, sizeof sql, "SELECT %d", i);
        assert_int_equal(ask(f->db, sql), i);
    }
}

static void a_changed_table_costs_one_failure_at_most(void **state)
{
    struct fixture *f = need(state);
    static const char sql[] = "SELECT * FROM thing";
    must(db_exec(f->db, sql, DB_NO_PARAMS, NULL, &f->err), &f->err);
    aside("ALTER TABLE thing ADD COLUMN more bigint");
    assert_int_equal(db_exec(f->db, sql, DB_NO_PARAMS, NULL, &f->err), ERR_INTERNAL);
    must(db_exec(f->db, sql, DB_NO_PARAMS, NULL, &f->err), &f->err);
}

static void end_sessions(void)
{
    aside("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
          "WHERE application_name = 'herald' AND pid <> pg_backend_pid()");
}

static void a_lost_connection_is_opened_again(void **state)
{
    struct fixture *f = need(state);
    must(add(f, 1, "before"), &f->err);
    end_sessions();
    int64_t deadline = clock_boot_us() + DEADLINE_US;
    enum err_code code;
    while ((code = add(f, 2, "after")) == ERR_UNAVAILABLE && clock_boot_us() < deadline)
        usleep(10000);
    must(code, &f->err);
    assert_int_equal(count(f), 2);
}

static void a_lost_transaction_is_over(void **state)
{
    struct fixture *f = need(state);
    must(db_begin(f->db, &f->err), &f->err);
    must(add(f, 1, "lost"), &f->err);
    end_sessions();
    assert_int_equal(add(f, 2, "in it"), ERR_UNAVAILABLE);
    assert_false(db_in_transaction(f->db));
    assert_int_equal(add(f, 3, "still in it"), ERR_UNAVAILABLE); /* never outside the transaction */
    assert_int_equal(db_commit(f->db, &f->err), ERR_UNAVAILABLE);
    int64_t deadline = clock_boot_us() + DEADLINE_US;
    while (db_begin(f->db, &f->err) && clock_boot_us() < deadline)
        usleep(10000);
    must(add(f, 4, "new"), &f->err);
    must(db_commit(f->db, &f->err), &f->err);
    assert_int_equal(count(f), 1);
}

static void a_loss_at_commit_is_an_error(void **state)
{
    struct fixture *f = need(state);
    must(db_begin(f->db, &f->err), &f->err);
    must(add(f, 1, "lost"), &f->err);
    end_sessions();
    assert_int_equal(db_commit(f->db, &f->err), ERR_UNAVAILABLE);
    db_rollback(f->db);
    assert_false(db_in_transaction(f->db));
    int64_t deadline = clock_boot_us() + DEADLINE_US;
    while (db_ping(f->db, &f->err) && clock_boot_us() < deadline)
        usleep(10000);
    assert_int_equal(count(f), 0);
}

static void locks_end_as_busy(void **state)
{
    struct fixture *f = need(state);
    must(add(f, 1, "row"), &f->err);
    CLEANUP(db_close_ptr) struct db *other = open_db(false);
    must(other->ops->script(other, "SET lock_timeout = '50ms'", &f->err), &f->err);
    must(db_begin(f->db, &f->err), &f->err);
    must(db_exec(f->db, "SELECT id FROM thing{update}", DB_NO_PARAMS, NULL, &f->err), &f->err);
    assert_int_equal(db_exec(other, "SELECT id FROM thing{share}", DB_NO_PARAMS, NULL, &f->err), ERR_BUSY);
    assert_non_null(strstr(f->err.text, "55P03"));
    db_rollback(f->db);
    must(db_exec(other, "SELECT id FROM thing{share}", DB_NO_PARAMS, NULL, &f->err), &f->err);
}

static void a_slow_statement_ends_as_busy(void **state)
{
    struct fixture *f = need(state);
    must(f->db->ops->script(f->db, "SET statement_timeout = '50ms'", &f->err), &f->err);
    assert_int_equal(db_exec(f->db, "SELECT pg_sleep(30)", DB_NO_PARAMS, NULL, &f->err), ERR_BUSY);
}

static void a_reader_cannot_write(void **state)
{
    struct fixture *f = need(state);
    CLEANUP(db_close_ptr) struct db *reader = open_db(true);
    assert_int_equal(db_exec(reader, "DELETE FROM thing", DB_NO_PARAMS, NULL, &f->err), ERR_UNAVAILABLE);
    assert_non_null(strstr(f->err.text, "25006"));
    assert_int_equal(ask(reader, "SELECT count(*) FROM thing"), 0);
}

static void expect_setting(struct db *db, const char *sql, const char *value)
{
    struct error err = {0};
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, sql, DB_NO_PARAMS, &rows, &err);
    must(code, &err);
    assert_true(db_next(rows, &code, &err));
    assert_string_equal(db_col_text(rows, 0), value);
}

static void the_session_has_its_settings(void **state)
{
    struct fixture *f = need(state);
    expect_setting(f->db, "SHOW statement_timeout", "10s");
    expect_setting(f->db, "SHOW lock_timeout", "5s");
    expect_setting(f->db, "SHOW idle_in_transaction_session_timeout", "5s");
    expect_setting(f->db, "SHOW client_encoding", "UTF8");
    expect_setting(f->db, "SHOW timezone", "UTC");
    expect_setting(f->db, "SHOW default_transaction_isolation", "read committed");
    expect_setting(f->db, "SHOW application_name", "herald");
}

static void a_bad_url_does_not_repeat_its_password(void **state)
{
    need(state);
    struct db *db = NULL;
    struct error err = {0};
    struct db_config config = {.engine = DB_POSTGRES, .conninfo = "postgresql://me:sesame@[::1/x"};
    assert_int_equal(db_open(&config, false, &db, &err), ERR_INVALID);
    assert_null(strstr(err.text, "sesame"));
    config.conninfo = "postgresql://me:sesame@127.0.0.1:1/x";
    assert_int_equal(db_open(&config, false, &db, &err), ERR_UNAVAILABLE);
    assert_null(strstr(err.text, "sesame"));
    assert_null(db);
}

static void durability_is_demanded(void **state)
{
    struct fixture *f = need(state);
    must(db_check_durable(f->db, &f->err), &f->err);
    must(f->db->ops->script(f->db, "SET synchronous_commit = off", &f->err), &f->err);
    assert_int_equal(db_check_durable(f->db, &f->err), ERR_INVALID);
    assert_non_null(strstr(f->err.text, "synchronous_commit = on"));
}

/* In a schema of its own, twice, and with everything durable. */
static void the_migrations_run(void **state)
{
    struct fixture *f = need(state);
    aside("DROP SCHEMA IF EXISTS migrated CASCADE");
    aside("CREATE SCHEMA migrated");
    char url[512];
    snprintf(url, sizeof url, "%s%coptions=-csearch_path%%3Dmigrated", server_url(),
        strchr(server_url(), '?') ? '&' : '?');
    struct db_config config = {.engine = DB_POSTGRES, .conninfo = url};
    CLEANUP(db_close_ptr) struct db *db = NULL;
    must(db_open(&config, false, &db, &f->err), &f->err);
    int first = 0, again = 0;
    must(db_migrate(db, &first, &f->err), &f->err);
    must(db_migrate(db, &again, &f->err), &f->err);
    assert_true(first > 0);
    assert_int_equal(first, again);
}

static void a_statement_fault_spoils_the_transaction(void **state)
{
#ifdef HERALD_FAULTS
    struct fixture *f = need(state);
    setenv("HERALD_FAULTS", "statement=2", 1);
    assert_true(fault_init());
    must(db_begin(f->db, &f->err), &f->err);
    must(add(f, 1, "one"), &f->err);
    assert_int_equal(add(f, 2, "two"), ERR_INTERNAL);
    assert_int_equal(db_commit(f->db, &f->err), ERR_INTERNAL);
    assert_int_equal(count(f), 0);
    setenv("HERALD_FAULTS", "db_lost=1", 1);
    assert_true(fault_init());
    assert_int_equal(add(f, 3, "three"), ERR_UNAVAILABLE);
    int64_t deadline = clock_boot_us() + DEADLINE_US;
    while (add(f, 4, "four") && clock_boot_us() < deadline)
        usleep(10000);
    assert_int_equal(count(f), 1);
#else
    (void)state;
    skip();
#endif
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(values_come_back),
        WITH_SERVER(nulls_come_back),
        WITH_SERVER(computed_integers_are_read),
        WITH_SERVER(now_is_the_time),
        WITH_SERVER(rows_are_inserted_together),
        WITH_SERVER(many_outside_a_transaction_are_all_or_none),
        WITH_SERVER(a_transaction_commits_or_rolls_back),
        WITH_SERVER(a_failed_transaction_cannot_commit),
        WITH_SERVER(a_late_failure_stops_the_commit),
        WITH_SERVER(a_commit_that_fails_is_an_error),
        WITH_SERVER(a_commit_answered_with_rollback_is_an_error),
        WITH_SERVER(bad_input_is_an_error_value),
        WITH_SERVER(copy_is_refused_and_the_connection_recovers),
        WITH_SERVER(an_address_may_be_used_again),
        WITH_SERVER(many_statements_are_no_problem),
        WITH_SERVER(a_changed_table_costs_one_failure_at_most),
        WITH_SERVER(a_lost_connection_is_opened_again),
        WITH_SERVER(a_lost_transaction_is_over),
        WITH_SERVER(a_loss_at_commit_is_an_error),
        WITH_SERVER(locks_end_as_busy),
        WITH_SERVER(a_slow_statement_ends_as_busy),
        WITH_SERVER(a_reader_cannot_write),
        WITH_SERVER(the_session_has_its_settings),
        WITH_SERVER(a_bad_url_does_not_repeat_its_password),
        WITH_SERVER(durability_is_demanded),
        WITH_SERVER(the_migrations_run),
        WITH_SERVER(a_statement_fault_spoils_the_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
