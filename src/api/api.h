/*
 * The HTTP API, as api/openapi.yaml describes it: one file a resource, one table of routes (route.c), and the
 * pages. A handler runs on a worker's thread with a read connection of its own; it replies, or hands a unit of
 * work to the writer, whose `done` replies later. No handler waits for the writer on the hot path (logging).
 */
#ifndef HERALD_API_API_H
#define HERALD_API_API_H

#include "api/limits.h"
#include "base/json_read.h"
#include "crm/crm.h"
#include "net/server.h"

struct api;

struct api_config {
    const char *listen;
    struct text_list hosts, behind_proxy;
    struct tls *tls; /* net/tls.h; NULL: plain HTTP; must outlive it */
    struct limits_config limits;
    int64_t body_most; /* bytes */
    struct json_limits json; /* of a body, and of JSON in a parameter */
    int64_t connections_most;
    int64_t idle_us;
    int64_t deadline_us; /* of a request, from handler to answer */
    int64_t workers;
    const struct db_config *db;
    struct crm *crm;
    struct tail *tail; /* live streams; closed by api_stop */
    int64_t streams_most, stream_buffer_most, stream_beat_us;
    bool secure_cookies; /* browsers reach the pages by https */
};

enum err_code api_start(const struct api_config *config, struct api **api, struct error *err) MUST_CHECK;
const char *api_address(const struct api *api);
/* Requests that are under way may finish for at most drain_us. The writer must still run. Frees it. */
void api_stop(struct api *api, int64_t drain_us);

/* The listener for operators: /metrics, /healthz, /readyz. */
enum err_code operator_listener_start(const char *listen, const struct text_list *hosts, struct tls *tls,
    bool (*is_ready)(void *ctx), void *ctx, struct server **server, struct error *err) MUST_CHECK;

#endif
