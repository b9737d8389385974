/* Webhook URLs: the exact request target that each makes, what is refused and why, and the added parameter.
 */
#include "net/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PARAMETER "logged_activity_id"

/* As configured, and the target that the request line then carries. */
static const struct {
    const char *url, *scheme, *host;
    int port;
    bool host_is_address;
    const char *target;
} accepted[] = {
    {"http://example.com", "http", "example.com", 80, false, "/?logged_activity_id=7"},
    {"http://example.com/", "http", "example.com", 80, false, "/?logged_activity_id=7"},
    {"https://example.com/hook", "https", "example.com", 443, false, "/hook?logged_activity_id=7"},
    {"HTTPS://EXAMPLE.com/Hook", "https", "example.com", 443, false, "/Hook?logged_activity_id=7"},
    {"http://example.com:8080/hook", "http", "example.com", 8080, false, "/hook?logged_activity_id=7"},
    {"https://example.com:80/hook", "https", "example.com", 80, false, "/hook?logged_activity_id=7"},
    {"http://example.com:00080/hook", "http", "example.com", 80, false, "/hook?logged_activity_id=7"},
    {"http://example.com:65535", "http", "example.com", 65535, false, "/?logged_activity_id=7"},
    {"http://example.com/hook?", "http", "example.com", 80, false, "/hook?logged_activity_id=7"},
    {"http://example.com?", "http", "example.com", 80, false, "/?logged_activity_id=7"},
    {"http://example.com?a=1", "http", "example.com", 80, false, "/?a=1&logged_activity_id=7"},
    {"http://example.com/hook?a=1", "http", "example.com", 80, false, "/hook?a=1&logged_activity_id=7"},
    {"http://example.com/hook?a=1&", "http", "example.com", 80, false, "/hook?a=1&logged_activity_id=7"},
    {"http://example.com/hook?a=1&&", "http", "example.com", 80, false, "/hook?a=1&&logged_activity_id=7"},
    {"http://example.com/hook?&", "http", "example.com", 80, false, "/hook?&logged_activity_id=7"},
    {"http://example.com/hook?a", "http", "example.com", 80, false, "/hook?a&logged_activity_id=7"},
    {"http://example.com/hook?a=", "http", "example.com", 80, false, "/hook?a=&logged_activity_id=7"},
    {"http://example.com/hook?a?b?", "http", "example.com", 80, false, "/hook?a?b?&logged_activity_id=7"},
    {"http://example.com/hook?a=b=c", "http", "example.com", 80, false, "/hook?a=b=c&logged_activity_id=7"},
    {"http://example.com/hook?b=2&a=1&b=2", "http", "example.com", 80, false,
        "/hook?b=2&a=1&b=2&logged_activity_id=7"},
    {"http://example.com/a/../b/./c//d", "http", "example.com", 80, false,
        "/a/../b/./c//d?logged_activity_id=7"},
    {"http://example.com//", "http", "example.com", 80, false, "//?logged_activity_id=7"},
    {"http://example.com/%7Ea%2fb%2Fc%20d", "http", "example.com", 80, false,
        "/%7Ea%2fb%2Fc%20d?logged_activity_id=7"},
    {"http://example.com/%2e%2e/%zz%", "http", "example.com", 80, false, "/%2e%2e/%zz%?logged_activity_id=7"},
    {"http://example.com/hook?q=a+b%2Bc%26d", "http", "example.com", 80, false,
        "/hook?q=a+b%2Bc%26d&logged_activity_id=7"},
    {"http://example.com/a;v=1,2:3@4!$'()*|{}<>\"^`[]?~", "http", "example.com", 80, false,
        "/a;v=1,2:3@4!$'()*|{}<>\"^`[]?~&logged_activity_id=7"},
    {"http://example.com/hook?url=http://x.example/?y", "http", "example.com", 80, false,
        "/hook?url=http://x.example/?y&logged_activity_id=7"},
    {"http://example.com/hook?mail=a@b.example", "http", "example.com", 80, false,
        "/hook?mail=a@b.example&logged_activity_id=7"},
    {"http://example.com./", "http", "example.com.", 80, false, "/?logged_activity_id=7"},
    {"http://xn--bcher-kva.example/", "http", "xn--bcher-kva.example", 80, false, "/?logged_activity_id=7"},
    {"http://a_b.example/", "http", "a_b.example", 80, false, "/?logged_activity_id=7"},
    {"http://127.0.0.1:9000/hook", "http", "127.0.0.1", 9000, true, "/hook?logged_activity_id=7"},
    {"http://[::1]:9000/hook", "http", "::1", 9000, true, "/hook?logged_activity_id=7"},
    {"http://[2001:DB8::A]", "http", "2001:db8::a", 80, true, "/?logged_activity_id=7"},
    /* odd forms of 127.0.0.1: the guard judges what they mean, when connecting */
    {"http://2130706433/", "http", "127.0.0.1", 80, true, "/?logged_activity_id=7"},
    {"http://0x7f.1/", "http", "127.0.0.1", 80, true, "/?logged_activity_id=7"},
    {"http://0177.0.0.1/", "http", "127.0.0.1", 80, true, "/?logged_activity_id=7"},
    {"http://127.1/", "http", "127.0.0.1", 80, true, "/?logged_activity_id=7"},
    /* names of their own, although they look alike */
    {"http://example.com/hook?logged_activity_idx=1", "http", "example.com", 80, false,
        "/hook?logged_activity_idx=1&logged_activity_id=7"},
    {"http://example.com/hook?Logged_Activity_Id=1", "http", "example.com", 80, false,
        "/hook?Logged_Activity_Id=1&logged_activity_id=7"},
    {"http://example.com/hook?x=logged_activity_id", "http", "example.com", 80, false,
        "/hook?x=logged_activity_id&logged_activity_id=7"},
    {"http://example.com/logged_activity_id=1", "http", "example.com", 80, false,
        "/logged_activity_id=1?logged_activity_id=7"},
    {"http://example.com/hook?logged%255factivity_id=1", "http", "example.com", 80, false,
        "/hook?logged%255factivity_id=1&logged_activity_id=7"},
    {"http://example.com/hook?logged+activity_id=1", "http", "example.com", 80, false,
        "/hook?logged+activity_id=1&logged_activity_id=7"},
    {"http://example.com/hook?logged_activity_i%6", "http", "example.com", 80, false,
        "/hook?logged_activity_i%6&logged_activity_id=7"},
};

