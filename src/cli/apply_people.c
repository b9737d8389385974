/* Permission groups, roles and employees, as a file says. */
#include "cli/apply_internal.h"
#include "crm/employee.h"
#include "crm/employee_list.h"

/* ── what several need ───────────────────────────────────────────────────────────────────────── */

bool apply_declares(struct tenant *t, const char *kind, const char *key_name, const char *key)
{
    struct at list = apply_member(t->apply, t->at, kind);
    for (size_t i = 0; i < apply_count(list); i++) {
        const char *other = apply_text(t->apply, apply_item(t->apply, list, i), key_name);
        if (other && strcmp(other, key) == 0)
            return true;
    }
    return false;
}

static enum err_code missing(
    struct tenant *t, struct at at, const char *list, const char *noun, const char *name)
{
    if (!apply_declares(t, list, "name", name))
        apply_complain(
            t->apply, at, "There is no %s '%.80s', neither in this Business nor in the file.", noun, name);
    return ERR_INVALID;
}

static enum err_code find_group(
    struct tenant *t, struct at at, const char *name, struct group *group, struct error *err)
{
    struct error why = {0};
    enum err_code code = group_by_name(t->write.db, t->write.arena, t->write.business_id, name, group, &why);
    if (code == ERR_NOT_FOUND)
        return missing(t, at, "permission_groups", "permission group", name);
    return code ? error_set(err, code, "%s", why.text) : ERR_OK;
}

static enum err_code find_role(
    struct tenant *t, struct at at, const char *name, struct role *role, struct error *err)
{
    struct error why = {0};
    enum err_code code = role_by_name(t->write.db, t->write.arena, t->write.business_id, name, role, &why);
    if (code == ERR_NOT_FOUND)
        return missing(t, at, "roles", "role", name);
    return code ? error_set(err, code, "%s", why.text) : ERR_OK;
}

/* ── permission groups ───────────────────────────────────────────────────────────────────────── */

static int index_of(const char *word, const char *(*name_of)(int i), int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name_of(i), word) == 0)
            return i;
    return -1;
}

static const char *kind_name(int i)
{
    return permission_kind_name((enum permission_kind)i);
}

static const char *verb_name(int i)
{
    return permission_verb_name((enum permission_verb)i);
}

static const enum permission_level levels[] = {LEVEL_NONE, LEVEL_MY, LEVEL_ALL};

static const char *level_name(int i)
{
    return permission_level_name(levels[i]);
}

static void read_permission(
    struct apply *apply, struct at at, int k, const char *word, struct group_input *input)
{
    int v = index_of(word, verb_name, PERMISSION_VERBS);
    enum permission_kind kind = (enum permission_kind)k;
    enum permission_verb verb = (enum permission_verb)v;
    int l = at.node->kind == YAML_TEXT ? index_of(at.node->text, level_name, (int)ARRAY_LEN(levels)) : -1;
    if (v < 0 || !permission_exists(kind, verb))
        apply_complain(apply, at, "There is no such permission.");
    else if (l < 0 || (levels[l] == LEVEL_MY && !permission_has_my(kind, verb)))
        apply_complain(
            apply, at, "This must be %s.", permission_has_my(kind, verb) ? "none, my or all" : "none or all");
    else {
        grants_set(&input->grants, kind, verb, levels[l]);
        grants_set(&input->given, kind, verb, LEVEL_ALL);
    }
}

static void read_permissions(struct apply *apply, struct at at, struct group_input *input)
{
    if (at.node && at.node->kind != YAML_MAP)
        apply_complain(apply, at, "This must be a map such as {activities: {view: all, log: all}}.");
    if (!at.node || at.node->kind != YAML_MAP)
        return;
    for (size_t i = 0; i < at.node->count; i++) {
        struct at kind = apply_member(apply, at, at.node->keys[i]);
        int k = index_of(at.node->keys[i], kind_name, PERMISSION_KINDS);
        if (k < 0 || kind.node->kind != YAML_MAP) {
            apply_complain(apply, kind,
                k < 0 ? "There are no permissions of this kind."
                      : "This must be a map such as {view: all, edit: my}.");
            continue;
        }
        for (size_t j = 0; j < kind.node->count; j++)
            read_permission(
                apply, apply_member(apply, kind, kind.node->keys[j]), k, kind.node->keys[j], input);
    }
}

