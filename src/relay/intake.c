#include "relay/intake.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "relay/inbox.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MOST 4096
#define BODY_MOST 4096
#define IDLE_S 60
#define DEADLINE_US (30 * US_PER_S)
#define WORKERS 4
#define METRICS_MOST (256 << 10)

static const char activity_parameter[] = "logged_activity_id";
static const char token_parameter[] = "token";

/* What a webhook is while it waits for its commit; lives in the exchange's arena. */
struct arrival {
    struct receipt receipt;
    struct exchange *exchange;
    const struct intake *intake;
};

static void reply_text(struct exchange *exchange, const char *text)
{
    exchange_reply(exchange, &(struct reply){.status = 200,
                                 .content_type = "application/json",
                                 .static_body = text,
                                 .body_len = strlen(text)});
}

static void refuse(struct exchange *exchange, int status, const char *why)
{
    metric_add(METRIC_relay_refused_total, 1);
    exchange_reply_problem(exchange, status, why, NULL);
}

static void refuse_method(struct exchange *exchange)
{
    static const struct reply_header headers[] = {{"Allow", "GET"}};
    static const char problem[] = "{\"type\":\"about:blank\",\"title\":\"Method Not Allowed\",\"status\":405,"
                                  "\"detail\":\"a webhook is a GET request\"}";
    metric_add(METRIC_relay_refused_total, 1);
    exchange_reply(exchange, &(struct reply){.status = 405,
                                 .content_type = "application/problem+json",
                                 .headers = headers,
                                 .header_count = ARRAY_LEN(headers),
                                 .static_body = problem,
                                 .body_len = sizeof problem - 1});
}

/* The parameter's value if it stands there exactly once; *times says how often it does. */
static const char *only_value(const struct exchange *exchange, const char *wanted, size_t *times)
{
    const char *name, *value, *found = NULL;
    *times = 0;
    for (size_t i = 0; exchange_query_at(exchange, i, &name, &value); i++) {
        if (strcmp(name, wanted) == 0) {
            found = value;
            ++*times;
        }
    }
    return *times == 1 ? found : NULL;
}

static void count_unknown_parameters(const struct exchange *exchange)
{
    const char *name, *value;
    for (size_t i = 0; exchange_query_at(exchange, i, &name, &value); i++)
        if (strcmp(name, activity_parameter) != 0 && strcmp(name, token_parameter) != 0)
            metric_add(METRIC_unknown_members_total, 1);
}

/* In constant time, the length apart. */
static bool token_is_right(const struct exchange *exchange, const struct relay_hook *hook)
{
    size_t times;
    const char *token = only_value(exchange, token_parameter, &times);
    if (!hook->secret)
        return true;
    return token && strlen(token) == strlen(hook->secret) &&
           sodium_memcmp(token, hook->secret, strlen(hook->secret)) == 0;
}

/* Herald's own headers, which the original product does not send: kept if they make sense, ignored if not. */
static void read_delivery(const struct exchange *exchange, struct receipt *receipt)
{
    const char *delivery = exchange_header(exchange, "X-Herald-Delivery");
    const char *attempt = exchange_header(exchange, "X-Herald-Attempt");
    if (delivery && !id_parse(delivery, strlen(delivery), &receipt->delivery))
        receipt->delivery = (struct id){0};
    if (attempt && strlen(attempt) <= 9 && attempt[strspn(attempt, "0123456789")] == '\0')
        receipt->attempt = strtol(attempt, NULL, 10);
}

/* On the writer's thread, after the commit or its failure. The exchange, and with it the unit, ends here. */
static void receipt_done(struct unit *unit)
{
    struct arrival *arrival = CONTAINER_OF(unit, struct arrival, receipt.unit);
    struct exchange *exchange = arrival->exchange;
    const struct receipt *receipt = &arrival->receipt;
    if (unit->result.code) {
        LOG(LOG_WARN, "webhook not stored", F_ID("activity", receipt->activity),
            F_TEXT("reason", unit->result.text));
        exchange_reply_error(exchange, &unit->result, NULL);
        return;
    }
    LOG(LOG_INFO, "webhook received", F_ID("activity", receipt->activity), F_TEXT("hook", receipt->hook),
        F_TEXT("status", receipt->duplicate ? "duplicate" : "accepted"),
        F_INT("ms", (clock_boot_us() - exchange->started_boot_us) / US_PER_MS));
    if (!receipt->duplicate)
        arrival->intake->stored(arrival->intake->stored_ctx);
    reply_text(exchange, receipt->duplicate ? "{\"status\":\"duplicate\"}\n" : "{\"status\":\"accepted\"}\n");
}

static void store(struct exchange *exchange, const struct relay_hook *hook, struct id activity)
{
    struct intake *intake = exchange->server_ctx;
    struct arrival *arrival = ARENA_NEW(exchange->arena, struct arrival);
    *arrival = (struct arrival){.exchange = exchange,
        .intake = intake,
        .receipt = {
            .unit = {.kind = &receipt_kind, .done = receipt_done}, .hook = hook->path, .activity = activity}};
    read_delivery(exchange, &arrival->receipt);
    struct error err;
    if (writer_submit(intake->writer, &arrival->receipt.unit, &err))
        exchange_reply_error(exchange, &err, NULL);
}

