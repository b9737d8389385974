/* POST /api/activities/logged and GET /api/activities/logged/{id} (M3, M6, M11). */
#include "crm/logged.h"
#include "api/body.h"
#include "base/alloc.h"
#include "crm/check.h"

/* Settings that change again and again while one activity is prepared: give up after so many times. */
#define PREPARED_MOST 5

static void emit_activity_members(struct json *json, const struct logged_activity *a)
{
    emit_id(json, "id", a->id);
    emit_object(json, "activity_object");
    emit_id(json, "id", a->object.id);
    emit_text(json, "name", a->object.name);
    emit_text(json, "api_name", a->object.api_name);
    emit_text(json, "association_mode", association_mode_name(a->object.association_mode));
    emit_object_end(json);
    emit_array(json, "associated_entities");
    for (size_t i = 0; i < a->associated_count; i++) {
        emit_object(json, NULL);
        emit_id(json, "id", a->associated[i].id);
        emit_text(json, "display_name", a->associated[i].display_name);
        emit_id(json, "object_id", a->associated[i].object_id);
        emit_text(json, "object_name", a->associated[i].object_name);
        emit_object_end(json);
    }
    emit_array_end(json);
    emit_time(json, "logged_at", a->logged_at);
    emit_person(json, "logged_by", &a->logged_by);
    emit_time(json, "completed_at", a->completed_at);
    if (id_is_nil(a->completed_by.id))
        emit_null(json, "completed_by");
    else
        emit_person(json, "completed_by", &a->completed_by);
    emit_id(json, "scheduled_activity_id", a->scheduled_activity_id);
    emit_raw(json, "mentions", a->mentions);
    emit_text(json, "notes", a->notes);
    emit_array(json, "fields");
    emit_array_end(json);
}

static void emit_submission_action(struct json *json, const struct logged_activity *a)
{
    bool redirect = a->object.action == SUBMIT_REDIRECT;
    emit_object(json, "submission_action");
    emit_text(json, "action", submission_action_name(a->object.action));
    emit_text(json, "redirect_url", redirect ? a->object.redirect_url : NULL);
    emit_id(json, "delivery_id", a->delivery_id);
    emit_object_end(json);
}

void logged_get(struct call *call)
{
    struct logged_activity activity;
    struct error err = {0};
    if (logged_read(call->db, call->arena, &call->actor, call->path_id, &activity, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_activity_members(&json, &activity);
    emit_object_end(&json);
    call_reply_json(call, 200, &body, NULL, 0);
}

/* What waits for the writer while the connection is suspended; in the exchange's arena. */
struct log_call {
    struct call *call;
    struct log_unit log;
    struct buf answer; /* rendered beforehand, sent only once it is true */
};

static void render_answer(struct log_call *pending)
{
    pending->answer = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&pending->answer);
    emit_object(&json, NULL);
    emit_activity_members(&json, &pending->log.activity);
    emit_submission_action(&json, &pending->log.activity);
    emit_object_end(&json);
}

/* The settings changed between preparing and committing: from the beginning, with what holds now. */
static bool prepare_again(struct call *call)
{
    size_t times = (size_t)(uintptr_t)call->exchange->user + 1;
    if (times >= PREPARED_MOST)
        return false;
    call->exchange->user =
        (void *)(uintptr_t)times; // NOLINT(performance-no-int-to-ptr): a counter, not an address
    exchange_again(call->exchange);
    return true;
}

/* The writer's thread: committed and durable (I3), or refused. */
static void log_done(struct log_unit *log, const struct error *result)
{
    struct log_call *pending = log->owner;
    struct call *call = pending->call;
    if (!result->code) {
        struct reply_header location = {"Location",
            arena_printf(call->arena, "/api/activities/logged/%s", id_format(log->activity.id).text)};
        call_reply_json(call, 201, &pending->answer, &location, 1);
        return;
    }
    buf_free(&pending->answer);
    if (result->code == ERR_STALE && prepare_again(call))
        return;
    struct error busy = {.code = ERR_BUSY, .text = "The settings are being changed just now; try again."};
    call_fail(call, result->code == ERR_STALE ? &busy : result, NULL);
}

static bool read_input(struct call *call, struct log_input *input)
{
    struct body body;
    if (!body_read(call, &body))
        return false;
    input->object_id = body_id(&body, "activity_object_id");
    input->object_name = body_text_or_null(&body, "activity_object_name", 1, NAME_MOST);
    input->notes = body_text_or_null(&body, "notes", 0, NOTES_MOST);
    input->mentions = body_ids(&body, "mentions", NULL, LIST_MOST, &input->mention_count);
    input->associated = body_ids(&body, "associated_entities", "id", LIST_MOST, &input->associated_count);
    if (!input->notes)
        input->notes = "";
    if (!body.errors.count && id_is_nil(input->object_id) == !input->object_name)
        error_list_add(&body.errors, "/activity_object_id",
            "Name the Activity Object by activity_object_id or by activity_object_name, one of the two.");
    return body_finish(&body);
}

void logged_post(struct call *call)
{
    struct log_input input = {0};
    if (!read_input(call, &input))
        return;
    struct log_call *pending = ARENA_NEW(call->arena, struct log_call);
    struct error_list list = {0};
    struct error err = {0};
    pending->call = call;
    pending->log.done = log_done;
    pending->log.owner = pending;
    if (logged_prepare(call->db, call->arena, &call->actor, &input, &pending->log, &list, &err)) {
        call_fail(call, &err, &list);
        return;
    }
    render_answer(pending);
    if (logged_submit(call->api->config.crm, &pending->log, &err)) {
        buf_free(&pending->answer);
        call_fail(call, &err, NULL);
    }
}