static bool grants_so(const struct group *group, const struct group_input *input)
{
    for (int kind = 0; kind < PERMISSION_KINDS; kind++)
        if ((group->grants.of[kind] & input->given.of[kind]) != input->grants.of[kind])
            return false;
    return true;
}

static enum err_code apply_group(struct tenant *t, struct at at, struct error *err)
{
    struct apply *apply = t->apply;
    struct group_input input = {.name = apply_text(apply, at, "name")};
    struct group group;
    struct error why = {0};
    size_t problems = apply->problem_count;
    read_permissions(apply, apply_member(apply, at, "permissions"), &input);
    if (apply->problem_count > problems)
        return ERR_INVALID;
    enum err_code code =
        group_by_name(t->write.db, t->write.arena, t->write.business_id, input.name, &group, &why);
    if (code == ERR_NOT_FOUND)
        code = group_add(&t->write, &input, &group, &apply->list, &why);
    else if (!code && !grants_so(&group, &input))
        code = group_change(&t->write, group.id, group.version, &input, &group, &apply->list, &why);
    return apply_settle(apply, at, code, &why, err);
}

enum err_code apply_groups(struct tenant *t, struct error *err)
{
    return apply_each(t, "permission_groups", apply_group, err);
}

/* ── roles ───────────────────────────────────────────────────────────────────────────────────── */

static bool same_groups(const struct group *groups, size_t count, const struct id *ids, size_t id_count)
{
    size_t found = 0;
    for (size_t i = 0; i < id_count; i++) {
        bool there = false;
        for (size_t j = 0; j < count && !there; j++)
            there = id_equal(groups[j].id, ids[i]);
        found += there;
    }
    return found == id_count && count == id_count;
}

static enum err_code set_role_groups(struct tenant *t, struct at list, struct id role_id, struct error *err)
{
    struct apply *apply = t->apply;
    size_t count = apply_count(list), before_count = 0, n = 0;
    struct id *ids = ARENA_ARRAY(apply->arena, struct id, count);
    struct group *before;
    struct error why = {0};
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < count && !apply_ends(code); i++) {
        struct group group;
        struct at at = apply_item(apply, list, i);
        code = find_group(t, at, apply_word(apply, at), &group, err);
        if (!code)
            ids[n++] = group.id;
    }
    if (apply_ends(code) || n < count)
        return code ? code : ERR_INVALID;
    code = role_groups(t->write.db, t->write.arena, &t->show.reader, role_id, &before, &before_count, err);
    if (code || same_groups(before, before_count, ids, n))
        return code;
    code = role_set_groups(&t->write, role_id, ids, n, &apply->list, &why);
    return apply_settle(apply, list, code, &why, err);
}

static enum err_code apply_role(struct tenant *t, struct at at, struct error *err)
{
    struct apply *apply = t->apply;
    const char *name = apply_text(apply, at, "name");
    struct role role;
    struct error why = {0};
    enum err_code code = role_by_name(t->write.db, t->write.arena, t->write.business_id, name, &role, &why);
    if (code == ERR_NOT_FOUND)
        code = role_add(&t->write, name, &role, &apply->list, &why);
    code = apply_settle(apply, at, code, &why, err);
    return code || !apply_has(at, "groups")
               ? code
               : set_role_groups(t, apply_member(apply, at, "groups"), role.id, err);
}

enum err_code apply_roles(struct tenant *t, struct error *err)
{
    return apply_each(t, "roles", apply_role, err);
}

/* ── employees ───────────────────────────────────────────────────────────────────────────────── */

/* Whoever is not active, and does not become so, stays as they are. */
static bool stays_away(struct at at, bool active)
{
    return !active && !(apply_has(at, "active") && strcmp(yaml_get(at.node, "active")->text, "true") == 0);
}

static enum err_code find_employee(
    struct tenant *t, struct at at, struct person *person, bool *active, struct error *err)
{
    return employee_by_email(t->write.db, t->write.arena, t->write.business_id,
        apply_text(t->apply, at, "email"), person, active, err);
}