static void M5_each_url_makes_exactly_this_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
        struct arena *arena = arena_new();
        struct url url = {0};
        struct error err = {0};
        if (url_check_without(arena, accepted[i].url, PARAMETER, &err) != ERR_OK)
            fail_msg("%s: %s", accepted[i].url, err.text);
        char *sent = url_with_parameter(arena, accepted[i].url, PARAMETER, "7");
        assert_memory_equal(sent, accepted[i].url, strlen(accepted[i].url));
        assert_int_equal(url_parse(arena, sent, &url, &err), ERR_OK);
        assert_string_equal(url.target, accepted[i].target);
        assert_string_equal(url.scheme, accepted[i].scheme);
        assert_string_equal(url.host, accepted[i].host);
        assert_int_equal(url.port, accepted[i].port);
        assert_int_equal(url.host_is_address, accepted[i].host_is_address);
        arena_free(arena);
    }
}

static const struct {
    const char *url, *reason; /* a part of it */
} refused[] = {
    {"", "empty"},
    {"example.com/hook", "must start with"},
    {"//example.com/hook", "must start with"},
    {"/hook", "must start with"},
    {"ftp://example.com/", "must start with"},
    {"file:///etc/passwd", "must start with"},
    {"javascript:alert(1)", "must start with"},
    {"httpx://example.com/", "must start with"},
    {"http", "must start with"},
    {"http:", "two slashes"},
    {"http:/example.com/", "two slashes"},
    {"http:example.com", "two slashes"},
    {"http://", "no host"},
    {"http:///hook", "no host"},
    {"http://?a=1", "no host"},
    {"http://:80/hook", "no host"},
    {"http://user@example.com/", "credentials"},
    {"http://user:secret@example.com/", "credentials"},
    {"http://@example.com/", "credentials"},
    {"http://:@example.com/", "no host"},
    {"http://example.com@evil.example/", "credentials"},
    {"http://example.com/hook#top", "fragment"},
    {"http://example.com/hook#", "fragment"},
    {"http://example.com#@evil.example/", "fragment"},
    {"http://example.com/a b", "space"},
    {" http://example.com/", "space"},
    {"http://example.com/ ", "space"},
    {"http://example.com/a\tb", "control character"},
    {"http://example.com/a\r\nX-Evil: 1", "control character"},
    {"http://example.com/\x7f", "control character"},
    {"http://example.com/a\\b", "backslash"},
    {"http://example.com\\@evil.example/", "backslash"},
    {"http://b\xc3\xbc"
     "cher.example/",
        "xn--"},
    {"http://example.com/\xff", "ASCII"},
    {"http://example.com:0/", "port"},
    {"http://example.com:65536/", "port"},
    {"http://example.com:99999999999999999999/", "port"},
    {"http://example.com:-1/", "port"},
    {"http://example.com:80x/", "port"},
    {"http://example.com:/", "port is empty"},
    {"http://ex%61mple.com/", "host contains a %"},
    {"http://[fe80::1%25eth0]/", "host contains a %"},
    {"http://[::1/", ""},
    {"http://[nothex]/", "IPv6"},
    {"http://[]/", ""},
    {"http://exa mple.com/", "space"},
    {"http://exa<mple.com/", "host"},
    {"http://a,b/", "host"},
    /* the parameter that is Herald's to add */
    {"http://example.com/hook?logged_activity_id=1", "already has"},
    {"http://example.com/hook?logged_activity_id", "already has"},
    {"http://example.com?logged_activity_id=", "already has"},
    {"http://example.com/hook?a=1&logged_activity_id=1&b=2", "already has"},
    {"http://example.com/hook?a=1;logged_activity_id=1", "already has"},
    {"http://example.com/hook?logged%5Factivity%5fid=1", "already has"},
    {"http://example.com/hook?%6c%6F%67%67%65%64%5f%61%63%74%69%76%69%74%79%5f%69%64", "already has"},
    {"http://example.com/hook?&&logged_activity_id=1", "already has"},
};

