/*
 * What changes timelines besides a newly logged activity, in the order of commits, for live streams (crm/tail.h).
 * Owns the table timeline_change: whoever schedules, changes, completes or deletes notes it here, in the same
 * transaction, with the position of its unit. A newly logged activity needs no note: the index of logged_activity by
 * (lane, seq) has it. Old notes are removed, and timeline_floor says up to where: in the same transaction, so that
 * whoever reads the floors after the notes knows whether some were gone already.
 *
 * The writer's thread.
 */
#ifndef HERALD_CRM_TIMELINE_CHANGE_H
#define HERALD_CRM_TIMELINE_CHANGE_H

#include "db/lane.h"

/* Stored. */
enum timeline_change_kind {
    TIMELINE_SCHEDULED = 1,
    TIMELINE_SCHEDULED_CHANGED = 2,
    TIMELINE_COMPLETED = 3, /* the entry is the Scheduled Activity */
    TIMELINE_SCHEDULED_DELETED = 4,
    TIMELINE_LOGGED_DELETED = 5,
};

/*
 * Notes it for each record that the entry is associated with by now, with whose it is by now: for what is new, after it
 * and its associations were written; for what changes or goes, before. At most one of a kind for an entry in one unit.
 */
enum err_code timeline_note(struct db *db, struct lane_pos pos, enum timeline_change_kind kind,
    struct id business_id, struct id entry_id, int64_t now, struct error *err) MUST_CHECK;

/*
 * Removes the notes of a lane from its beginning on that are from before `before`: of at most `most` of them, and of
 * the rest of the last one's unit. *more: there may be others. One node at a time for a lane.
 */
enum err_code timeline_prune(
    struct db *db, int64_t lane, int64_t before, int64_t most, bool *more, struct error *err) MUST_CHECK;

#endif
