/* Whether it lives, whether it can work, and how it does. */
#include "api/call.h"

#include "base/alloc.h"
#include "base/metrics.h"

static const char ok[] = "{\"status\":\"ok\"}";

static void reply_ok(struct exchange *exchange)
{
    exchange_reply(exchange,
        &(struct reply){
            .status = 200, .content_type = "application/json", .static_body = ok, .body_len = sizeof ok - 1});
}

void healthz_get(struct call *call)
{
    reply_ok(call->exchange);
}

void readyz_get(struct call *call)
{
    struct error err = {0};
    if (!writer_is_healthy(call->api->config.crm->writer))
        exchange_reply_problem(call->exchange, 503, "The last write to the database failed.", NULL);
    else if (db_ping(call->db, &err))
        call_fail(call, &err, NULL);
    else
        reply_ok(call->exchange);
}

/* ── the operators' listener ─────────────────────────────────────────────────────────────────── */

struct operator_ctx {
    bool (*is_ready)(void *ctx);
    void *ctx;
};

static void reply_metrics(struct exchange *exchange)
{
    struct buf body = BUF_INIT(1 << 20);
    metrics_render(&body);
    struct reply reply = {
        .status = 200, .content_type = "text/plain; version=0.0.4; charset=utf-8", .body_len = body.len};
    reply.body = buf_take(&body);
    exchange_reply(exchange, &reply);
}

static void operator_handle(struct exchange *exchange, void *worker)
{
    (void)worker;
    const struct operator_ctx *operator= exchange->server_ctx;
    if (strcmp(exchange->method, "GET") != 0)
        exchange_reply_problem(exchange, 405, "This address takes GET.", NULL);
    else if (strcmp(exchange->path, "/metrics") == 0)
        reply_metrics(exchange);
    else if (strcmp(exchange->path, "/healthz") == 0)
        reply_ok(exchange);
    else if (strcmp(exchange->path, "/readyz") != 0)
        exchange_reply_problem(exchange, 404, "Here are /metrics, /healthz and /readyz.", NULL);
    else if (operator->is_ready(operator->ctx))
        reply_ok(exchange);
    else
        exchange_reply_problem(exchange, 503, "The last write to the database failed.", NULL);
}

enum err_code operator_listener_start(const char *listen, const struct text_list *hosts, struct tls *tls,
    bool (*is_ready)(void *ctx), void *ctx, struct server **server, struct error *err)
{
    struct operator_ctx *operator= mem_alloc(sizeof *operator);
    *operator=(struct operator_ctx){.is_ready = is_ready, .ctx = ctx};
    static const struct instant_answer instant = {"/healthz", "application/json", ok};
    struct server_config config = {.name = "metrics",
        .listen_option = "--metrics-listen",
        .listen = listen,
        .hosts = *hosts,
        .tls = tls,
        .body_most = 4096,
        .connections_most = 64,
        .idle_s = 30,
        .deadline_us = 5 * US_PER_S,
        .workers = 1,
        .instant = &instant,
        .instant_count = 1,
        .ctx = operator,
        .handle = operator_handle,
        .ctx_free = mem_free};
    return server_start(&config, server, err);
}
