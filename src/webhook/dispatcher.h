/*
 * The dispatcher: sends what the outbox holds. All of its state belongs to the network loop's thread; the writer
 * hands over what it committed, the feeder what memory had no room for.
 *
 * Upholds
 *  I4  one request for each delivery, whatever comes of it, and the outcome written once.
 *  I5  every request goes through the guarded client.
 *  I6  endpoints take turns; each has its own queue and concurrency; a quarter of all places, for requests and
 *      for name look-ups, is kept for endpoints whose last attempt succeeded.
 *  I7  at most QUEUE_MOST jobs an endpoint and WINDOW_MOST in all are in memory; the rest stays in the table.
 *  I11 nothing is started that could outlive this node's lease, nor anything of a lane that it has lost.
 *
 *      committed ──handover──▶ queued ──turn──▶ in flight ──answer──▶ unrecorded ──commit──▶ gone
 *                   │ no room      ▲
 *                   └─▶ in a feed ─┘ loaded
 */
#ifndef HERALD_WEBHOOK_DISPATCHER_H
#define HERALD_WEBHOOK_DISPATCHER_H

#include "net/guard.h"
#include "webhook/delivery.h"

struct dispatcher;

struct dispatcher_config {
    const struct db_config *db;
    const struct guard *guard;
    int64_t request_us; /* whole request */
    int64_t connect_us;
    int in_flight_most; /* requests at once, in all */
    int lookups_most; /* name look-ups at once, in all */
};

/* Starts loop and feeder. Nothing is sent before dispatcher_attach. */
enum err_code dispatcher_start(
    const struct dispatcher_config *config, struct dispatcher **dispatcher, struct error *err) MUST_CHECK;

/* The writer that stores outcomes, and whose lease counts. Before it commits anything. */
void dispatcher_attach(struct dispatcher *dispatcher, struct writer *writer);

/* For delivery_register. */
struct delivery_sink dispatcher_sink(struct dispatcher *dispatcher);

/* For writer_config.read_again and .lane_lost. Any thread. Nothing is started until the loop has taken the news in. */
void dispatcher_read_again(void *dispatcher, const struct lane_range *range);
void dispatcher_lane_lost(void *dispatcher, int64_t lane);

/*
 * Starts no more requests, waits at most drain_us for those under way, ends the rest (they stay in the outbox).
 * The writer must still run, and records what comes of them.
 */
void dispatcher_drain(struct dispatcher *dispatcher, int64_t drain_us);

/* After dispatcher_drain, and after the writer has stopped. */
void dispatcher_free(struct dispatcher *dispatcher);

#endif
