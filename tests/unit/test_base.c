/* The small parts of src/base: ids, time, memory, strings, text, JSON out, metrics, errors. (Inboxes: test_inbox.c.) */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/emit.h"
#include "base/id.h"
#include "base/metrics.h"
#include "base/text.h"
#include "support.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

/* ── ids ──────────────────────────────────────────────────────────────────────────────────────── */

static void ids_grow_and_are_of_version_7(void **state)
{
    (void)state;
    struct id last = id_new();
    int64_t ms = clock_wall_us() / US_PER_MS, stamp = 0;
    for (int i = 0; i < 6; i++)
        stamp = stamp << 8 | last.bytes[i];
    assert_in_range(stamp, ms - 1000, ms);
    for (int i = 0; i < 20000; i++) { /* more than one millisecond's counter */
        struct id next = id_new();
        assert_true(id_compare(next, last) > 0);
        assert_int_equal(next.bytes[6] >> 4, 7);
        assert_int_equal(next.bytes[8] >> 6, 2);
        last = next;
    }
}

static void ids_are_read_as_they_are_written(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct id id = id_new(), back;
        assert_true(id_parse(id_format(id).text, ID_TEXT_LEN, &back));
        assert_true(id_equal(id, back));
    }
    struct id id;
    assert_true(id_parse("0190AbCd-EF01-7234-8567-89abcdefFEDC", 36, &id));
    assert_string_equal(id_format(id).text, "0190abcd-ef01-7234-8567-89abcdeffedc");
    assert_false(id_is_nil(id));
    assert_true(id_is_nil((struct id){0}));
}

static void other_text_is_no_id(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "0190abcd-ef01-7234-8567-89abcdeffed",
        "0190abcdef0172348567-89abcdeffedc0000", "0190abcd-ef01-7234-8567-89abcdeffedg",
        "0190abcd_ef01-7234-8567-89abcdeffedc", "0190abcd-ef01-7234-8567-89abcdeffedc ",
        "{190abcd-ef01-7234-8567-89abcdeffed}", "0190abcd-ef01-7234-8567-89abcdef edc"};
    struct id before = id_new(), id = before;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(id_parse(bad[i], strlen(bad[i]), &id));
    assert_false(id_parse("0190abcd-ef01-7234-8567-89abcdeffe\0c", 36, &id));
    assert_true(id_equal(id, before));
}

/* ── time ─────────────────────────────────────────────────────────────────────────────────────── */

static bool parsed(const char *text, int64_t *us)
{
    return time_parse(text, strlen(text), us);
}

static void times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31T19:30:00-04:30", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01 00:00:00Z", 0},
        {"1970-01-01T00:00:00-00:00", 0},
        {"1970-01-01T00:00:00.5Z", 500000},
        {"1970-01-01T00:00:00.1234567891234Z", 123456},
        {"2024-02-29T12:00:00Z", 1709208000000000},
        {"2000-02-29T00:00:00Z", 951782400000000},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999},
        {"9999-12-31T22:59:59.999999-01:00", 253402300799999999},
        {"0001-01-01T01:00:00+01:00", -62135596800000000},
        {"0001-01-01T00:00:00Z", -62135596800000000},
        {"1970-01-01T23:59:00+23:59", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        int64_t us = 77;
        if (!parsed(good[i].text, &us) || us != good[i].us)
            fail_msg("%s gave %lld", good[i].text, (long long)us);
    }
}

static void other_text_is_no_time(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00Z",
        "1970-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "1970-13-01T00:00:00Z",
        "1970-00-01T00:00:00Z", "1970-01-00T00:00:00Z", "1970-01-32T00:00:00Z", "1970-04-31T00:00:00Z",
        "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:61Z", "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00,5Z", "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+00:60",
        "1970-01-01T00:00:00+0000", "1970-01-01T00:00:00+00", "1970-01-01T00:00:00ZZ",
        "1970-01-01T00:00:00Z ", " 1970-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "-970-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z", "1970-1-1T00:00:00Z", "1970/01/01T00:00:00Z", "197O-01-01T00:00:00Z",
        "1970-01-01T+1:00:00Z", "9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01", "now"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int64_t us = 77;
        if (parsed(bad[i], &us) || us != 77)
            fail_msg("%s gave %lld", bad[i], (long long)us);
    }
    int64_t us;
    assert_false(time_parse("1970-01-01T00:00:00\0", 20, &us));
    assert_false(time_parse("1970-01-01\0"
                            "00:00:00Z",
        20, &us));
}

