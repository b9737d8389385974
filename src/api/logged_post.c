/*
 * Logging: POST /api/activities/logged, and completing a Scheduled Activity, which is logging with one more member
 * (M3, M6). What an Idempotency-Key promises is in crm/idempotency.h.
 */
#include "api/body.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "crm/logged.h"

/* What waits for the writer while the connection is suspended; in the exchange's arena. */
struct log_call {
    struct call *call;
    struct log_unit log;
    struct idempotency idempotency;
    struct buf answer; /* rendered beforehand, sent only once it is true */
};

/* ── answers ─────────────────────────────────────────────────────────────────────────────────── */

static void emit_submission_action(struct json *json, const struct logged_activity *a)
{
    bool redirect = a->object.action == SUBMIT_REDIRECT;
    emit_object(json, "submission_action");
    emit_text(json, "action", submission_action_name(a->object.action));
    emit_text(json, "redirect_url", redirect ? a->object.redirect_url : NULL);
    emit_id(json, "delivery_id", a->delivery_id);
    emit_object_end(json);
}

static void render_answer(struct log_call *pending)
{
    pending->answer = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&pending->answer);
    emit_object(&json, NULL);
    emit_logged_members(&json, &pending->log.activity);
    emit_submission_action(&json, &pending->log.activity);
    emit_object_end(&json);
    pending->log.answer = buf_text(&pending->answer);
}

static struct reply_header location_of(struct call *call, struct id activity_id)
{
    return (struct reply_header){
        "Location", arena_printf(call->arena, "/api/activities/logged/%s", id_format(activity_id).text)};
}

/* The first one's answer, to the byte. */
static void reply_repeat(struct call *call, const struct idempotent_answer *first)
{
    struct reply_header headers[] = {location_of(call, first->activity_id), {"Idempotent-Replayed", "true"}};
    struct buf body = BUF_INIT(ANSWER_MOST);
    buf_add_text(&body, first->text);
    call_reply_json(call, 201, &body, headers, ARRAY_LEN(headers));
}

/* What is answered without a commit must not rest on what the worker remembers: then it begins again, asking. */
static bool ask_afresh(struct call *call)
{
    return call->remembered && call_again(call);
}

static void reply_refused(struct log_call *pending, const struct error *result, const struct error_list *list)
{
    struct call *call = pending->call;
    if (pending->log.first.text)
        reply_repeat(call, &pending->log.first);
    else if (result->code == ERR_CONFLICT && !id_is_nil(pending->log.completed_by))
        call_fail_completed(call, result->text, pending->log.completed_by);
    else
        call_fail(call, result, list);
}

/* The writer's thread: committed and durable (I3), or refused. */
static void log_done(struct log_unit *log, const struct error *result)
{
    struct log_call *pending = log->owner;
    struct call *call = pending->call;
    if (!result->code) {
        struct reply_header location = location_of(call, log->activity.id);
        call_reply_json(call, 201, &pending->answer, &location, 1);
        return;
    }
    buf_free(&pending->answer);
    if (result->code == ERR_STALE)
        call_again_or_busy(call);
    else
        reply_refused(pending, result, NULL);
}

/* ── the request ─────────────────────────────────────────────────────────────────────────────── */

/* Whoever writes the same members in another order asks for the same. */
static struct idempotency_hash hash_body(struct call *call, const json_t *root)
{
    CLEANUP(mem_free_ptr) char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    const char *body = text ? text : call->exchange->body;
    return idempotency_hash_request(call->exchange->path, body, strlen(body));
}

/* Replies itself, and returns false, when the header cannot be a key. */
static bool read_key(struct log_call *pending, const json_t *root)
{
    struct call *call = pending->call;
    const char *key = exchange_header(call->exchange, "Idempotency-Key");
    if (!key)
        return true;
    if (!idempotency_key_is_valid(key)) {
        exchange_reply_problem(call->exchange, 400,
            "An Idempotency-Key has 1 to 255 characters, all of them visible ASCII.", NULL);
        return false;
    }
    pending->idempotency = (struct idempotency){.business_id = call->actor.business_id,
        .key = idempotency_hash_key(&call->actor, key),
        .request = hash_body(call, root),
        .now = clock_wall_us(),
        .keep_us = call_limits(call)->idempotency_us};
    pending->log.idempotency = &pending->idempotency;
    return true;
}

