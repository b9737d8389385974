/*
 * Who sends an email (crm/mail.h, E2): leases that end, nodes that come too late; on SQLite always and on PostgreSQL if
 * HERALD_TEST_POSTGRES names a server (its schema `mail`).
 */
#include "crm/mail.h"

#include "crm/audit.h"

#include "support.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LEASE_US (60 * US_PER_S)

static int set_up(void **state)
{
    return world_set_up(state, "mail");
}

static const struct id one = {{1}}, other = {{2}};

struct turn {
    struct id node;
    struct outgoing *mail;
    enum mail_outcome outcome;
};

static enum err_code add(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    write_is_data(w);
    struct mail mail = {.address = ctx, .name = "Sam Lee", .subject = "Hello", .body = "Hello"};
    return mail_add(w, &mail, err);
}

static enum err_code take(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    write_is_data(w);
    struct turn *turn = ctx;
    return mail_take(w, turn->node, LEASE_US, turn->mail, err);
}

static enum err_code settle(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    write_is_data(w);
    struct turn *turn = ctx;
    return mail_settle(w, turn->mail, turn->outcome, 0, "why", err);
}

static enum err_code release(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    write_is_data(w);
    return mail_release(w, ((struct turn *)ctx)->node, err);
}

static enum err_code run(struct world *world, write_fn *what, void *ctx, struct error *err)
{
    struct error_list list;
    return crm_write(&world->crm, world->arena, NULL, world->actor.business_id, what, ctx, &list, err);
}

static void do_it(struct world *world, write_fn *what, void *ctx)
{
    struct error err = {0};
    must(run(world, what, ctx, &err), &err);
}

static struct world *with_one_email(void **state)
{
    struct world *world = need(state);
    world->crm.sends_mail = true;
    do_it(world, add, (char[]){"sam@acme.test"});
    return world;
}

static struct outgoing taken_by(struct world *world, struct id node)
{
    struct outgoing mail;
    do_it(world, take, &(struct turn){.node = node, .mail = &mail});
    return mail;
}

static void settled(struct world *world, struct outgoing *mail, enum mail_outcome outcome)
{
    do_it(world, settle, &(struct turn){.mail = mail, .outcome = outcome});
}

static int64_t rows(struct world *world)
{
    return ask(world->db, "SELECT count(*) FROM mail");
}

static void whoever_takes_it_has_it(void **state)
{
    struct world *world = with_one_email(state);
    struct outgoing mail = taken_by(world, one), late = taken_by(world, other);
    assert_string_equal(mail.address, "sam@acme.test");
    assert_int_equal(mail.attempt, 1);
    assert_null(mail.token);
    assert_true(id_is_nil(late.id));
    settled(world, &mail, MAIL_SENT);
    assert_int_equal(rows(world), 0);
}

static void whoever_is_too_late_changes_nothing(void **state)
{
    struct world *world = with_one_email(state);
    struct outgoing mail = taken_by(world, one);
    run_sql(world->db, "UPDATE mail SET due_at = 0");
    struct outgoing again = taken_by(world, other);
    assert_true(id_equal(mail.id, again.id));
    assert_int_equal(again.attempt, 2);
    settled(world, &mail, MAIL_LATER);
    settled(world, &mail, MAIL_DEAD);
    settled(world, &mail, MAIL_SENT);
    assert_true(id_is_nil(taken_by(world, one).id));
    assert_int_equal(ask(world->db, "SELECT count(*) FROM mail WHERE state = 0 AND reason IS NULL"), 1);
    settled(world, &again, MAIL_SENT);
    assert_int_equal(rows(world), 0);
}

static void a_node_that_starts_again_has_its_own_back(void **state)
{
    struct world *world = with_one_email(state);
    (void)taken_by(world, one);
    do_it(world, release, &(struct turn){.node = other});
    assert_true(id_is_nil(taken_by(world, one).id));
    do_it(world, release, &(struct turn){.node = one});
    assert_int_equal(taken_by(world, other).attempt, 2);
}

static void a_dead_one_has_no_text(void **state)
{
    struct world *world = with_one_email(state);
    struct outgoing mail = taken_by(world, one);
    settled(world, &mail, MAIL_DEAD);
    assert_int_equal(
        ask(world->db, "SELECT count(*) FROM mail WHERE state = 1 AND body = '' AND reason = 'why'"), 1);
    assert_true(id_is_nil(taken_by(world, one).id));
}

static void the_one_that_waited_longest_is_first(void **state)
{
    struct world *world = with_one_email(state);
    run_sql(world->db, "UPDATE mail SET due_at = due_at - 1000000");
    do_it(world, add, (char[]){"tim@acme.test"});
    assert_string_equal(taken_by(world, one).address, "sam@acme.test");
    assert_string_equal(taken_by(world, other).address, "tim@acme.test");
    struct error err = {0};
    int64_t wait = 0;
    must(mail_next_due(world->db, &wait, &err), &err);
    assert_true(wait > LEASE_US / 2 && wait <= LEASE_US);
}

static void nothing_is_added_where_nothing_is_sent(void **state)
{
    struct world *world = need(state);
    struct error err = {0};
    assert_int_equal(run(world, add, (char[]){"sam@acme.test"}, &err), ERR_CONFLICT);
    world->crm.sends_mail = true;
    assert_int_equal(run(world, add, (char[]){"sam@acme.test\r\nBcc: eve@evil.test"}, &err), ERR_INVALID);
    assert_int_equal(rows(world), 0);
}

#define BOTH(test)                                                                                           \
    ON_ENGINE(test, DB_SQLITE, set_up, world_tear_down), ON_ENGINE(test, DB_POSTGRES, set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(whoever_takes_it_has_it),
        BOTH(whoever_is_too_late_changes_nothing),
        BOTH(a_node_that_starts_again_has_its_own_back),
        BOTH(a_dead_one_has_no_text),
        BOTH(the_one_that_waited_longest_is_first),
        BOTH(nothing_is_added_where_nothing_is_sent),
    };
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
