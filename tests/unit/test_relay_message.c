/* The sentence of the worked example (M17), and the Slack message around it. */
#include "relay/action.h"
#include "relay/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define WHO "\"logged_by\":{\"display_name\":\"Alex Rivera\"},"
#define CALL "\"activity_object\":{\"name\":\"Sales Call\",\"api_name\":\"sales_call\"},"

static const struct {
    const char *record, *sentence;
} sentences[] = {
    {"{" WHO CALL "\"associated_entities\":[{\"display_name\":\"Maria Thompson\"}]}",
        "Alex Rivera logged a Sales Call with Maria Thompson."},
    {"{" WHO "\"activity_object\":{\"name\":\"Inspection\"},\"associated_entities\":[]}",
        "Alex Rivera logged an Inspection."},
    {"{" WHO "\"activity_object\":{\"name\":\"email\"}}", "Alex Rivera logged an email."},
    {"{" WHO "\"activity_object\":{\"name\":\"Über-Call\"}}", "Alex Rivera logged a Über-Call."},
    {"{" WHO CALL "\"associated_entities\":[{\"display_name\":\"A\"},{\"display_name\":\"B\"}]}",
        "Alex Rivera logged a Sales Call with A and 1 other."},
    {"{" WHO CALL "\"associated_entities\":[{\"display_name\":\"A\"},{},{}]}",
        "Alex Rivera logged a Sales Call with A and 2 others."},
    {"{" WHO CALL "\"associated_entities\":[{\"id\":1}]}", "Alex Rivera logged a Sales Call."},
    {"{" WHO CALL "\"associated_entities\":[{\"display_name\":7}]}", "Alex Rivera logged a Sales Call."},
    {"{}", "Someone logged an activity."},
    {"{\"logged_by\":null,\"activity_object\":null,\"associated_entities\":null}",
        "Someone logged an activity."},
    {"{\"logged_by\":{\"display_name\":\"\"},\"activity_object\":{\"name\":\"\"}}",
        "Someone logged an activity."},
};

static void makes_sentences(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
        json_t *record = record_parse(sentences[i].record, strlen(sentences[i].record));
        assert_non_null(record);
        struct buf out = BUF_INIT(1000);
        message_sentence(&out, record);
        assert_string_equal(buf_text(&out), sentences[i].sentence);
        buf_free(&out);
        json_decref(record);
    }
}

static void trims_notes(void **state UNUSED)
{
    static const char *const cases[][2] = {{"{\"notes\":\" \\n a b \\t\"}", "a b"},
        {"{\"notes\":\" \\n\"}", ""}, {"{\"notes\":\"\"}", ""}, {"{\"notes\":null}", ""}, {"{}", ""},
        {"{\"notes\":\"x\"}", "x"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *record = record_parse(cases[i][0], strlen(cases[i][0]));
        size_t len;
        const char *notes = message_notes(record, &len);
        assert_int_equal(len, strlen(cases[i][1]));
        assert_memory_equal(notes, cases[i][1], len);
        json_decref(record);
    }
}

/* The body that the Slack action would post for a record. */
static char *slack_body(const char *text)
{
    struct arena *arena = arena_new();
    struct yaml url = {.kind = YAML_TEXT, .line = 1, .text = "http://127.0.0.1/services"}, *items[] = {&url};
    const char *keys[] = {"url"};
    struct yaml map = {.kind = YAML_MAP, .line = 1, .count = 1, .items = items, .keys = keys};
    const void *settings;
    struct error err;
    assert_int_equal(action_slack.configure(arena, "x.yaml", &map, &settings, &err), ERR_OK);

    json_t *json = record_parse(text, strlen(text));
    assert_non_null(json);
    struct record record = {.text = text, .len = strlen(text), .json = json};
    struct buf body = BUF_INIT(1 << 20);
    struct http_request request = {0};
    assert_int_equal(action_slack.build(settings, &record, arena, &body, &request, &err), ERR_OK);
    assert_string_equal(request.url, "http://127.0.0.1/services");
    assert_int_equal(request.body_len, body.len);
    json_decref(json);
    arena_free(arena);
    return buf_take(&body);
}

static void escapes_for_slack(void **state UNUSED)
{
    char *body =
        slack_body("{\"logged_by\":{\"display_name\":\"A & <b>\"},\"notes\":\"<!channel> &amp; \\\"q\\\"\"}");
    assert_string_equal(body,
        "{\"text\":\"A &amp; &lt;b&gt; logged an activity.\",\"blocks\":[{\"type\":\"section\",\"text\":{"
        "\"type\":\"mrkdwn\",\"text\":\"A &amp; &lt;b&gt; logged an "
        "activity.\"}},{\"type\":\"context\",\"elements\":[{"
        "\"type\":\"mrkdwn\",\"text\":\"&lt;!channel&gt; &amp;amp; \\\"q\\\"\"}]}]}");
    free(body);
}

static void cuts_what_slack_would_refuse(void **state UNUSED)
{
    struct buf text = BUF_INIT(1 << 20);
    buf_add_text(&text, "{\"notes\":\"");
    for (int i = 0; i < 5000; i++)
        buf_add_text(&text, i % 10 ? "ü" : "<");
    buf_add_text(&text, "\"}");
    char *body = slack_body(buf_text(&text));
    json_t *message = json_loads(body, 0, NULL);
    assert_non_null(message); /* so no character was cut in two */
    const char *notes = NULL;
    assert_int_equal(json_unpack(message, "{s:[{}, {s:[{s:s}]}]}", "blocks", "elements", "text", &notes), 0);
    size_t chars = 0;
    for (const char *c = notes; *c; c++)
        chars += ((unsigned char)*c & 0xc0) != 0x80;
    assert_in_range(chars, 2900, 3000);
    assert_string_equal(notes + strlen(notes) - strlen("…"), "…");
    json_decref(message);
    free(body);
    buf_free(&text);
}

static void what_cannot_be_composed_is_invalid(void **state UNUSED)
{
    struct arena *arena = arena_new();
    json_t *json = json_pack("{s:o}", "notes", json_stringn_nocheck("\xff", 1));
    struct record record = {.text = "", .json = json};
    struct buf body = BUF_INIT(1 << 20);
    struct http_request request = {0};
    struct error err;
    assert_int_equal(action_slack.build(NULL, &record, arena, &body, &request, &err), ERR_INVALID);
    assert_null(request.body);
    json_decref(json);
    arena_free(arena);
    buf_free(&body);
}

static void a_very_long_name_is_cut(void **state UNUSED)
{
    struct buf text = BUF_INIT(1 << 20);
    buf_add_text(&text, "{\"logged_by\":{\"display_name\":\"");
    for (int i = 0; i < 100000; i++)
        buf_add_text(&text, "x");
    buf_add_text(&text, "\"}}");
    char *body = slack_body(buf_text(&text));
    assert_non_null(strstr(body, "xxx…\""));
    free(body);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_sentences),
        cmocka_unit_test(trims_notes),
        cmocka_unit_test(escapes_for_slack),
        cmocka_unit_test(cuts_what_slack_would_refuse),
        cmocka_unit_test(what_cannot_be_composed_is_invalid),
        cmocka_unit_test(a_very_long_name_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
