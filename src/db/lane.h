/*
 * Lanes: who may commit numbered work, and who sends it. A lane is a row (id, node, epoch, expires_at); every
 * writer has one of its own. seq is epoch * 2^40 + n, so that a lane that is taken again goes on above all that
 * it ever numbered, and a row of an earlier epoch is known to be left over from a predecessor.
 *
 * Upholds I11: each transaction that uses numbers calls lane_check; a take-over locks the row exclusively and
 * raises the epoch, so a paused predecessor's commit fails. A node learns what it dispatches, besides its own lane,
 * from lane_read_adopted after each renewal: what is not listed any more is another node's.
 */
#ifndef HERALD_DB_LANE_H
#define HERALD_DB_LANE_H

#include "db/db.h"

#define LANE_SEQ_BITS 40

struct lane_pos {
    int64_t lane;
    int64_t seq;
};

struct lane {
    int64_t id;
    int64_t epoch;
    struct id node;
    int64_t next_seq;
    int64_t held_until_boot_us; /* own count of the lease, from before the heartbeat was sent */
};

static inline int64_t lane_epoch_of(int64_t seq)
{
    return seq >> LANE_SEQ_BITS;
}

/*
 * Takes a lane for this node inside the open transaction: its own of an earlier run (whose process is proven
 * gone by the data directory's lock and by db_claim), else a new one. The lanes that it dispatches besides are
 * its again, too. ERR_CONFLICT when another node made a lane in this very moment: try again.
 */
enum err_code lane_take(
    struct db *db, struct id node, int64_t lease_us, struct lane *lane, struct error *err) MUST_CHECK;

/* Inside a transaction, once a batch: ERR_FENCED when the lane is no longer this epoch's. */
enum err_code lane_check(struct db *db, const struct lane *lane, struct error *err) MUST_CHECK;

/* Extends the lease, and that of the lanes that this node sends for others; ERR_FENCED if its own is lost. */
enum err_code lane_renew(struct db *db, struct lane *lane, int64_t lease_us, struct error *err) MUST_CHECK;

/*
 * A lane whose row is locked is passed over, not waited for: a node that was paused within a transaction holds it
 * until PostgreSQL ends that session (five seconds), and the next renewal tries again.
 *
 * Takes over, for sending only, one lane whose lease has run out and that is not this node's: raises its epochs
 * and makes this node its dispatcher. *lane is 0 when there is none.
 */
enum err_code lane_adopt(
    struct db *db, struct id node, int64_t lease_us, int64_t *lane, struct error *err) MUST_CHECK;

/* Lanes; the holder ends with lane_set_free. */
struct lane_set {
    int64_t *lanes;
    size_t count, room;
};
void lane_set_add(struct lane_set *set, int64_t lane);
bool lane_set_has(const struct lane_set *set, int64_t lane);
void lane_set_free(struct lane_set *set);

/* Adds those that the node dispatches other than its own. */
enum err_code lane_read_adopted(
    struct db *db, const struct lane *own, struct lane_set *adopted, struct error *err) MUST_CHECK;

/* Ends the leases at a clean stop. */
enum err_code lane_release(struct db *db, const struct lane *lane, struct error *err) MUST_CHECK;

#endif
