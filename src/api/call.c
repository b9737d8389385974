#include "api/call.h"

void call_reply_json(
    struct call *call, int status, struct buf *body, const struct reply_header *headers, size_t header_count)
{
    if (body->overflow) {
        buf_free(body);
        exchange_reply_problem(call->exchange, 503, "There is no memory for this answer now.", NULL);
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

static bool page_limit(struct call *call, size_t *limit)
{
    const char *text = exchange_query(call->exchange, "limit");
    *limit = 50;
    if (!text)
        return true;
    char *end;
    long number = strtol(text, &end, 10);
    *limit = (size_t)number;
    return *text && !*end && number >= 1 && number <= 200;
}

bool call_page(struct call *call, size_t *limit, struct id *cursor)
{
    const char *text = exchange_query(call->exchange, "cursor");
    *cursor = (struct id){0};
    const char *wrong = !page_limit(call, limit) ? "'limit' must be a number from 1 to 200."
                        : text && !id_parse(text, strlen(text), cursor)
                            ? "'cursor' must be the 'next' of the page before."
                            : NULL;
    if (wrong)
        exchange_reply_problem(call->exchange, 400, wrong, NULL);
    return !wrong;
}

struct json emit_page(struct buf *body)
{
    *body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(body);
    emit_object(&json, NULL);
    emit_array(&json, "results");
    return json;
}

void emit_page_end(struct json *json, struct id next)
{
    emit_array_end(json);
    emit_id(json, "next", next);
    emit_null(json, "previous");
    emit_object_end(json);
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
