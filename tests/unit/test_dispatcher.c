/*
 * The dispatcher (webhook/dispatcher.h) with a real writer, a real SQLite file, and a receiver over HTTP: what is
 * committed is sent, once, whatever other receivers do.
 */
#include "webhook/dispatcher.h"

#include "base/alloc.h"
#include "base/metrics.h"
#include "net/http.h"
#include "receiver.h"
#include "support.h"
#include "webhook/endpoint.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
    struct world world;
    struct receiver *receiver;
    struct scratch_path commit, db_lost; /* fault switches */
};

static int set_up(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);
    char text[512];
    f->commit = scratch_path("commit");
    f->db_lost = scratch_path("db_lost");
    snprintf(text, sizeof text, "commit=@%s,db_lost=@%s", f->commit.text, f->db_lost.text);
    faults_set(text);
    f->receiver = receiver_start();
    world_open(&f->world, DB_SQLITE, "dispatcher");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    world_close(&f->world);
    receiver_stop(f->receiver);
    mem_free(f);
    return 0;
}

static struct id add_object(struct fixture *f, const char *name, const char *path)
{
    return world_add_object(&f->world, name, receiver_url(f->receiver, path)).id;
}

/* ── waiting ──────────────────────────────────────────────────────────────────────────────────────────────── */

struct expected {
    struct fixture *f;
    int64_t count;
};

static bool all_delivered(void *ctx)
{
    struct expected *want = ctx;
    return ask(want->f->world.db, "SELECT count(*) FROM delivery WHERE state = 1") >= want->count;
}

static void wait_delivered(struct fixture *f, int64_t count)
{
    wait_until(all_delivered, &(struct expected){f, count}, "all were delivered");
    assert_int_equal(ask(f->world.db, "SELECT count(*) FROM delivery WHERE state = 1"), count);
}

static bool all_failed(void *ctx)
{
    struct expected *want = ctx;
    return ask(want->f->world.db, "SELECT count(*) FROM delivery WHERE state = 2") >= want->count;
}

static bool slow_ones_hang(void *ctx)
{
    struct expected *want = ctx;
    return (int64_t)receiver_hits(want->f->receiver, "/slow") >= want->count;
}

static void assert_once_each(struct fixture *f, const char *path, size_t count)
{
    assert_int_equal(receiver_hits(f->receiver, path), count);
    assert_int_equal(receiver_distinct(f->receiver, path), count);
}

/* ── tests ────────────────────────────────────────────────────────────────────────────────────────────────── */

static void m6_one_request_for_each_delivery(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    struct id object = add_object(f, "Sales Call", "/fast");
    struct id silent = world_add_object(&f->world, "Visit", NULL).id;
    world_log(&f->world, object, 200);
    world_log(&f->world, silent, 20);
    wait_delivered(f, 200);
    world_stop(&f->world, US_PER_S);
    assert_once_each(f, "/fast", 200);
    assert_int_equal(receiver_recovered(f->receiver, "/"), 0);
    assert_int_equal(ask(f->world.db, "SELECT count(*) FROM delivery"), 200);
    assert_int_equal(ask(f->world.db, "SELECT count(*) FROM delivery_attempt"), 200);
    assert_int_equal(ask(f->world.db, "SELECT count(*) FROM delivery_attempt WHERE wire_sends = 1 AND status "
                                      "= 200 AND succeeded = 1 AND number = 1"),
        200);
    assert_int_equal(ask(f->world.db, "SELECT count(*) FROM notification"), 0);
}

static void i4_a_failure_makes_one_notification_and_no_further_request(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    struct id object = add_object(f, "Sales Call", "/fail");
    world_log(&f->world, object, 20);
    wait_until(all_failed, &(struct expected){f, 20}, "all had failed");
    world_stop(&f->world, US_PER_S);
    assert_once_each(f, "/fail", 20);
    assert_int_equal(ask(f->world.db, "SELECT count(*) FROM notification"), 20);
    assert_int_equal(ask(f->world.db, "SELECT count(DISTINCT delivery_id) FROM notification"), 20);
    world_start(&f->world, true); /* nor after a restart */
    world_log(&f->world, add_object(f, "Visit", "/fast"), 1);
    wait_delivered(f, 1);
    assert_once_each(f, "/fail", 20);
}

