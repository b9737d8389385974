/*
 * Endpoints as the dispatcher sees them: one for each Activity Object that has something to send. Each has a
 * queue of its own, a concurrency that follows what it can take, and cursors into the outbox for what does not
 * fit into memory (I7).
 *
 * A feed is a range of one lane that holds rows of this endpoint which nobody loaded yet: after < seq <= upto.
 * Each pending row is loaded once in a process's life: either it was handed over in memory when it was committed,
 * with nothing of its endpoint left in the table before it, or it lies in a feed.
 *
 * Owned by the dispatcher; the loop's thread only.
 */
#ifndef HERALD_WEBHOOK_ENDPOINT_H
#define HERALD_WEBHOOK_ENDPOINT_H

#include "webhook/delivery.h"

#define QUEUE_MOST 1024 /* jobs of one endpoint in memory */
#define QUEUE_LOW 256 /* below it, a feed is asked for more */
#define CONCURRENCY_MOST 32

struct feed {
    struct feed *next;
    int64_t lane, after, upto;
    bool left_over; /* by a predecessor: what it holds may have been sent already */
};

/* Where an endpoint waits for its turn: see turns.h. */
enum ring { RING_NONE, RING_TROUBLED, RING_HEALTHY, RING_PARKED, RING_COUNT };

struct endpoint {
    struct endpoint *hash_next;
    struct endpoint *ring_next; /* while it is in a ring */
    enum ring ring;
    struct id object_id;
    struct delivery_job *head, **tail;
    size_t queued;
    int in_flight;
    int concurrency; /* starts at one; grows on success, halves on failure */
    bool succeeded_last;
    struct feed live; /* of this node's own lane and epoch */
    struct feed *older; /* what predecessors left, and adopted lanes */
    bool loading; /* a request is with the feeder */
};

struct endpoint_table;

struct endpoint_table *endpoint_table_new(void);
void endpoint_table_free(struct endpoint_table *table);

/* Finds or makes it; `live` is its live feed if it is new. */
struct endpoint *endpoint_get(struct endpoint_table *table, struct id object_id, struct feed live);
/* Calls `each` for all. */
void endpoint_each(
    struct endpoint_table *table, void (*each)(void *ctx, struct endpoint *endpoint), void *ctx);

void endpoint_push(struct endpoint *endpoint, struct delivery_job *job);
/* Back to where it was taken from. */
void endpoint_push_back(struct endpoint *endpoint, struct delivery_job *job);
struct delivery_job *endpoint_pop(struct endpoint *endpoint); /* NULL when empty */

/* The feed to load from next: leftovers first. NULL when everything is in memory. */
struct feed *endpoint_next_feed(struct endpoint *endpoint);
void endpoint_add_feed(struct endpoint *endpoint, struct feed range);
/* Drops feeds that are used up. */
void endpoint_trim_feeds(struct endpoint *endpoint);
/* Forgets all of a lane that is not this node's any more; returns how many jobs were dropped. */
size_t endpoint_forget_lane(struct endpoint *endpoint, int64_t lane);

void endpoint_succeeded(struct endpoint *endpoint);
void endpoint_failed(struct endpoint *endpoint);

#endif
