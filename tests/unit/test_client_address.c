/* Who a request comes from: addresses as text and as keys of limits, and what a proxy may say of its clients. */
#include "net/address.h"
#include "net/local.h"
#include "net/server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ── addresses ───────────────────────────────────────────────────────────────────────────────── */

static void addresses_are_read_with_and_without_ports(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want; /* NULL: it is none */
    } cases[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"192.0.2.1:80", "192.0.2.1"},
        {"2001:db8::1", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]:65535", "2001:db8::1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"[::ffff:192.0.2.1]:1", "192.0.2.1"},
        {"", NULL},
        {"unknown", NULL},
        {"_hidden", NULL},
        {"192.0.2.1:", NULL},
        {"192.0.2.1:x", NULL},
        {"192.0.2.1:123456", NULL},
        {"192.0.2", NULL},
        {"192.0.2.256", NULL},
        {"[192.0.2.1]", NULL},
        {"[2001:db8::1", NULL},
        {"[2001:db8::1]x", NULL},
        {"[2001:db8::1]:", NULL},
        {"2001:db8::1%eth0", NULL},
        {"\"192.0.2.1\"", NULL},
        {"192.0.2.1 ", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        union address address;
        bool read = address_parse(cases[i].text, strlen(cases[i].text), &address);
        if (read != (cases[i].want != NULL))
            fail_msg("'%s' is%s an address", cases[i].text, read ? "" : " not");
        if (read)
            assert_string_equal(address_format(&address.any).text, cases[i].want);
    }
    union address address;
    assert_false(address_parse("192.0.2.1\0", 10, &address));
    assert_string_equal(address_format(NULL).text, "");
}

static bool same_key(const char *a, const char *b)
{
    union address x, y;
    assert_true(address_parse(a, strlen(a), &x) && address_parse(b, strlen(b), &y));
    struct address_key k = address_key(&x.any), l = address_key(&y.any);
    return k.len == l.len && memcmp(k.bytes, l.bytes, k.len) == 0;
}

static void a_key_is_an_ipv4_address_or_64_bits_of_ipv6(void **state)
{
    (void)state;
    assert_true(same_key("192.0.2.1:1", "192.0.2.1:2"));
    assert_true(same_key("192.0.2.1", "::ffff:192.0.2.1"));
    assert_false(same_key("192.0.2.1", "192.0.2.2"));
    assert_true(same_key("2001:db8:0:7::1", "2001:db8:0:7:ffff:ffff:ffff:ffff"));
    assert_false(same_key("2001:db8:0:7::1", "2001:db8:0:8::1"));
    assert_int_equal(address_key(NULL).len, 0);
}

/* ── what a proxy says ───────────────────────────────────────────────────────────────────────── */

static void handle(struct exchange *exchange, void *worker)
{
    (void)worker;
    struct buf out = BUF_INIT(256);
    buf_printf(
        &out, "%s %s", address_format(exchange_client(exchange)).text, exchange->https ? "https" : "http");
    struct reply reply = {.status = 200, .content_type = "text/plain", .body_len = out.len};
    reply.body = buf_take(&out);
    exchange_reply(exchange, &reply);
}

static struct server *start(const char **proxies, size_t count)
{
    struct server_config config = {.name = "test",
        .listen = "127.0.0.1:0",
        .behind_proxy = {proxies, count},
        .connections_most = 20,
        .idle_s = 10,
        .deadline_us = 10 * US_PER_S,
        .workers = 1,
        .handle = handle};
    struct server *server;
    struct error err;
    if (server_start(&config, &server, &err))
        fail_msg("%s", err.text);
    return server;
}

static void check(struct server *server, const char *const *headers, const char *want)
{
    struct local_answer answer = {.headers = BUF_INIT(4096), .body = BUF_INIT(4096)};
    struct local_request request = {.address = server_address(server),
        .method = "GET",
        .target = "/",
        .headers = headers,
        .timeout_us = 20 * US_PER_S};
    struct error err;
    if (local_send(&request, &answer, &err))
        fail_msg("%s", err.text);
    if (strcmp(buf_text(&answer.body), want) != 0)
        fail_msg("%s: it is %s, not %s", headers[0] ? headers[0] : "-", buf_text(&answer.body), want);
    buf_free(&answer.headers);
    buf_free(&answer.body);
}

