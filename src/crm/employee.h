/*
 * The people of a Business: a User, who is global, and an Employee, who is that User in one Business. Owns the tables
 * user_account and employee.
 *
 * Invariants
 *  - A User is known by an email address, compared without case (email_key in check.h); whoever is made an employee
 *    under an address that a User has is that User.
 *  - An employee is never deleted, only deactivated: what they did and are to do stays theirs. From that moment none of
 *    their keys and sessions works in the Business, on no node; sessions are gone for good, keys work again if the
 *    employee is made active again.
 *  - A Business always has an active owner. Only owners change one.
 *
 * Reads: any thread, with a connection of its own. Changes: inside the writer's transaction.
 */
#ifndef HERALD_CRM_EMPLOYEE_H
#define HERALD_CRM_EMPLOYEE_H

#include "crm/group.h"
#include "crm/role.h"

#define EMPLOYEE_GIVEN_MOST 100 /* groups, and roles, that are given to a new one */

struct employee {
    struct person person;
    bool active;
    int64_t created_at;
    struct group *groups; /* in which they are themselves, by name; without members */
    size_t group_count;
    struct role *roles; /* by name; without members */
    size_t role_count;
};

/* ERR_DENIED; ERR_NOT_FOUND also when of another Business. */
enum err_code employee_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct employee *employee, struct error *err) MUST_CHECK;

/* Who it is. ERR_NOT_FOUND likewise. */
enum err_code employee_user(
    struct db *db, struct id business_id, struct id id, struct id *user_id, struct error *err) MUST_CHECK;

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

struct new_employee {
    const char *first_name, *last_name, *email;
    const struct id *groups; /* to be in; the owner group has the Business's id */
    size_t group_count;
    const struct id *roles; /* to hold */
    size_t role_count;
};

/*
 * Makes the User if nobody has that email yet, and the Employee. ERR_INVALID with the list; ERR_DENIED, also where the
 * groups or roles give more than the writer has; ERR_CONFLICT: is one already; ERR_NOT_FOUND: the Business.
 */
enum err_code employee_add(struct write *w, const struct new_employee *input, struct id *user_id,
    struct id *employee_id, struct error_list *list, struct error *err) MUST_CHECK;

/* In the same write as employee_add: as it is read, by whoever made it. */
enum err_code employee_whole(
    struct write *w, struct id id, struct employee *employee, struct error *err) MUST_CHECK;

struct employee_input {
    const char *first_name, *last_name; /* NULL: as it is */
    bool activate, deactivate; /* neither: as it is */
};

/*
 * ERR_INVALID with the list, ERR_DENIED, ERR_NOT_FOUND; ERR_CONFLICT: the last active owner. To activate somebody is to
 * give what they may.
 */
enum err_code employee_change(struct write *w, struct id id, const struct employee_input *input,
    struct employee *employee, struct error_list *list, struct error *err) MUST_CHECK;

/* Whether the writer may do this with that employee: as write_may, and an owner is for owners only. */
enum err_code employee_may_change(
    struct write *w, enum action action, struct id id, struct error *err) MUST_CHECK;

#endif
