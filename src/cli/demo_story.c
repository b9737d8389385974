#include "base/clock.h"
#include "base/emit.h"
#include "base/text.h"
#include "cli/demo.h"

#include <string.h>

#define SENTENCE "Alex Rivera logged a Sales Call with Maria Thompson."
#define NOTES "Wants a quote for the spring maintenance by Friday."
#define KEY_SHOWN 7 /* characters of the API key */
#define TEXT_MOST (64 << 10)
#define DAY_US (24 * 3600 * US_PER_S)

struct story {
    struct demo *demo;
    struct error *err;
    const struct term *term;
    const char *first_id, *probe_id; /* the Sales Calls that are logged */
    int64_t posted_us; /* when the first one was, boot clock: times are counted from here */
    const struct seen *webhook;
};

#define WRONG(story, ...) error_set((story)->err, ERR_INTERNAL, __VA_ARGS__)

static void title(const struct story *story, int number, const char *text, int64_t boot_us)
{
    term_step(story->term, number, text, boot_us - story->posted_us);
}

/* ── asking the API ──────────────────────────────────────────────────────────────────────────── */

/* The id that a POST answers, which must be a 201. */
static enum err_code post(const struct story *story, const char *target, const char *body,
    struct api_answer *answer, const char **id)
{
    struct demo *demo = story->demo;
    enum err_code code = world_ask(demo, "POST", target, body, answer, story->err);
    if (code)
        return code;
    const char *text = json_string_value(json_object_get(answer->json, "id"));
    if (answer->status != 201 || !text) {
        const char *detail = json_string_value(json_object_get(answer->json, "detail"));
        return WRONG(story, "POST %s was answered %d, not 201: %s", target, answer->status,
            detail ? detail : "no id in it");
    }
    *id = arena_strdup(demo->arena, text);
    return ERR_OK;
}

