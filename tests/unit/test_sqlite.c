/* The embedded engine behind db/db.h, on real files. What the engines share is also tested in test_postgres.c. */
#include "db/db.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/embed.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct db *db;
    struct db_config config;
    struct scratch_path path;
    struct error err;
};

static int set_up(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);
    f->path = scratch_path("db");
    f->config = (struct db_config){.engine = DB_SQLITE, .path = f->path.text};
    f->db = open_database(&f->config, false);
    run_sql(f->db, "CREATE TABLE thing (id {id} NOT NULL PRIMARY KEY, number {int} CHECK (number <> 13), "
                   "name {text} UNIQUE, "
                   "data {bytes}){strict}");
    run_sql(f->db,
        "CREATE TABLE part (thing_id {id} NOT NULL REFERENCES thing (id), at {int} NOT NULL, PRIMARY "
        "KEY (thing_id, at)){clustered}");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    db_close(f->db);
    mem_free(f);
    return 0;
}

static enum err_code add(struct fixture *f, struct id id, struct db_value number, const char *name)
{
    return db_exec(f->db, "INSERT INTO thing (id, number, name) VALUES ($1, $2, $3)",
        DB_PARAMS(db_id(id), number, db_text(name)), NULL, &f->err);
}

static void must_add(struct fixture *f, int64_t number, const char *name)
{
    must(add(f, id_new(), db_int(number), name), &f->err);
}

static int64_t count(struct fixture *f)
{
    return ask(f->db, "SELECT count(*) FROM thing");
}

/* ── values ───────────────────────────────────────────────────────────────────────────────────── */

static void values_come_back(void **state)
{
    struct fixture *f = *state;
    struct id id = id_new();
    const char text[] = "Zoë 🐙", bytes[] = {0, 1, (char)0xff, 0};
    int64_t changed = -1;
    must(db_exec(f->db, "INSERT INTO thing (id, number, name, data) VALUES ($1, $2, $3, $4)",
             DB_PARAMS(db_id(id), db_int(INT64_MIN), db_text(text), db_bytes(bytes, sizeof bytes)), &changed,
             &f->err),
        &f->err);
    assert_int_equal(changed, 1);
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(f->db, "SELECT id, number, name, data FROM thing WHERE id = $1 AND name = $2",
            DB_PARAMS(db_id(id), db_text(text)), &rows, &f->err);
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
    struct fixture *f = *state;
    must(db_exec(f->db, "INSERT INTO thing (id, number, name, data) VALUES ($1, $2, $3, $4)",
             DB_PARAMS(db_id(id_new()), db_null(DB_INT), db_text(NULL), db_bytes(NULL, 0)), NULL, &f->err),
        &f->err);
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    enum err_code code =
        db_query(f->db, "SELECT number, name, data, id FROM thing", DB_NO_PARAMS, &rows, &f->err);
    must(code, &f->err);
    assert_true(db_next(rows, &code, &f->err));
    size_t len = 7;
    assert_true(db_col_null(rows, 0) && db_col_null(rows, 1) && db_col_null(rows, 2));
    assert_false(db_col_null(rows, 3));
    assert_int_equal(db_col_int(rows, 0), 0);
    assert_null(db_col_text(rows, 1));
    assert_null(db_col_text_copy(rows, 1, arena));
    assert_null(db_col_bytes(rows, 2, &len));
    assert_int_equal(len, 0);
    assert_true(id_is_nil(db_col_id(rows, 0)));
    assert_true(db_id_or_null((struct id){0}).null);
}

static void empty_is_not_null(void **state)
{
    struct fixture *f = *state;
    must(db_exec(f->db, "INSERT INTO thing (id, name, data) VALUES ($1, $2, $3)",
             DB_PARAMS(db_id(id_new()), db_text(""), db_bytes("", 0)), NULL, &f->err),
        &f->err);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM thing WHERE name = '' AND data IS NOT NULL"), 1);
}

