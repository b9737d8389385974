/*
 * Migrations (db/migrate.c): nothing of a script is left out silently, nodes may start at once, and nothing is timed
 * out. On SQLite always and on PostgreSQL if HERALD_TEST_POSTGRES names a server (its schema `migrate`).
 */
#include "db/engine.h"

#include "base/alloc.h"
#include "base/embed.h"
#include "crm/password.h"
#include "support.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
    struct db *db; /* first: see tear_down_database */
    const struct db_config *config;
    struct error err;
};

static int set_up(void **state)
{
    enum db_engine engine;
    if (!set_up_on(state, &engine))
        return 0;
    struct fixture *f = mem_zalloc(sizeof *f);
    f->config = fresh_database(engine, "migrate");
    f->db = open_database(f->config, false);
    *state = f;
    return 0;
}

static void a_script_runs_to_its_end(void **state)
{
    struct fixture *f = need(state);
    const char *script = "-- a comment; with a semicolon\n"
                         "CREATE TABLE one (t {text} NOT NULL){strict};\n"
                         "INSERT INTO one VALUES ('a;b--c'); -- and one behind\n"
                         "INSERT INTO one VALUES ('it''s');\n"
                         "\n  -- the last line has no end";
    must(engine_run_script(f->db, script, &f->err), &f->err);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM one WHERE t IN ('a;b--c', 'it''s')"), 2);
}

static void a_statement_may_be_for_one_engine(void **state)
{
    struct fixture *f = need(state);
    const char *script = "CREATE TABLE one (n {int} NOT NULL){strict};\n"
                         "-- which engine\n"
                         "{sqlite} INSERT INTO one VALUES (1);\n"
                         "{postgres} INSERT INTO one\n    VALUES (2);\n"
                         "INSERT INTO one VALUES (4);\n";
    must(engine_run_script(f->db, script, &f->err), &f->err);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM one"), 2);
    assert_int_equal(ask(f->db, "SELECT min(n) FROM one"), f->config->engine == DB_SQLITE ? 1 : 2);
}

static void a_statement_without_its_end_is_refused(void **state)
{
    struct fixture *f = need(state);
    const char *script = "CREATE TABLE one (n {int} NOT NULL){strict};\nCREATE TABLE two (n {int} NOT NULL)";
    assert_int_equal(engine_run_script(f->db, script, &f->err), ERR_INTERNAL);
    assert_non_null(strstr(f->err.text, "CREATE TABLE two"));
    assert_int_equal(engine_run_script(f->db, "INSERT INTO one VALUES ('open;", &f->err), ERR_INTERNAL);
}

static void a_statement_too_long_is_refused(void **state)
{
    struct fixture *f = need(state);
    enum { SIZE = 80000 };
    char *script = mem_zalloc(SIZE);
    memset(script, ' ', SIZE - 1);
    memcpy(script, "CREATE TABLE one (n {int} NOT NULL)", 35);
    memcpy(script + SIZE - 11, "{strict};", 9);
    assert_int_equal(engine_run_script(f->db, script, &f->err), ERR_INTERNAL);
    assert_non_null(strstr(f->err.text, "CREATE TABLE one"));
    mem_free(script);
}

static bool has_limits(struct fixture *f)
{
    return ask(f->db, "SELECT count(*) FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout') "
                      "AND setting <> '0'") == 2;
}

static void a_migration_takes_its_time(void **state)
{
    struct fixture *f = need(state);
    if (f->config->engine == DB_SQLITE)
        skip(); /* nothing is timed out */
    assert_true(has_limits(f));
    must(db_begin(f->db, &f->err), &f->err);
    must(f->db->ops->take_time(f->db, &f->err), &f->err);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM pg_settings WHERE name IN ('statement_timeout', "
                                "'lock_timeout') AND setting = '0'"),
        2);
    must(db_commit(f->db, &f->err), &f->err);
    assert_true(has_limits(f));
}

/* The part of a migration from `beginning` on, once more. */
static void run_again(struct fixture *f, const char *name, const char *beginning)
{
    for (const struct embedded_file *file = embedded_migrations; file->path; file++)
        if (strcmp(file->path, name) == 0) {
            const char *rest = strstr(file->data, beginning);
            assert_non_null(rest);
            must(engine_run_script(f->db, rest, &f->err), &f->err);
            return;
        }
    fail_msg("there is no %s", name);
}