static void take_webhook(struct exchange *exchange, const struct relay_hook *hook)
{
    size_t times;
    const char *text = only_value(exchange, activity_parameter, &times);
    struct id activity;
    if (times == 0)
        refuse(exchange, 400, "the parameter logged_activity_id is missing");
    else if (times > 1)
        refuse(exchange, 400, "the parameter logged_activity_id stands there more than once");
    else if (!text || !id_parse(text, strlen(text), &activity))
        refuse(exchange, 400, "logged_activity_id is not a UUID");
    else {
        count_unknown_parameters(exchange);
        store(exchange, hook, activity);
    }
}

static void ready(struct exchange *exchange)
{
    const struct intake *intake = exchange->server_ctx;
    if (writer_is_healthy(intake->writer)) {
        reply_text(exchange, "{\"status\":\"ok\"}\n");
        return;
    }
    struct error err;
    error_set(&err, ERR_UNAVAILABLE, "the inbox cannot be written");
    exchange_reply_error(exchange, &err, NULL);
}

/* A webhook that nobody waits for is most likely a slip in a URL; one line a second is enough to find it. */
static void warn_of_unknown(struct intake *intake, const struct exchange *exchange)
{
    size_t times;
    int64_t now = clock_boot_us();
    int_least64_t last = atomic_load(&intake->warned_at);
    (void)only_value(exchange, activity_parameter, &times);
    if (times == 0 || (last && now - last < US_PER_S) ||
        !atomic_compare_exchange_strong(&intake->warned_at, &last, now))
        return;
    LOG(LOG_WARN, "a webhook to a path that no hook has, or with a wrong token",
        F_TEXT("path", exchange->path));
}

static void handle(struct exchange *exchange, void *worker UNUSED)
{
    struct intake *intake = exchange->server_ctx;
    const struct relay_hook *hook = relay_config_hook(intake->config, exchange->path);
    bool healthz = strcmp(exchange->path, "/healthz") == 0, readyz = strcmp(exchange->path, "/readyz") == 0;
    /* A wrong token gets the same answer: a guess must not learn that the path is right. */
    if (hook ? !token_is_right(exchange, hook) : !healthz && !readyz) {
        warn_of_unknown(intake, exchange);
        refuse(exchange, 404, "there is nothing here");
    } else if (strcmp(exchange->method, "GET") != 0)
        refuse_method(exchange);
    else if (hook)
        take_webhook(exchange, hook);
    else if (readyz)
        ready(exchange);
    else
        reply_text(exchange, "{\"status\":\"ok\"}\n");
}

/* Clients must leave descriptors for fetches and actions. */
static unsigned connections_most(void)
{
    struct files_share files = files_share();
    if (files.incoming >= CONNECTIONS_MOST)
        return CONNECTIONS_MOST;
    LOG(LOG_WARN, "fewer connections than usual: the limit of open files is low", F_INT("files", files.limit),
        F_INT("connections", files.incoming));
    return (unsigned)files.incoming;
}

enum err_code intake_start(struct intake *intake, struct server **server, struct error *err)
{
    static const char *const single[] = {"X-Herald-Delivery", "X-Herald-Attempt", NULL};
    struct server_config config = {.name = "relay",
        .listen_option = "`listen` in its file",
        .listen = intake->config->listen,
        .hosts = intake->config->hosts,
        .behind_proxy = intake->config->behind_proxy,
        .addresses = intake->addresses,
        .tls = intake->tls,
        .body_most = BODY_MOST,
        .connections_most = connections_most(),
        .idle_s = IDLE_S,
        .deadline_us = DEADLINE_US,
        .workers = WORKERS,
        .single_headers = single,
        .ctx = intake,
        .handle = handle};
    return server_start(&config, server, err);
}

static void handle_metrics(struct exchange *exchange, void *worker UNUSED)
{
    if (strcmp(exchange->path, "/metrics") != 0 || strcmp(exchange->method, "GET") != 0) {
        exchange_reply_problem(exchange, 404, "metrics are at GET /metrics", NULL);
        return;
    }
    struct buf text = BUF_INIT(METRICS_MOST);
    metrics_render(&text);
    size_t len = text.len;
    exchange_reply(exchange, &(struct reply){.status = 200,
                                 .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                 .body = buf_take(&text),
                                 .body_len = len});
}

enum err_code intake_start_metrics(
    const struct relay_config *config, struct tls *tls, struct server **server, struct error *err)
{
    struct server_config server_config = {.name = "relay metrics",
        .listen_option = "`metrics_listen` in its file",
        .listen = config->metrics_listen,
        .hosts = config->hosts,
        /* On loopback without TLS: what scrapes it there needs no certificate. */
        .tls = server_address_is_loopback(config->metrics_listen) ? NULL : tls,
        .body_most = 0,
        .connections_most = 32,
        .idle_s = IDLE_S,
        .deadline_us = DEADLINE_US,
        .workers = 1,
        .handle = handle_metrics};
    return server_start(&server_config, server, err);
}