static void refuses_bad_urls_with_the_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct arena *arena = arena_new();
        struct error err = {0};
        if (url_check_without(arena, refused[i].url, PARAMETER, &err) != ERR_INVALID)
            fail_msg("%s is accepted", refused[i].url);
        if (!strstr(err.text, refused[i].reason))
            fail_msg("%s: %s", refused[i].url, err.text);
        arena_free(arena);
    }
}

static void a_space_in_a_name_may_be_a_plus(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_int_equal(url_check_without(arena, "http://example.com/?my+id=1", "my id", NULL), ERR_INVALID);
    assert_int_equal(url_check_without(arena, "http://example.com/?my%20id=1", "my id", NULL), ERR_INVALID);
    assert_int_equal(url_check_without(arena, "http://example.com/?my%2bid=1", "my id", NULL), ERR_OK);
    arena_free(arena);
}

static void the_limit_is_2048_bytes(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct url url;
    struct error err = {0};
    char text[URL_MOST + 2];
    memset(text, 'a', sizeof text);
    memcpy(text, "http://example.com/", strlen("http://example.com/"));
    text[URL_MOST + 1] = '\0';
    assert_int_equal(url_parse(arena, text, &url, &err), ERR_INVALID);
    assert_string_equal(err.text, "the URL is longer than 2048 bytes");
    text[URL_MOST] = '\0';
    assert_int_equal(url_parse(arena, text, &url, &err), ERR_OK);
    arena_free(arena);
}

/* No text makes the parser fall over, whatever it decides (run under the sanitizers). */
static void any_cut_of_a_url_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
        for (size_t len = strlen(accepted[i].url); len > 0; len--) {
            struct arena *arena = arena_new();
            const char *text = arena_strndup(arena, accepted[i].url, len);
            enum err_code rc = url_check_without(arena, text, PARAMETER, NULL);
            assert_true(rc == ERR_OK || rc == ERR_INVALID);
            arena_free(arena);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M5_each_url_makes_exactly_this_request),
        cmocka_unit_test(refuses_bad_urls_with_the_reason),
        cmocka_unit_test(a_space_in_a_name_may_be_a_plus),
        cmocka_unit_test(the_limit_is_2048_bytes),
        cmocka_unit_test(any_cut_of_a_url_is_survived),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
