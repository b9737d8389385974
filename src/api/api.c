#include "api/call.h"

#include "base/alloc.h"
#include "base/log.h"

#include <jansson.h>

static const char *const single_headers[] = {
    "Origin", "Cookie", "Content-Type", "If-Match", "X-Herald-Session", NULL};

/* That the process lives must be seen even when all workers wait for a database. */
static const struct instant_answer instant[] = {{"/healthz", "application/json", "{\"status\":\"ok\"}"}};

/* A worker without a database answers 503 to what needs one; it tries again with the next request. */
static void *worker_start(void *ctx)
{
    struct api *api = ctx;
    struct db *db = NULL;
    struct error err;
    if (db_open(api->config.db, true, &db, &err))
        LOG(LOG_ERROR, "a worker has no database", F_TEXT("reason", err.text));
    return db;
}

static void worker_stop(void *ctx, void *worker)
{
    (void)ctx;
    db_close(worker);
}

enum err_code api_start(const struct api_config *config, struct api **api, struct error *err)
{
    json_set_alloc_funcs(mem_try_alloc, mem_free);
    struct api *a = mem_zalloc(sizeof *a);
    a->config = *config;
    struct server_config server = {.name = "api",
        .listen = config->listen,
        .hosts = config->hosts,
        .body_most = (size_t)config->body_most,
        .connections_most = (unsigned)config->connections_most,
        .idle_s = (unsigned)(config->idle_us / US_PER_S),
        .deadline_us = config->deadline_us,
        .workers = (unsigned)config->workers,
        .single_headers = single_headers,
        .instant = instant,
        .instant_count = ARRAY_LEN(instant),
        .ctx = a,
        .handle = route_dispatch,
        .worker_start = worker_start,
        .worker_stop = worker_stop};
    enum err_code code = server_start(&server, &a->server, err);
    if (code) {
        mem_free(a);
        return code;
    }
    *api = a;
    return ERR_OK;
}

const char *api_address(const struct api *api)
{
    return server_address(api->server);
}

void api_stop(struct api *api, int64_t drain_us)
{
    server_stop(api->server, drain_us);
    mem_free(api);
}
