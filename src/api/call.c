#include "api/call.h"

void call_reply_json(
    struct call *call, int status, struct buf *body, const struct reply_header *headers, size_t header_count)
{
    if (body->overflow) {
        buf_free(body);
        exchange_reply_problem(call->exchange, 503,
            "This answer would be too large, or there is no memory for it now; ask for fewer at once.", NULL);
        return;
    }
    struct reply reply = {.status = status,
        .content_type = "application/json",
        .headers = headers,
        .header_count = header_count,
        .body_len = body->len};
    reply.body = buf_take(body);
    exchange_reply(call->exchange, &reply);
}

void call_fail(struct call *call, const struct error *err, const struct error_list *list)
{
    exchange_reply_error(call->exchange, err, list);
}

/* Settings that change again and again while one request is prepared: give up after so many times. */
#define PREPARED_MOST 5

bool call_again(struct call *call)
{
    size_t times = (size_t)(uintptr_t)call->exchange->user + 1;
    if (times >= PREPARED_MOST)
        return false;
    call->exchange->user =
        (void *)(uintptr_t)times; // NOLINT(performance-no-int-to-ptr): a counter, not an address
    exchange_again(call->exchange);
    return true;
}

void call_again_or_busy(struct call *call)
{
    struct error busy = {.code = ERR_BUSY, .text = "The settings are being changed just now; try again."};
    if (!call_again(call))
        call_fail(call, &busy, NULL);
}

bool call_refuse_parameter(struct call *call, const char *name, const char *detail)
{
    struct error_list list;
    error_list_clear(&list);
    error_list_add_parameter(&list, name, "%s", detail);
    exchange_reply_problem(call->exchange, 400, detail, &list);
    return false;
}

struct reply_header created_header(struct call *call, struct id id)
{
    return (struct reply_header){
        "Location", arena_printf(call->arena, "%s/%s", call->exchange->path, id_format(id).text)};
}

void call_fail_completed(struct call *call, const char *detail, struct id logged_activity_id)
{
    struct buf body = BUF_INIT(4096);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_text(&json, "type", "about:blank");
    emit_text(&json, "title", "Conflict");
    emit_int(&json, "status", 409);
    emit_text(&json, "detail", detail);
    emit_id(&json, "request_id", call->exchange->request_id);
    emit_id(&json, "logged_activity_id", logged_activity_id);
    emit_object_end(&json);
    struct reply reply = {.status = 409, .content_type = "application/problem+json", .body_len = body.len};
    reply.body = buf_take(&body);
    exchange_reply(call->exchange, &reply);
}

void emit_person(struct json *json, const char *name, const struct person *person)
{
    emit_object(json, name);
    emit_id(json, "id", person->id);
    emit_text(json, "display_name", person->display_name);
    emit_text(json, "first_name", person->first_name);
    emit_text(json, "last_name", person->last_name);
    emit_text(json, "email", person->email);
    emit_object_end(json);
}
