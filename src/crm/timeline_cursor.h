/*
 * How far somebody has read what is committed: a position (seq) in each lane. Order of seq is order of commit within
 * a lane, which the order of ids is not: ids are made before the commit, on whichever node. A lane that a cursor does
 * not name did not exist when the cursor was made, so all of it is yet to be read.
 *
 * What is after a cursor is complete: whoever sees a row of a lane sees all lower ones of it that will ever be.
 *  - A lane has one writer, with one connection and one transaction at a time (db/writer.h, W2); numbers of what was
 *    rolled back are never used again. So a higher number is begun only after all lower ones are committed or gone.
 *  - A COMMIT of unknown outcome still holds the lane's row, under its share lock, while it may yet be done. The
 *    writer commits nothing further until it has renewed the lane, which waits for that lock (settle_unknown).
 *  - A restarted node's numbers are above all of its predecessor's (the epoch); it takes the lane's row exclusively,
 *    after db_claim has waited for the predecessor's session to end. A lane that was taken over is closed for good.
 *  - A row is visible before its transaction's locks are released; one statement sees one moment. Therefore both
 *    tables that have positions, logged_activity and timeline_change, are read by one statement.
 *
 * The text is opaque: versioned, in base64.
 */
#ifndef HERALD_CRM_TIMELINE_CURSOR_H
#define HERALD_CRM_TIMELINE_CURSOR_H

#include "db/lane.h"

struct timeline_cursor {
    struct lane_pos *lanes; /* ascending */
    size_t count;
};

/*
 * What is committed now, in the arena. `floors` (NULL: not asked for): up to where each lane's changes were removed, of
 * the same moment; 0 where none were.
 */
enum err_code timeline_cursor_now(struct db *db, struct arena *arena, struct timeline_cursor *cursor,
    struct timeline_cursor *floors, struct error *err) MUST_CHECK;

/* Its place in the cursor, or NULL. */
struct lane_pos *timeline_cursor_lane(const struct timeline_cursor *cursor, int64_t lane);

const char *timeline_cursor_text(struct arena *arena, const struct timeline_cursor *cursor)
    __attribute__((returns_nonnull));
/* False for anything that timeline_cursor_text did not make. */
bool timeline_cursor_parse(struct arena *arena, const char *text, struct timeline_cursor *cursor) MUST_CHECK;

#endif