static enum err_code log_one(
    const struct story *story, const char *object_id, struct api_answer *answer, const char **id)
{
    struct buf body = BUF_INIT(TEXT_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_text(&json, "activity_object_id", object_id);
    emit_array(&json, "associated_entities");
    emit_object(&json, NULL);
    emit_text(&json, "id", story->demo->world.contact_id);
    emit_object_end(&json);
    emit_array_end(&json);
    emit_text(&json, "notes", NOTES);
    emit_object_end(&json);
    enum err_code code = post(story, "/api/activities/logged", buf_text(&body), answer, id);
    buf_free(&body);
    return code;
}

/* The deliveries of an activity, as the API lists them: *count, and of the first its state and what went wrong. */
static enum err_code ask_deliveries(
    const struct story *story, const char *id, size_t *count, const char **state, const char **detail)
{
    struct arena *arena = story->demo->arena;
    struct api_answer answer;
    enum err_code code = world_ask(story->demo, "GET",
        arena_printf(arena, "/api/webhooks/deliveries?logged_activity_id=%s", id), NULL, &answer, story->err);
    json_auto_t *json = answer.json;
    const json_t *results = json_object_get(json, "results");
    if (!code && (answer.status != 200 || !json_is_array(results)))
        code = WRONG(story, "GET /api/webhooks/deliveries was answered %d", answer.status);
    if (code)
        return code;
    const json_t *first = json_array_get(results, 0);
    const json_t *attempt = json_array_get(json_object_get(first, "attempts"), 0);
    const char *state_text = json_string_value(json_object_get(first, "state"));
    const char *detail_text = json_string_value(json_object_get(attempt, "detail"));
    *count = json_array_size(results);
    *state = arena_strdup(arena, state_text ? state_text : "");
    *detail = arena_strdup(arena, detail_text ? detail_text : "");
    return ERR_OK;
}

/* What came to the tap; if it did not, what the server says about the delivery is the better error. */
static enum err_code await_webhook(struct story *story, size_t n, const char *id, const struct seen **webhook)
{
    struct seen *seen = NULL;
    size_t count;
    const char *state, *detail;
    struct error missing;
    enum err_code code = demo_await(story->demo, SEEN_WEBHOOK, n, "the webhook", &seen, &missing);
    *webhook = seen;
    if (!code)
        return ERR_OK;
    *story->err = missing;
    if (story->demo->told_to_stop || ask_deliveries(story, id, &count, &state, &detail) || count == 0)
        return *story->err = missing, code;
    return WRONG(story, "%s; its delivery is %s%s%s", missing.text, state, *detail ? ": " : "", detail);
}

/* ── 1 to 3: logged, sent, answered ──────────────────────────────────────────────────────────── */

static enum err_code tell_logged(struct story *story)
{
    struct api_answer answer;
    enum err_code code = log_one(story, story->demo->world.sales_call_id, &answer, &story->first_id);
    json_decref(answer.json);
    story->posted_us = answer.started_us;
    title(story, 1, "Alex Rivera logs a Sales Call with Maria Thompson", answer.started_us);
    if (code)
        return code;
    term_say(story->term, SAY_NOTE, "with X-API-KEY, X-BUSINESS-ID and X-USER-ID:");
    term_say(story->term, SAY_WIRE, "POST /api/activities/logged → %d in %.1f ms", answer.status,
        (double)answer.took_us / (double)US_PER_MS);
    term_say(story->term, SAY_GOOD, "committed, its webhook with it: %s", story->first_id);
    return ERR_OK;
}

/* M5, to the letter. */
static enum err_code check_webhook(const struct story *story, const struct seen *webhook, const char *id)
{
    const char *wanted =
        arena_printf(story->demo->arena, "GET " TAP_HOOK "?logged_activity_id=%s HTTP/1.1", id);
    if (strcmp(webhook->request_line, wanted) != 0)
        return WRONG(story, "the webhook is '%s', not '%s'", webhook->request_line, wanted);
    const char *type = seen_header(webhook, "Content-Type"), *event = seen_header(webhook, "X-Herald-Event");
    if (!type || strcmp(type, "application/json") != 0)
        return WRONG(story, "the webhook's Content-Type is not application/json");
    if (!event || strcmp(event, "activity.logged") != 0)
        return WRONG(story, "the webhook's X-Herald-Event is not activity.logged");
    if (webhook->body_len > 0 || seen_header(webhook, "Content-Length") ||
        seen_header(webhook, "Transfer-Encoding"))
        return WRONG(story, "the webhook has a body");
    return ERR_OK;
}

static enum err_code tell_webhook(struct story *story)
{
    enum err_code code = await_webhook(story, 1, story->first_id, &story->webhook);
    if (code)
        return code;
    title(story, 2, "The webhook goes out: a signal, no data", story->webhook->arrived_us);
    term_say(story->term, SAY_WIRE, "%s", story->webhook->request_line);
    for (const char **header = story->webhook->headers; *header; header++)
        term_say(story->term, SAY_WIRE, "%s", *header);
    code = check_webhook(story, story->webhook, story->first_id);
    if (!code)
        term_say(story->term, SAY_GOOD, "a GET with the activity's id, and no body");
    return code;
}

static enum err_code tell_answered(struct story *story)
{
    const struct seen *webhook = story->webhook;
    /* Not the time of its answer: the fetch may begin before the answer is here, and times run forwards. */
    title(story, 3, "The relay stores it and answers; the work comes after", webhook->arrived_us);
    term_say(story->term, SAY_WIRE, "%d %.*s", webhook->status, (int)strcspn(webhook->answer, "\n"),
        webhook->answer);
    if (webhook->status != 200)
        return WRONG(story, "the relay answered %d, not 200: %s", webhook->status, webhook->answer);
    term_say(story->term, SAY_GOOD, "answered 200 in %.1f ms",
        (double)(webhook->answered_us - webhook->arrived_us) / (double)US_PER_MS);
    return ERR_OK;
}

/* ── 4: fetched ──────────────────────────────────────────────────────────────────────────────── */

/* New reference: these members of an object only. */
static json_t *pick(const json_t *object, const char *const *names)
{
    json_t *picked = json_object();
    for (; *names; names++)
        json_object_set(picked, *names, json_object_get(object, *names));
    return picked;
}

#define NAMES(...)                                                                                           \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }

/* The members that matter here; new reference. */
static json_t *abbreviate(const json_t *record)
{
    json_t *short_record = pick(
        record, NAMES("id", "activity_object", "associated_entities", "logged_at", "logged_by", "notes"));
    json_t *entities = json_array();
    json_array_append_new(entities,
        pick(json_array_get(json_object_get(record, "associated_entities"), 0), NAMES("display_name")));
    json_object_set_new(short_record, "activity_object",
        pick(json_object_get(record, "activity_object"), NAMES("name", "api_name")));
    json_object_set_new(short_record, "associated_entities", entities);
    json_object_set_new(
        short_record, "logged_by", pick(json_object_get(record, "logged_by"), NAMES("display_name")));
    return short_record;
}

static void show_lines(const struct story *story, const json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2)), *save = NULL;
    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
        term_say(story->term, SAY_WIRE, "%s", line);
    free(text);
}

