/*
 * A1: no change without its entry in the audit log, and what happens to one that has none; and A3: what is shown of a URL.
 * On SQLite always and on PostgreSQL if HERALD_TEST_POSTGRES names a server (its schema `audit`).
 */
#include "crm/audit.h"

#include "support.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int set_up(void **state)
{
    return world_set_up(state, "audit");
}

static enum err_code write_it(struct world *world, write_fn *run, void *ctx)
{
    struct error err = {0};
    struct error_list list = {0};
    return crm_write(&world->crm, world->arena, NULL, world->actor.business_id, run, ctx, &list, &err);
}

static int64_t count_of(struct world *world, const char *sql)
{
    struct error err;
    struct db_rows *rows = NULL;
    enum err_code code = db_query(world->db, sql, DB_NO_PARAMS, &rows, &err);
    assert_int_equal(code, ERR_OK);
    assert_true(db_next(rows, &code, &err));
    int64_t count = db_col_int(rows, 0);
    db_rows_close(rows);
    return count;
}

static const char roles[] = "SELECT count(*) FROM role";
static const char entries[] = "SELECT count(*) FROM audit_entry";

/* ── A1 ──────────────────────────────────────────────────────────────────────────────────────── */

static enum err_code insert_role(struct write *w, struct error *err)
{
    return db_exec(w->db, "INSERT INTO role (id, business_id, name, created_at) VALUES ($1, $2, 'x', 0)",
        DB_PARAMS(db_id(id_new()), db_id(w->business_id)), NULL, err);
}

static enum err_code forgetful(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)ctx, (void)list;
    return insert_role(w, err);
}

static enum err_code of_data(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)ctx, (void)list;
    write_is_data(w);
    return insert_role(w, err);
}

static enum err_code without_effect(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)w, (void)ctx, (void)list, (void)err;
    return ERR_OK;
}

static enum err_code entry_and_refusal(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)ctx, (void)list;
    struct audit audit = AUDIT(w, "role.created", id_new(), "x");
    enum err_code code = audit_add(&audit, err);
    return code ? code : error_set(err, ERR_CONFLICT, "no");
}

static void a_change_without_an_entry_is_undone(void **state)
{
    struct world *world = *state;
    int64_t before = count_of(world, roles), told = count_of(world, entries);
    assert_int_equal(write_it(world, forgetful, NULL), ERR_INTERNAL);
    assert_true(count_of(world, roles) == before);
    assert_int_equal(write_it(world, of_data, NULL), ERR_OK);
    assert_true(count_of(world, roles) == before + 1);
    assert_int_equal(write_it(world, without_effect, NULL), ERR_OK);
    assert_true(count_of(world, entries) == told);
}

static void an_entry_without_its_change_is_undone(void **state)
{
    struct world *world = *state;
    int64_t told = count_of(world, entries);
    assert_int_equal(write_it(world, entry_and_refusal, NULL), ERR_CONFLICT);
    assert_true(count_of(world, entries) == told);
}

/* ── A3 ──────────────────────────────────────────────────────────────────────────────────────── */

struct shown {
    const char *url, *text;
};

static enum err_code show(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    const struct shown *shown = ctx;
    struct audit audit = AUDIT(w, "role.changed", id_new(), NULL);
    audit_url(&audit, "url", NULL, shown->url);
    return audit_add(&audit, err);
}

static void of_a_url_no_values_are_shown(void **state)
{
    struct world *world = *state;
    static const struct shown all[] = {
        {"https://a.test/b/c", "https://a.test/b/c"},
        {"https://a.test/b?", "https://a.test/b?"},
        {"https://a.test/b?secret", "https://a.test/b?***"},
        {"https://a.test/b?k=secret", "https://a.test/b?k=***"},
        {"https://a.test/b?k=", "https://a.test/b?k=***"},
        {"https://a.test/b?k=sec=ret&&l=secret&secret", "https://a.test/b?k=***&&l=***&***"},
        {"https://a.test/b?k=sec?ret&l=?", "https://a.test/b?k=***&l=***"},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct shown shown = all[i];
        assert_int_equal(write_it(world, show, &shown), ERR_OK);
        struct audit_entry *found;
        size_t count;
        struct error err;
        struct page page = {.limit = 1};
        struct actor operator= {.access = &access_operator, .business_id = world->actor.business_id};
        const struct audit_filter filter = {
            .action = "role.changed", .after = INT64_MIN, .before = INT64_MAX};
        assert_int_equal(
            audit_list(world->db, world->arena, &operator, & filter, &page, &found, &count, &err), ERR_OK);
        assert_int_equal(count, 1);
        char expected[256];
        snprintf(expected, sizeof expected, "{\"url\":{\"before\":null,\"after\":\"%s\"}}", all[i].text);
        assert_string_equal(found[0].changes, expected);
    }
}

#define ON(test, engine) ON_ENGINE(test, engine, set_up, world_tear_down)
#define ON_BOTH(test) ON(test, DB_SQLITE), ON(test, DB_POSTGRES)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_change_without_an_entry_is_undone),
        ON_BOTH(an_entry_without_its_change_is_undone),
        ON_BOTH(of_a_url_no_values_are_shown),
    };
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
