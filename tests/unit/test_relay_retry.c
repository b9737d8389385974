/* When the relay tries again, and how much may fail. */
#include "base/retry.h"
#include "relay/action.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE (60 * US_PER_S)

static const struct retry_policy policy = {.base_us = US_PER_S, .cap_us = 10 * MINUTE};

static void ceiling_doubles_up_to_the_cap(void **state UNUSED)
{
    assert_int_equal(retry_ceiling_us(&policy, 1), US_PER_S);
    assert_int_equal(retry_ceiling_us(&policy, 2), 2 * US_PER_S);
    assert_int_equal(retry_ceiling_us(&policy, 10), 512 * US_PER_S);
    assert_int_equal(retry_ceiling_us(&policy, 11), 10 * MINUTE);
    assert_int_equal(retry_ceiling_us(&policy, 1000000), 10 * MINUTE);
    const struct retry_policy odd = {.base_us = 5, .cap_us = 3};
    assert_int_equal(retry_ceiling_us(&odd, 1), 3);
}

/* Full jitter: anything down to nothing, nothing above. Of 1,000 draws some fall into each quarter. */
static void delay_has_full_jitter(void **state UNUSED)
{
    int quarters[4] = {0};
    for (int i = 0; i < 1000; i++) {
        int64_t delay = retry_delay_us(&policy, 3, -1);
        assert_in_range(delay, 0, 4 * US_PER_S);
        quarters[delay * 4 / (4 * US_PER_S + 1)]++;
    }
    for (int i = 0; i < 4; i++)
        assert_in_range(quarters[i], 150, 350);
}

static void retry_after_is_honoured_within_its_cap(void **state UNUSED)
{
    assert_in_range(retry_delay_us(&policy, 1, 30 * US_PER_S), 30 * US_PER_S, 30 * US_PER_S);
    assert_in_range(retry_delay_us(&policy, 1, 48 * 60 * MINUTE), RETRY_AFTER_MOST, RETRY_AFTER_MOST);
    assert_in_range(retry_delay_us(&policy, 1, 0), 0, US_PER_S);
}

static void budget_runs_out_and_refills(void **state UNUSED)
{
    struct budget budget;
    int64_t now = 1000, at = 0;
    budget_init(&budget, 60, now);
    for (int i = 0; i < 60; i++)
        assert_true(budget_take(&budget, now, &at));
    assert_false(budget_take(&budget, now, &at));
    assert_in_range(at, now + US_PER_S, now + US_PER_S + 10);
    assert_true(budget_take(&budget, at, &at));
    assert_false(budget_take(&budget, now + US_PER_S + 100, &at));
    for (int i = 0; i < 60; i++) /* a long rest fills it, and no more than that */
        assert_true(budget_take(&budget, now + 60 * MINUTE, &at));
    assert_false(budget_take(&budget, now + 60 * MINUTE, &at));
}

static void what_is_given_back_costs_nothing(void **state UNUSED)
{
    struct budget budget;
    int64_t at;
    budget_init(&budget, 1, 0);
    for (int i = 0; i < 100; i++) {
        assert_true(budget_take(&budget, 0, &at));
        budget_give_back(&budget);
    }
    budget_give_back(&budget);
    assert_true(budget_take(&budget, 0, &at));
    assert_false(budget_take(&budget, 0, &at));
    assert_in_range(at, MINUTE, MINUTE + 10);
}

static void answers_are_judged(void **state UNUSED)
{
    static const struct {
        int status;
        enum verdict action, fetch;
    } cases[] = {
        {200, VERDICT_DONE, VERDICT_DONE},
        {204, VERDICT_DONE, VERDICT_DONE},
        {301, VERDICT_DEAD, VERDICT_RETRY},
        {400, VERDICT_DEAD, VERDICT_RETRY},
        {401, VERDICT_DEAD, VERDICT_REFUSED},
        {403, VERDICT_DEAD, VERDICT_REFUSED},
        {404, VERDICT_DEAD, VERDICT_UNKNOWN},
        {408, VERDICT_RETRY, VERDICT_RETRY},
        {410, VERDICT_DEAD, VERDICT_UNKNOWN},
        {429, VERDICT_LATER, VERDICT_LATER},
        {500, VERDICT_RETRY, VERDICT_RETRY},
        {503, VERDICT_RETRY, VERDICT_RETRY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_result result = {.status = cases[i].status};
        assert_int_equal(action_judge(&result), cases[i].action);
        assert_int_equal(fetch_judge(&result), cases[i].fetch);
    }
    struct http_result none = {.error = HTTP_TIMEOUT};
    assert_int_equal(action_judge(&none), VERDICT_RETRY);
    assert_int_equal(fetch_judge(&none), VERDICT_RETRY);
}

static void want_of_means_is_no_attempt(void **state UNUSED)
{
    struct http_result unsent = {.error = HTTP_LOCAL}, sent = {.error = HTTP_LOCAL, .sends = 1};
    assert_int_equal(action_judge(&unsent), VERDICT_LATER);
    assert_int_equal(fetch_judge(&unsent), VERDICT_LATER);
    assert_int_equal(action_judge(&sent), VERDICT_RETRY);
    assert_int_equal(fetch_judge(&sent), VERDICT_RETRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ceiling_doubles_up_to_the_cap),
        cmocka_unit_test(delay_has_full_jitter),
        cmocka_unit_test(retry_after_is_honoured_within_its_cap),
        cmocka_unit_test(budget_runs_out_and_refills),
        cmocka_unit_test(what_is_given_back_costs_nothing),
        cmocka_unit_test(answers_are_judged),
        cmocka_unit_test(want_of_means_is_no_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
