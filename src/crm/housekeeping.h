/*
 * Housekeeping: what is kept for a time only is removed, a little at a time. One thread; every_us it hands the writer
 * one unit, which removes some of each kind, and as long as something is left it goes on, with a pause between two. The
 * unit rides with other work, so nobody waits for it, and what is done in it is bounded by HOUSEKEEPING_MOST rows a kind.
 *
 * A node cleans the lanes that it sends for, its own among them, and so no two nodes are at one lane; of what belongs to
 * no lane several nodes may remove some at the same time. To have more removed, add a task to the table in
 * housekeeping.c.
 *
 * Whoever writes the next one of a kind removes old ones, too, of Idempotency-Keys, sessions, links and tokens; here they
 * go when nobody does.
 */
#ifndef HERALD_CRM_HOUSEKEEPING_H
#define HERALD_CRM_HOUSEKEEPING_H

#include "crm/crm.h"

#define HOUSEKEEPING_MOST 500

struct housekeeping;

struct housekeeping_config {
    struct crm *crm; /* with its writer */
    struct id node;
    int64_t every_us;
    int64_t timeline_us; /* how long changes of timelines are kept, for streams that resume */
};

enum err_code housekeeping_start(const struct housekeeping_config *config, struct housekeeping **housekeeping,
    struct error *err) MUST_CHECK;

/* Ends the thread; while the writer still runs. NULL is fine. */
void housekeeping_close(struct housekeeping *housekeeping);
/* After the writer has stopped: until then it may have a unit. NULL is fine. */
void housekeeping_free(struct housekeeping *housekeeping);

#endif