static void times_are_written(void **state)
{
    (void)state;
    assert_string_equal(time_format(0).text, "1970-01-01T00:00:00.000000Z");
    assert_string_equal(time_format(-1).text, "1969-12-31T23:59:59.999999Z");
    assert_string_equal(time_format(1709208000000001).text, "2024-02-29T12:00:00.000001Z");
    srandom(1);
    for (int i = 0; i < 1000; i++) {
        int64_t us = random() * (int64_t)random() % 253402300799999999 * (i % 2 ? 1 : -1) / (i % 2 ? 1 : 5),
                back;
        assert_true(parsed(time_format(us).text, &back));
        assert_true(back == us);
    }
}

/* ── memory and strings ───────────────────────────────────────────────────────────────────────── */

static void an_arena_gives_aligned_zeroed_memory(void **state)
{
    char *last[200];
    for (size_t size = 0; size < 200; size++) {
        char *at = last[size] = arena_alloc(*state, size * 37);
        assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size * 37; i++)
            assert_int_equal(at[i], 0);
        memset(at, (int)size, size * 37);
    }
    for (size_t size = 0; size < 200; size++) /* none overlaps another */
        for (size_t i = 0; i < size * 37; i++)
            assert_int_equal((unsigned char)last[size][i], size);
    assert_string_equal(arena_printf(*state, "%d-%s", 7, "x"), "7-x");
    assert_string_equal(arena_strndup(*state, "abcdef", 3), "abc");
    assert_string_equal(arena_strdup(*state, ""), "");
    assert_int_equal(strlen(arena_printf(*state, "%9000d", 1)), 9000);
    arena_free(NULL);
}

static void count_release(void *count)
{
    ++*(int *)count;
}

static void an_arena_releases_what_it_keeps(void **state)
{
    (void)state;
    int one = 0, two = 0;
    struct arena *arena = arena_new();
    arena_keep(arena, count_release, &one);
    arena_keep(arena, count_release, &two);
    arena_keep(arena, count_release, &two);
    assert_int_equal(one + two, 0);
    arena_free(arena);
    assert_int_equal(one, 1);
    assert_int_equal(two, 2);
}

static void a_buf_never_passes_its_cap(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(10);
    assert_string_equal(buf_text(&buf), "");
    buf_add_text(&buf, "12345");
    buf_printf(&buf, "%d", 67890);
    assert_false(buf.overflow);
    assert_string_equal(buf_text(&buf), "1234567890");
    buf_add(&buf, "", 0);
    assert_false(buf.overflow);
    buf_add_text(&buf, "x");
    assert_true(buf.overflow);
    buf_reset(&buf);
    assert_false(buf.overflow);
    buf_add_text(&buf, "123456");
    buf_printf(&buf, "%s", "too long");
    assert_true(buf.overflow);
    buf_add_text(&buf, "7"); /* would fit, but then the content were no prefix */
    assert_string_equal(buf_text(&buf), "123456");
    assert_int_equal(buf.len, 6);
    buf_free(&buf);
    assert_string_equal(buf_text(&buf), "");
}

static void a_buf_holds_any_byte_and_can_be_taken(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(100000);
    for (int i = 0; i < 70000; i++)
        buf_add(&buf, &(char){(char)i}, 1);
    assert_int_equal(buf.len, 70000);
    char *data = buf_take(&buf);
    for (int i = 0; i < 70000; i++)
        assert_int_equal(data[i], (char)i);
    assert_int_equal(data[70000], 0);
    mem_free(data);
    assert_int_equal(buf.len, 0);
    data = buf_take(&buf); /* of an empty one: "" */
    assert_string_equal(data, "");
    mem_free(data);
    assert_int_equal(buf.cap, 100000);
}

/* ── text ─────────────────────────────────────────────────────────────────────────────────────── */

static const char *const broken[] = {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
    "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xff", "\xf0\x9f\x90", "\xfe\xff"};