static void now_is_the_time(void **state)
{
    struct fixture *f = *state;
    int64_t before = clock_wall_us(), now = ask(f->db, "SELECT {now}");
    assert_in_range(now, before - US_PER_S, clock_wall_us() + US_PER_S);
}

static void text_compares_bytewise(void **state)
{
    struct fixture *f = *state;
    must_add(f, 1, "a");
    must_add(f, 2, "A");
    must_add(f, 3, "ä");
    assert_int_equal(ask(f->db, "SELECT number FROM thing ORDER BY name LIMIT 1"), 2);
    assert_int_equal(ask(f->db, "SELECT number FROM thing ORDER BY name DESC LIMIT 1"), 3);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM thing WHERE name = 'a'"), 1);
}

/* A query's rows are fetched after db_query has returned; its parameters need not live that long. */
static void parameters_may_go_once_the_call_returned(void **state)
{
    struct fixture *f = *state;
    must_add(f, 1, "right");
    must_add(f, 2, "wrong");
    char *name = mem_strdup("right");
    struct db_value *values = mem_alloc(sizeof *values);
    *values = db_text(name);
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(
        f->db, "SELECT number FROM thing WHERE name = $1", (struct db_params){values, 1}, &rows, &f->err);
    must(code, &f->err);
    memcpy(name, "wrong", sizeof "wrong");
    mem_free(name);
    mem_free(values);
    assert_true(db_next(rows, &code, &f->err));
    assert_int_equal(db_col_int(rows, 0), 1);
}

/* ── constraints ──────────────────────────────────────────────────────────────────────────────── */

static void constraints_have_their_codes(void **state)
{
    struct fixture *f = *state;
    struct id id = id_new();
    must(add(f, id, db_int(1), "one"), &f->err);
    assert_int_equal(add(f, id, db_int(2), "two"), ERR_CONFLICT); /* key */
    assert_int_equal(add(f, id_new(), db_int(2), "one"), ERR_CONFLICT); /* unique */
    assert_int_equal(add(f, id_new(), db_int(13), "thirteen"), ERR_INVALID); /* check */
    assert_int_equal(add(f, id_new(), db_text("many"), "many"), ERR_INVALID); /* type */
    assert_int_equal(
        db_exec(f->db, "INSERT INTO thing (id) VALUES ($1)", DB_PARAMS(db_null(DB_ID)), NULL, &f->err),
        ERR_INVALID); /* not null */
    static const char sql[] = "INSERT INTO part (thing_id, at) VALUES ($1, $2)";
    must(db_exec(f->db, sql, DB_PARAMS(db_id(id), db_int(1)), NULL, &f->err), &f->err);
    assert_int_equal(db_exec(f->db, sql, DB_PARAMS(db_id(id), db_int(1)), NULL, &f->err), ERR_CONFLICT);
    assert_int_equal(db_exec(f->db, sql, DB_PARAMS(db_id(id_new()), db_int(1)), NULL, &f->err), ERR_INVALID);
    assert_int_equal(count(f), 1);
    assert_true(strlen(f->err.text) > 0);
}

static void a_bad_statement_is_a_defect(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        db_exec(f->db, "INSERT INTO nowhere VALUES (1)", DB_NO_PARAMS, NULL, &f->err), ERR_INTERNAL);
    assert_int_equal(db_exec(f->db, "SELECT {word}", DB_NO_PARAMS, NULL, &f->err), ERR_INTERNAL);
    must_add(f, 1, "one"); /* and hurts nothing */
}

/* ── cursors ──────────────────────────────────────────────────────────────────────────────────── */

