/* base/json_read.h: what is read, what is refused and in which words, each limit on both sides. */
#include "base/json_read.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct json_limits limits = {.depth_most = 4, .values_most = 8};

static enum err_code read_text(const char *text, size_t len, json_t **root, struct error *err)
{
    /* Its own allocation, so that a sanitizer sees a byte that is read past the end. */
    char *copy = malloc(len + !len);
    memcpy(copy, text, len);
    enum err_code code = json_read(copy, len, &limits, root, err);
    free(copy);
    return code;
}

static void what_is_json_is_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", " \r\n\t[] ", "null", "\"\"", "-0", "1e308",
        "-9223372036854775808", "9223372036854775807", "{\"a\":{\"b\":{\"c\":[]}}}", "[1,2,3,4,5,6,7]",
        "[[],[],[],{},[[]]]", "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7}",
        "\"[[[[[[,,,,,,,,,,{{{{\"", "\"\\\"[[[[[\"", "\"\\\\\"", "\"\\ud83d\\uDC19\"", "\"\\u00e9 \\u0001\"",
        "\"Zoë 🐙\"", "\"\\u2028\xe2\x80\xa8\""};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_t *root;
        struct error err = {0};
        assert_int_equal(read_text(texts[i], strlen(texts[i]), &root, &err), ERR_OK);
        assert_non_null(root);
        json_decref(root);
    }
}

struct refused {
    const char *text;
    size_t len;
    const char *words;
};

/* clang-format off */
#define REFUSED(text, words) {(text), sizeof(text) - 1, (words)}
/* clang-format on */

static const struct refused refused[] = {
    REFUSED("", "There is no JSON here."),
    REFUSED("  ", "The JSON ends too early (line 1, column 2)."),
    REFUSED("{\"a\":", "The JSON ends too early (line 1, column 5)."),
    REFUSED("\"abc", "The JSON ends too early"),
    REFUSED("\"abc\\", "This is not JSON"),
    REFUSED("[1", "The JSON ends too early"),
    REFUSED("{} {}", "There is more after the end of the JSON (line 1, column 4)."),
    REFUSED("[]\n,", "There is more after the end of the JSON (line 2, column 1)."),
    REFUSED("{'a':1}", "This is not JSON (line 1, column 2)."),
    REFUSED("[1,]", "This is not JSON"),
    REFUSED("]", "This is not JSON"),
    REFUSED("nul", "This is not JSON"),
    REFUSED("NaN", "This is not JSON"),
    REFUSED("Infinity", "This is not JSON"),
    REFUSED("01", "This is not JSON"),
    REFUSED("+1", "This is not JSON"),
    REFUSED("1.", "This is not JSON"),
    REFUSED("--1", "This is not JSON"),
    REFUSED("\"\\x\"", "This is not JSON"),
    REFUSED("\"\\u12\"", "This is not JSON"),
    REFUSED("[\0]", "A NUL byte is not part of JSON (line 1, column 2)."),
    REFUSED("{\"a\":1,\n \"a\":2}", "An object has the same member twice (line 2, column"),
    REFUSED("{\"a\":1, \"\\u0061\":2}", "An object has the same member twice"),
    REFUSED("1e309", "A number is too large for any number that programs hold"),
    REFUSED("[-1e999]", "A number is too large for any number that programs hold"),
    REFUSED("\"a\0b\"", "A text must not contain the character U+0000 (line 1, column 3)."),
    REFUSED("\"a\\u0000b\"", "A text must not contain the character U+0000 (line 1, column 3)."),
    REFUSED("{\"\\u0000\":1}", "A text must not contain the character U+0000"),
    REFUSED("\"a\nb\"", "A control character in a text must be escaped (line 1, column 3)."),
    REFUSED(
        "\"ë\\ud800\"", "An escape is half of a surrogate pair, which is no character (line 1, column 3)."),
    REFUSED("\"\\udc00\"", "An escape is half of a surrogate pair"),
    REFUSED("\"\\ud800\\ud800\"", "An escape is half of a surrogate pair"),
    REFUSED("\"\\ud800\\u12", "An escape is half of a surrogate pair"),
    REFUSED("\xef\xbb\xbf{}", "The JSON begins with a byte order mark"),
    REFUSED("\"\xff\"", "The JSON is not well-formed UTF-8"),
    REFUSED("\"\xc0\xaf\"", "The JSON is not well-formed UTF-8"),
    REFUSED("\"\xed\xa0\x80\"", "The JSON is not well-formed UTF-8"),
    REFUSED("[[[[[]]]]]", "The JSON is nested more than 4 deep (line 1, column 5)."),
    REFUSED("[[[[{", "The JSON is nested more than 4 deep"),
    REFUSED("[1,2,3,4,5,6,7,8]", "The JSON has more than 8 values (line 1, column 15)."),
    REFUSED("[[],[],[],{},[[],[],[]]]", "The JSON has more than 8 values"),
    REFUSED("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8}",
        "The JSON has more than 8 values"),
};

