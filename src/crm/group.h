/*
 * Permission groups: what their members may (access.h). Owns the tables permission_group, employee_group and role_group.
 *
 * Each Business has an owner group, whose id is the Business's own: it may do everything, cannot be changed or deleted,
 * and always has an active member. Whoever holds a role is in its groups, too. Nobody gives away what they lack
 * themselves. Every change raises the Business's settings_version, so that nobody goes on under the old permissions.
 *
 * Reads: any thread, with a connection of its own. Changes: inside the writer's transaction, on its thread.
 */
#ifndef HERALD_CRM_GROUP_H
#define HERALD_CRM_GROUP_H

#include "crm/access.h"
#include "crm/page.h"

#define GROUP_MEMBERS_MOST 1000

struct group {
    struct id id, business_id;
    const char *name;
    struct grants grants;
    int64_t version; /* the ETag */
    int64_t created_at;
    int64_t member_count; /* active employees; those by a role are not among them */
    struct person *members; /* by name; group_read only, a list leaves it NULL */
};

static inline bool group_is_owner(const struct group *group)
{
    return id_equal(group->id, group->business_id);
}

/* With its members. ERR_NOT_FOUND. */
enum err_code group_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct group *group, struct error *err) MUST_CHECK;

/* By its name, without its members, whoever asks. ERR_NOT_FOUND. */
enum err_code group_by_name(struct db *db, struct arena *arena, struct id business_id, const char *name,
    struct group *group, struct error *err) MUST_CHECK;

/* A page by name. */
enum err_code group_list(struct db *db, struct arena *arena, const struct actor *actor, struct page *page,
    struct group **groups, size_t *count, struct error *err) MUST_CHECK;

struct group_input {
    const char *name; /* NULL: as it is */
    struct grants grants, given; /* `given`: the permissions that are named (LEVEL_ALL); the others stay */
};

/* ERR_INVALID with the list; ERR_CONFLICT: the name is taken; ERR_DENIED. A new group grants what is named. */
enum err_code group_add(struct write *w, const struct group_input *input, struct group *group,
    struct error_list *list, struct error *err) MUST_CHECK;
/* The same for one that is there; ERR_STALE unless `version` is the current one. ERR_CONFLICT: the owner group. */
enum err_code group_change(struct write *w, struct id id, int64_t version, const struct group_input *input,
    struct group *group, struct error_list *list, struct error *err) MUST_CHECK;
/* Its members lose what it grants. Likewise. */
enum err_code group_delete(struct write *w, struct id id, int64_t version, struct error *err) MUST_CHECK;

/* Exactly these from now on. ERR_INVALID: /members/N; ERR_CONFLICT: the owner group would have no member. */
enum err_code group_set_members(struct write *w, struct id id, const struct id *employees, size_t count,
    struct group *group, struct error_list *list, struct error *err) MUST_CHECK;
/* One more; that the employee is one already is fine. `group`, as it is now, may be NULL. */
enum err_code group_assign(
    struct write *w, struct id id, struct id employee_id, struct group *group, struct error *err) MUST_CHECK;

/* One less; that the employee is none is fine. ERR_CONFLICT as above. `group` likewise. */
enum err_code group_remove(
    struct write *w, struct id id, struct id employee_id, struct group *group, struct error *err) MUST_CHECK;

/* The groups of a role, whose holders are in them, by name. ERR_NOT_FOUND. */
enum err_code role_groups(struct db *db, struct arena *arena, const struct actor *actor, struct id role_id,
    struct group **groups, size_t *count, struct error *err) MUST_CHECK;
/* Exactly these from now on. ERR_INVALID: /groups/N. */
enum err_code role_set_groups(struct write *w, struct id role_id, const struct id *groups, size_t count,
    struct error_list *list, struct error *err) MUST_CHECK;

/* The groups in which an employee is themselves, not by a role, by name. */
enum err_code groups_of_employee(struct db *db, struct arena *arena, struct id business_id,
    struct id employee_id, struct group **groups, size_t *count, struct error *err) MUST_CHECK;

/*
 * Before group_assign of each: whether the writer may put somebody into them. One that is not there is added to `list`,
 * as `pointer`/N. ERR_DENIED.
 */
enum err_code groups_may_give(struct write *w, const struct id *ids, size_t count, const char *pointer,
    struct error_list *list, struct error *err) MUST_CHECK;

/* What the groups of a role grant together. */
enum err_code group_grants_of_role(
    struct write *w, struct id role_id, struct grants *grants, bool *owner, struct error *err) MUST_CHECK;

#endif
