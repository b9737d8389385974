/*
 * Logged Activities: the fact that everything else follows from (I1, I3). Owns the tables logged_activity and
 * activity_association.
 *
 * Logging has two halves. logged_prepare, on a worker's thread, checks everything against what it reads and
 * fills a log_unit. logged_submit hands that to the writer; `done` is called once it is committed or refused.
 * Between the two the settings may change: the writer's transaction holds the Business's settings_version and
 * refuses (ERR_STALE) what was prepared under another one; the caller prepares again.
 */
#ifndef HERALD_CRM_LOGGED_H
#define HERALD_CRM_LOGGED_H

#include "crm/object.h"
#include "crm/record.h"

struct associated_entity {
    struct id id, object_id;
    const char *display_name, *object_name;
};

/* The record of the wire table in MISSION.md. */
struct logged_activity {
    struct id id;
    struct activity_object object;
    struct associated_entity *associated;
    size_t associated_count;
    int64_t logged_at;
    struct person logged_by;
    int64_t completed_at; /* 0: it completed nothing */
    struct person completed_by; /* nil id likewise */
    struct id scheduled_activity_id;
    const char *mentions; /* JSON array of ids */
    const char *notes;
    struct id delivery_id; /* nil: no webhook */
};

struct log_input {
    struct id object_id;
    const char *object_name; /* api_name, if the object is named that way; else NULL */
    const char *notes; /* well-formed UTF-8, NFC */
    struct id *mentions;
    size_t mention_count;
    struct id *associated;
    size_t associated_count;
};

/* Everything that the transaction needs; in the arena of its owner, who keeps it until `done`. */
struct log_unit {
    struct unit unit; /* first */
    struct id business_id;
    int64_t settings_version;
    struct logged_activity activity;
    void (*done)(struct log_unit *log, const struct error *result); /* on the writer's thread */
    void *owner;
};

/*
 * Checks the input and fills `log` (without done and owner). Refused members are in `list` by JSON pointer, and
 * the code is ERR_INVALID; what is not of this Business is "not there".
 */
enum err_code logged_prepare(struct db *db, struct arena *arena, const struct actor *actor,
    const struct log_input *input, struct log_unit *log, struct error_list *list,
    struct error *err) MUST_CHECK;

/* ERR_BUSY, ERR_UNAVAILABLE: not taken, `done` is not called. */
enum err_code logged_submit(struct crm *crm, struct log_unit *log, struct error *err) MUST_CHECK;

/* The full record, under the actor's permissions (M11). ERR_NOT_FOUND. */
enum err_code logged_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct logged_activity *activity, struct error *err) MUST_CHECK;

#endif