/*
 * True: it is a repeat, or cannot be known, and has been answered. What was answered once is true whatever has changed
 * since, but for what the caller may know of it. Whoever may know nothing of it any more is refused as if they asked for
 * the first time: what refuses them is what they lack.
 */
static bool answer_repeat(struct log_call *pending)
{
    if (!pending->log.idempotency)
        return false;
    struct error err = {0};
    struct call *call = pending->call;
    struct idempotent_answer *first = &pending->log.first;
    if (!idempotency_find(call->db, call->arena, pending->log.idempotency, first, &err) && !first->text)
        return false;
    if (ask_afresh(call))
        return true;
    enum err_code code = first->text ? logged_repeat_seen(call, first, &err) : ERR_OK;
    if (code)
        first->text = NULL;
    if (code == ERR_DENIED || code == ERR_NOT_FOUND)
        return false;
    reply_refused(pending, &err, NULL);
    return true;
}

static void read_input(struct body *body, struct log_input *input, const struct crm_limits *limits)
{
    input->object_id = body_id(body, "activity_object_id");
    input->object_name = body_text_or_null(body, "activity_object_name", 1, (size_t)limits->name_chars);
    input->notes = body_text_or_null(body, "notes", 0, (size_t)limits->notes_chars);
    input->mentions = body_ids(body, "mentions", NULL, (size_t)limits->list_items, &input->mention_count);
    input->associated =
        body_ids(body, "associated_entities", "id", (size_t)limits->list_items, &input->associated_count);
    input->fields = body_array(body, "fields");
    struct id scheduled_id = body_id(body, "scheduled_activity_id");
    if (id_is_nil(input->scheduled_activity_id))
        input->scheduled_activity_id = scheduled_id;
    if (!input->notes)
        input->notes = "";
    bool named = body_given(body, "activity_object_id") || body_given(body, "activity_object_name");
    if (!id_is_nil(input->object_id) && input->object_name)
        error_list_add(&body->errors, "/activity_object_name",
            "Name the Activity Object by activity_object_id or by activity_object_name, one of the two.");
    else if (!named && !input->completing && !body_given(body, "scheduled_activity_id"))
        error_list_add(&body->errors, "/activity_object_id",
            "Name the Activity Object by activity_object_id or by activity_object_name.");
}

static void submit(struct log_call *pending)
{
    struct call *call = pending->call;
    struct error err = {0};
    render_answer(pending);
    if (logged_submit(call->api->config.crm, &pending->log, &err)) {
        buf_free(&pending->answer);
        call_fail(call, &err, NULL);
    }
}

static void log_body(struct log_call *pending, struct body *body, struct log_input *input)
{
    struct call *call = pending->call;
    struct error err = {0};
    read_input(body, input, call_limits(call));
    error_list_reading_done(&body->errors);
    enum err_code code =
        logged_prepare(call->db, call->arena, &call->actor, input, &pending->log, &body->errors, &err);
    if ((code || body->errors.count) && ask_afresh(call)) {
        json_decref(body->root);
        return;
    }
    if (code && code != ERR_INVALID)
        error_list_clear(&body->errors);
    if (body_finish(body)) {
        if (code)
            reply_refused(pending, &err, NULL);
        else
            submit(pending);
    }
}

/* scheduled_id: of the path; nil where the body may name one. */
static void log_activity(struct call *call, struct id scheduled_id)
{
    struct body body;
    struct log_input input = {
        .facts = call->facts, .scheduled_activity_id = scheduled_id, .completing = !id_is_nil(scheduled_id)};
    struct log_call *pending = ARENA_NEW(call->arena, struct log_call);
    *pending = (struct log_call){.call = call, .log = {.done = log_done, .owner = pending}};
    if (!body_read(call, &body))
        return;
    if (!read_key(pending, body.root) || answer_repeat(pending))
        json_decref(body.root);
    else
        log_body(pending, &body, &input);
}

void logged_post(struct call *call)
{
    log_activity(call, (struct id){0});
}

void logged_complete(struct call *call)
{
    log_activity(call, call->path_id);
}