static void a_query_runs_again_once_it_is_closed(void **state)
{
    struct fixture *f = *state;
    static const char sql[] = "SELECT number FROM thing WHERE number >= $1 ORDER BY number";
    for (int i = 0; i < 5; i++)
        must_add(f, i, (char[]){'a', (char)('0' + i), '\0'});
    for (int from = 0; from < 5; from++) {
        struct db_rows *rows = NULL, *second = NULL;
        enum err_code code = db_query(f->db, sql, DB_PARAMS(db_int(from)), &rows, &f->err);
        must(code, &f->err);
        assert_true(db_next(rows, &code, &f->err));
        assert_int_equal(db_col_int(rows, 0), from);
        assert_int_equal(db_query(f->db, sql, DB_PARAMS(db_int(0)), &second, &f->err), ERR_INTERNAL);
        assert_null(second);
        db_rows_close(rows); /* in the middle */
    }
    db_rows_close(NULL);
}

static void different_queries_run_side_by_side(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++)
        must_add(f, i, (char[]){'a', (char)('0' + i), '\0'});
    CLEANUP(db_rows_close_ptr) struct db_rows *up = NULL;
    CLEANUP(db_rows_close_ptr) struct db_rows *down = NULL;
    enum err_code code =
        db_query(f->db, "SELECT number FROM thing ORDER BY number", DB_NO_PARAMS, &up, &f->err);
    must(code, &f->err);
    must(db_query(f->db, "SELECT number FROM thing ORDER BY number DESC", DB_NO_PARAMS, &down, &f->err),
        &f->err);
    for (int i = 0; i < 3; i++) {
        assert_true(db_next(up, &code, &f->err) && db_next(down, &code, &f->err));
        assert_int_equal(db_col_int(up, 0), i);
        assert_int_equal(db_col_int(down, 0), 2 - i);
    }
}

/* ── many rows ────────────────────────────────────────────────────────────────────────────────── */

static const char *const columns[] = {"id", "number", "name"};

static enum err_code insert_three(struct fixture *f, const struct db_insert *insert, struct id id)
{
    const struct db_value values[] = {db_id(id_new()), db_int(1), db_null(DB_TEXT), db_id(id),
        db_null(DB_INT), db_text("x"), db_id(id_new()), db_int(3), db_text("y")};
    return db_insert_many(f->db, insert, values, 3, &f->err);
}

static void rows_are_inserted_together(void **state)
{
    struct fixture *f = *state;
    static const struct db_insert insert = {"thing", columns, 3, false};
    struct id id = id_new();
    must(insert_three(f, &insert, id), &f->err);
    assert_int_equal(count(f), 3);
    must(db_insert_many(f->db, &insert, NULL, 0, &f->err), &f->err);
    must(db_begin(f->db, &f->err), &f->err);
    run_sql(f->db, "DELETE FROM thing WHERE name = 'y' OR name IS NULL");
    assert_int_equal(insert_three(f, &insert, id), ERR_CONFLICT);
    db_rollback(f->db);
    assert_int_equal(count(f), 3);
}

static void rows_that_are_there_can_be_left_out(void **state)
{
    struct fixture *f = *state;
    static const struct db_insert insert = {"thing", columns, 3, true};
    struct id id = id_new();
    must(add(f, id, db_int(99), "kept"), &f->err);
    must(insert_three(f, &insert, id), &f->err);
    assert_int_equal(count(f), 3);
    assert_int_equal(ask(f->db, "SELECT number FROM thing WHERE name = 'kept'"), 99);
    const struct db_value bad[] = {db_id(id_new()), db_int(13), db_text("z")};
    assert_int_equal(
        db_insert_many(f->db, &insert, bad, 1, &f->err), ERR_INVALID); /* not for other reasons */
}

static void a_statement_runs_for_many_rows(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 4; i++)
        must_add(f, i, (char[]){'a', (char)('0' + i), '\0'});
    const struct db_value values[] = {
        db_int(100), db_text("a1"), db_int(200), db_text("a3"), db_int(300), db_text("nobody")};
    must(db_exec_many(f->db, "UPDATE thing SET number = $1 WHERE name = $2", values, 2, 3, &f->err), &f->err);
    assert_int_equal(ask(f->db, "SELECT sum(number) FROM thing"), 0 + 100 + 2 + 200);
    int64_t changed = -1;
    must(db_exec(f->db, "UPDATE thing SET number = 0 WHERE number >= $1", DB_PARAMS(db_int(100)), &changed,
             &f->err),
        &f->err);
    assert_int_equal(changed, 2);
}