static void add_user(struct fixture *f, const char *email)
{
    must(db_exec(f->db,
             "INSERT INTO user_account (id, first_name, last_name, email, email_key, created_at) VALUES ($1, "
             "'', '', $2, $2, 1)",
             DB_PARAMS(db_id(id_new()), db_text(email)), NULL, &f->err),
        &f->err);
}

static void check_finds(struct fixture *f, const char *asked, const char *email)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct password_owner owner;
    must(password_find(f->db, arena, asked, &owner, &f->err), &f->err);
    assert_string_equal(owner.email, email);
}

/* Two users with one address but for case: the one in lower case has it, else the older one; nobody is lost. */
static void addresses_of_old_compare_without_case(void **state)
{
    struct fixture *f = need(state);
    run_sql(f->db, "DROP INDEX user_account_email");
    static const char *const emails[] = {
        "Alone@x.test", "Old@x.test", "OLD@x.test", "Low@x.test", "low@x.test", "LOW@x.test"};
    for (size_t i = 0; i < ARRAY_LEN(emails); i++)
        add_user(f, emails[i]);
    run_again(f, "0005_keys.sql", "CREATE INDEX user_account_lower");
    assert_int_equal(ask(f->db, "SELECT count(*) FROM user_account WHERE (email = 'Alone@x.test' AND "
                                "email_key = 'alone@x.test') OR (email = 'Old@x.test' AND email_key = "
                                "'old@x.test') OR (email = 'low@x.test' AND email_key = 'low@x.test')"),
        3);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM user_account WHERE email_key = email"), 4);
    /* Each is found as it is spelled; in any other spelling, whoever has the address. */
    for (size_t i = 0; i < ARRAY_LEN(emails); i++)
        check_finds(f, emails[i], emails[i]);
    check_finds(f, "oLD@x.test", "Old@x.test");
    check_finds(f, "lOW@x.test", "low@x.test");
}

enum { NODES = 8 };

struct node {
    const struct db_config *config;
    struct error err;
    enum err_code code;
    int version;
    pthread_t thread;
};

static void *node_main(void *arg)
{
    struct node *node = arg;
    struct db *db = NULL;
    node->code = db_open(node->config, false, &db, &node->err);
    if (!node->code)
        node->code = db_migrate(db, &node->version, &node->err);
    db_close(db);
    return NULL;
}

static void nodes_that_start_at_once_migrate_once(void **state)
{
    struct fixture *f = need(state);
    if (f->config->engine == DB_SQLITE)
        skip(); /* one node has the file */
    struct node nodes[NODES] = {0};
    run_sql(f->db, "DROP SCHEMA migrate CASCADE");
    run_sql(f->db, "CREATE SCHEMA migrate");
    for (int i = 0; i < NODES; i++) {
        nodes[i].config = f->config;
        assert_int_equal(pthread_create(&nodes[i].thread, NULL, node_main, &nodes[i]), 0);
    }
    for (int i = 0; i < NODES; i++)
        pthread_join(nodes[i].thread, NULL);
    for (int i = 0; i < NODES; i++) {
        must(nodes[i].code, &nodes[i].err);
        assert_int_equal(nodes[i].version, nodes[0].version);
    }
    assert_int_equal(ask(f->db, "SELECT count(*) FROM schema_version"), nodes[0].version);
}

/* A dump of the database holds a lock on every table for as long as it takes. */
static void a_start_with_nothing_to_migrate_needs_no_lock(void **state)
{
    struct fixture *f = need(state);
    struct db *dump = open_database(f->config, true);
    int version = 0;
    must(db_begin(dump, &f->err), &f->err);
    assert_true(ask(dump, "SELECT count(*) FROM schema_version") > 0);
    must(db_migrate(f->db, &version, &f->err), &f->err);
    db_rollback(dump);
    db_close(dump);
}

#define ON(test, engine) ON_ENGINE(test, engine, set_up, tear_down_database)
#define ON_BOTH(test) ON(test, DB_SQLITE), ON(test, DB_POSTGRES)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_script_runs_to_its_end),
        ON_BOTH(a_statement_may_be_for_one_engine),
        ON_BOTH(a_statement_without_its_end_is_refused),
        ON_BOTH(a_statement_too_long_is_refused),
        ON_BOTH(addresses_of_old_compare_without_case),
        ON_BOTH(a_migration_takes_its_time),
        ON_BOTH(nodes_that_start_at_once_migrate_once),
        ON_BOTH(a_start_with_nothing_to_migrate_needs_no_lock),
    };
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