static void what_is_refused_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        json_t *root = (json_t *)state;
        struct error err = {0};
        assert_int_equal(read_text(refused[i].text, refused[i].len, &root, &err), ERR_MALFORMED);
        assert_null(root);
        if (strncmp(err.text, refused[i].words, strlen(refused[i].words)) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", refused[i].text, err.text, refused[i].words);
    }
}

static void whole_numbers_beyond_int64_are_real(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":9223372036854775808,\"b\":[-9223372036854775809,7],\"c\":1}";
    json_t *root;
    struct error err = {0};
    assert_int_equal(read_text(text, sizeof text - 1, &root, &err), ERR_OK);
    assert_true(json_is_real(json_object_get(root, "a")));
    assert_true(json_real_value(json_object_get(root, "a")) == 9223372036854775808.0);
    assert_true(json_real_value(json_array_get(json_object_get(root, "b"), 0)) == -9223372036854775808.0);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(root, "b"), 1)), 7);
    assert_int_equal(json_integer_value(json_object_get(root, "c")), 1);
    json_decref(root);

    char huge[400];
    memset(huge, '9', sizeof huge);
    assert_int_equal(read_text(huge, sizeof huge, &root, &err), ERR_MALFORMED);
    assert_non_null(strstr(err.text, "A number is too large"));
    assert_int_equal(read_text(huge, 300, &root, &err), ERR_OK);
    json_decref(root);
}

/* Whatever the bytes, an answer; with a sanitizer, no byte outside of them. */
static void noise_is_answered(void **state)
{
    (void)state;
    static const char alphabet[] = "{}[]\",:\\u0d8c190-.eE+tfn \xc3\xa9";
    srandom(4);
    for (int i = 0; i < 20000; i++) {
        char noise[24];
        size_t len = (size_t)random() % sizeof noise;
        for (size_t j = 0; j < len; j++)
            noise[j] = alphabet[(size_t)random() % sizeof alphabet]; /* with its NUL */
        json_t *root;
        struct error err = {0};
        enum err_code code = read_text(noise, len, &root, &err);
        assert_true((code == ERR_OK && root) || (code == ERR_MALFORMED && !root && err.text[0]));
        json_decref(root);
    }
}

/* Whatever allocation fails: all of the text, or a refusal that says why; jansson itself would drop a byte. */
static void without_memory_nothing_is_half_read(void **state)
{
    (void)state;
    static const char text[] =
        "{\"notes\":\"as long as it takes for jansson to need more room for it\",\"n\":1e5}";
    json_t *whole, *root;
    struct error err = {0};
    json_use_our_memory();
    must(read_text(text, sizeof text - 1, &whole, &err), &err);
    enum err_code code = ERR_UNAVAILABLE;
    for (int position = 1; code; position++) {
        char fault[32];
        snprintf(fault, sizeof fault, "alloc=%d", position);
        faults_set(fault);
        code = read_text(text, sizeof text - 1, &root, &err);
        faults_set("");
        assert_int_equal(code, root ? ERR_OK : ERR_UNAVAILABLE);
        assert_true(!root || json_equal(root, whole));
        assert_true(code || position > 5); /* it did run out of memory before */
        json_decref(root);
    }
    json_decref(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_json_is_read),
        cmocka_unit_test(what_is_refused_says_why),
        cmocka_unit_test(whole_numbers_beyond_int64_are_real),
        cmocka_unit_test(noise_is_answered),
        cmocka_unit_test(without_memory_nothing_is_half_read),
    };
    return cmocka_run_group_tests_name("json_read", tests, NULL, NULL);
}
