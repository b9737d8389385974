/* The target guard: what it refuses by default, by kind; what an operator can allow; how it reads ranges. */
#include "net/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in *v4 = (void *)&out;
    struct sockaddr_in6 *v6 = (void *)&out;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
        out.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
        out.ss_family = AF_INET6;
    else
        fail_msg("%s is not an address", text);
    return out;
}

static const struct guard *guard_of(struct arena *arena, const char **items, size_t count)
{
    struct guard_lists lists = {.allow = {items, count}};
    const struct guard *guard = NULL;
    struct error err = {0};
    if (guard_new(arena, &lists, &guard, &err) != ERR_OK)
        fail_msg("%s", err.text);
    return guard;
}

static bool permits(const struct guard *guard, const char *text)
{
    struct sockaddr_storage addr = address(text);
    char why[96] = "";
    return guard_permits(guard, text, (struct sockaddr *)&addr, why);
}

static const struct {
    const char *address, *why;
} not_public[] = {
    {"0.0.0.0", "unspecified address 0.0.0.0"},
    {"0.255.255.255", "unspecified address 0.255.255.255"},
    {"10.0.0.0", "private address 10.0.0.0"},
    {"10.255.255.255", "private address 10.255.255.255"},
    {"100.64.0.0", "shared (carrier NAT) address 100.64.0.0"},
    {"100.127.255.255", "shared (carrier NAT) address 100.127.255.255"},
    {"100.100.100.200", "cloud metadata address 100.100.100.200"},
    {"127.0.0.1", "loopback address 127.0.0.1"},
    {"127.255.255.254", "loopback address 127.255.255.254"},
    {"168.63.129.16", "cloud metadata address 168.63.129.16"},
    {"169.254.0.1", "link-local address 169.254.0.1"},
    {"169.254.169.254", "cloud metadata address 169.254.169.254"},
    {"172.16.0.0", "private address 172.16.0.0"},
    {"172.31.255.255", "private address 172.31.255.255"},
    {"192.0.0.1", "reserved address 192.0.0.1"},
    {"192.0.2.1", "documentation address 192.0.2.1"},
    {"192.88.99.1", "reserved address 192.88.99.1"},
    {"192.168.255.255", "private address 192.168.255.255"},
    {"198.18.0.0", "benchmark address 198.18.0.0"},
    {"198.19.255.255", "benchmark address 198.19.255.255"},
    {"198.51.100.7", "documentation address 198.51.100.7"},
    {"203.0.113.7", "documentation address 203.0.113.7"},
    {"224.0.0.1", "multicast address 224.0.0.1"},
    {"239.255.255.255", "multicast address 239.255.255.255"},
    {"240.0.0.1", "reserved address 240.0.0.1"},
    {"255.255.255.255", "broadcast address 255.255.255.255"},
    {"::", "unspecified address ::"},
    {"::1", "loopback address ::1"},
    {"fe80::1", "link-local address fe80::1"},
    {"febf::1", "link-local address febf::1"},
    {"fec0::1", "private address fec0::1"},
    {"fc00::1", "private address fc00::1"},
    {"fdff::1", "private address fdff::1"},
    {"fd00:ec2::254", "cloud metadata address fd00:ec2::254"},
    {"fd20:ce::254", "cloud metadata address fd20:ce::254"},
    {"ff02::1", "multicast address ff02::1"},
    {"2001:db8::1", "documentation address 2001:db8::1"},
    {"3fff::1", "documentation address 3fff::1"},
    {"2001::1", "tunnel (Teredo) address 2001::1"},
    {"2001:20::1", "reserved address 2001:20::1"},
    {"64:ff9b:1::808:808", "local translation address 64:ff9b:1::808:808"},
    {"100::1", "reserved address 100::1"},
    {"4000::1", "reserved address 4000::1"},
    /* judged by the IPv4 address inside */
    {"::ffff:127.0.0.1", "loopback address 127.0.0.1"},
    {"::ffff:169.254.169.254", "cloud metadata address 169.254.169.254"},
    {"::127.0.0.1", "loopback address ::127.0.0.1"},
    {"64:ff9b::10.1.2.3", "private address 64:ff9b::a01:203"},
    {"64:ff9b::169.254.169.254", "cloud metadata address 64:ff9b::a9fe:a9fe"},
    {"2002:7f00:1::1", "loopback address 2002:7f00:1::1"},
    {"2002:c0a8:101::1", "private address 2002:c0a8:101::1"},
};

static void I5_refuses_what_is_not_public(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    const struct guard *guard = guard_of(arena, NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(not_public); i++) {
        struct sockaddr_storage addr = address(not_public[i].address);
        char why[96] = "";
        if (guard_permits(guard, not_public[i].address, (struct sockaddr *)&addr, why))
            fail_msg("%s is permitted", not_public[i].address);
        assert_string_equal(why, not_public[i].why);
    }
    arena_free(arena);
}

