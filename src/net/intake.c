#include "net/server_internal.h"

#include "base/clock.h"
#include "base/limiter.h"
#include "base/log.h"
#include "base/metrics.h"

/* Of a refused body, bytes that are read and thrown away so that the client gets to see the answer. */
#define DISCARD_MOST (8U << 20)

static void copy_peer(struct request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    request->has_from = info && info->client_addr && address_of(info->client_addr, &request->from);
    request->exchange.https = request->server->config.tls != NULL;
}

void *intake_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct request *request = request_new(cls, connection);
    request->client = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    client_spoke(request->client, request->exchange.started_boot_us);
    request->exchange.target = arena_strdup(request->exchange.arena, target);
    copy_peer(request);
    return request;
}

/* How many is told by the metrics; a flood of refusals must not become one of log lines. */
static void log_refusal(const struct request *request, int status)
{
    struct address_key key = address_key(exchange_client(&request->exchange));
    int64_t wait;
    if (!limiter_take(request->server->refusals, key.bytes, key.len, 1, clock_boot_us(), &wait))
        return;
    LOG(LOG_INFO, "request refused", F_ID("request", request->exchange.request_id),
        F_TEXT("server", request->server->config.name),
        F_TEXT("address", address_format(exchange_client(&request->exchange)).text), F_INT("status", status),
        F_TEXT("reason", request->refusal ? request->refusal : MHD_get_reason_phrase_for((unsigned)status)));
}

/* libmicrohttpd could not read the head, and has said so with a page of its own. */
static void count_foreign_refusal(struct request *request)
{
    metric_add(METRIC_http_refused_total, 1);
    request->refusal = "The request's first line or a header cannot be read, or they are too long.";
    log_refusal(request, MHD_HTTP_BAD_REQUEST);
}

void intake_completed(
    void *cls, struct MHD_Connection *connection, void **req_cls, enum MHD_RequestTerminationCode code)
{
    (void)cls, (void)connection;
    struct request *request = *req_cls;
    *req_cls = NULL;
    if (!request)
        return;
    if (!request->begun && code == MHD_REQUEST_TERMINATED_WITH_ERROR)
        count_foreign_refusal(request);
    client_answered(request->client);
    request_end_reading(request);
    registry_connection_done(request);
}

void intake_connection(
    void *cls, struct MHD_Connection *connection, void **socket_ctx, enum MHD_ConnectionNotificationCode code)
{
    bool started = code == MHD_CONNECTION_NOTIFY_STARTED;
    metric_add(METRIC_http_connections, started ? 1 : -1);
    if (started)
        *socket_ctx = client_new(cls, connection);
    else
        client_free(*socket_ctx);
}

/*
 * libmicrohttpd joins the lines of a folded header and does not say so. It shows in where the value is: an
 * ordinary one stays where it was received, behind the name, a colon (made a NUL) and blanks; a joined one is
 * a copy further on in the connection's memory. Should that change, the tests tell.
 */
static bool was_folded(const char *name_end, const char *value)
{
    if (value <= name_end || value - name_end > CONNECTION_MEMORY)
        return true;
    for (const char *at = name_end + 1; at < value; at++)
        if (*at != ' ' && *at != '\t')
            return true;
    return false;
}

/*
 * libmicrohttpd takes a bare LF for the end of a line, ends a name, a value or the target at a NUL, skips more than one
 * blank in the first line, and leaves out what it cannot use; it says nothing of it, and a proxy in front may have read
 * all that in another way. It shows in where things are: it cuts the head in place, so that each line begins two bytes,
 * CR and LF, behind the one before.
 */
static void expect_line(struct request *request, const char *begin, const char *end)
{
    request->torn |= request->next_line && begin != request->next_line;
    request->next_line = end + strlen("\r\n");
}

static void expect_first_line(struct request *request, const char *method, const char *version)
{
    const char *target = method + strlen(method) + 1;
    request->torn = version != target + strlen(request->exchange.target) + 1;
    expect_line(request, method, version + strlen(version));
}

static void expect_end_of_lines(struct request *request, const char *method)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    expect_line(request, info ? method + info->header_size - strlen("\r\n") : NULL, method);
}

static enum MHD_Result copy_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
    struct request *request = cls;
    if (kind == MHD_HEADER_KIND && value) {
        request->folded |= was_folded(name + name_len, value);
        expect_line(request, name, value + value_len);
    }
    fields_add(kind == MHD_COOKIE_KIND ? &request->cookies : &request->headers, request->exchange.arena, name,
        name_len, value ? value : "", value ? value_len : 0);
    return MHD_YES;
}

/* Something about the request was wrong, and not with this server. */
static bool is_refusal(int status)
{
    return (status >= 400 && status < 500) || status == MHD_HTTP_NOT_IMPLEMENTED ||
           status == MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED;
}

