/* Who fails too often waits (src/api/throttle.h). Time is what the test says. */
#include "api/throttle.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MINUTE (60 * US_PER_S)

struct place {
    struct sockaddr_in address;
};

static struct place place(const char *text)
{
    struct place p = {.address.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, text, &p.address.sin_addr), 1);
    return p;
}

static int64_t try_from(struct throttle *throttle, const char *account, const char *from, int64_t now,
    struct throttle_attempt *attempt)
{
    struct place p = place(from);
    return throttle_begin(throttle, account, (const struct sockaddr *)&p.address, now, attempt);
}

static int64_t guess(struct throttle *throttle, const char *account, const char *from, int64_t now)
{
    struct throttle_attempt attempt;
    return try_from(throttle, account, from, now, &attempt);
}

static void succeed(struct throttle *throttle, const char *account, const char *from, int64_t now)
{
    struct throttle_attempt attempt;
    assert_int_equal(try_from(throttle, account, from, now, &attempt), 0);
    throttle_succeeded(throttle, &attempt, now);
}

static void doubles_to_fifteen_minutes(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new();
    int64_t now = 0;
    for (int i = 0; i < THROTTLE_ACCOUNT_FREE; i++)
        assert_int_equal(guess(throttle, "alex", "192.0.2.1", now), 0);
    static const int minutes[] = {1, 2, 4, 8, 15, 15};
    for (size_t i = 0; i < ARRAY_LEN(minutes); i++) {
        assert_int_equal(guess(throttle, "alex", "192.0.2.1", now), minutes[i] * MINUTE);
        now += minutes[i] * MINUTE - 1;
        assert_int_equal(guess(throttle, "alex", "192.0.2.1", now), 1);
        now += 1;
        assert_int_equal(guess(throttle, "alex", "192.0.2.1", now), 0);
    }
    now += THROTTLE_FORGET_US;
    for (int i = 0; i < THROTTLE_ACCOUNT_FREE; i++)
        assert_int_equal(guess(throttle, "alex", "192.0.2.1", now), 0);
    throttle_free(throttle);
}

static void many_at_once_are_not_free(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new();
    struct throttle_attempt attempts[THROTTLE_ACCOUNT_FREE];
    for (int i = 0; i < THROTTLE_ACCOUNT_FREE; i++)
        assert_int_equal(try_from(throttle, "alex", "192.0.2.1", 0, &attempts[i]), 0);
    assert_true(guess(throttle, "alex", "192.0.2.2", 0) > 0);
    throttle_withdrawn(throttle, &attempts[0]);
    assert_int_equal(guess(throttle, "alex", "192.0.2.2", 0), 0);
    throttle_free(throttle);
}

static void nobody_is_locked_out_by_others(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new();
    succeed(throttle, "alex", "192.0.2.1", 0);
    int64_t now = 0;
    for (int i = 0; i < 1000; i++, now += MINUTE) {
        int64_t wait = guess(throttle, "alex", "198.51.100.7", now);
        assert_true(wait <= THROTTLE_MOST_US);
        succeed(throttle, "alex", "192.0.2.1", now);
    }
    now += THROTTLE_MOST_US;
    succeed(throttle, "alex", "203.0.113.5", now); /* a wait, elsewhere */
    throttle_free(throttle);
}

static void its_own_address_has_a_count_too(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new();
    succeed(throttle, "alex", "192.0.2.1", 0);
    for (int i = 0; i < THROTTLE_ACCOUNT_FREE; i++)
        assert_int_equal(guess(throttle, "alex", "192.0.2.1", 0), 0);
    assert_int_equal(guess(throttle, "alex", "192.0.2.1", 0), MINUTE);
    assert_int_equal(guess(throttle, "alex", "192.0.2.2", 0), 0); /* that says nothing of others */
    throttle_free(throttle);
}

static void an_account_of_ones_own_buys_no_guesses(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new();
    char account[32];
    int tried = 0;
    for (int i = 0; i < 100; i++) {
        snprintf(account, sizeof account, "victim%d", i);
        tried += guess(throttle, account, "198.51.100.7", 0) == 0;
        if (i == 0)
            succeed(throttle, "mallory", "198.51.100.7", 0);
        else
            guess(throttle, "mallory", "198.51.100.7", 0);
    }
    assert_int_equal(tried, THROTTLE_ADDRESS_FREE);
    assert_true(guess(throttle, "victim", "198.51.100.7", 0) > 0);
    assert_int_equal(guess(throttle, "victim", "198.51.100.8", 0), 0);
    throttle_free(throttle);
}

/* All who come by a unix socket: none of them makes another wait but by the account. */
static void without_an_address_only_the_account_counts(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new();
    struct throttle_attempt attempt;
    for (int i = 0; i < 2 * THROTTLE_ADDRESS_FREE; i++) {
        char account[24];
        snprintf(account, sizeof account, "nobody%d", i);
        assert_int_equal(throttle_begin(throttle, account, NULL, 0, &attempt), 0);
    }
    for (int i = 0; i < THROTTLE_ACCOUNT_FREE; i++)
        assert_int_equal(throttle_begin(throttle, "alex", NULL, 0, &attempt), 0);
    assert_int_equal(throttle_begin(throttle, "alex", NULL, 0, &attempt), MINUTE);
    throttle_succeeded(throttle, &attempt, 0);
    assert_int_equal(throttle_begin(throttle, "alex", NULL, 0, &attempt), 0);
    assert_false(attempt.known);
    throttle_free(throttle);
}

static void an_ipv6_network_is_one_address(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new();
    struct throttle_attempt attempt;
    char account[32];
    int64_t wait = 0;
    for (int i = 0; i <= THROTTLE_ADDRESS_FREE; i++) {
        struct sockaddr_in6 address = {.sin6_family = AF_INET6};
        char text[64];
        snprintf(text, sizeof text, "2001:db8:0:1::%x", i + 1);
        snprintf(account, sizeof account, "person%d", i);
        assert_int_equal(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
        wait = throttle_begin(throttle, account, (const struct sockaddr *)&address, 0, &attempt);
    }
    assert_int_equal(wait, MINUTE);
    throttle_free(throttle);
}

/* Memory is bounded, and whoever invents accounts does not push out the addresses of those who sign in. */
static void inventing_accounts_gains_nothing(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new();
    int tried = 0;
    succeed(throttle, "alex", "192.0.2.1", 0);
    for (int i = 0; i < 100000; i++) {
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl((uint32_t)(0x0A000000 + i))};
        struct throttle_attempt attempt;
        char account[32];
        snprintf(account, sizeof account, "invented%d", i);
        tried += 0 == throttle_begin(throttle, account, (const struct sockaddr *)&address, i, &attempt);
    }
    struct throttle_attempt attempt;
    assert_int_equal(try_from(throttle, "alex", "192.0.2.1", 100000, &attempt), 0);
    assert_true(attempt.known);
    assert_int_equal(tried, 100000);
    throttle_free(throttle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_to_fifteen_minutes),
        cmocka_unit_test(many_at_once_are_not_free),
        cmocka_unit_test(nobody_is_locked_out_by_others),
        cmocka_unit_test(its_own_address_has_a_count_too),
        cmocka_unit_test(an_account_of_ones_own_buys_no_guesses),
        cmocka_unit_test(without_an_address_only_the_account_counts),
        cmocka_unit_test(an_ipv6_network_is_one_address),
        cmocka_unit_test(inventing_accounts_gains_nothing),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