static void permits_what_is_public(void **state)
{
    (void)state;
    static const char *const cases[] = {"1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0",
        "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.0",
        "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "2000::1", "2001:4860:4860::8888",
        "2606:4700::1111", "2a00:1450::1", "3ffe::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        "2002:808:808::1"};
    struct arena *arena = arena_new();
    const struct guard *guard = guard_of(arena, NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (!permits(guard, cases[i]))
            fail_msg("%s is refused", cases[i]);
    arena_free(arena);
}

static void allows_what_the_operator_names(void **state)
{
    (void)state;
    const char *items[] = {"127.0.0.1", "10.1.0.0/16", "fd12::/16", "::1"};
    struct arena *arena = arena_new();
    const struct guard *guard = guard_of(arena, items, ARRAY_LEN(items));
    assert_true(permits(guard, "127.0.0.1"));
    assert_true(permits(guard, "::ffff:127.0.0.1"));
    assert_false(permits(guard, "127.0.0.2"));
    assert_true(permits(guard, "10.1.255.255"));
    assert_false(permits(guard, "10.2.0.0"));
    assert_true(permits(guard, "fd12:1::1"));
    assert_false(permits(guard, "fd13::1"));
    assert_true(permits(guard, "::1"));
    assert_true(permits(guard, "8.8.8.8"));
    /* an allowed address opens no translator or tunnel that leads to somebody else's */
    assert_false(permits(guard, "64:ff9b::127.0.0.1"));
    assert_false(permits(guard, "::127.0.0.1"));
    arena_free(arena);
}

static void allowing_all_of_one_family_says_nothing_of_the_other(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    const struct guard *six = guard_of(arena, (const char *[]){"::/0"}, 1);
    assert_true(permits(six, "fe80::1"));
    assert_false(permits(six, "127.0.0.1"));
    assert_false(permits(six, "::ffff:127.0.0.1"));
    const struct guard *four = guard_of(arena, (const char *[]){"0.0.0.0/0"}, 1);
    assert_true(permits(four, "127.0.0.1"));
    assert_false(permits(four, "::1"));
    arena_free(arena);
}

static void a_star_allows_all_internet_addresses(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    const struct guard *guard = guard_of(arena, (const char *[]){"*"}, 1);
    assert_true(permits(guard, "127.0.0.1"));
    assert_true(permits(guard, "169.254.169.254"));
    assert_true(permits(guard, "fe80::1"));
    struct sockaddr local = {.sa_family = AF_UNIX};
    char why[96];
    assert_false(guard_permits(guard, "localhost", &local, why));
    assert_string_equal(why, "not an internet address");
    arena_free(arena);
}

static void refuses_what_is_no_range_and_names_it(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "x y", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x",
        "10.0.0.0/8/8", "10.1.2.3/8", "10.0.0", "010.0.0.1", "::/129", "::1/64", "fe80::1%eth0", "[::1]",
        "*.", ".example.com", "a..b", "*.*.example.com", "ex*mple.com", "example.com:80",
        "http://example.com", "example.com/24", "1.2.3.4.5", " 10.0.0.1", "10.0.0.1 ", "10.0.0.0/99999999999",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", "**"};
    struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *items[] = {"127.0.0.1", bad[i]};
        const struct guard_lists cases[] = {{.allow = {items, 2}}, {.deny = {items, 2}}};
        for (size_t j = 0; j < ARRAY_LEN(cases); j++) {
            const struct guard *guard = NULL;
            struct error err = {0};
            if (guard_new(arena, &cases[j], &guard, &err) != ERR_INVALID)
                fail_msg("\"%s\" is accepted", bad[i]);
            assert_null(guard);
            assert_non_null(strstr(err.text, bad[i]));
        }
    }
    arena_free(arena);
}

/* ---- names, and what is denied ---- */

static void check_targets(const struct guard_lists *lists, const char *const (*rows)[3], size_t count)
{
    struct arena *arena = arena_new();
    const struct guard *guard = NULL;
    struct error err = {0};
    assert_int_equal(guard_new(arena, lists, &guard, &err), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        struct sockaddr_storage addr = address(rows[i][1]);
        char why[96] = "";
        guard_permits(guard, rows[i][0], (struct sockaddr *)&addr, why);
        if (strcmp(why, rows[i][2]) != 0)
            fail_msg("%s at %s: \"%s\", not \"%s\"", rows[i][0], rows[i][1], why, rows[i][2]);
    }
    arena_free(arena);
}

static void allows_by_name_whatever_the_address(void **state)
{
    (void)state;
    const char *allow[] = {"Hooks.Example.com", "*.inside.example.com."};
    static const char *const rows[][3] = {
        {"hooks.example.com", "10.0.0.1", ""},
        {"HOOKS.example.COM.", "127.0.0.1", ""},
        {"xhooks.example.com", "10.0.0.1", "private address 10.0.0.1"},
        {"hooks.example.com.evil.org", "10.0.0.1", "private address 10.0.0.1"},
        {"example.com", "10.0.0.1", "private address 10.0.0.1"},
        {"a.inside.example.com", "10.0.0.1", ""},
        {"a.b.inside.example.com", "::1", ""},
        {"inside.example.com", "10.0.0.1", "private address 10.0.0.1"},
        {"xinside.example.com", "10.0.0.1", "private address 10.0.0.1"},
        {"a.inside.example.com..", "10.0.0.1", "private address 10.0.0.1"},
        {"other.org", "8.8.8.8", ""},
    };
    check_targets(&(struct guard_lists){.allow = {allow, 2}}, rows, ARRAY_LEN(rows));
}

static void what_is_denied_is_refused_whatever_is_allowed(void **state)
{
    (void)state;
    const char *allow[] = {"*", "bad.example.com"};
    const char *deny[] = {"bad.example.com", "*.evil.org", "8.8.0.0/16", "2001:4860::/32"};
    static const char *const rows[][3] = {
        {"bad.example.com", "1.1.1.1", "denied address 1.1.1.1"},
        {"BAD.example.com.", "1.1.1.1", "denied address 1.1.1.1"},
        {"worse.evil.org", "1.1.1.1", "denied address 1.1.1.1"},
        {"evil.org", "1.1.1.1", ""},
        {"8.8.8.8", "8.8.8.8", "denied address 8.8.8.8"},
        {"any.org", "::ffff:8.8.8.8", "denied address 8.8.8.8"},
        {"any.org", "64:ff9b::8.8.8.8", "denied address 64:ff9b::808:808"},
        {"any.org", "2002:808:808::1", "denied address 2002:808:808::1"},
        {"any.org", "2001:4860:4860::8888", "denied address 2001:4860:4860::8888"},
        {"any.org", "10.0.0.1", ""},
    };
    check_targets(&(struct guard_lists){.allow = {allow, 2}, .deny = {deny, 4}}, rows, ARRAY_LEN(rows));
}

static void where_a_star_is_denied_only_what_is_allowed_is(void **state)
{
    (void)state;
    const char *allow[] = {"hooks.example.com", "10.1.0.0/16"}, *deny[] = {"*"};
    static const char *const rows[][3] = {
        {"hooks.example.com", "1.1.1.1", ""},
        {"any.org", "10.1.2.3", ""},
        {"any.org", "1.1.1.1", "not allowed address 1.1.1.1"},
        {"any.org", "10.2.0.0", "not allowed address 10.2.0.0"},
    };
    check_targets(&(struct guard_lists){.allow = {allow, 2}, .deny = {deny, 1}}, rows, ARRAY_LEN(rows));
}

static void a_range_contains_its_first_and_last_address(void **state)
{
    (void)state;
    static const struct {
        const char *range, *first, *last, *before, *after;
    } cases[] = {
        {"10.1.0.0/16", "10.1.0.0", "10.1.255.255", "10.0.255.255", "10.2.0.0"},
        {"192.0.2.64/26", "192.0.2.64", "192.0.2.127", "192.0.2.63", "192.0.2.128"},
        {"192.0.2.9", "192.0.2.9", "192.0.2.9", "192.0.2.8", "192.0.2.10"},
        {"2001:db8:8000::/33", "2001:db8:8000::", "2001:db8:ffff:ffff::", "2001:db8:7fff::", "2001:db9::"},
        {"::1/128", "::1", "::1", "::", "::2"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cidr cidr;
        assert_true(cidr_parse(cases[i].range, &cidr));
        struct sockaddr_storage first = address(cases[i].first), last = address(cases[i].last),
                                before = address(cases[i].before), after = address(cases[i].after);
        assert_true(cidr_contains(&cidr, (struct sockaddr *)&first));
        assert_true(cidr_contains(&cidr, (struct sockaddr *)&last));
        assert_false(cidr_contains(&cidr, (struct sockaddr *)&before));
        assert_false(cidr_contains(&cidr, (struct sockaddr *)&after));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(I5_refuses_what_is_not_public),
        cmocka_unit_test(permits_what_is_public),
        cmocka_unit_test(allows_what_the_operator_names),
        cmocka_unit_test(allowing_all_of_one_family_says_nothing_of_the_other),
        cmocka_unit_test(a_star_allows_all_internet_addresses),
        cmocka_unit_test(refuses_what_is_no_range_and_names_it),
        cmocka_unit_test(allows_by_name_whatever_the_address),
        cmocka_unit_test(what_is_denied_is_refused_whatever_is_allowed),
        cmocka_unit_test(where_a_star_is_denied_only_what_is_allowed_is),
        cmocka_unit_test(a_range_contains_its_first_and_last_address),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
