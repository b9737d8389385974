/* Scheduled Activities: planned work. Never fires a webhook (M4). Owns the table scheduled_activity. */
#ifndef HERALD_CRM_SCHEDULED_H
#define HERALD_CRM_SCHEDULED_H

#include "crm/object.h"

struct schedule_input {
    struct id object_id;
    const char *object_name; /* name or api_name; counts if object_id is nil */
    int64_t due_at, original_due_at;
    struct id employee_id; /* nil: nobody yet */
    const char *note;
    struct id *mentions;
    size_t mention_count;
    bool notify_mentioned;
};

struct scheduled_activity {
    struct id id;
    struct activity_object object;
    int64_t due_at, original_due_at;
    struct id employee_id;
    const char *note;
    const char *mentions; /* JSON array of ids */
    bool notify_mentioned;
};

/* Like struct log_unit: in the arena of its owner, who keeps it until `done`. */
struct schedule_unit {
    struct unit unit; /* first */
    struct id business_id, scheduled_by;
    struct scheduled_activity scheduled;
    void (*done)(struct schedule_unit *unit, const struct error *result); /* on the writer's thread */
    void *owner;
};

/* A worker's thread: checks, and fills the unit. Refused members are in `list`, the code is ERR_INVALID. */
enum err_code scheduled_prepare(struct db *db, struct arena *arena, const struct actor *actor,
    const struct schedule_input *input, struct schedule_unit *unit, struct error_list *list,
    struct error *err) MUST_CHECK;

/* ERR_BUSY, ERR_UNAVAILABLE: not taken, `done` is not called. */
enum err_code scheduled_submit(struct crm *crm, struct schedule_unit *unit, struct error *err) MUST_CHECK;

#endif