static enum MHD_Result send_response(struct request *request, int status, struct MHD_Response *response)
{
    client_served(request->client);
    if (!response)
        return MHD_NO;
    metric_add(METRIC_http_requests_total, 1);
    if (status >= 400)
        metric_add(status >= 500 ? METRIC_http_5xx_total : METRIC_http_4xx_total, 1);
    if (is_refusal(status))
        log_refusal(request, status);
    histogram_observe(HISTOGRAM_http_request_seconds, clock_boot_us() - request->exchange.started_boot_us);
    enum MHD_Result queued = MHD_queue_response(request->connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result send_limited(struct request *request)
{
    metric_add(METRIC_requests_limited_total, 1);
    return send_response(request, MHD_HTTP_TOO_MANY_REQUESTS,
        limited_response(request, "There are too many requests from this address.", request->retry_after_us));
}

static enum MHD_Result send_refusal(struct request *request)
{
    if (request->refused_status == MHD_HTTP_TOO_MANY_REQUESTS)
        return send_limited(request);
    metric_add(METRIC_http_refused_total, 1);
    return send_response(request, request->refused_status,
        problem_response(request, request->refused_status, request->refusal, NULL, true));
}

static bool take_from_address(struct request *request)
{
    if (!request->has_from || !request->server->config.addresses)
        return true;
    struct address_key key = address_key(&request->from.any);
    return limiter_take(request->server->config.addresses, key.bytes, key.len, 1,
        request->exchange.started_boot_us, &request->retry_after_us);
}

/* All headers are there, of the body nothing yet. */
static enum MHD_Result begin(struct request *request, const char *method, const char *version)
{
    request->begun = true;
    request->exchange.method = arena_strdup(request->exchange.arena, method);
    request->exchange.version = arena_strdup(request->exchange.arena, version);
    expect_first_line(request, method, version);
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND | MHD_COOKIE_KIND, copy_field, request);
    expect_end_of_lines(request, method);
    forwarded_read(request);
    struct framing framing = {0};
    bool sound = strict_check(request, version, &framing);
    bool admitted = take_from_address(request); /* what is refused for another reason counts, too */
    if (sound && admitted)
        return MHD_YES;
    if (sound)
        request->refused_status = MHD_HTTP_TOO_MANY_REQUESTS;
    /* Otherwise the rest is read first: a connection closed over unread bytes may take the answer with it. */
    return framing.ambiguous || framing.expects ? send_refusal(request) : MHD_YES;
}

static enum MHD_Result take_body(struct request *request, const char *data, size_t *size)
{
    size_t len = *size;
    *size = 0;
    if (request->cut_off)
        return MHD_NO;
    if (!request->refused_status) {
        bool fits = len <= request->body.cap - request->body.len;
        buf_add(&request->body, data, len);
        if (!request->body.overflow && request_charge_body(request))
            return MHD_YES;
        request->refused_status = fits ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_CONTENT_TOO_LARGE;
        request->refusal = fits ? NO_MEMORY_FOR_BODY : BODY_TOO_LARGE;
        request_end_reading(request);
        request_drop_body(request);
    }
    request->discarded += len;
    return request->discarded <= DISCARD_MOST ? MHD_YES : MHD_NO;
}

/* The request is whole. Suspended before anybody else can know of it, because only then it may be resumed. */
static enum MHD_Result hand_over(struct request *request)
{
    struct server *server = request->server;
    client_served(request->client);
    request_end_reading(request);
    request->exchange.body = buf_text(&request->body);
    request->exchange.body_len = request->body.len;
    request->deadline_boot_us = clock_boot_us() + server->config.deadline_us;
    MHD_suspend_connection(request->connection);
    if (!registry_enter(request)) {
        request->refused_status = MHD_HTTP_SERVICE_UNAVAILABLE;
        request->refusal = "The server is stopping.";
        MHD_resume_connection(request->connection);
        server_wake(server);
    } else if (!inbox_post(&server->inbox, &request->item)) {
        registry_handler_done(request);
    }
    return MHD_YES;
}

static bool find_instant(const struct request *request, struct reply *reply)
{
    const struct server_config *config = &request->server->config;
    for (size_t i = 0; i < config->instant_count && request->query.count == 0; i++) {
        const struct instant_answer *answer = &config->instant[i];
        if (strcmp(answer->path, request->exchange.path) != 0)
            continue;
        *reply = (struct reply){.status = MHD_HTTP_OK,
            .content_type = answer->content_type,
            .static_body = answer->body,
            .body_len = strlen(answer->body)};
        return true;
    }
    return config->at_once && config->at_once(&request->exchange, reply);
}

/* What needs no worker is answered by this thread; everything else is handed over. */
static enum MHD_Result answer(struct request *request)
{
    const char *method = request->exchange.method;
    struct reply reply = {0};
    bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if (!reads || !find_instant(request, &reply))
        return hand_over(request);
    return send_response(request, reply.status, reply_response(request, &reply));
}

enum MHD_Result intake_access(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload, size_t *upload_size, void **req_cls)
{
    (void)cls, (void)connection, (void)url;
    struct request *request = *req_cls;
    if (!request->begun)
        return begin(request, method, version);
    if (*upload_size > 0)
        return take_body(request, upload, upload_size);
    if (request->cut_off)
        return MHD_NO;
    if (request->refused_status)
        return send_refusal(request);
    if (request->status == 0)
        return answer(request);
    struct MHD_Response *response = request->response;
    request->response = NULL;
    return send_response(request, request->status, response);
}