static void show_record(const struct story *story, const json_t *record)
{
    json_auto_t *shown = abbreviate(record);
    show_lines(story, shown);
    const char *name;
    json_t *value;
    struct buf left_out = BUF_INIT(TEXT_MOST);
    json_object_foreach((json_t *)record, name, value)
    {
        if (!json_object_get(shown, name))
            buf_printf(&left_out, "%s%s", left_out.len ? ", " : "", name);
    }
    term_say(story->term, SAY_NOTE, "not shown (other members are shortened):");
    term_say(story->term, SAY_NOTE, "%s", buf_text(&left_out));
    buf_free(&left_out);
}

static void show_fetch_headers(const struct story *story, const struct seen *fetch)
{
    for (const char **header = fetch->headers; *header; header++) {
        if (text_equal_nocase(arena_strndup(story->demo->arena, *header, strcspn(*header, ":")), "X-API-KEY"))
            term_say(story->term, SAY_WIRE, "%.*s…", (int)strlen("X-API-KEY: ") + KEY_SHOWN, *header);
        else
            term_say(story->term, SAY_WIRE, "%s", *header);
    }
}

static bool header_is(const struct seen *seen, const char *name, const char *wanted)
{
    const char *value = seen_header(seen, name);
    return value && strcmp(value, wanted) == 0;
}

static bool member_is(const json_t *object, const char *name, const char *wanted)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value && strcmp(value, wanted) == 0;
}

static enum err_code check_fetch(const struct story *story, const struct seen *fetch, const json_t *record)
{
    const struct world *w = &story->demo->world;
    const char *wanted =
        arena_printf(story->demo->arena, "GET /api/activities/logged/%s HTTP/1.1", story->first_id);
    const json_t *contact = json_array_get(json_object_get(record, "associated_entities"), 0);
    if (strcmp(fetch->request_line, wanted) != 0)
        return WRONG(story, "the relay's fetch is '%s', not '%s'", fetch->request_line, wanted);
    if (!header_is(fetch, "X-API-KEY", w->api_key) || !header_is(fetch, "X-BUSINESS-ID", w->business_id) ||
        !header_is(fetch, "X-USER-ID", w->user_id))
        return WRONG(story, "the relay's fetch does not carry the three credentials");
    if (fetch->status != 200)
        return WRONG(story, "the fetch was answered %d, not 200: %s", fetch->status, fetch->answer);
    if (!member_is(record, "id", story->first_id) || !member_is(record, "notes", NOTES) ||
        !member_is(json_object_get(record, "activity_object"), "api_name", "sales_call") ||
        !member_is(json_object_get(record, "logged_by"), "display_name", "Alex Rivera") ||
        !member_is(contact, "display_name", "Maria Thompson"))
        return WRONG(story, "the record is not the Sales Call that was logged");
    return ERR_OK;
}

static enum err_code tell_fetched(struct story *story)
{
    struct seen *fetch;
    enum err_code code =
        demo_await(story->demo, SEEN_FETCH, 1, "the relay's fetch of the record", &fetch, story->err);
    if (code)
        return code;
    title(story, 4, "The relay fetches the record, as Alex Rivera may see it", fetch->arrived_us);
    term_say(story->term, SAY_WIRE, "%s", fetch->request_line);
    show_fetch_headers(story, fetch);
    term_say(story->term, SAY_NOTE, "answered %d in %.1f ms", fetch->status,
        (double)(fetch->answered_us - fetch->arrived_us) / (double)US_PER_MS);
    json_auto_t *record = json_loads(fetch->answer, 0, NULL);
    if (record)
        show_record(story, record);
    code = check_fetch(story, fetch, record);
    if (!code)
        term_say(story->term, SAY_GOOD, "the full record, for the three credentials");
    return code;
}

/* ── 5: posted ───────────────────────────────────────────────────────────────────────────────── */

static enum err_code check_message(const struct story *story, const struct seen *message, const json_t *json)
{
    const char *text = json_string_value(json_object_get(json, "text"));
    if (message->status != 200 || !text)
        return WRONG(story, "Slack's webhook refused the message: %s", message->answer);
    if (strcmp(text, SENTENCE) != 0)
        return WRONG(story, "Slack got '%s', not '%s'", text, SENTENCE);
    if (!strstr(message->body, NOTES))
        return WRONG(story, "the message to Slack lacks the notes");
    return ERR_OK;
}

static enum err_code tell_posted(struct story *story)
{
    struct seen *message;
    enum err_code code = demo_await(story->demo, SEEN_SLACK, 1, "the message to Slack", &message, story->err);
    if (code)
        return code;
    title(story, 5, "The relay posts to Slack", message->arrived_us);
    json_auto_t *json = json_loadb(message->body, message->body_len, 0, NULL);
    term_say(story->term, SAY_WIRE, "%s", message->request_line);
    for (const char **header = message->headers; *header; header++)
        term_say(story->term, SAY_WIRE, "%s", *header);
    show_lines(story, json);
    code = check_message(story, message, json);
    if (!code)
        term_say(story->term, SAY_GOOD, "#sales: " SENTENCE);
    return code;
}

