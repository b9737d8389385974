/*
 * Sharing of an Activity Object: with everyone, or with chosen roles and employees. It only takes away (access.h). Owns
 * the table activity_object_share; the object's version stands for it, too.
 *
 * Reads: any thread, with a connection of its own. Changes: inside the writer's transaction, on its thread.
 */
#ifndef HERALD_CRM_SHARING_H
#define HERALD_CRM_SHARING_H

#include "crm/object.h"

struct sharing {
    bool everyone;
    struct id *roles, *employees; /* none where it is everyone */
    size_t role_count, employee_count;
};

/* Of an object that the caller may view. */
enum err_code sharing_read(struct db *db, struct arena *arena, struct id business_id, struct id object_id,
    struct sharing *sharing, struct error *err) MUST_CHECK;

/* ERR_INVALID: /roles/N and /employees/N are in the list; ERR_NOT_FOUND, ERR_STALE. *new_version is the ETag. */
enum err_code sharing_set(struct write *w, struct id object_id, int64_t version,
    const struct sharing *sharing, int64_t *new_version, struct error_list *list,
    struct error *err) MUST_CHECK;

#endif
