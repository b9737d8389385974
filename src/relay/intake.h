/*
 * The relay's HTTP side: takes webhooks, answers 2xx only after the commit (I10). Its only state is when it last warned.
 *
 * Handlers run on the server's workers; a webhook's answer is given on the writer's thread.
 */
#ifndef HERALD_RELAY_INTAKE_H
#define HERALD_RELAY_INTAKE_H

#include "db/writer.h"
#include "net/server.h"
#include "relay/config.h"

#include <stdatomic.h>

struct intake {
    /* set before start */
    const struct relay_config *config;
    struct tls *tls; /* NULL: plain HTTP */
    struct limiter *addresses; /* NULL: no limit */
    struct writer *writer;
    void (*stored)(void *ctx); /* after a commit; on the writer's thread */
    void *stored_ctx;
    /* shared by the workers */
    atomic_int_least64_t warned_at; /* of a webhook to an unknown path; boot clock, 0: never */
};

enum err_code intake_start(struct intake *intake, struct server **server, struct error *err) MUST_CHECK;

/* /metrics on a listener of its own. */
enum err_code intake_start_metrics(
    const struct relay_config *config, struct tls *tls, struct server **server, struct error *err) MUST_CHECK;

#endif
