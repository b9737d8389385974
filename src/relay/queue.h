/*
 * Lines: the pending steps of one kind (a hook's fetch, or one of its actions) that are due, a bounded window of
 * them in memory. The database is the queue; a line only holds what is about to be worked on, so memory does not
 * grow with the backlog (I7), and a slow target holds up its own line only.
 *
 *      database ──refill──▶ ready ──pop──▶ in flight ──▶ being recorded ──drop──▶ (gone)
 *                └────────────── all of these are `held` ────────────┘
 *
 * Invariants
 *  Q1  A step is held at most once; it is held until its outcome is recorded, and is not read again before.
 *  Q2  held_count <= most.
 *  Q3  If a step of the line may be due that is not held, `unread` is set or the timer is armed.
 *
 * The loop's thread.
 */
#ifndef HERALD_RELAY_QUEUE_H
#define HERALD_RELAY_QUEUE_H

#include "net/http.h"
#include "net/loop.h"
#include "relay/inbox.h"

#define REASON_MOST 320

struct worker;
struct line;

/*
 * How many steps of one target are under way: sent, and not yet recorded. That the place is kept until then is what
 * bounds the repeats after a kill (I10). Fetches of all hooks share one gate.
 */
struct gate {
    int64_t most;
    int64_t busy;
    int64_t paused_until_boot_us; /* the target said "too many requests", or refuses, or we have no means */
    int64_t refusals; /* pauses since the source last gave something */
};

struct job {
    struct job *next; /* of the ready ones */
    struct line *line;
    size_t slot; /* in line->held */
    struct due_step step;
    struct http_call *call; /* NULL: not in flight */
    struct loop_timer again; /* its outcome could not be handed to the writer */
    struct loop_task recorded;
    struct outcome outcome;
    char *record; /* what was fetched, until it is recorded */
    char reason[REASON_MOST];
};

struct line {
    /* set before start */
    struct worker *worker;
    const struct relay_hook *hook;
    const struct relay_action *action; /* NULL: the fetch */
    const char *step;
    int64_t attempts_most;
    struct http_client *client;
    struct gate *gate;
    size_t most; /* Q2 */
    int64_t latest_us; /* no step is put off for longer */
    /* the loop's */
    struct job **held;
    size_t held_count;
    struct job *ready, **ready_tail;
    size_t ready_count;
    bool unread; /* the database may have due steps that are not held */
    bool newest_first; /* more failed than may: what is new has its chance before a backlog of forged ids */
    struct gate own_gate;
    struct loop_timer timer;
};

/* After the members that are set before start. */
void line_init(struct line *line);
void line_free(struct line *line);

/* Reads what is due, if anything may be and little is left in memory. On an error nothing has changed. */
enum err_code line_refill(struct line *line, struct loop *loop, struct db *db, struct error *err) MUST_CHECK;

/* The step that has been due for longest, or NULL. It stays held. */
struct job *line_pop(struct line *line);

/* Forgets what is ready, and reads the newest first from now on, until none is left that was not tried yet. */
void line_turn_to_newest(struct line *line);

/* Frees a job; it must not be in the ready list. */
void line_drop(struct job *job);

/* The line's timer fires then, or earlier. */
void line_wake_at(struct line *line, struct loop *loop, int64_t due_boot_us);

#endif
