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
    struct db *db; /* first: see tear_down_database */
    const struct db_config *config;
    struct id a, b; /* nodes */
    struct error err;
};

static int set_up(void **state)
{
    enum db_engine engine;
    if (!set_up_on(state, &engine))
        return 0;
    struct fixture *f = mem_zalloc(sizeof *f);
    f->config = fresh_database(engine, "lane");
    f->db = open_database(f->config, false);
    f->a = id_new();
    f->b = id_new();
    *state = f;
    return 0;
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

/* Exactly these, in this order. */
static void assert_adopted(struct fixture *f, const struct lane *own, size_t count, const int64_t *lanes)
{
    struct lane_set set = {0};
    must(lane_read_adopted(f->db, own, &set, &f->err), &f->err);
    assert_int_equal(set.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(set.lanes[i], lanes[i]);
    lane_set_free(&set);
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
    assert_adopted(f, &b, 1, (int64_t[]){a.id});
    assert_adopted(f, &again, 0, NULL);
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
    assert_adopted(f, &own, 3, (int64_t[]){1, 2, 3});
}

static void i11_a_restarted_node_has_its_adopted_lanes_before_it_says_so(void **state)
{
    struct fixture *f = need(state);
    struct id c = id_new();
    struct lane a = take(f, f->a);
    (void)take(f, f->b);
    run_sql(f->db, "UPDATE lane SET expires_at = 0 WHERE id = 2");
    assert_int_equal(adopt(f, f->a), 2);
    (void)take(f, c);
    must(lane_release(f->db, &a, &f->err), &f->err);
    struct lane again = take(f, f->a);
    assert_int_equal(again.id, a.id);
    assert_int_equal(adopt(f, c), 0); /* neither of the two */
    assert_int_equal(
        ask(f->db, "SELECT count(*) FROM lane WHERE id <> 3 AND expires_at > {now} + 50000000"), 2);
    assert_int_equal(ask(f->db, "SELECT dispatch_epoch FROM lane WHERE id = 2"), 3);
    assert_int_equal(ask(f->db, "SELECT dispatch_epoch FROM lane WHERE id = 3"), 1);
    assert_adopted(f, &again, 1, (int64_t[]){2});
}

static void i11_a_renewal_shows_what_was_lost(void **state)
{
    struct fixture *f = need(state);
    struct lane a = take(f, f->a), b = take(f, f->b);
    (void)take(f, id_new());
    run_sql(f->db, "UPDATE lane SET expires_at = 0 WHERE id = 3");
    assert_int_equal(adopt(f, f->a), 3);
    run_sql(f->db, "UPDATE lane SET expires_at = 0 WHERE id = 3");
    assert_int_equal(adopt(f, f->b), 3);
    must(lane_renew(f->db, &a, LEASE_US, &f->err), &f->err); /* its own it has still */
    assert_adopted(f, &a, 0, NULL);
    assert_adopted(f, &b, 1, (int64_t[]){3});
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

/* ── claims ───────────────────────────────────────────────────────────────────────────────────────────────── */

static int64_t session_of(struct db *db)
{
    return ask(db, "SELECT pg_backend_pid()::bigint");
}

static void end_session(struct fixture *f, int64_t session)
{
    must(db_exec(f->db, "SELECT pg_terminate_backend($1::bigint::int, 20000)", DB_PARAMS(db_int(session)),
             NULL, &f->err),
        &f->err);
}

/* Only on PostgreSQL is there anything to claim. */
static void need_sessions(struct fixture *f)
{
    if (f->config->engine != DB_POSTGRES)
        skip();
}

struct waiting {
    struct db *db;
    struct error err;
    enum err_code code;
};

/* A connection that was lost is tried again after a moment only. */
static bool works_again(void *ctx)
{
    struct waiting *w = ctx;
    w->code = db_begin(w->db, &w->err);
    if (!w->code)
        db_rollback(w->db);
    return !w->code;
}

static bool says_why(void *ctx)
{
    struct waiting *w = ctx;
    return !works_again(w) && w->code == ERR_UNAVAILABLE && strstr(w->err.text, "node-id");
}

static void i11_a_node_id_is_claimed_by_one_connection(void **state)
{
    struct fixture *f = need(state);
    struct db *first = open_database(f->config, false), *second = open_database(f->config, false);
    must(db_claim(first, f->a, &f->err), &f->err);
    must(db_claim(f->db, f->b, &f->err), &f->err); /* another node */
    if (f->config->engine == DB_SQLITE) {
        must(db_claim(second, f->a, &f->err), &f->err);
    } else {
        assert_int_equal(db_claim(second, f->a, &f->err), ERR_UNAVAILABLE);
        assert_non_null(strstr(f->err.text, "node-id"));
        assert_int_equal(db_begin(second, &f->err), ERR_UNAVAILABLE);
        assert_int_equal(ask(first, "SELECT count(*) FROM lane"), 0);
    }
    db_close(first);
    wait_until(works_again, &(struct waiting){.db = second}, "the claim was free");
    assert_int_equal(ask(second, "SELECT count(*) FROM lane"), 0);
    db_close(second);
}

static void i11_a_claim_is_kept_over_a_lost_connection(void **state)
{
    struct fixture *f = need(state);
    need_sessions(f);
    struct db *first = open_database(f->config, false);
    must(db_claim(first, f->a, &f->err), &f->err);
    int64_t session = session_of(first);
    end_session(f, session);
    wait_until(works_again, &(struct waiting){.db = first}, "the connection was back");
    assert_int_not_equal(session_of(first), session); /* opened again, and claimed */
    assert_int_equal(
        ask(first, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"),
        1);
    db_close(first);
}

static void a_claim_that_is_lost_stops_everything(void **state)
{
    struct fixture *f = need(state);
    need_sessions(f);
    struct db *first = open_database(f->config, false), *second = open_database(f->config, false);
    must(db_claim(first, f->a, &f->err), &f->err);
    end_session(f, session_of(first));
    must(db_claim(second, f->a, &f->err), &f->err); /* before the first has noticed */
    struct waiting w = {.db = first};
    wait_until(says_why, &w, "the first connection was refused");
    db_close(second);
    wait_until(works_again, &w, "the claim was free");
    db_close(first);
}

/* A node that is paused within a transaction holds its lane: whoever looks passes over it and does not wait. */
static void i11_a_lane_that_is_held_is_passed_over(void **state)
{
    struct fixture *f = need(state);
    if (db_engine_of(f->db) == DB_SQLITE) /* one process has the file */
        return;
    struct lane lane = take(f, f->a);
    run_sql(f->db, "UPDATE lane SET expires_at = 0");
    CLEANUP(db_close_ptr) struct db *paused = open_database(f->config, false);
    must(db_begin(paused, &f->err), &f->err);
    must(lane_check(paused, &lane, &f->err), &f->err);
    assert_int_equal(adopt(f, f->b), 0);
    db_rollback(paused);
    assert_int_equal(adopt(f, f->b), lane.id);
}

#define ON(test, engine) ON_ENGINE(test, engine, set_up, tear_down_database)
#define ON_BOTH(test) ON(test, DB_SQLITE), ON(test, DB_POSTGRES)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_new_lane_begins_with_its_first_epoch),
        ON_BOTH(i11_the_own_lane_is_taken_again_in_a_higher_epoch),
        ON_BOTH(i11_only_an_expired_lane_is_adopted),
        ON_BOTH(i11_adopted_lanes_are_renewed_with_the_own_one),
        ON_BOTH(i11_the_lowest_expired_lane_comes_first),
        ON_BOTH(i11_a_lane_that_is_held_is_passed_over),
        ON_BOTH(i11_a_restarted_node_has_its_adopted_lanes_before_it_says_so),
        ON_BOTH(i11_a_renewal_shows_what_was_lost),
        ON_BOTH(i11_a_node_id_is_claimed_by_one_connection),
        ON_BOTH(i11_a_claim_is_kept_over_a_lost_connection),
        ON_BOTH(a_claim_that_is_lost_stops_everything),
        ON_BOTH(a_released_lane_can_be_adopted_and_taken),
    };
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
