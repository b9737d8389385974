/* Endpoints as the dispatcher keeps them (webhook/endpoint.h): queues, feeds, concurrency. */
#include "webhook/endpoint.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = endpoint_table_new();
    return 0;
}

static int tear_down(void **state)
{
    endpoint_table_free(*state);
    return 0;
}

static const struct feed start = {.lane = 1, .after = 100, .upto = 100};

static struct endpoint *one(void **state)
{
    return endpoint_get(*state, id_new(), start);
}

static void push(struct endpoint *endpoint, int64_t lane, int64_t seq)
{
    struct delivery_job *job = mem_zalloc(sizeof *job + 1);
    job->pos = (struct lane_pos){.lane = lane, .seq = seq};
    endpoint_push(endpoint, job);
}

static int64_t pop(struct endpoint *endpoint)
{
    struct delivery_job *job = endpoint_pop(endpoint);
    int64_t seq = job ? job->pos.seq : -1;
    mem_free(job);
    return seq;
}

static void count_one(void *ctx, struct endpoint *endpoint)
{
    (void)endpoint;
    ++*(int *)ctx;
}

static void each_object_has_one_endpoint(void **state)
{
    enum { N = 2000 }; /* the table grows several times */
    static struct id ids[N];
    static struct endpoint *endpoints[N];
    for (int i = 0; i < N; i++) {
        ids[i] = id_new();
        endpoints[i] = endpoint_get(*state, ids[i], (struct feed){.lane = 1, .after = i, .upto = i + 5});
    }
    for (int i = 0; i < N; i++) {
        struct endpoint *again =
            endpoint_get(*state, ids[i], (struct feed){.lane = 9, .after = 9, .upto = 9});
        assert_ptr_equal(again, endpoints[i]);
        assert_int_equal(again->live.lane, 1);
        assert_int_equal(again->live.after, i);
        assert_int_equal(again->live.upto, i + 5);
        assert_int_equal(again->concurrency, 1);
    }
    int count = 0;
    endpoint_each(*state, count_one, &count);
    assert_int_equal(count, N);
}

static void jobs_leave_in_the_order_they_came(void **state)
{
    struct endpoint *endpoint = one(state);
    assert_int_equal(pop(endpoint), -1);
    for (int64_t seq = 1; seq <= 3; seq++)
        push(endpoint, 1, seq);
    assert_int_equal(endpoint->queued, 3);
    assert_int_equal(pop(endpoint), 1);
    push(endpoint, 1, 4);
    for (int64_t seq = 2; seq <= 4; seq++)
        assert_int_equal(pop(endpoint), seq);
    assert_int_equal(pop(endpoint), -1);
    assert_int_equal(endpoint->queued, 0);
    push(endpoint, 1, 5); /* an emptied queue works again; what is left is freed with the table */
    assert_int_equal(endpoint->queued, 1);
}

static void leftovers_are_loaded_before_the_live_feed(void **state)
{
    struct endpoint *endpoint = one(state);
    assert_null(endpoint_next_feed(endpoint));
    endpoint->live.upto = 120;
    assert_ptr_equal(endpoint_next_feed(endpoint), &endpoint->live);
    endpoint_add_feed(endpoint, (struct feed){.lane = 7, .after = 0, .upto = 50, .left_over = true});
    endpoint_add_feed(endpoint, (struct feed){.lane = 8, .after = 0, .upto = 60, .left_over = true});
    struct feed *feed = endpoint_next_feed(endpoint);
    assert_ptr_not_equal(feed, &endpoint->live);
    assert_true(feed->left_over);
}

static void used_up_feeds_are_dropped(void **state)
{
    struct endpoint *endpoint = one(state);
    for (int64_t lane = 5; lane <= 8; lane++)
        endpoint_add_feed(endpoint, (struct feed){.lane = lane, .after = 0, .upto = lane == 6 ? 10 : 0});
    endpoint_trim_feeds(endpoint);
    assert_non_null(endpoint->older);
    assert_int_equal(endpoint->older->lane, 6);
    assert_null(endpoint->older->next);
    endpoint->older->after = 10;
    endpoint_trim_feeds(endpoint);
    assert_null(endpoint->older);
    assert_null(endpoint_next_feed(endpoint));
}

static void a_forgotten_lane_leaves_nothing(void **state)
{
    struct endpoint *endpoint = one(state);
    for (int64_t seq = 1; seq <= 10; seq++)
        push(endpoint, seq % 3 == 0 ? 2 : 1, seq);
    endpoint_add_feed(endpoint, (struct feed){.lane = 2, .after = 10, .upto = 99});
    endpoint_add_feed(endpoint, (struct feed){.lane = 3, .after = 10, .upto = 99});
    assert_int_equal(endpoint_forget_lane(endpoint, 2), 3);
    assert_int_equal(endpoint->queued, 7);
    endpoint_trim_feeds(endpoint);
    assert_int_equal(endpoint->older->lane, 3);
    assert_null(endpoint->older->next);
    for (int64_t seq = 1; seq <= 10; seq++)
        if (seq % 3)
            assert_int_equal(pop(endpoint), seq);
    assert_int_equal(pop(endpoint), -1);
    push(endpoint, 1, 11);
    assert_int_equal(pop(endpoint), 11);
    push(endpoint, 2, 12);
    assert_int_equal(endpoint_forget_lane(endpoint, 2), 1);
    push(endpoint, 1, 13); /* the tail of an emptied queue is right */
    assert_int_equal(pop(endpoint), 13);
    assert_int_equal(endpoint_forget_lane(endpoint, 2), 0);
}

static void concurrency_grows_by_one_and_is_halved(void **state)
{
    struct endpoint *endpoint = one(state);
    assert_false(endpoint->succeeded_last); /* nothing is known yet */
    for (int i = 0; i < 2 * CONCURRENCY_MOST; i++)
        endpoint_succeeded(endpoint);
    assert_true(endpoint->succeeded_last);
    assert_int_equal(endpoint->concurrency, CONCURRENCY_MOST);
    endpoint_failed(endpoint);
    assert_false(endpoint->succeeded_last);
    assert_int_equal(endpoint->concurrency, CONCURRENCY_MOST / 2);
    for (int i = 0; i < 10; i++)
        endpoint_failed(endpoint);
    assert_int_equal(endpoint->concurrency, 1);
    endpoint_succeeded(endpoint);
    assert_int_equal(endpoint->concurrency, 2);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(each_object_has_one_endpoint),
        WITH(jobs_leave_in_the_order_they_came),
        WITH(leftovers_are_loaded_before_the_live_feed),
        WITH(used_up_feeds_are_dropped),
        WITH(a_forgotten_lane_leaves_nothing),
        WITH(concurrency_grows_by_one_and_is_halved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