/* ── 6 and 7: no webhook ─────────────────────────────────────────────────────────────────────── */

static enum err_code check_no_delivery(const struct story *story, const char *id)
{
    size_t count;
    const char *state, *detail;
    enum err_code code = ask_deliveries(story, id, &count, &state, &detail);
    if (code)
        return code;
    if (count > 0)
        return WRONG(story, "there is a delivery for %s, and there must be none", id);
    term_say(story->term, SAY_NOTE, "GET /api/webhooks/deliveries?logged_activity_id=…%s → none",
        id + strlen(id) - 12);
    return ERR_OK;
}

static enum err_code tell_redirect(struct story *story)
{
    struct api_answer answer;
    const char *id;
    enum err_code code = log_one(story, story->demo->world.site_visit_id, &answer, &id);
    json_auto_t *json = answer.json;
    title(story, 6, "A Site Visit is logged: its Activity Object redirects", answer.started_us);
    if (code)
        return code;
    const json_t *action = json_object_get(json, "submission_action");
    const char *url = json_string_value(json_object_get(action, "redirect_url"));
    if (!member_is(action, "action", "redirect") || !url)
        return WRONG(story, "the Site Visit's submission action is not its redirect");
    term_say(story->term, SAY_WIRE, "POST /api/activities/logged → 201, redirect to %s", url);
    return check_no_delivery(story, id);
}

static enum err_code tell_scheduled(struct story *story)
{
    struct api_answer answer;
    const char *id;
    struct arena *arena = story->demo->arena;
    const char *body = arena_printf(arena,
        "{\"activity_object_id\":\"%s\",\"due_datetime\":\"%s\",\"note\":\"Ask about the quote.\"}",
        story->demo->world.sales_call_id, time_format(clock_wall_us() + DAY_US).text);
    enum err_code code = post(story, "/api/activities/scheduled-activity", body, &answer, &id);
    json_decref(answer.json);
    title(story, 7, "A Sales Call is scheduled for tomorrow", answer.started_us);
    if (code)
        return code;
    term_say(story->term, SAY_WIRE, "POST /api/activities/scheduled-activity → 201");
    return check_no_delivery(story, id);
}

/* ── the end: what has come, and nothing else has ────────────────────────────────────────────── */

/* One more Sales Call: when it has come all the way, what was before it would have come, too. */
static enum err_code await_probe(struct story *story)
{
    struct api_answer answer;
    const struct seen *webhook;
    struct seen *message;
    enum err_code code = log_one(story, story->demo->world.sales_call_id, &answer, &story->probe_id);
    json_decref(answer.json);
    if (!code)
        code = await_webhook(story, 2, story->probe_id, &webhook);
    if (!code)
        code = check_webhook(story, webhook, story->probe_id);
    if (!code)
        code = demo_await(story->demo, SEEN_SLACK, 2, "the probe's message to Slack", &message, story->err);
    if (code)
        return code;
    json_auto_t *json = json_loadb(message->body, message->body_len, 0, NULL);
    return check_message(story, message, json);
}

static enum err_code tell_nothing_else(struct story *story)
{
    const struct demo *demo = story->demo;
    enum err_code code = await_probe(story);
    if (code)
        return code;
    if (demo_count(demo, SEEN_WEBHOOK) != 2 || demo_count(demo, SEEN_OTHER) != 0)
        return WRONG(story, "%zu webhooks and %zu other requests came, not one for each of two Sales Calls",
            demo_count(demo, SEEN_WEBHOOK), demo_count(demo, SEEN_OTHER));
    if (demo_count(demo, SEEN_FETCH) != 2 || demo_count(demo, SEEN_SLACK) != 2)
        return WRONG(story, "%zu fetches and %zu messages came, not one for each of two Sales Calls",
            demo_count(demo, SEEN_FETCH), demo_count(demo, SEEN_SLACK));
    term_say(
        story->term, SAY_GOOD, "no webhook for 6 and 7: a later Sales Call has arrived, and nothing else");
    return ERR_OK;
}

enum err_code story_tell(struct demo *demo, struct error *err)
{
    static enum err_code (*const steps[])(struct story *) = {tell_logged, tell_webhook, tell_answered,
        tell_fetched, tell_posted, tell_redirect, tell_scheduled, tell_nothing_else};
    struct story story = {.demo = demo, .err = err, .term = &demo->term};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        enum err_code code = steps[i](&story);
        if (code)
            return code;
    }
    return ERR_OK;
}
