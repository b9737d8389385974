/*
 * What was committed into a lane, as the tail reads it: rows by position, and the timeline's entries that they are
 * about. The tail's thread.
 */
#ifndef HERALD_CRM_TAIL_ROWS_H
#define HERALD_CRM_TAIL_ROWS_H

#include "crm/access.h"
#include "crm/timeline.h"
#include "crm/timeline_change.h"

#define TAIL_ROW_LOGGED 0 /* beside enum timeline_change_kind */

struct tail_row {
    int64_t seq;
    int kind;
    struct id record_id; /* or its object's: all records; nil: of a logged activity itself */
    struct id business_id, entry_id;
    struct thing was; /* whose the entry was before the change */
    const struct timeline_entry *entry; /* after tail_rows_load; NULL: not wanted, or not there any more */
    bool wanted; /* set by the tail, for tail_rows_load */
};

struct tail_rows {
    struct tail_row *items; /* ascending by seq; of a seq all or none */
    size_t count;
    size_t positions; /* how many there were without the records of logged activities */
    bool more; /* there are further ones */
};

/*
 * Those of a lane with after < seq <= until, about `most` positions, as they were at one moment. What a logged
 * activity is about is read after that: of one that was deleted meanwhile nothing is there any more.
 */
enum err_code tail_rows_read(struct db *db, struct arena *arena, int64_t lane, int64_t after, int64_t until,
    size_t most, struct tail_rows *rows, struct error *err) MUST_CHECK;

enum timeline_kind tail_row_entry_kind(const struct tail_row *row);
/* Whether what became of the entry is all there is to say. */
bool tail_row_is_deletion(const struct tail_row *row);

/* The entries of all rows that are wanted, each once. */
enum err_code tail_rows_load(
    struct db *db, struct arena *arena, struct tail_rows *rows, struct error *err) MUST_CHECK;

#endif