static void only_well_formed_utf8_passes(void **state)
{
    (void)state;
    static const char *const good[] = {
        "", "a", "Zoë", "🐙", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(text_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < ARRAY_LEN(broken); i++)
        assert_false(text_is_utf8(broken[i], strlen(broken[i])));
    assert_true(text_is_utf8("a\0b", 3));
    assert_int_equal(text_chars("Zoë 🐙"), 5);
    assert_int_equal(text_chars(""), 0);
}

static void text_is_composed(void **state)
{
    assert_string_equal(text_nfc(*state, "Zoe\xcc\x88"), "Zo\xc3\xab");
    assert_string_equal(text_nfc(*state, "Zoë"), "Zoë");
    assert_string_equal(text_nfc(*state, ""), "");
    assert_string_equal(text_nfc(*state, "\xe2\x84\xab"), "\xc3\x85"); /* the Angstrom sign */
    assert_string_equal(text_nfc(*state, "ﬁ"), "ﬁ"); /* compatibility forms stay */
}

static const char *quoted(struct buf *buf, const char *text)
{
    buf_reset(buf);
    text_json_quote(buf, text);
    return buf_text(buf);
}

static void what_is_quoted_is_json(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf buf = BUF_INIT(4096);
    assert_string_equal(quoted(&buf, ""), "\"\"");
    assert_string_equal(quoted(&buf, "a \"b\" \\ c\n\x7f"), "\"a \\\"b\\\" \\\\ c\\u000a\\u007f\"");
    assert_string_equal(quoted(&buf, "Zoë 🐙"), "\"Zoë 🐙\"");
    assert_string_equal(
        quoted(&buf, "café caf\xc3"), "\"café caf\xef\xbf\xbd\""); /* cut within a character */
    assert_string_equal(quoted(&buf, "🐙\xf0\x9f\x90"), "\"🐙\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_string_equal(quoted(&buf, "\xc0\xaf\xed\xa0\x80x"),
        "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\"");
    srandom(3);
    for (int i = 0; i < 2000; i++) {
        char noise[40] = {0};
        for (size_t j = 0; j < sizeof noise - 1; j++)
            noise[j] = (char)(random() % 3 ? random() : 'a');
        const char *json = quoted(&buf, noise);
        assert_true(text_is_utf8(json, buf.len));
    }
}

static void what_cannot_be_stored_is_replaced(void **state)
{
    assert_string_equal(text_cleaned(*state, "fine", 4), "fine");
    assert_string_equal(text_cleaned(*state, "a\0b", 3), "a\xef\xbf\xbd"
                                                         "b");
    assert_string_equal(text_cleaned(*state, "\xff\xfe", 2), "\xef\xbf\xbd\xef\xbf\xbd");
    assert_string_equal(text_cleaned(*state, "Zo\xc3", 3), "Zo\xef\xbf\xbd"); /* cut off within a character */
    assert_string_equal(text_cleaned(*state, "", 0), "");
    srandom(2);
    for (int i = 0; i < 2000; i++) {
        char noise[40];
        size_t len = (size_t)random() % sizeof noise;
        for (size_t j = 0; j < len; j++)
            noise[j] = (char)(random() % 3 ? random() : 'a');
        const char *clean = text_cleaned(*state, noise, len);
        assert_true(text_is_utf8(clean, strlen(clean)));
        assert_true(text_chars(clean) <= len);
    }
}

static void api_names_are_plain(void **state)
{
    static const struct {
        const char *name, *api_name;
    } cases[] = {{"Sales Call", "sales_call"}, {"  Site -- Visit! ", "site_visit"},
        {"Ünïcode 2", "unicode_2"}, {"Décision déjà prise?", "decision_deja_prise"},
        {"Größe (m²)", "grosse_m2"}, {"De\u0301mo", "demo"}, {"日本語", ""}, {"звонок", ""}, {"\u0301", ""},
        {"ﬁt Ａ", "fit_a"}, {"already_there", "already_there"}, {"__x__", "x"}, {"", ""}, {"!!!", ""},
        {"É", "e"}, {"A1", "a1"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(text_api_name(*state, cases[i].name), cases[i].api_name);
    assert_true(text_equal_nocase("X-API-Key", "x-api-kEY"));
    assert_false(text_equal_nocase("X-API-Key", "X-API-Key "));
}

/* ── JSON ─────────────────────────────────────────────────────────────────────────────────────── */

/* jansson reads what was written, and gets the same text. */
static void assert_survives(const char *text)
{
    struct buf out = BUF_INIT(1 << 16);
    struct json json = JSON_INTO(&out);
    emit_object(&json, NULL);
    emit_text(&json, text, text);
    emit_object_end(&json);
    json_error_t error;
    json_t *root = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("%s: %s", error.text, out.data);
    assert_string_equal(json_string_value(json_object_get(root, text)), text);
    json_decref(root);
    buf_free(&out);
}

static void hostile_text_stays_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\"", "\\", "\\\"", "</script>", "a\nb\tc\r", "\x01\x1f\x7f",
        "\\u0000", "\",\"admin\":true,\"x\":\"", "🐙 Zoë", "\xe2\x80\xa8\xe2\x80\xa9", "${jndi:x}",
        "'; DROP TABLE x; --"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_survives(texts[i]);
    for (int c = 1; c < 128; c++)
        assert_survives((char[]){'a', (char)c, 'b', '\0'});
}

static void nesting_and_commas_are_right(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(1 << 12);
    struct json json = JSON_INTO(&out);
    struct id id = {.bytes = {1}};
    emit_object(&json, NULL);
    emit_array(&json, "none");
    emit_array_end(&json);
    emit_array(&json, "list");
    emit_int(&json, NULL, INT64_MIN);
    emit_bool(&json, NULL, true);
    emit_object(&json, NULL);
    emit_object_end(&json);
    emit_null(&json, NULL);
    emit_array_end(&json);
    emit_text(&json, "no_text", NULL);
    emit_id(&json, "id", id);
    emit_id(&json, "nil", (struct id){0});
    emit_time(&json, "at", 1);
    emit_time(&json, "never", 0);
    emit_raw(&json, "raw", "[1]");
    emit_object_end(&json);
    assert_string_equal(buf_text(&out),
        "{\"none\":[],\"list\":[-9223372036854775808,true,{},null],\"no_text\":null,"
        "\"id\":\"01000000-0000-0000-0000-000000000000\",\"nil\":null,"
        "\"at\":\"1970-01-01T00:00:00.000001Z\",\"never\":null,\"raw\":[1]}");
    buf_free(&out);
}

/* ── metrics ──────────────────────────────────────────────────────────────────────────────────── */

/* One line of the exposition format: a comment, or NAME[{LABELS}] NUMBER. */
static void check_line(const char *line, size_t len)
{
    if (*line == '#') {
        assert_true(strncmp(line, "# HELP herald_", 14) == 0 || strncmp(line, "# TYPE herald_", 14) == 0);
        return;
    }
    assert_int_equal(strncmp(line, "herald_", 7), 0);
    size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
    const char *at = line + name;
    if (*at == '{')
        at = strchr(at, '}') + 1;
    assert_int_equal(*at, ' ');
    char *end;
    (void)strtod(at + 1, &end);
    assert_true(end > at + 1);
    assert_ptr_equal(end, line + len);
}

static void metrics_are_prometheus_text(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(1 << 20);
    metric_add(METRIC_activities_logged_total, 41);
    metric_add(METRIC_activities_logged_total, 1);
    metric_set(METRIC_http_connections, -3);
    assert_int_equal(metric_get(METRIC_activities_logged_total), 42);
    histogram_observe(HISTOGRAM_commit_seconds, 100); /* a bound is inside */
    histogram_observe(HISTOGRAM_commit_seconds, 101);
    histogram_observe(HISTOGRAM_commit_seconds, 3600 * US_PER_S);
    metrics_render(&out);
    assert_false(out.overflow);
    for (const char *line = out.data, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        assert_non_null(end);
        check_line(line, (size_t)(end - line));
    }
    static const char *const lines[] = {"\nherald_activities_logged_total 42\n",
        "\nherald_http_connections -3\n", "# TYPE herald_activities_logged_total counter\n",
        "# TYPE herald_http_connections gauge\n", "# TYPE herald_commit_seconds histogram\n",
        "\nherald_commit_seconds_bucket{le=\"0.0001\"} 1\n",
        "\nherald_commit_seconds_bucket{le=\"0.00025\"} 2\n", "\nherald_commit_seconds_bucket{le=\"60\"} 2\n",
        "\nherald_commit_seconds_bucket{le=\"+Inf\"} 3\n", "\nherald_commit_seconds_sum 3600.000201\n",
        "\nherald_commit_seconds_count 3\n"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        if (!strstr(out.data, lines[i]))
            fail_msg("missing: %s", lines[i]);
    buf_free(&out);
}

/* ── errors ───────────────────────────────────────────────────────────────────────────────────── */

static void errors_are_cut_not_overrun(void **state)
{
    (void)state;
    struct error err = {0};
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(error_set(&err, ERR_STALE, "%s", text), ERR_STALE);
    assert_int_equal(err.code, ERR_STALE);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_int_equal(error_set(NULL, ERR_BUSY, "%s", text), ERR_BUSY);
    for (int code = ERR_OK; code <= ERR_INTERNAL; code++)
        assert_string_not_equal(error_name((enum err_code)code), "unknown");
    assert_string_equal(error_name((enum err_code)999), "unknown");
    struct error_list list = {0};
    for (int i = 0; i < 20; i++)
        error_list_add(&list, text, "%s", text);
    assert_int_equal(list.count, 20);
    assert_int_equal(strlen(list.items[15].pointer), sizeof list.items[15].pointer - 1);
    assert_int_equal(strlen(list.items[15].text), sizeof list.items[15].text - 1);
}

static void errors_of_both_halves_are_told_once(void **state)
{
    (void)state;
    struct error_list list = {0};
    struct error err = {0};
    assert_int_equal(error_list_refuse(&list, &err), ERR_OK);
    error_list_add(&list, "/name", "no text");
    error_list_add(&list, "", "too many");
    error_list_reading_done(&list);
    for (int again = 0; again < 2; again++) {
        error_list_add(&list, "/name", "too long"); /* could not be read: told already */
        error_list_add(&list, "/name/first", "too long");
        assert_int_equal(list.count, 2);
        error_list_add(&list, "/names", "none");
        error_list_conflict(&list, "/email", "taken");
        assert_int_equal(list.count, 4);
        assert_int_equal(error_list_refuse(&list, &err), ERR_INVALID);
        assert_string_equal(err.text, "no text");
        error_list_rewind(&list);
        assert_int_equal(list.count, 2);
    }
    assert_true(error_list_is_unread(&list, "/name/0"));
    assert_false(error_list_is_unread(&list, "/other"));
    error_list_clear(&list);
    error_list_conflict(&list, "/email", "taken");
    assert_int_equal(error_list_refuse(&list, &err), ERR_CONFLICT);
    error_list_add_parameter(&list, "limit", "no number");
    assert_true(list.items[1].in_query && !list.items[0].in_query);
}

static void blank_is_what_unicode_calls_white_space(void **state)
{
    (void)state;
    static const char *const blank[] = {"", " ", "\t\r\n", "\xc2\xa0", "\xe3\x80\x80 \xe2\x80\xa8"};
    for (size_t i = 0; i < ARRAY_LEN(blank); i++)
        assert_true(text_is_blank(blank[i]));
    assert_false(text_is_blank("\xc2\xa0x"));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(ids_grow_and_are_of_version_7),
        WITH(ids_are_read_as_they_are_written),
        WITH(other_text_is_no_id),
        WITH(times_are_read),
        WITH(other_text_is_no_time),
        WITH(times_are_written),
        WITH(an_arena_gives_aligned_zeroed_memory),
        WITH(an_arena_releases_what_it_keeps),
        WITH(a_buf_never_passes_its_cap),
        WITH(a_buf_holds_any_byte_and_can_be_taken),
        WITH(only_well_formed_utf8_passes),
        WITH(text_is_composed),
        cmocka_unit_test(what_is_quoted_is_json),
        cmocka_unit_test(errors_of_both_halves_are_told_once),
        cmocka_unit_test(blank_is_what_unicode_calls_white_space),
        WITH(what_cannot_be_stored_is_replaced),
        WITH(api_names_are_plain),
        WITH(hostile_text_stays_text),
        WITH(nesting_and_commas_are_right),
        WITH(metrics_are_prometheus_text),
        WITH(errors_are_cut_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
