/*
 * The tail: follows what is committed, on every lane, and gives it to those who watch timelines live. One thread with
 * a read connection of its own; each new row is read once, however many watch. Nothing is read while nobody does.
 *
 *      writer ──committed──▶ tail ──▶ watchers of the records concerned
 *      other nodes' lanes ──sweep──┘
 *
 * Invariants
 *  T1  A watcher gets everything on its record's timeline that is committed after its cursor, each lane's in the
 *      order of commit (why that loses nothing: crm/timeline_cursor.h). Something may come twice, never not at all.
 *      If what it has missed is more than resume_most rows, or more than it has room for at once, it is told so
 *      (TAIL_RESET) and goes on from now.
 *  T2  Whether a watcher may still read is asked after the rows were read that it is about to get: nothing that was
 *      committed after a revocation is given to whom it took the right. Watchers to whom nothing happens are asked
 *      every check_us, and within sweep_us when settings of their Business have changed, on whatever node: a
 *      permission, an employee, a key.
 *  T3  `end` is called exactly once for each watcher that tail_watch took.
 *
 * Memory: rows are read in bounded pieces; of a watcher only what is in its struct is kept.
 */
#ifndef HERALD_CRM_TAIL_H
#define HERALD_CRM_TAIL_H

#include "base/inbox.h"
#include "crm/access.h"
#include "crm/timeline.h"
#include "crm/timeline_cursor.h"

#include <sys/queue.h>

enum tail_event_kind {
    TAIL_LOGGED,
    TAIL_SCHEDULED,
    TAIL_SCHEDULED_CHANGED,
    TAIL_COMPLETED,
    TAIL_DELETED,
    TAIL_RESET, /* too far back, or of another database: what was there must be read again */
    TAIL_READY, /* all since the cursor has been given */
};

struct tail_event {
    enum tail_event_kind kind;
    enum timeline_kind entry_kind;
    struct id entry_id;
    const struct timeline_entry *entry; /* as it is now; NULL for TAIL_DELETED, TAIL_RESET, TAIL_READY */
    struct thing was; /* whose it was before; for TAIL_DELETED and TAIL_SCHEDULED_CHANGED */
    const struct timeline_cursor *cursor; /* whoever has got this, and all before it, goes on from here */
};

struct tail_watcher;

/* Called on the tail's thread. */
struct tail_watcher_ops {
    /* Whether it may still read the timeline (T2). What it keeps of the answer is in `arena`, until it is asked again.
     * ERR_UNAVAILABLE, ERR_BUSY: that cannot be told now; everything else is a refusal. */
    enum err_code (*may_read)(
        struct tail_watcher *watcher, struct db *db, struct arena *arena, struct error *err);
    /* False: it is over, nothing more is given. */
    bool (*give)(struct tail_watcher *watcher, const struct tail_event *event);
    bool (*is_there)(struct tail_watcher *watcher); /* cheap */
    bool (*has_room)(
        struct tail_watcher *watcher); /* for more than one event, without waiting for the client */
    /* The last call. `why` is a sentence for whoever watched; NULL: it is over on its side. */
    void (*end)(struct tail_watcher *watcher, const char *why);
};

/* In the memory of its owner, who keeps it until `end`. */
struct tail_watcher {
    struct inbox_item item; /* first */
    /* set by the owner */
    const struct tail_watcher_ops *ops;
    struct id business_id;
    struct timeline_of of;
    const struct timeline_cursor *from; /* NULL: from now on */
    bool lost; /* the cursor could not be read: TAIL_RESET */
    /* the tail's */
    TAILQ_ENTRY(tail_watcher) link, record_link, object_link;
    const void *last_row; /* of the rows with one position, the last that concerns it */
    int64_t asked_boot_us; /* may_read, the last time */
    uint64_t asked_round; /* in which it was asked */
    int64_t settings_version; /* of the Business, when it was looked at last */
    bool full; /* it had no room for all that it has missed */
    bool over;
    const char *why; /* it is over; NULL: on its side */
};

struct tail;

struct tail_config {
    const struct db_config *db;
    int64_t sweep_us; /* how often other nodes' lanes are looked at; 0: 1 s */
    int64_t check_us; /* T2; 0: 15 s */
    int64_t resume_most; /* T1, rows; 0: 10,000 */
};

enum err_code tail_start(const struct tail_config *config, struct tail **tail, struct error *err) MUST_CHECK;

/* Any thread; for writer_config.committed: something was committed into this lane. Cheap. `ctx` is the tail. */
void tail_wake(void *ctx, int64_t lane);

/* Any thread. False: the tail is closed, the watcher was not taken. */
bool tail_watch(struct tail *tail, struct tail_watcher *watcher) MUST_CHECK;

/* Ends all watchers and the thread. tail_wake may still be called. */
void tail_close(struct tail *tail);
/* Closed, if need be; nobody calls tail_wake any more. */
void tail_free(struct tail *tail);

#endif
