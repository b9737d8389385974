/* What the files behind logged.h share. Private to them. */
#ifndef HERALD_CRM_LOGGED_INTERNAL_H
#define HERALD_CRM_LOGGED_INTERNAL_H

#include "crm/logged.h"

#define COMPLETED_BEFORE "This Scheduled Activity has been completed already."

/* What logging needs to know of the Scheduled Activity that it completes. */
struct completion {
    struct id object_id;
    struct id *associated; /* records, or the object's own id: all of its records */
    size_t associated_count;
    bool done; /* completed already, */
    struct id completed_by; /* by this activity */
};

/* A worker's thread. ERR_NOT_FOUND. */
enum err_code completion_read(struct db *db, struct arena *arena, struct id business_id, struct id scheduled_id,
    struct completion *completion, struct error *err) MUST_CHECK;

/*
 * Inside the transaction that logs. *first: nobody had completed it, and now it is completed by this unit's activity.
 * Otherwise nothing is changed, and log->completed_by is the activity that came first. ERR_NOT_FOUND: it was deleted.
 */
enum err_code completion_write(struct db *db, struct log_unit *log, bool *first, struct error *err) MUST_CHECK;

#endif
