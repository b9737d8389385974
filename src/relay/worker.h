/*
 * The relay's work: takes due steps from the inbox, fetches records, runs actions, records outcomes (I10).
 *
 * Invariants
 *  K1  Every answer's outcome goes to the writer before anything else happens to its step; the step stays held
 *      (relay/queue.h) until the outcome is recorded, so it can neither run twice nor be forgotten.
 *  K2  What is not recorded is still pending in the database: a start reads it again at once.
 *  K3  At most fetch.failures_per_minute fetches fail in a minute, so that forged ids cannot flood the source.
 *
 * All of it runs on one loop's thread; worker_wake from any, the rest from the thread that owns the relay.
 */
#ifndef HERALD_RELAY_WORKER_H
#define HERALD_RELAY_WORKER_H

#include "db/writer.h"
#include "relay/config.h"

struct worker;

/* Starts the loop; nothing is worked on yet. `config` and `db` must outlive the worker. */
enum err_code worker_new(const struct relay_config *config, const struct db_config *db,
    struct worker **worker, struct error *err) MUST_CHECK;

/* Begins with all that is pending. */
void worker_begin(struct worker *worker, struct writer *writer);

/* There may be new receipts in the inbox. */
void worker_wake(struct worker *worker);

/* Starts nothing more; what is in flight may end for at most drain_us, then it is cut off and stays pending. */
void worker_drain(struct worker *worker, int64_t drain_us);

/* After worker_drain and the writer's end. Accepts NULL. */
void worker_free(struct worker *worker);

#endif
