/*
 * The feeder: reads the outbox for the dispatcher, on a thread and a connection of its own, so that a slow
 * database never stops the loop. It keeps trying while the database is away.
 */
#ifndef HERALD_WEBHOOK_FEEDER_H
#define HERALD_WEBHOOK_FEEDER_H

#include "db/writer.h"
#include "net/loop.h"
#include "webhook/delivery.h"

struct feeder;

/* A question to the outbox, and its answer; made by the dispatcher, given back to `answered` on the loop. */
struct feed_request {
    struct loop_task task; /* first: posted to the loop with the answer */
    struct inbox_item item;
    void *ctx;
    enum { FEED_OBJECTS, FEED_ROWS } what;
    struct lane_range range; /* FEED_OBJECTS: the lane; FEED_ROWS: first <= seq <= last */
    struct id object_id; /* FEED_ROWS: of it; FEED_OBJECTS: only those above it */
    size_t most;
    /* the answer */
    struct id *objects; /* FEED_OBJECTS: mem_free it */
    struct delivery_job *jobs;
    size_t count; /* fewer than `most`: there is no more */
};

/* `stopped` requests come back too, with count 0, once the feeder is told to stop. */
enum err_code feeder_start(
    const struct db_config *db, struct loop *loop, struct feeder **feeder, struct error *err) MUST_CHECK;
/* The loop's thread. */
void feeder_ask(struct feeder *feeder, struct feed_request *request);
/* Any thread but the loop's; all answers have been posted when it returns. */
void feeder_stop(struct feeder *feeder);

#endif
