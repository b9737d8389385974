/*
 * The group-committing writer: one thread, one connection, one lane. It runs all units that wait in one
 * transaction, commits, and only then tells each unit's owner (I3). Batches grow with the load; no timer.
 *
 * Invariants
 *  W1  `done` is called exactly once for each unit that writer_submit accepted, on the writer's thread, after the
 *      commit is durable or with an error.
 *  W2  Units are committed in the order of their numbers: seq grows with every unit, (lane, seq) order is
 *      commit order. Numbers of a failed batch are never used again.
 *  W3  Every transaction that uses numbers checks, inside itself and under a share lock, that the lane still has
 *      this writer's node and epoch (I11). If not, nothing is committed and a new lane is taken.
 *      What else this node dispatches it learns at each renewal; only then does writer_lease_until grow.
 *  W4  One bad unit fails alone: a batch that fails is rolled back and run again in halves.
 *  W5  A unit whose kind says `keep` is never dropped over a database that is away: it waits and is run again.
 *
 *      waiting ──take──▶ batch ──run──▶ commit ──▶ committed() ──▶ done()
 *                          │  error, more than one unit: rollback, halves
 *                          └─ database away: units fail with ERR_UNAVAILABLE, `keep` units go back to waiting
 */
#ifndef HERALD_DB_WRITER_H
#define HERALD_DB_WRITER_H

#include "base/inbox.h"
#include "db/db.h"
#include "db/lane.h"

struct unit;
struct lock_list;
struct writer;

#define WRITER_RIDE_US (5 * US_PER_MS)

struct lane_range {
    int64_t lane, first, last;
    bool own, left_over;
};

/* What the units of a kind have in common. Static; `run` and `committed` are called on the writer's thread. */
struct unit_kind {
    const char *name;
    /*
     * Writes all units into the open transaction. A single unit is refused by setting its `result` before
     * anything of it is written; returning an error fails, and re-runs, the whole batch.
     */
    enum err_code (*run)(struct db *db, struct unit **units, size_t n, struct error *err);
    /*
     * May be NULL. Comes before the `run` of every kind in the batch, for locks that other kinds take, too: two nodes
     * that took a weak lock first and wanted the strong one then would wait for each other.
     */
    enum err_code (*lock)(struct db *db, struct unit **units, size_t n, struct error *err);
    /* May be NULL. Names what the unit will lock or insert, and others may at the same time (db/locks.h). */
    void (*name_locks)(const struct unit *unit, struct lock_list *list);
    /* After the commit, in the order of seq, before any `done`; may be NULL. Refused units are left out. */
    void (*committed)(struct unit **units, size_t n);
    bool keep; /* W5 */
    /*
     * Nobody waits for it: it starts no transaction by itself, but rides with the next one, or goes after
     * WRITER_RIDE_US. Halves the commits where every activity is followed by an outcome.
     */
    bool rides;
};

struct unit {
    /* set by the owner */
    struct inbox_item item; /* first: the inbox is a list of these */
    const struct unit_kind *kind;
    void *ctx; /* for `run` and `committed` */
    void (*done)(struct unit *unit);
    /* set by the writer */
    struct lane_pos pos; /* where it was committed */
    struct error result; /* code ERR_OK: committed */
};

struct writer_config {
    const struct db_config *db;
    struct id node; /* this node's lasting id */
    int64_t lease_us; /* of the lane */
    size_t batch_most; /* units in one transaction; 2 to 1024 */
    size_t queue_most; /* units that may wait; beyond it writer_submit refuses (ERR_BUSY) */
    /*
     * Called on the writer's thread when rows of a lane may be pending that no `committed` announced: those that a
     * predecessor left (`left_over`), and those of a COMMIT whose outcome is unknown. Whoever dispatches reads
     * seq `first` to `last` from the table. It comes before any `committed` with a later seq. `own`: this
     * writer's lane.
     */
    void (*read_again)(void *ctx, const struct lane_range *range);
    /*
     * Likewise, may be NULL: a lane that read_again gave to this node (not `own`) is another node's now. Nothing of
     * it may be sent any more, not even what was read already. Comes before writer_lease_until grows.
     */
    void (*lane_lost)(void *ctx, int64_t lane);
    void *read_again_ctx;
    /* Likewise, after each commit and its `done`s: something is there in this lane. Must be quick. May be NULL. */
    void (*committed)(void *ctx, int64_t lane);
    void *committed_ctx;
};

/* Opens the database (schema at this version), claims it for this node (db_claim), takes a lane, starts the thread. */
enum err_code writer_start(
    const struct writer_config *config, struct writer **writer, struct error *err) MUST_CHECK;

/* Any thread. On ERR_BUSY (queue full) or ERR_UNAVAILABLE (stopping) the unit was not taken. */
enum err_code writer_submit(struct writer *writer, struct unit *unit, struct error *err) MUST_CHECK;

/* Any thread but the writer's. Submits a function and waits for its commit: for settings and other cold writes. */
enum err_code writer_run(struct writer *writer,
    enum err_code (*run)(struct db *db, void *ctx, struct error *err), void *ctx,
    struct error *err) MUST_CHECK;

/*
 * The same for a function that hears where it is committed, and takes locks that others take, too: `lock` and
 * `name_locks` (each may be NULL) are those of a unit's kind.
 */
struct writer_call {
    enum err_code (*run)(struct db *db, struct lane_pos pos, void *ctx, struct error *err);
    enum err_code (*lock)(struct db *db, void *ctx, struct error *err);
    void (*name_locks)(void *ctx, struct lock_list *list);
    void *ctx;
};
enum err_code writer_run_call(
    struct writer *writer, const struct writer_call *call, struct error *err) MUST_CHECK;

/* Whether the last transaction worked; for /readyz. Any thread. */
bool writer_is_healthy(struct writer *writer);

/* Until when (boot clock) this node surely has its lane; nothing may be sent that could outlive it (I11). Any thread. */
int64_t writer_lease_until(struct writer *writer);

/*
 * Refuses new units, runs what waits (`keep` units for at most grace_us if the database is away), gives the lane
 * back, ends the thread.
 */
void writer_stop(struct writer *writer, int64_t grace_us);

#endif
