#include "relay/relay.h"

#include "base/alloc.h"
#include "base/dirlock.h"
#include "base/limiter.h"
#include "base/log.h"
#include "net/tls.h"
#include "relay/inbox.h"
#include "relay/intake.h"
#include "relay/worker.h"

#include <sodium.h>

#define LEASE_US (15 * US_PER_S)
#define BATCH_MOST 256
#define QUEUE_MOST 16384
#define ADDRESSES 16384
#define RECORD_GRACE_US (5 * US_PER_S) /* for outcomes, at a stop, if the disk is full */

struct relay {
    const struct relay_config *config;
    struct arena *arena;
    struct db_config db;
    int lock;
    struct worker *worker;
    struct writer *writer;
    struct intake intake;
    struct server *server, *metrics;
    struct tls *tls; /* NULL: plain HTTP */
    struct limiter *addresses; /* NULL: no limit */
};

static void wake_worker(void *ctx)
{
    worker_wake(ctx);
}

/* A COMMIT's outcome is unknown: there may be receipts that nobody was told of. */
static void read_again(void *ctx, const struct lane_range *range UNUSED)
{
    worker_wake(ctx);
}

static enum err_code open_inbox(struct relay *relay, struct error *err)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    int64_t strays = 0;
    enum err_code code = db_open(&relay->db, false, &db, err);
    if (!code)
        code = inbox_migrate(db, err);
    if (!code)
        code = inbox_strays(db, relay->config, &strays, err);
    if (!code && strays)
        LOG(LOG_WARN,
            "pending steps belong to hooks or actions that the configuration does not have; they wait until "
            "it does",
            F_INT("steps", strays));
    return code;
}

static enum err_code start_writer(struct relay *relay, struct error *err)
{
    struct writer_config config = {.db = &relay->db,
        .node = inbox_node(),
        .lease_us = LEASE_US,
        .batch_most = BATCH_MOST,
        .queue_most = QUEUE_MOST,
        .read_again = read_again,
        .read_again_ctx = relay->worker};
    return writer_start(&config, &relay->writer, err);
}

static enum err_code start_servers(struct relay *relay, struct error *err)
{
    const struct relay_config *config = relay->config;
    enum err_code code =
        config->tls_cert ? tls_new(config->tls_cert, config->tls_key, &relay->tls, err) : ERR_OK;
    if (code)
        return code;
    relay->intake = (struct intake){.config = relay->config,
        .tls = relay->tls,
        .addresses = relay->addresses,
        .writer = relay->writer,
        .stored = wake_worker,
        .stored_ctx = relay->worker};
    code = intake_start(&relay->intake, &relay->server, err);
    if (!code && relay->config->metrics_listen)
        code = intake_start_metrics(relay->config, relay->tls, &relay->metrics, err);
    return code;
}

enum err_code relay_start(const struct relay_config *config, struct relay **relay, struct error *err)
{
    if (sodium_init() < 0)
        return error_set(err, ERR_INTERNAL, "libsodium cannot be used on this machine");
    struct relay *r = mem_zalloc(sizeof *r);
    r->config = config;
    r->arena = arena_new();
    r->lock = -1;
    r->addresses = limiter_by_rate(config->address_rate, config->address_burst, ADDRESSES);
    r->db = inbox_db_config(config->data, r->arena);
    enum err_code code = dirlock_take(config->data, &r->lock, err);
    if (!code)
        code = open_inbox(r, err);
    if (!code)
        code = worker_new(config, &r->db, &r->worker, err);
    if (!code)
        code = start_writer(r, err);
    if (!code) {
        worker_begin(r->worker, r->writer);
        code = start_servers(r, err);
    }
    if (code) {
        relay_stop(r);
        return code;
    }
    *relay = r;
    return ERR_OK;
}

const char *relay_address(const struct relay *relay)
{
    return server_address(relay->server);
}

const char *relay_metrics_address(const struct relay *relay)
{
    return relay->metrics ? server_address(relay->metrics) : NULL;
}

enum err_code relay_read_certificate_again(struct relay *relay, struct error *err)
{
    return relay->tls ? tls_reload(relay->tls, err) : ERR_OK;
}

/* Against the stream: first what makes work, then what does it, then what stores it. */
void relay_stop(struct relay *relay)
{
    if (!relay)
        return;
    if (relay->server)
        server_stop(relay->server, relay->config->drain_us);
    if (relay->metrics)
        server_stop(relay->metrics, 0);
    if (relay->worker)
        worker_drain(relay->worker, relay->config->drain_us);
    if (relay->writer)
        writer_stop(relay->writer, RECORD_GRACE_US);
    worker_free(relay->worker);
    dirlock_release(relay->lock);
    tls_free(relay->tls);
    limiter_free(relay->addresses);
    arena_free(relay->arena);
    mem_free(relay);
}
