#include "net/server_internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"

/* All that an error list can hold, each byte of it escaped. */
#define PROBLEM_CAP (ERROR_ITEMS_MOST * sizeof(struct error_item) * 6 + 65536)

/* What a 401 asks for. No browser knows the scheme, so none asks its user for a password. */
#define CHALLENGE "ApiKey realm=\"Herald\""

static const char *fields_get(const struct fields *fields, const char *name)
{
    for (const struct field *field = fields->head; field; field = field->next)
        if (strcmp(field->name, name) == 0)
            return field->value;
    return NULL;
}

const char *exchange_header(const struct exchange *exchange, const char *name)
{
    for (const struct field *field = request_of(exchange)->headers.head; field; field = field->next)
        if (text_equal_nocase(field->name, name))
            return field->value;
    return NULL;
}

size_t exchange_header_count(const struct exchange *exchange, const char *name)
{
    size_t count = 0;
    for (const struct field *field = request_of(exchange)->headers.head; field; field = field->next)
        count += text_equal_nocase(field->name, name);
    return count;
}

const char *exchange_query(const struct exchange *exchange, const char *name)
{
    return fields_get(&request_of(exchange)->query, name);
}

static bool fields_at(const struct fields *fields, size_t i, const char **name, const char **value)
{
    const struct field *field = fields->head;
    while (field && i-- > 0)
        field = field->next;
    if (!field)
        return false;
    *name = field->name;
    *value = field->value;
    return true;
}

bool exchange_header_at(const struct exchange *exchange, size_t i, const char **name, const char **value)
{
    return fields_at(&request_of(exchange)->headers, i, name, value);
}

bool exchange_query_at(const struct exchange *exchange, size_t i, const char **name, const char **value)
{
    return fields_at(&request_of(exchange)->query, i, name, value);
}

const char *exchange_cookie(const struct exchange *exchange, const char *name)
{
    return fields_get(&request_of(exchange)->cookies, name);
}

static struct MHD_Response *body_response(const struct reply *reply)
{
    if (reply->body)
        return MHD_create_response_from_buffer_with_free_callback(reply->body_len, reply->body, mem_free);
    /* The parameter is not const for the sake of other modes. */
    const char *text = reply->static_body ? reply->static_body : "";
    return MHD_create_response_from_buffer(reply->body_len, (void *)text, MHD_RESPMEM_PERSISTENT);
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    /* Fails for a line break in a value, which no caller may send. */
    if (MHD_add_response_header(response, name, value) != MHD_YES)
        LOG(LOG_ERROR, "a response header cannot be sent", F_TEXT("header", name));
}

void response_dress(const struct request *request, struct MHD_Response *response, const struct reply *reply)
{
    bool cache_control = false;
    for (size_t i = 0; i < reply->header_count; i++) {
        cache_control |= text_equal_nocase(reply->headers[i].name, MHD_HTTP_HEADER_CACHE_CONTROL);
        add_header(response, reply->headers[i].name, reply->headers[i].value);
    }
    if (reply->content_type)
        add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
    if (!cache_control)
        add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    add_header(response, "X-Content-Type-Options", "nosniff");
    if (request->exchange.https)
        add_header(response, "Strict-Transport-Security", "max-age=31536000");
    add_header(response, "X-Request-Id", id_format(request->exchange.request_id).text);
    if (reply->close)
        add_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

struct MHD_Response *reply_response(const struct request *request, const struct reply *reply)
{
    struct MHD_Response *response = body_response(reply);
    if (response)
        response_dress(request, response, reply);
    else
        mem_free(reply->body);
    return response;
}

static void add_errors(struct buf *out, const struct error_list *list)
{
    size_t kept = list->count < ERROR_ITEMS_MOST ? list->count : ERROR_ITEMS_MOST;
    buf_add_text(out, ",\"errors\":[");
    for (size_t i = 0; i < kept; i++) {
        buf_printf(out, "%s{\"%s\":", i ? "," : "", list->items[i].in_query ? "parameter" : "pointer");
        text_json_quote(out, list->items[i].pointer);
        buf_add_text(out, ",\"detail\":");
        text_json_quote(out, list->items[i].text);
        buf_add_text(out, "}");
    }
    if (list->count > kept)
        buf_printf(out, ",{\"pointer\":\"\",\"detail\":\"%zu more are not listed.\"}", list->count - kept);
    buf_add_text(out, "]");
}

/* The one thing that is wrong, with its place: whoever shows only the detail shows enough. */
static void add_detail(struct buf *out, const char *detail, const struct error_list *list)
{
    bool single = list && list->count == 1 && list->items[0].pointer[0] && !list->items[0].in_query;
    if (!single) {
        text_json_quote(out, detail);
        return;
    }
    struct buf text = BUF_INIT(PROBLEM_CAP);
    buf_printf(&text, "%s: %s", list->items[0].pointer, detail);
    text_json_quote(out, buf_text(&text));
    buf_free(&text);
}

static const char *status_title(int status)
{
    const char *title = MHD_get_reason_phrase_for((unsigned)status);
    return title ? title : "Error";
}

/* retry_after_s 0: no such header. */
static struct MHD_Response *new_problem(const struct request *request, int status, const char *detail,
    const struct error_list *list, int64_t retry_after_s, bool close)
{
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)retry_after_s);
    struct reply_header headers[2];
    size_t header_count = 0;
    if (retry_after_s > 0)
        headers[header_count++] = (struct reply_header){MHD_HTTP_HEADER_RETRY_AFTER, seconds};
    if (status == MHD_HTTP_UNAUTHORIZED)
        headers[header_count++] = (struct reply_header){MHD_HTTP_HEADER_WWW_AUTHENTICATE, CHALLENGE};
    struct buf body = BUF_INIT(PROBLEM_CAP);
    buf_add_text(&body, "{\"type\":\"about:blank\",\"title\":");
    text_json_quote(&body, status_title(status));
    buf_printf(&body, ",\"status\":%d,\"detail\":", status);
    add_detail(&body, detail, list);
    buf_printf(&body, ",\"request_id\":\"%s\"", id_format(request->exchange.request_id).text);
    if (list && list->count > 0)
        add_errors(&body, list);
    buf_add_text(&body, "}");
    struct reply reply = {
        .status = status,
        .content_type = "application/problem+json",
        .headers = headers,
        .header_count = header_count,
        .body_len = body.len,
        .close = close,
    };
    reply.body = buf_take(&body);
    return reply_response(request, &reply);
}

