/*
 * Private to src/relay: what worker.c (lines, turns, life) and steps.c (one attempt of a step) share.
 */
#ifndef HERALD_RELAY_WORKER_INTERNAL_H
#define HERALD_RELAY_WORKER_INTERNAL_H

#include "base/retry.h"
#include "relay/queue.h"
#include "relay/worker.h"

#include <stdatomic.h>

#define RECORD_MOST (64 << 20)
#define TRY_AGAIN_US US_PER_S /* the database did not do what it should */

struct worker {
    /* set before start */
    const struct relay_config *config;
    struct arena *arena;
    struct loop *loop;
    struct retry_policy retry;
    const char *fetch_headers[5];
    struct line *lines;
    size_t line_count;
    /* any thread */
    atomic_bool woken;
    struct loop_task wake_task;
    /* shared, under lock */
    pthread_mutex_t lock;
    pthread_cond_t drained;
    bool is_drained;
    /* the loop's */
    struct db *db; /* reads */
    struct writer *writer; /* NULL: not begun */
    struct gate fetch_gate;
    struct budget failures;
    size_t turn; /* which line is asked first */
    int64_t flying; /* calls */
    bool stopping;
    int64_t drain_us;
    struct loop_task begin_task, drain_task;
    struct writer *begin_writer; /* handed over with begin_task */
    struct loop_timer drain_timer;
};

/*
 * One attempt of a step whose turn has come; its gate has room. Ends, now or later, with the outcome recorded and
 * the job dropped, or, cut off by a stop, with the job dropped alone.
 */
void step_start(struct job *job);

/* Starts what may be started. */
void worker_pump(struct worker *worker);

/* The database may have due steps of these lines: of one hook or (NULL) all, fetches or actions. */
void worker_mark_unread(struct worker *worker, const struct relay_hook *hook, bool actions);

/* A call has ended and was dealt with. */
void worker_call_ended(struct worker *worker);

#endif