/* ── transactions ─────────────────────────────────────────────────────────────────────────────── */

static void a_transaction_is_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    struct db *other = open_database(&f->config, true);
    assert_false(db_in_transaction(f->db));
    must(db_begin(f->db, &f->err), &f->err);
    assert_true(db_in_transaction(f->db));
    must_add(f, 1, "one");
    assert_int_equal(ask(other, "SELECT count(*) FROM thing"), 0);
    db_rollback(f->db);
    assert_false(db_in_transaction(f->db));
    assert_int_equal(count(f), 0);
    must(db_begin(f->db, &f->err), &f->err);
    must_add(f, 1, "one");
    assert_int_equal(add(f, id_new(), db_int(13), "bad"), ERR_INVALID);
    assert_true(db_in_transaction(f->db)); /* a failed statement does not end it */
    must(db_commit(f->db, &f->err), &f->err);
    assert_int_equal(ask(other, "SELECT count(*) FROM thing"), 1);
    db_rollback(f->db); /* without one: nothing */
    db_close(other);
}

static void a_failed_commit_leaves_nothing(void **state)
{
#ifdef HERALD_FAULTS
    struct fixture *f = *state;
    faults_set("commit=1");
    must(db_begin(f->db, &f->err), &f->err);
    must_add(f, 1, "one");
    assert_int_equal(db_commit(f->db, &f->err), ERR_UNAVAILABLE);
    assert_false(db_in_transaction(f->db));
    assert_int_equal(count(f), 0);
    faults_set("db_lost=1,statement=2");
    assert_int_equal(add(f, id_new(), db_int(1), "one"), ERR_UNAVAILABLE);
    must_add(f, 1, "one");
    assert_int_equal(add(f, id_new(), db_int(2), "two"), ERR_INTERNAL);
    faults_set("");
    must(db_ping(f->db, &f->err), &f->err);
#else
    (void)state;
    skip();
#endif
}

/* ── reading only ─────────────────────────────────────────────────────────────────────────────── */

static void a_reader_changes_nothing(void **state)
{
    struct fixture *f = *state;
    must_add(f, 1, "one");
    CLEANUP(db_close_ptr) struct db *reader = open_database(&f->config, true);
    assert_int_not_equal(db_exec(reader, "DELETE FROM thing", DB_NO_PARAMS, NULL, &f->err), ERR_OK);
    assert_int_not_equal(
        db_exec(reader, "CREATE TABLE more (id {int})", DB_NO_PARAMS, NULL, &f->err), ERR_OK);
    assert_int_equal(ask(reader, "SELECT count(*) FROM thing"), 1);
    must(db_begin(reader, &f->err), &f->err); /* a snapshot */
    assert_int_equal(ask(reader, "SELECT count(*) FROM thing"), 1);
    must_add(f, 2, "two");
    assert_int_equal(ask(reader, "SELECT count(*) FROM thing"), 1);
    must(db_commit(reader, &f->err), &f->err);
    assert_int_equal(ask(reader, "SELECT count(*) FROM thing"), 2);
}

static void a_reader_makes_no_file(void **state)
{
    struct fixture *f = *state;
    struct scratch_path path = scratch_path("missing");
    struct db *db = NULL;
    assert_int_equal(db_open(&(struct db_config){.engine = DB_SQLITE, .path = path.text}, true, &db, &f->err),
        ERR_UNAVAILABLE);
    assert_non_null(strstr(f->err.text, path.text));
    assert_int_equal(access(path.text, F_OK), -1);
}

