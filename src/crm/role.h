/*
 * Roles: names for groups of employees, to which Scheduled Activities can be assigned. Owns the tables role and
 * employee_role.
 *
 * Reads: any thread, with a connection of its own. Writes: inside the writer's transaction.
 */
#ifndef HERALD_CRM_ROLE_H
#define HERALD_CRM_ROLE_H

#include "crm/access.h"
#include "crm/page.h"

#define ROLE_MEMBERS_MOST 1000

struct role {
    struct id id;
    const char *name;
    int64_t created_at;
    int64_t member_count; /* active employees */
    struct person *members; /* by name; role_read only, a list leaves it NULL */
};

/* With its members. ERR_NOT_FOUND also when of another Business. */
enum err_code role_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct role *role, struct error *err) MUST_CHECK;

/* Without them, whoever asks. ERR_NOT_FOUND likewise. */
enum err_code role_find(struct db *db, struct arena *arena, struct id business_id, struct id id,
    struct role *role, struct error *err) MUST_CHECK;

/* By its name, likewise. */
enum err_code role_by_name(struct db *db, struct arena *arena, struct id business_id, const char *name,
    struct role *role, struct error *err) MUST_CHECK;

/* Those that an employee holds, by name. */
enum err_code roles_of_employee(struct db *db, struct arena *arena, struct id business_id,
    struct id employee_id, struct role **roles, size_t *count, struct error *err) MUST_CHECK;

/*
 * Before role_assign of each, in the writer's transaction: whether the writer may give them. One that is not there is
 * added to `list`, as `pointer`/N. ERR_DENIED.
 */
enum err_code roles_may_give(struct write *write, const struct id *ids, size_t count, const char *pointer,
    struct error_list *list, struct error *err) MUST_CHECK;

/* A page by name. */
enum err_code role_list(struct db *db, struct arena *arena, const struct actor *actor, struct page *page,
    struct role **roles, size_t *count, struct error *err) MUST_CHECK;

/* ERR_INVALID with /name in the list; ERR_CONFLICT: the Business has a role of that name. */
enum err_code role_add(struct write *write, const char *name, struct role *role, struct error_list *list,
    struct error *err) MUST_CHECK;

/* The same, for one that is there. ERR_NOT_FOUND. */
enum err_code role_rename(struct write *write, struct id id, const char *name, struct role *role,
    struct error_list *list, struct error *err) MUST_CHECK;

/* Exactly these hold it from now on. ERR_INVALID: /members/N in the list is not an active employee. ERR_NOT_FOUND. */
enum err_code role_set_members(struct write *write, struct id id, const struct id *employees, size_t count,
    struct role *role, struct error_list *list, struct error *err) MUST_CHECK;

/* One more holder; that the employee holds it already is fine. ERR_NOT_FOUND. */
enum err_code role_assign(struct write *write, struct id id, struct id employee_id, struct role *role,
    struct error *err) MUST_CHECK;

/* One holder less; that the employee does not hold it is fine. ERR_NOT_FOUND: the role. */
enum err_code role_unassign(struct write *write, struct id id, struct id employee_id, struct role *role,
    struct error *err) MUST_CHECK;

#endif
