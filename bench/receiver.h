/*
 * The webhook receiver: keep-alive GETs that are answered 200 with nothing, at once or after a fixed delay.
 * Owns its listener and connections; what arrives is told to `arrived`.
 *
 * One thread, the loop's.
 */
#ifndef HERALD_BENCH_RECEIVER_H
#define HERALD_BENCH_RECEIVER_H

#include "base/id.h"
#include "loop.h"

#include <sys/queue.h>

struct receiver_connection;

struct receiver {
    struct source listener; /* first: the loop hands it back */
    /* set before start */
    int64_t delay_us;
    void (*arrived)(void *ctx, struct id id, int64_t now_us);
    void *ctx;
    /* owned by the receiver */
    uint64_t received; /* webhooks, repeated ones too */
    uint64_t malformed; /* requests that are no webhook, answered 400 */
    LIST_HEAD(, receiver_connection) connections;
    TAILQ_HEAD(, receiver_connection) delayed; /* who waits for an answer, the oldest first */
};

/* Before anything else; the first group of members is set by the caller. */
void receiver_init(struct receiver *receiver);

/* Listens on 127.0.0.1:`port`. */
void receiver_listen(struct receiver *receiver, struct loop *loop, int port);

/* Closes all connections and the listener. */
void receiver_stop(struct receiver *receiver);

/* Sends the answers that are due; returns when the next one is, or INT64_MAX. */
int64_t receiver_answer_due(struct receiver *receiver);

#endif