static void a_proxy_that_is_known_is_believed(void **state)
{
    (void)state;
    struct server *server = start((const char *[]){"127.0.0.0/8", "10.0.0.0/8", "fd00::/8"}, 3);
    static const struct {
        const char *headers[4];
        const char *want;
    } cases[] = {
        {{NULL}, "127.0.0.1 http"},
        {{"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"}, "192.0.2.1 https"},
        {{"x-forwarded-for: 2001:db8::7", "x-forwarded-proto: HTTPS"}, "2001:db8::7 https"},
        /* What stands left of the first unknown address was said by that client. */
        {{"X-Forwarded-For: 8.8.8.8, 192.0.2.1"}, "192.0.2.1 http"},
        {{"X-Forwarded-For: 8.8.8.8, 192.0.2.1, 10.1.1.1,fd00::1"}, "192.0.2.1 http"},
        {{"X-Forwarded-For: 8.8.8.8", "X-Forwarded-For: 192.0.2.1"}, "192.0.2.1 http"},
        {{"X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 10.9.9.9"}, "192.0.2.1 http"},
        {{"X-Forwarded-For: 10.1.2.3, 10.4.5.6"}, "10.1.2.3 http"},
        {{"X-Forwarded-For: 192.0.2.1:4711, [fd00::1]:80"}, "192.0.2.1 http"},
        /* What cannot be read ends the search at whoever wrote it. */
        {{"X-Forwarded-For: 192.0.2.1, unknown, 10.1.1.1"}, "10.1.1.1 http"},
        {{"X-Forwarded-For: 192.0.2.1,"}, "127.0.0.1 http"},
        {{"X-Forwarded-For: "}, "127.0.0.1 http"},
        {{"X-Forwarded-For: unknown"}, "127.0.0.1 http"},
        {{"Forwarded: for=192.0.2.1;proto=https"}, "127.0.0.1 http"},
        {{"X-Real-IP: 192.0.2.1"}, "127.0.0.1 http"},
        /* The nearest proxy's word counts. */
        {{"X-Forwarded-Proto: https, http"}, "127.0.0.1 http"},
        {{"X-Forwarded-Proto: http", "X-Forwarded-Proto: https"}, "127.0.0.1 https"},
        {{"X-Forwarded-Proto: httpsx"}, "127.0.0.1 http"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check(server, cases[i].headers, cases[i].want);
    server_stop(server, US_PER_S);
}

static void nobody_else_is_believed(void **state)
{
    (void)state;
    struct server *server = start((const char *[]){"10.0.0.0/8"}, 1);
    const char *headers[] = {"X-Forwarded-For: 192.0.2.1, 10.0.0.1", "X-Forwarded-Proto: https", NULL};
    check(server, headers, "127.0.0.1 http");
    server_stop(server, US_PER_S);
    server = start(NULL, 0);
    check(server, headers, "127.0.0.1 http");
    server_stop(server, US_PER_S);
}

static void a_network_that_is_none_is_refused(void **state)
{
    (void)state;
    struct text_list proxies = {(const char *[]){"10.0.0.1/8"}, 1};
    struct server_config config = {
        .name = "test", .listen = "127.0.0.1:0", .behind_proxy = proxies, .handle = handle};
    struct server *server;
    struct error err;
    assert_int_equal(server_start(&config, &server, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "10.0.0.1/8"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_with_and_without_ports),
        cmocka_unit_test(a_key_is_an_ipv4_address_or_64_bits_of_ipv6),
        cmocka_unit_test(a_proxy_that_is_known_is_believed),
        cmocka_unit_test(nobody_else_is_believed),
        cmocka_unit_test(a_network_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