static bool queue_is_full(void *ctx)
{
    (void)ctx;
    return metric_get(METRIC_deliveries_queued) >= QUEUE_MOST - 1;
}

static void i7_what_memory_has_no_room_for_is_sent_later(void **state)
{
    struct fixture *f = *state;
    enum { N = 3 * QUEUE_MOST };
    world_start(&f->world, true);
    struct id object = add_object(f, "Sales Call", "/slow");
    world_log(&f->world, object, N);
    wait_until(queue_is_full, NULL, "the queue was full");
    assert_true(metric_get(METRIC_deliveries_queued) <= QUEUE_MOST);
    assert_int_equal(receiver_hits(f->receiver, "/slow"), 1);
    receiver_release(f->receiver);
    world_log(&f->world, object, 100); /* while the feed is read */
    wait_delivered(f, N + 100);
    world_stop(&f->world, US_PER_S);
    assert_once_each(f, "/slow", N + 100);
    assert_int_equal(receiver_recovered(f->receiver, "/"), 0);
}

static void m8_what_a_predecessor_left_is_sent(void **state)
{
    struct fixture *f = *state;
    enum { N = 700 }; /* more than a feed loads at once */
    world_start(&f->world, false);
    struct id calls = add_object(f, "Sales Call", "/calls"), visits = add_object(f, "Visit", "/visits");
    world_log(&f->world, calls, N);
    world_log(&f->world, visits, 3);
    world_stop(&f->world, 0);
    assert_int_equal(receiver_hits(f->receiver, "/"), 0);
    world_start(&f->world, true);
    wait_delivered(f, N + 3);
    world_log(&f->world, calls, 5);
    wait_delivered(f, N + 3 + 5);
    world_stop(&f->world, US_PER_S);
    assert_once_each(f, "/calls", N + 5);
    assert_once_each(f, "/visits", 3);
    assert_int_equal(receiver_recovered(f->receiver, "/"), N + 3);
    assert_int_equal(ask(f->world.db, "SELECT count(*) FROM delivery_attempt WHERE recovered = 1"), N + 3);
}

static void m8_logging_goes_on_while_leftovers_are_read(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, false);
    struct id object = add_object(f, "Sales Call", "/fast");
    world_log(&f->world, object, 600);
    world_stop(&f->world, 0);
    world_start(&f->world, true);
    world_log(&f->world, object, 600);
    wait_delivered(f, 1200);
    world_stop(&f->world, US_PER_S);
    assert_once_each(f, "/fast", 1200);
    assert_int_equal(receiver_recovered(f->receiver, "/"), 600);
}

static void a_drain_leaves_the_rest_pending(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    world_log(&f->world, add_object(f, "Sales Call", "/slow"), 20);
    wait_until(slow_ones_hang, &(struct expected){f, 1}, "one request was under way");
    world_stop(&f->world, 0);
    assert_int_equal(ask(f->world.db, "SELECT count(*) FROM delivery WHERE state = 0"), 20);
    assert_int_equal(ask(f->world.db, "SELECT count(*) FROM delivery_attempt"), 0);
    receiver_release(f->receiver);
    world_start(&f->world, true);
    wait_delivered(f, 20);
    world_stop(&f->world, US_PER_S);
    assert_int_equal(receiver_hits(f->receiver, "/slow"), 21);
    assert_int_equal(receiver_distinct(f->receiver, "/slow"), 20);
    assert_int_equal(receiver_recovered(f->receiver, "/slow"), 20);
}

static void a_drain_waits_for_what_is_under_way(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    world_log(&f->world, add_object(f, "Sales Call", "/slow"), 5);
    wait_until(slow_ones_hang, &(struct expected){f, 1}, "one request was under way");
    receiver_release(f->receiver);
    world_stop(&f->world, DEADLINE_US);
    int64_t delivered = ask(f->world.db, "SELECT count(*) FROM delivery WHERE state = 1");
    assert_true(delivered >= 1); /* and each that was sent is recorded */
    assert_int_equal(receiver_hits(f->receiver, "/slow"), delivered);
}