/* Without groups and roles: all are there before the first one joins them. */
static enum err_code add_employee(struct tenant *t, struct at at, struct error *err)
{
    struct apply *apply = t->apply;
    const char *first_name = apply_text(apply, at, "first_name"),
               *last_name = apply_text(apply, at, "last_name");
    struct new_employee input = {.first_name = first_name ? first_name : "",
        .last_name = last_name ? last_name : "",
        .email = apply_text(apply, at, "email")};
    struct id user_id, employee_id;
    struct error why = {0};
    if (!apply_has(at, "groups")) {
        apply_complain(apply, at, "A new employee needs groups, such as [Owners]; [] for none.");
        return ERR_INVALID;
    }
    return apply_settle(
        apply, at, employee_add(&t->write, &input, &user_id, &employee_id, &apply->list, &why), &why, err);
}

static bool differs(struct apply *apply, struct at at, const char *member, const char *now, const char **text)
{
    const char *wanted = apply_text(apply, at, member);
    *text = wanted ? wanted : "";
    return apply_has(at, member) && strcmp(*text, now) != 0;
}

static enum err_code apply_employee(struct tenant *t, struct at at, struct error *err)
{
    struct apply *apply = t->apply;
    struct person person;
    struct employee employee;
    bool active;
    const char *first_name, *last_name;
    struct error why = {0};
    enum err_code code = find_employee(t, at, &person, &active, &why);
    if (code == ERR_NOT_FOUND)
        return add_employee(t, at, err);
    if (code || stays_away(at, active))
        return apply_settle(apply, at, code, &why, err);
    struct employee_input input = {.activate = !active};
    if (differs(apply, at, "first_name", person.first_name, &first_name))
        input.first_name = first_name;
    if (differs(apply, at, "last_name", person.last_name, &last_name))
        input.last_name = last_name;
    if (!input.activate && !input.first_name && !input.last_name)
        return ERR_OK;
    code = employee_change(&t->write, person.id, &input, &employee, &apply->list, &why);
    return apply_settle(apply, at, code, &why, err);
}

/* ── who is in what ──────────────────────────────────────────────────────────────────────────── */

/* The groups that an employee is in, or the roles that they hold. */
struct membership {
    struct id id;
    const char *name;
};

struct memberships {
    const char *member; /* of the employee in the file */
    size_t (*count)(const struct employee *employee);
    struct membership (*at)(const struct employee *employee, size_t i);
    enum err_code (*find)(struct tenant *t, struct at at, const char *name, struct id *id, struct error *err);
    enum err_code (*add)(struct write *w, struct id id, struct id employee, struct error *err);
    enum err_code (*remove)(struct write *w, struct id id, struct id employee, struct error *err);
};

static size_t group_count(const struct employee *employee)
{
    return employee->group_count;
}

static struct membership group_at(const struct employee *employee, size_t i)
{
    return (struct membership){employee->groups[i].id, employee->groups[i].name};
}

static size_t role_count(const struct employee *employee)
{
    return employee->role_count;
}

static struct membership role_at(const struct employee *employee, size_t i)
{
    return (struct membership){employee->roles[i].id, employee->roles[i].name};
}

static enum err_code group_id_of(
    struct tenant *t, struct at at, const char *name, struct id *id, struct error *err)
{
    struct group group = {0};
    enum err_code code = find_group(t, at, name, &group, err);
    *id = group.id;
    return code;
}

static enum err_code role_id_of(
    struct tenant *t, struct at at, const char *name, struct id *id, struct error *err)
{
    struct role role = {0};
    enum err_code code = find_role(t, at, name, &role, err);
    *id = role.id;
    return code;
}

static enum err_code join_group(struct write *w, struct id id, struct id employee, struct error *err)
{
    return group_assign(w, id, employee, NULL, err);
}

static enum err_code leave_group(struct write *w, struct id id, struct id employee, struct error *err)
{
    return group_remove(w, id, employee, NULL, err);
}

static enum err_code take_role(struct write *w, struct id id, struct id employee, struct error *err)
{
    return role_assign(w, id, employee, NULL, err);
}

static enum err_code drop_role(struct write *w, struct id id, struct id employee, struct error *err)
{
    return role_unassign(w, id, employee, NULL, err);
}

static const struct memberships both[] = {
    {"groups", group_count, group_at, group_id_of, join_group, leave_group},
    {"roles", role_count, role_at, role_id_of, take_role, drop_role}};

static bool is_one(const struct employee *employee, const struct memberships *what, const char *name)
{
    for (size_t i = 0; i < what->count(employee); i++)
        if (strcmp(what->at(employee, i).name, name) == 0)
            return true;
    return false;
}

