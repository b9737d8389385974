/* What the files behind scheduled.h share. Private to them. */
#ifndef HERALD_CRM_SCHEDULED_INTERNAL_H
#define HERALD_CRM_SCHEDULED_INTERNAL_H

#include "crm/scheduled.h"

/* What is being checked: by a worker before it is scheduled, by the writer before it is changed. */
struct schedule_check {
    struct db *db;
    struct arena *arena;
    const struct actor *actor;
    struct error_list *list;
};

/* Each fills members of `scheduled` from what was asked for; what is wrong goes into the list, by its pointer. */
enum err_code schedule_check_employee(const struct schedule_check *check, struct id employee_id,
    struct scheduled_activity *scheduled, struct error *err) MUST_CHECK;
enum err_code schedule_check_role(const struct schedule_check *check, struct id role_id,
    struct scheduled_activity *scheduled, struct error *err) MUST_CHECK;

/* Writes the associations of a Scheduled Activity, from position `first` on. The writer's transaction. */
enum err_code scheduled_insert_associations(struct db *db, struct arena *arena, struct id business_id,
    const struct scheduled_activity *scheduled, int64_t first, struct error *err) MUST_CHECK;

#endif
