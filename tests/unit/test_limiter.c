/* Token buckets: what they hold, how they fill, that keys are apart, what memory they take, and many threads. */
#include "base/limiter.h"

#include "base/macros.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool take(struct limiter *limiter, const char *key, int64_t cost, int64_t now, int64_t *wait)
{
    return limiter_take(limiter, key, strlen(key), cost, now, wait);
}

static bool has(struct limiter *limiter, const char *key, int64_t cost, int64_t now)
{
    int64_t wait;
    return limiter_has(limiter, key, strlen(key), cost, now, &wait);
}

static void it_holds_what_it_holds_and_fills_evenly(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(5, 10 * US_PER_S, 64); /* one in two seconds */
    int64_t now = 7 * US_PER_S, wait = -1;
    for (int i = 0; i < 5; i++) {
        assert_true(take(limiter, "a", 1, now, &wait));
        assert_int_equal(wait, 0);
    }
    assert_false(take(limiter, "a", 1, now, &wait));
    assert_int_equal(wait, 2 * US_PER_S);
    assert_false(take(limiter, "a", 3, now, &wait));
    assert_int_equal(wait, 6 * US_PER_S);
    assert_false(take(limiter, "a", 1, now + 2 * US_PER_S - 1, &wait));
    assert_int_equal(wait, 1);
    assert_true(take(limiter, "a", 1, now + 2 * US_PER_S, &wait));
    assert_false(take(limiter, "a", 1, now + 2 * US_PER_S, &wait));
    /* However long it rests, it is full and no more. */
    now += 3600 * US_PER_S;
    assert_true(take(limiter, "a", 5, now, &wait));
    assert_false(take(limiter, "a", 1, now, &wait));
    limiter_free(limiter);
}

static void what_is_refused_takes_nothing(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(10, US_PER_S, 64);
    int64_t wait;
    assert_true(take(limiter, "a", 6, 0, &wait));
    for (int i = 0; i < 100; i++)
        assert_false(take(limiter, "a", 5, 0, &wait));
    assert_true(take(limiter, "a", 4, 0, &wait));
    limiter_free(limiter);
}

static void a_cost_over_what_it_holds_is_all_of_it(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(3, US_PER_S, 64);
    int64_t wait;
    assert_true(take(limiter, "a", INT64_MAX, 0, &wait));
    assert_false(take(limiter, "a", INT64_MAX, 0, &wait));
    assert_in_range(wait, US_PER_S - 3, US_PER_S);
    limiter_free(limiter);
}

static void keys_are_apart(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(1, US_PER_S, 4096);
    int64_t wait;
    char key[16];
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "%d", i);
        assert_true(take(limiter, key, 1, 0, &wait));
        assert_false(take(limiter, key, 1, 0, &wait));
    }
    assert_true(limiter_take(limiter, "1\0x", 3, 1, 0, &wait)); /* bytes, not a text */
    assert_true(limiter_take(limiter, "1\0y", 3, 1, 0, &wait));
    limiter_free(limiter);
}

static void looking_takes_nothing_and_charging_asks_nobody(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(4, 4 * US_PER_S, 64);
    int64_t wait;
    for (int i = 0; i < 100; i++)
        assert_true(has(limiter, "a", 4, 0));
    limiter_charge(limiter, "a", 1, 3, 0);
    assert_true(has(limiter, "a", 1, 0));
    assert_false(has(limiter, "a", 2, 0));
    for (int i = 0; i < 100; i++)
        limiter_charge(limiter, "a", 1, 3, 0); /* empty is empty: nobody is shut out for an hour */
    assert_false(limiter_has(limiter, "a", 1, 1, 0, &wait));
    assert_int_equal(wait, US_PER_S);
    assert_true(has(limiter, "a", 4, 4 * US_PER_S));
    limiter_free(limiter);
}

/* A hundred times as many keys as places: who owes most is still known. */
static void memory_is_bounded_and_the_full_ones_go_first(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(1000, US_PER_S, 256);
    int64_t wait;
    char key[16];
    assert_true(take(limiter, "greedy", 1000, 0, &wait));
    for (int i = 0; i < 25600; i++) {
        snprintf(key, sizeof key, "%d", i);
        assert_true(take(limiter, key, 1, 0, &wait));
    }
    assert_false(take(limiter, "greedy", 1, 0, &wait));
    /* What has become full is forgotten, which nobody can tell. */
    assert_true(take(limiter, "greedy", 1000, US_PER_S, &wait));
    limiter_free(limiter);
}

static void none_limits_nothing(void **state)
{
    (void)state;
    int64_t wait = 1;
    assert_true(take(NULL, "a", INT64_MAX, 0, &wait));
    assert_int_equal(wait, 0);
    assert_true(has(NULL, "a", 1, 0));
    limiter_charge(NULL, "a", 1, 1, 0);
    limiter_free(NULL);
}

struct crowd {
    struct limiter *limiter;
    atomic_int taken;
};

static void *crowd_main(void *arg)
{
    struct crowd *crowd = arg;
    int64_t wait;
    for (int i = 0; i < 10000; i++)
        if (take(crowd->limiter, i % 2 ? "odd" : "even", 1, 5, &wait))
            atomic_fetch_add(&crowd->taken, 1);
    return NULL;
}

static void many_threads_take_no_more_than_there_is(void **state)
{
    (void)state;
    struct crowd crowd = {.limiter = limiter_new(7777, US_PER_S, 64)};
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, &crowd), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&crowd.taken), 2 * 7777);
    limiter_free(crowd.limiter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_what_it_holds_and_fills_evenly),
        cmocka_unit_test(what_is_refused_takes_nothing),
        cmocka_unit_test(a_cost_over_what_it_holds_is_all_of_it),
        cmocka_unit_test(keys_are_apart),
        cmocka_unit_test(looking_takes_nothing_and_charging_asks_nobody),
        cmocka_unit_test(memory_is_bounded_and_the_full_ones_go_first),
        cmocka_unit_test(none_limits_nothing),
        cmocka_unit_test(many_threads_take_no_more_than_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