static enum err_code add_all(struct tenant *t, struct at list, const struct employee *employee,
    const struct memberships *what, struct error *err)
{
    struct error why = {0};
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < apply_count(list) && !apply_ends(code); i++) {
        struct at at = apply_item(t->apply, list, i);
        const char *name = apply_word(t->apply, at);
        struct id id;
        if (is_one(employee, what, name))
            continue;
        code = what->find(t, at, name, &id, err);
        if (!code)
            code = apply_settle(t->apply, at, what->add(&t->write, id, employee->person.id, &why), &why, err);
    }
    return code;
}

static bool is_listed(struct apply *apply, struct at list, const char *name)
{
    for (size_t i = 0; i < apply_count(list); i++)
        if (strcmp(apply_word(apply, apply_item(apply, list, i)), name) == 0)
            return true;
    return false;
}

static enum err_code remove_others(struct tenant *t, struct at list, const struct employee *employee,
    const struct memberships *what, struct error *err)
{
    struct error why = {0};
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < what->count(employee) && !apply_ends(code); i++) {
        struct membership now = what->at(employee, i);
        if (is_listed(t->apply, list, now.name))
            continue;
        code = what->remove(&t->write, now.id, employee->person.id, &why);
        code = apply_settle(t->apply, list, code, &why, err);
    }
    return code;
}

typedef enum err_code memberships_fn(struct tenant *t, struct at list, const struct employee *employee,
    const struct memberships *what, struct error *err);

/* Of whoever is there and active; what is wrong with the others has been noted. */
static enum err_code change_memberships(
    struct tenant *t, struct at at, memberships_fn *change, struct error *err)
{
    struct person person;
    struct employee employee;
    bool active;
    struct error why = {0};
    enum err_code code = find_employee(t, at, &person, &active, &why);
    if (code == ERR_NOT_FOUND || (!code && !active))
        return ERR_OK;
    if (!code)
        code = employee_read(t->write.db, t->write.arena, &t->show.reader, person.id, &employee, &why);
    if (code)
        return error_set(err, code, "%s", why.text);
    for (size_t i = 0; i < ARRAY_LEN(both) && !apply_ends(code); i++)
        if (apply_has(at, both[i].member))
            code = change(t, apply_member(t->apply, at, both[i].member), &employee, &both[i], err);
    return code;
}

static enum err_code join(struct tenant *t, struct at at, struct error *err)
{
    return change_memberships(t, at, add_all, err);
}

static enum err_code leave(struct tenant *t, struct at at, struct error *err)
{
    return change_memberships(t, at, remove_others, err);
}

static enum err_code deactivate(struct tenant *t, struct at at, struct error *err)
{
    struct employee_input input = {.deactivate = true};
    struct person person;
    struct employee employee;
    bool active = false;
    struct error why = {0};
    if (!apply_has(at, "active") || apply_bool(at, "active"))
        return ERR_OK;
    enum err_code code = find_employee(t, at, &person, &active, &why);
    if (code == ERR_NOT_FOUND || (!code && !active))
        return ERR_OK;
    if (!code)
        code = employee_change(&t->write, person.id, &input, &employee, &t->apply->list, &why);
    return apply_settle(t->apply, apply_member(t->apply, at, "active"), code, &why, err);
}

/* A Business that has just been made has no owner yet, and nobody but an operator could make one. */
static enum err_code check_owners(struct tenant *t, struct error *err)
{
    struct at list = apply_member(t->apply, t->at, "employees");
    struct group owners;
    if (apply_count(list) == 0 || t->apply->problem_count) /* or it has been told, in other words */
        return ERR_OK;
    enum err_code code =
        group_read(t->write.db, t->write.arena, &t->show.reader, t->write.business_id, &owners, err);
    if (!code && owners.member_count == 0)
        apply_complain(
            t->apply, list, "Nobody would be an owner: put somebody into the group %s.", owners.name);
    return code;
}

/* All join before anybody leaves: the owners may change places, but never be none. */
enum err_code apply_employees(struct tenant *t, struct error *err)
{
    static apply_step_fn *const steps[] = {apply_employee, join, leave, deactivate};
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(steps) && !code; i++)
        code = apply_each(t, "employees", steps[i], err);
    return code ? code : check_owners(t, err);
}