static void i6_a_hanging_receiver_delays_only_its_own(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    struct id slow = add_object(f, "Sales Call", "/slow"), fast = add_object(f, "Visit", "/fast");
    world_log(&f->world, slow, 300);
    world_log(&f->world, fast, 300);
    wait_delivered(f, 300);
    assert_once_each(f, "/fast", 300);
    assert_int_equal(receiver_hits(f->receiver, "/slow"), 1); /* its concurrency has never grown */
    receiver_release(f->receiver);
    wait_delivered(f, 600);
    assert_once_each(f, "/slow", 300);
}

static bool troubled_share_is_used(void *ctx)
{
    (void)ctx;
    return metric_get(METRIC_deliveries_in_flight) == 6;
}

static void i6_a_quarter_of_all_places_is_kept_for_healthy_ones(void **state)
{
    struct fixture *f = *state;
    f->world.in_flight_most = 8;
    world_start(&f->world, true);
    struct id healthy = add_object(f, "Healthy", "/fast");
    world_log(&f->world, healthy, 1);
    wait_delivered(f, 1);
    for (int i = 0; i < 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "Hanging %d", i);
        world_log(&f->world, add_object(f, name, "/slow"), 1);
    }
    wait_until(troubled_share_is_used, NULL, "six requests were under way");
    world_log(&f->world, healthy, 50);
    wait_delivered(f, 51);
    assert_int_equal(receiver_hits(f->receiver, "/slow"), 6);
    receiver_release(f->receiver);
    wait_delivered(f, 63);
    assert_once_each(f, "/", 63);
}

/* As if the COMMIT had been done and only its answer was lost. */
static void commit_by_the_side(struct fixture *f, struct logging *logging)
{
    struct log_unit *log = &logging->log;
    struct error err = {0};
    must(db_exec(f->world.db,
             "INSERT INTO delivery (id, business_id, lane, seq, activity_id, activity_object_id, "
             "settings_version, url, state, attempts, created_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, 0, "
             "0, "
             "1)",
             DB_PARAMS(db_id(log->activity.delivery_id), db_id(log->business_id), db_int(log->unit.pos.lane),
                 db_int(log->unit.pos.seq), db_id(log->activity.id), db_id(log->activity.object.id),
                 db_text(log->activity.object.webhook_url)),
             NULL, &err),
        &err);
}

static void m8_a_commit_whose_answer_was_lost_is_sent(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    struct id known = add_object(f, "Known", "/known"), fresh = add_object(f, "New", "/new");
    world_log(&f->world, known, 3);
    wait_delivered(f, 3);
    struct logging *lost[] = {world_prepare(&f->world, known), world_prepare(&f->world, fresh)};
    fault_file_on(f->commit.text);
    for (int i = 0; i < 2; i++) {
        world_submit(&f->world, lost[i]);
        assert_int_equal(world_wait(lost[i]), ERR_UNAVAILABLE);
        commit_by_the_side(f, lost[i]);
    }
    fault_file_off(f->commit.text);
    world_log(&f->world, known, 2);
    world_log(&f->world, fresh, 2);
    wait_delivered(f, 3 + 2 + 2 + 2);
    world_stop(&f->world, US_PER_S);
    for (int i = 0; i < 2; i++)
        assert_int_equal(receiver_hits_of(f->receiver, lost[i]->log.activity.id), 1);
    assert_once_each(f, "/", 9);
}

static void m8_a_lost_answer_is_found_without_further_work(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    struct id fresh = add_object(f, "New", "/new");
    struct logging *lost = world_prepare(&f->world, fresh);
    fault_file_on(f->commit.text);
    world_submit(&f->world, lost);
    assert_int_equal(world_wait(lost), ERR_UNAVAILABLE);
    commit_by_the_side(f, lost);
    fault_file_off(f->commit.text);
    wait_delivered(f, 1);
    assert_once_each(f, "/", 1);
}

static void hand_over(struct fixture *f, struct logging *logging, struct lane_pos pos)
{
    const struct logged_activity *activity = &logging->log.activity;
    size_t size = strlen(activity->object.webhook_url) + 1;
    struct delivery_job *job = mem_zalloc(sizeof *job + size);
    memcpy(job->url, activity->object.webhook_url, size);
    job->delivery_id = activity->delivery_id;
    job->business_id = logging->log.business_id;
    job->activity_id = activity->id;
    job->object_id = activity->object.id;
    job->pos = pos;
    f->world.sink.handover(f->world.sink.ctx, job);
}

