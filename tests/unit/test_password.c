/* Passwords: what may be one, and what is compared (src/crm/password.h). */
#include "crm/password.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct password_owner alex = {
    .email = "alex@acme.test", .first_name = "Alexandrine", .last_name = "Rivera"};

static bool fits(const char *password, const struct password_owner *owner)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct error_list list = {0};
    bool good = password_check(arena, password, owner, "/password", &list);
    assert_int_equal(list.count, good ? 0 : 1);
    if (!good)
        assert_string_equal(list.items[0].pointer, "/password");
    return good;
}

static void rules(void **state)
{
    (void)state;
    char longest[PASSWORD_CHARS_MOST * 2 + 3];
    for (size_t i = 0; i < PASSWORD_CHARS_MOST; i++) /* characters are counted, not bytes */
        memcpy(longest + 2 * i, "\xc3\xa9", 3);
    assert_true(fits(longest, &alex));
    memcpy(longest + sizeof longest - 3, "x", 2);
    assert_false(fits(longest, &alex));
    assert_true(fits("correct horse battery", &alex));
    assert_true(fits("0123456789", &alex));
    static const char *const refused[] = {"", "012345678", "alex@acme.test", "ALEX@ACME.TEST", "Alexandrine",
        "alexandrine rivera", "ALEXANDRINERIVERA"};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_false(fits(refused[i], &alex));
    assert_true(fits("alex@acme.test", &(struct password_owner){0}));
}

static void made_and_compared(void **state)
{
    (void)state;
    struct error err = {0};
    struct password_hash one, other;
    assert_int_equal(password_hash("correct horse battery", &one, &err), ERR_OK);
    assert_int_equal(password_hash("correct horse battery", &other, &err), ERR_OK);
    assert_string_not_equal(one.text, other.text); /* each has a salt of its own */
    assert_memory_equal(one.text, "$argon2id$v=19$m=65536,t=2,p=1$", 31);
    bool same, outdated;
    assert_int_equal(password_verify("correct horse battery", one.text, &same, &outdated, &err), ERR_OK);
    assert_true(same && !outdated);
    assert_int_equal(password_verify("correct horse batterz", one.text, &same, &outdated, &err), ERR_OK);
    assert_true(!same && !outdated);
}

/* With nothing to compare with, the same work is done: a hash of the cost in force, not an error. */
static void nobodys(void **state)
{
    (void)state;
    struct error err = {0};
    bool same = true, outdated = true;
    assert_int_equal(password_verify("correct horse battery", NULL, &same, &outdated, &err), ERR_OK);
    assert_true(!same && !outdated);
}

static void outdated(void **state)
{
    (void)state;
    struct error err = {0};
    struct password_hash cheap;
    assert_int_equal(
        crypto_pwhash_str_alg(cheap.text, "correct horse battery", 21, 1, 8192, crypto_pwhash_ALG_ARGON2ID13),
        0);
    bool same, old;
    assert_int_equal(password_verify("correct horse battery", cheap.text, &same, &old, &err), ERR_OK);
    assert_true(same && old);
    assert_int_equal(password_verify("something else", cheap.text, &same, &old, &err), ERR_OK);
    assert_true(!same && !old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules),
        cmocka_unit_test(made_and_compared),
        cmocka_unit_test(nobodys),
        cmocka_unit_test(outdated),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
