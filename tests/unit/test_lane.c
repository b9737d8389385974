/*
 * Lanes (db/lane.h), on SQLite always and on PostgreSQL if HERALD_TEST_POSTGRES names a server (its schema `lane`).
 */
#include "db/lane.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LEASE_US (60 * US_PER_S)

struct fixture {
    struct db *db;
    struct id a, b; /* nodes */
    struct error err;
};

static int set_up(void **state)
{
    enum db_engine engine = *(const enum db_engine *)*state;
    *state = NULL;
    if (!engine_is_there(engine))
        return 0;
    struct fixture *f = mem_zalloc(sizeof *f);
    f->db = open_database(fresh_database(engine, "lane"), false);
    f->a = id_new();
    f->b = id_new();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (!f)
        return 0;
    db_close(f->db);
    mem_free(f);
    return 0;
}

/* Each test begins so. */
static struct fixture *need(void **state)
{
    if (!*state) {
        skip();
        abort(); /* for analyzers, which do not know that skip never returns */
    }
    return *state;
}

static struct lane take(struct fixture *f, struct id node)
{
    struct lane lane;
    must(db_begin(f->db, &f->err), &f->err);
    must(lane_take(f->db, node, LEASE_US, &lane, &f->err), &f->err);
    must(db_commit(f->db, &f->err), &f->err);
    return lane;
}

static int64_t adopt(struct fixture *f, struct id node)
{
    int64_t lane;
    must(db_begin(f->db, &f->err), &f->err);
    must(lane_adopt(f->db, node, LEASE_US, &lane, &f->err), &f->err);
    must(db_commit(f->db, &f->err), &f->err);
    return lane;
}

static int64_t next_adopted(struct fixture *f, struct id node, int64_t own, int64_t after)
{
    int64_t lane;
    must(lane_next_adopted(f->db, node, own, after, &lane, &f->err), &f->err);
    return lane;
}

static void a_new_lane_begins_with_its_first_epoch(void **state)
{
    struct fixture *f = need(state);
    int64_t before = clock_boot_us();
    struct lane lane = take(f, f->a);
    assert_int_equal(lane.id, 1);
    assert_int_equal(lane.epoch, 1);
    assert_true(id_equal(lane.node, f->a));
    assert_true(lane.next_seq == (int64_t)1 << LANE_SEQ_BITS);
    assert_int_equal(lane_epoch_of(lane.next_seq), 1);
    assert_in_range(lane.held_until_boot_us, before + LEASE_US, clock_boot_us() + LEASE_US);
    must(lane_check(f->db, &lane, &f->err), &f->err);
    assert_int_equal(take(f, f->b).id, 2);
}

static void i11_the_own_lane_is_taken_again_in_a_higher_epoch(void **state)
{
    struct fixture *f = need(state);
    struct lane first = take(f, f->a), second = take(f, f->a);
    assert_int_equal(second.id, first.id);
    assert_int_equal(second.epoch, first.epoch + 1);
    assert_true(second.next_seq > first.next_seq + 1000000000);
    assert_int_equal(lane_check(f->db, &first, &f->err), ERR_FENCED);
    assert_int_equal(lane_renew(f->db, &first, LEASE_US, &f->err), ERR_FENCED);
    must(lane_check(f->db, &second, &f->err), &f->err);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM lane"), 1);
    assert_int_equal(ask(f->db, "SELECT dispatch_epoch FROM lane"), 2);
}

static void i11_only_an_expired_lane_is_adopted(void **state)
{
    struct fixture *f = need(state);
    struct lane a = take(f, f->a), b = take(f, f->b);
    assert_int_equal(adopt(f, f->b), 0);
    run_sql(f->db, "UPDATE lane SET expires_at = {now} - 1 WHERE id = 1");
    assert_int_equal(adopt(f, f->a), 0); /* not from itself */
    assert_int_equal(adopt(f, f->b), a.id);
    assert_int_equal(adopt(f, f->b), 0);
    assert_int_equal(lane_check(f->db, &a, &f->err), ERR_FENCED);
    assert_int_equal(lane_renew(f->db, &a, LEASE_US, &f->err), ERR_FENCED);
    must(lane_check(f->db, &b, &f->err), &f->err);
    struct lane again = take(f, f->a); /* the old one is closed for good */
    assert_int_equal(again.id, 3);
    assert_int_equal(next_adopted(f, f->b, b.id, 0), a.id);
    assert_int_equal(next_adopted(f, f->b, b.id, a.id), 0);
    assert_int_equal(next_adopted(f, f->a, again.id, 0), 0);
}

static void i11_adopted_lanes_are_renewed_with_the_own_one(void **state)
{
    struct fixture *f = need(state);
    (void)take(f, f->a);
    struct lane b = take(f, f->b), c = take(f, id_new());
    run_sql(f->db, "UPDATE lane SET expires_at = 0 WHERE id = 1");
    assert_int_equal(adopt(f, f->b), 1);
    run_sql(f->db, "UPDATE lane SET expires_at = 1");
    int64_t before = clock_boot_us();
    must(lane_renew(f->db, &b, LEASE_US, &f->err), &f->err);
    assert_true(b.held_until_boot_us >= before + LEASE_US);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM lane WHERE expires_at > {now}"), 2);
    assert_int_equal(ask(f->db, "SELECT id FROM lane WHERE expires_at = 1"), c.id);
}

static void i11_the_lowest_expired_lane_comes_first(void **state)
{
    struct fixture *f = need(state);
    for (int i = 0; i < 3; i++)
        (void)take(f, id_new());
    struct lane own = take(f, f->b);
    run_sql(f->db, "UPDATE lane SET expires_at = 0");
    for (int64_t lane = 1; lane <= 3; lane++)
        assert_int_equal(adopt(f, f->b), lane);
    assert_int_equal(adopt(f, f->b), 0);
    for (int64_t lane = 1; lane <= 3; lane++)
        assert_int_equal(next_adopted(f, f->b, own.id, lane - 1), lane);
}

static void a_released_lane_can_be_adopted_and_taken(void **state)
{
    struct fixture *f = need(state);
    struct lane a = take(f, f->a), b = take(f, f->b);
    must(lane_release(f->db, &a, &f->err), &f->err);
    must(lane_check(f->db, &b, &f->err), &f->err);
    assert_int_equal(ask(f->db, "SELECT count(*) FROM lane WHERE expires_at > {now}"), 1);
    assert_int_equal(take(f, f->a).id, a.id); /* its owner came back first */
    a = take(f, f->a);
    must(lane_release(f->db, &a, &f->err), &f->err);
    assert_int_equal(adopt(f, f->b), a.id);
}

static enum db_engine engines[] = {DB_SQLITE, DB_POSTGRES};
#define ON(test, engine)                                                                                     \
    {                                                                                                        \
#test " " #engine, test, set_up, tear_down, &engines[engine]                                         \
    }
#define ON_BOTH(test) ON(test, DB_SQLITE), ON(test, DB_POSTGRES)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_new_lane_begins_with_its_first_epoch),
        ON_BOTH(i11_the_own_lane_is_taken_again_in_a_higher_epoch),
        ON_BOTH(i11_only_an_expired_lane_is_adopted),
        ON_BOTH(i11_adopted_lanes_are_renewed_with_the_own_one),
        ON_BOTH(i11_the_lowest_expired_lane_comes_first),
        ON_BOTH(a_released_lane_can_be_adopted_and_taken),
    };
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