struct MHD_Response *problem_response(
    const struct request *request, int status, const char *detail, const struct error_list *list, bool close)
{
    return new_problem(request, status, detail, list, status == MHD_HTTP_SERVICE_UNAVAILABLE, close);
}

struct MHD_Response *limited_response(
    const struct request *request, const char *detail, int64_t retry_after_us)
{
    int64_t seconds = (retry_after_us + US_PER_S - 1) / US_PER_S;
    return new_problem(request, MHD_HTTP_TOO_MANY_REQUESTS, detail, NULL, seconds > 0 ? seconds : 1, false);
}

void exchange_reply(struct exchange *exchange, const struct reply *reply)
{
    struct request *request = request_of(exchange);
    registry_answer(request, reply->status, reply_response(request, reply));
}

void exchange_reply_problem(
    struct exchange *exchange, int status, const char *detail, const struct error_list *list)
{
    struct request *request = request_of(exchange);
    registry_answer(request, status, problem_response(request, status, detail, list, false));
}

void exchange_reply_limited(struct exchange *exchange, const char *detail, int64_t retry_after_us)
{
    struct request *request = request_of(exchange);
    registry_answer(request, MHD_HTTP_TOO_MANY_REQUESTS, limited_response(request, detail, retry_after_us));
}

void exchange_reply_error(struct exchange *exchange, const struct error *err, const struct error_list *list)
{
    bool ours = err->code == ERR_INTERNAL || err->code == ERR_UNAVAILABLE || err->code == ERR_FENCED;
    if (ours) /* what the database says is for the log, not for whoever asks */
        LOG(LOG_WARN, "request failed", F_ID("request", exchange->request_id),
            F_TEXT("code", error_name(err->code)), F_TEXT("reason", err->text));
    const char *detail = !ours ? err->text
                         : err->code == ERR_INTERNAL
                             ? "This is a defect of the server; its log has the reason."
                             : "This is not possible just now; try again.";
    exchange_reply_problem(exchange, error_http_status(err->code), detail, list);
}

int error_http_status(enum err_code code)
{
    switch (code) {
    case ERR_OK:
        return MHD_HTTP_OK;
    case ERR_MALFORMED:
        return MHD_HTTP_BAD_REQUEST;
    case ERR_UNAUTHENTICATED:
        return MHD_HTTP_UNAUTHORIZED;
    case ERR_DENIED:
        return MHD_HTTP_FORBIDDEN;
    case ERR_NOT_FOUND:
        return MHD_HTTP_NOT_FOUND;
    case ERR_CONFLICT:
        return MHD_HTTP_CONFLICT;
    case ERR_STALE:
        return MHD_HTTP_PRECONDITION_FAILED;
    case ERR_TOO_LARGE:
        return MHD_HTTP_CONTENT_TOO_LARGE;
    case ERR_INVALID:
        return MHD_HTTP_UNPROCESSABLE_CONTENT;
    case ERR_BUSY:
    case ERR_UNAVAILABLE:
    case ERR_FENCED:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    case ERR_UNDONE: /* nobody who asks over HTTP gets it */
    case ERR_INTERNAL:
        break;
    }
    return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

void exchange_again(struct exchange *exchange)
{
    struct request *request = request_of(exchange);
    struct server *server = request->server;
    /* Once it is posted it may be answered, and the server be gone, before inbox_post returns. */
    atomic_fetch_add(&server->holds, 1);
    if (!inbox_post(&server->inbox, &request->item))
        exchange_reply_problem(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "The server is stopping.", NULL);
    server_release(server);
}