static void what_is_no_database_is_refused(void **state)
{
    struct fixture *f = *state;
    struct scratch_path path = scratch_path("text");
    struct db *db = NULL;
    FILE *file = fopen(path.text, "we");
    for (int i = 0; i < 500; i++)
        fputs("this is not a database; ", file);
    fclose(file);
    struct db_config config = {.engine = DB_SQLITE, .path = path.text};
    assert_int_equal(db_open(&config, false, &db, &f->err), ERR_UNAVAILABLE);
    assert_null(db);
    config.path = "/nonexistent/folder/file.db";
    assert_int_equal(db_open(&config, false, &db, &f->err), ERR_UNAVAILABLE);
    assert_non_null(strstr(f->err.text, config.path));
}

/* ── settings and schema ──────────────────────────────────────────────────────────────────────── */

static void i3_commits_are_on_disk(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f->db, "PRAGMA synchronous"), 2); /* FULL */
    assert_int_equal(ask(f->db, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    assert_int_equal(ask(f->db, "PRAGMA foreign_keys"), 1);
    must(db_check_durable(f->db, &f->err), &f->err);
}

static int known_version(void)
{
    int known = 0;
    while (embedded_migrations[known].path)
        known++;
    return known;
}

static void migrations_run_once(void **state)
{
    struct fixture *f = *state;
    int version = 0, again = 0;
    must(db_migrate(f->db, &version, &f->err), &f->err);
    assert_int_equal(version, known_version());
    int64_t tables = ask(f->db, "SELECT count(*) FROM sqlite_schema");
    must(db_migrate(f->db, &again, &f->err), &f->err);
    assert_int_equal(again, version);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM schema_version"), version);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM sqlite_schema"), tables);
}

static void a_schema_from_the_future_is_refused(void **state)
{
    struct fixture *f = *state;
    int version = 0;
    must(db_migrate(f->db, &version, &f->err), &f->err);
    run_sql(f->db, "INSERT INTO schema_version (version, name, at) SELECT max(version) + 1, 'later', 1 FROM "
                   "schema_version");
    assert_int_equal(db_migrate(f->db, &version, &f->err), ERR_INVALID);
    assert_non_null(strstr(f->err.text, "newer program"));
}

static void a_migration_that_fails_leaves_nothing(void **state)
{
#ifdef HERALD_FAULTS
    struct fixture *f = *state;
    int64_t before = ask(f->db, "SELECT count(*) FROM sqlite_schema");
    int version = 0;
    faults_set("commit=1");
    assert_int_equal(db_migrate(f->db, &version, &f->err), ERR_UNAVAILABLE);
    faults_set("");
    assert_in_range(
        ask(f->db, "SELECT count(*) FROM sqlite_schema"), before, before + 1); /* schema_version itself */
    must(db_migrate(f->db, &version, &f->err), &f->err);
    assert_int_equal(version, known_version());
#else
    (void)state;
    skip();
#endif
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(values_come_back),
        WITH(nulls_come_back),
        WITH(empty_is_not_null),
        WITH(now_is_the_time),
        WITH(text_compares_bytewise),
        WITH(parameters_may_go_once_the_call_returned),
        WITH(constraints_have_their_codes),
        WITH(a_bad_statement_is_a_defect),
        WITH(a_query_runs_again_once_it_is_closed),
        WITH(different_queries_run_side_by_side),
        WITH(rows_are_inserted_together),
        WITH(rows_that_are_there_can_be_left_out),
        WITH(a_statement_runs_for_many_rows),
        WITH(a_transaction_is_all_or_nothing),
        WITH(a_failed_commit_leaves_nothing),
        WITH(a_reader_changes_nothing),
        WITH(a_reader_makes_no_file),
        WITH(what_is_no_database_is_refused),
        WITH(i3_commits_are_on_disk),
        WITH(migrations_run_once),
        WITH(a_schema_from_the_future_is_refused),
        WITH(a_migration_that_fails_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