static bool second_known_one_came(void *ctx)
{
    return receiver_hits(ctx, "/known") == 2;
}

/* A new object's first hand-over comes behind the announcement, before the feeder could name the object. */
static void m8_a_lost_answer_is_found_behind_a_new_object(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    struct id known = add_object(f, "Known", "/known"), fresh = add_object(f, "New", "/new");
    struct logging *lost = world_prepare(&f->world, fresh), *later = world_prepare(&f->world, fresh);
    struct logging *ahead[] = {world_prepare(&f->world, known), world_prepare(&f->world, known)};
    int64_t lane = ask(f->world.db, "SELECT id FROM lane"),
            first = (ask(f->world.db, "SELECT writer_epoch FROM lane") << LANE_SEQ_BITS) + 1000000;
    lost->log.unit.pos = (struct lane_pos){.lane = lane, .seq = first};
    later->log.unit.pos = (struct lane_pos){.lane = lane, .seq = first + 1};
    commit_by_the_side(f, lost);
    commit_by_the_side(f, later);
    hand_over(f, ahead[0], (struct lane_pos){.lane = lane, .seq = first + 2});
    fault_file_on(f->db_lost.text); /* the feeder has to wait */
    dispatcher_read_again(
        f->world.dispatcher, &(struct lane_range){.lane = lane, .first = first, .last = first, .own = true});
    hand_over(f, later, later->log.unit.pos);
    hand_over(f, ahead[1], (struct lane_pos){.lane = lane, .seq = first + 3});
    wait_until(second_known_one_came, f->receiver, "all messages were taken");
    fault_file_off(f->db_lost.text);
    wait_delivered(f, 2);
    assert_once_each(f, "/new", 2);
}

static void i2_outcomes_survive_a_full_disk(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    world_log(&f->world, add_object(f, "Sales Call", "/slow"), 10);
    wait_until(slow_ones_hang, &(struct expected){f, 1}, "one request was under way");
    fault_file_on(f->commit.text);
    receiver_release(f->receiver);
    wait_until(slow_ones_hang, &(struct expected){f, 10}, "all were sent");
    assert_int_equal(ask(f->world.db, "SELECT count(*) FROM delivery WHERE state <> 0"), 0);
    fault_file_off(f->commit.text);
    wait_delivered(f, 10);
    world_stop(&f->world, US_PER_S);
    assert_once_each(f, "/slow", 10);
    assert_int_equal(ask(f->world.db, "SELECT count(*) FROM delivery_attempt"), 10);
}

/* ── lanes of other nodes ─────────────────────────────────────────────────────────────────────────────────── */

#define ADOPTED 70

/* Deliveries that lane ADOPTED holds; nobody was told of them. */
static void leave_in_adopted(struct fixture *f, struct id object, int n)
{
    for (int i = 0; i < n; i++) {
        struct logging *logging = world_prepare(&f->world, object);
        logging->log.unit.pos = (struct lane_pos){.lane = ADOPTED, .seq = i + 1};
        commit_by_the_side(f, logging);
    }
}

static void give_adopted(struct fixture *f)
{
    dispatcher_read_again(
        f->world.dispatcher, &(struct lane_range){.lane = ADOPTED, .last = INT64_MAX, .left_over = true});
}

static bool all_are_queued(void *ctx)
{
    struct expected *want = ctx;
    return metric_get(METRIC_deliveries_queued) == want->count;
}

static void i11_nothing_of_a_lost_lane_is_sent(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    struct id object = add_object(f, "Sales Call", "/slow");
    leave_in_adopted(f, object, 50);
    give_adopted(f);
    wait_until(slow_ones_hang, &(struct expected){f, 1}, "one request was under way");
    wait_until(all_are_queued, &(struct expected){f, 49}, "the others were in memory");
    dispatcher_lane_lost(f->world.dispatcher, ADOPTED);
    receiver_release(f->receiver);
    world_log(&f->world, object, 5);
    wait_delivered(f, 6);
    world_stop(&f->world, US_PER_S);
    assert_once_each(f, "/slow", 6); /* the one that was in flight, and its own five */
}

