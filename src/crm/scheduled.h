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

/* A worker's thread; returns once it is committed. Refused members are in `list`, the code is ERR_INVALID. */
enum err_code scheduled_add(struct crm *crm, struct db *db, struct arena *arena, const struct actor *actor,
    const struct schedule_input *input, struct scheduled_activity *scheduled, struct error_list *list,
    struct error *err) MUST_CHECK;

#endif
