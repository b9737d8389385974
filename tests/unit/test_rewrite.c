#include "base/alloc.h"
#include "db/engine.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct example {
    const char *sql, *sqlite, *postgres;
};

static const struct example examples[] = {
    {"", "", ""},
    {"SELECT 1", "SELECT 1", "SELECT 1"},
    {"SELECT $1, $12", "SELECT ?1, ?12", "SELECT $1, $12"},
    {"SELECT a FROM t{share}", "SELECT a FROM t", "SELECT a FROM t FOR SHARE"},
    {"SELECT a FROM t{update}", "SELECT a FROM t", "SELECT a FROM t FOR NO KEY UPDATE"},
    {"a {id}, b {int}, c {text}, d {bytes}", "a BLOB, b INTEGER, c TEXT, d BLOB",
        "a uuid, b bigint, c text COLLATE \"C\", d bytea"},
    {"CREATE TABLE t (a {int}){strict}", "CREATE TABLE t (a INTEGER) STRICT", "CREATE TABLE t (a bigint)"},
    {"CREATE TABLE t (a {int}){clustered}", "CREATE TABLE t (a INTEGER) STRICT, WITHOUT ROWID",
        "CREATE TABLE t (a bigint)"},
    {"SELECT '$1 {int}', $2", "SELECT '$1 {int}', ?2", "SELECT '$1 {int}', $2"},
    {"SELECT 'it''s $1', $2", "SELECT 'it''s $1', ?2", "SELECT 'it''s $1', $2"},
    {"SELECT 'open $1", "SELECT 'open $1", "SELECT 'open $1"},
    {"SELECT {unknown} { $ $a", "SELECT {unknown} { $ $a", "SELECT {unknown} { $ $a"},
};

static void rewrites_each_example(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        CLEANUP(mem_free_ptr) char *sqlite = engine_rewrite(examples[i].sql, DB_SQLITE);
        CLEANUP(mem_free_ptr) char *postgres = engine_rewrite(examples[i].sql, DB_POSTGRES);
        assert_string_equal(sqlite, examples[i].sqlite);
        assert_string_equal(postgres, examples[i].postgres);
    }
}

/* What {now} becomes differs; that it is the time, each engine's own test says. */
static void replaces_now(void **state)
{
    (void)state;
    CLEANUP(mem_free_ptr) char *sqlite = engine_rewrite("SELECT {now}", DB_SQLITE);
    CLEANUP(mem_free_ptr) char *postgres = engine_rewrite("SELECT {now}", DB_POSTGRES);
    assert_null(strstr(sqlite, "{now}"));
    assert_null(strstr(postgres, "{now}"));
    assert_string_not_equal(sqlite, postgres);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rewrites_each_example),
        cmocka_unit_test(replaces_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