static void i11_what_is_still_being_read_of_a_lost_lane_is_not_sent(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    struct id object = add_object(f, "Sales Call", "/fast"), other = add_object(f, "Visit", "/visits");
    leave_in_adopted(f, object, 10);
    fault_file_on(f->db_lost.text); /* the feeder has to wait */
    give_adopted(f);
    dispatcher_lane_lost(f->world.dispatcher, ADOPTED);
    fault_file_off(f->db_lost.text);
    give_adopted(f); /* a second time: once each all the same */
    give_adopted(f);
    wait_delivered(f, 10);
    world_log(&f->world, other, 3);
    wait_delivered(f, 13);
    world_stop(&f->world, US_PER_S);
    assert_once_each(f, "/fast", 10);
}

static void i11_a_lane_given_twice_is_sent_once(void **state)
{
    struct fixture *f = *state;
    world_start(&f->world, true);
    struct id first = add_object(f, "First", "/slow"), object = add_object(f, "Sales Call", "/slow/more");
    leave_in_adopted(f, object, 30);
    world_log(&f->world, first, 1);
    give_adopted(f);
    wait_until(slow_ones_hang, &(struct expected){f, 2}, "two requests were under way");
    wait_until(all_are_queued, &(struct expected){f, 29}, "the others were in memory");
    give_adopted(f);
    receiver_release(f->receiver);
    wait_delivered(f, 31);
    world_stop(&f->world, US_PER_S);
    assert_true(receiver_hits(f->receiver, "/slow/more") <= 31); /* the one in flight may come again */
    assert_int_equal(receiver_distinct(f->receiver, "/slow/more"), 30);
}

/* What had no room in memory beside the lost lane's must not be forgotten with it. */
static void i11_losing_a_lane_leaves_the_own_one_going(void **state)
{
    struct fixture *f = *state;
    enum { N = QUEUE_MOST + 100 };
    world_start(&f->world, true);
    struct id object = add_object(f, "Sales Call", "/slow");
    leave_in_adopted(f, object, 300);
    give_adopted(f);
    wait_until(slow_ones_hang, &(struct expected){f, 1}, "one request was under way");
    wait_until(all_are_queued, &(struct expected){f, 299}, "the others were in memory");
    world_log(&f->world, object, N);
    dispatcher_lane_lost(f->world.dispatcher, ADOPTED);
    receiver_release(f->receiver);
    wait_delivered(f, N + 1);
    world_stop(&f->world, US_PER_S);
    assert_once_each(f, "/slow", N + 1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
#ifndef HERALD_FAULTS
    return 77; /* meson: skipped */
#endif
    const struct CMUnitTest tests[] = {
        WITH(m6_one_request_for_each_delivery),
        WITH(i4_a_failure_makes_one_notification_and_no_further_request),
        WITH(i7_what_memory_has_no_room_for_is_sent_later),
        WITH(m8_what_a_predecessor_left_is_sent),
        WITH(m8_logging_goes_on_while_leftovers_are_read),
        WITH(a_drain_leaves_the_rest_pending),
        WITH(a_drain_waits_for_what_is_under_way),
        WITH(i6_a_hanging_receiver_delays_only_its_own),
        WITH(i6_a_quarter_of_all_places_is_kept_for_healthy_ones),
        WITH(m8_a_commit_whose_answer_was_lost_is_sent),
        WITH(m8_a_lost_answer_is_found_without_further_work),
        WITH(m8_a_lost_answer_is_found_behind_a_new_object),
        WITH(i2_outcomes_survive_a_full_disk),
        WITH(i11_nothing_of_a_lost_lane_is_sent),
        WITH(i11_what_is_still_being_read_of_a_lost_lane_is_not_sent),
        WITH(i11_a_lane_given_twice_is_sent_once),
        WITH(i11_losing_a_lane_leaves_the_own_one_going),
    };
    if (!loop_global_init())
        return 1;
    int failed = cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
    loop_global_cleanup();
    return failed;
}
