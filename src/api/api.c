#include "api/call.h"

#include "api/aside.h"
#include "api/sighting.h"
#include "base/alloc.h"
#include "base/executor.h"
#include "crm/tail.h"

static const char *const single_headers[] = {
    "Origin", "Cookie", "Content-Type", "If-Match", "Idempotency-Key", "X-Herald-Session", NULL};

/* That the process lives must be seen even when all workers wait for a database. */
static const struct instant_answer instant[] = {{"/healthz", "application/json", "{\"status\":\"ok\"}"}};

/* A worker's own connection; opened when it is first needed, and again if that failed. */
struct worker {
    const struct db_config *config;
    struct db *db;
    struct facts *facts;
    struct sightings *sightings;
};

static void *worker_start(void *ctx)
{
    struct api *api = ctx;
    struct worker *worker = mem_zalloc(sizeof *worker);
    worker->config = api->config.db;
    worker->facts = facts_new();
    worker->sightings = sightings_new();
    return worker;
}

static void worker_stop(void *ctx, void *arg)
{
    (void)ctx;
    struct worker *worker = arg;
    db_close(worker->db);
    facts_free(worker->facts);
    sightings_free(worker->sightings);
    mem_free(worker);
}

enum err_code worker_db(void *arg, struct db **db, struct error *err)
{
    struct worker *worker = arg;
    enum err_code code = worker->db ? ERR_OK : db_open(worker->config, true, &worker->db, err);
    *db = worker->db;
    return code;
}

struct facts *worker_facts(void *arg)
{
    return ((struct worker *)arg)->facts;
}

struct sightings *worker_sightings(void *arg)
{
    return ((struct worker *)arg)->sightings;
}

/* With the last of its requests, which may be answered after api_stop. */
static void api_free(void *ctx)
{
    struct api *api = ctx;
    throttle_free(api->throttle);
    limits_free(api->limits);
    mem_free(api);
}

enum err_code api_start(const struct api_config *config, struct api **api, struct error *err)
{
    json_use_our_memory();
    struct api *a = mem_zalloc(sizeof *a);
    a->config = *config;
    a->limits = limits_new(&config->limits);
    a->throttle = throttle_new();
    enum err_code code = executor_start("aside", ASIDE_WAITING_MOST, &a->aside, err);
    if (code) {
        api_free(a);
        return code;
    }
    struct server_config server = {.name = "api",
        .listen_option = "--listen",
        .listen = config->listen,
        .hosts = config->hosts,
        .behind_proxy = config->behind_proxy,
        .tls = config->tls,
        .addresses = limits_addresses(a->limits),
        .body_most = (size_t)config->body_most,
        .connections_most = (unsigned)config->connections_most,
        .idle_s = (unsigned)(config->idle_us / US_PER_S),
        .deadline_us = config->deadline_us,
        .workers = (unsigned)config->workers,
        .streams_most = (unsigned)config->streams_most,
        .stream_buffer_most = (size_t)config->stream_buffer_most,
        .stream_beat_us = config->stream_beat_us,
        .single_headers = single_headers,
        .instant = instant,
        .instant_count = ARRAY_LEN(instant),
        .at_once = route_at_once,
        .ctx = a,
        .ctx_free = api_free,
        .handle = route_dispatch,
        .worker_start = worker_start,
        .worker_stop = worker_stop};
    struct executor *aside = a->aside;
    code = server_start(&server, &a->server, err);
    if (code) {
        executor_stop(aside);
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
    struct tail *tail = api->config.tail;
    struct executor *aside = api->aside;
    server_stop(api->server, drain_us);
    executor_stop(aside);
    tail_close(tail);
}
