/*
 * The people of a Business: a User, who is global, and an Employee, who is that User in one Business. Owns the tables
 * user_account and employee.
 */
#ifndef HERALD_CRM_EMPLOYEE_H
#define HERALD_CRM_EMPLOYEE_H

#include "crm/crm.h"

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

struct new_employee {
    const char *first_name, *last_name, *email;
    struct id group_id; /* the permission group to be in; nil: the owner group */
};
/* Makes the User if nobody has that email yet, and the Employee. ERR_CONFLICT, ERR_NOT_FOUND, ERR_INVALID. */
enum err_code employee_add(struct write *w, const struct new_employee *input, struct id *user_id,
    struct id *employee_id, struct error *err) MUST_CHECK;

#endif
