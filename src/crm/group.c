#include "crm/group.h"

#include "crm/audit.h"
#include "crm/business.h"
#include "crm/check.h"
#include "crm/employee_list.h"
#include "crm/role.h"

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

#define GROUP_COLUMNS                                                                                        \
    "g.id, g.business_id, g.name, g.version, g.created_at, (SELECT COUNT(*) FROM employee_group m "          \
    "JOIN employee e ON e.id = m.employee_id WHERE m.group_id = g.id AND e.active = 1), g.activities, "      \
    "g.scheduled, g.records, g.objects, g.webhooks, g.people, g.audit "

static const char unknown_group[] = "There is no such permission group in this Business.";

static void take_group(struct db_rows *rows, struct arena *arena, struct group *group)
{
    *group = (struct group){.id = db_col_id(rows, 0),
        .business_id = db_col_id(rows, 1),
        .name = db_col_text_copy(rows, 2, arena),
        .version = db_col_int(rows, 3),
        .created_at = db_col_int(rows, 4),
        .member_count = db_col_int(rows, 5)};
    for (int kind = 0; kind < PERMISSION_KINDS; kind++)
        group->grants.of[kind] = db_col_int(rows, 6 + kind);
}

static enum err_code read_row(struct db *db, struct arena *arena, struct id business_id, struct id id,
    struct group *group, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, "SELECT " GROUP_COLUMNS "FROM permission_group g WHERE g.id = $1 AND g.business_id = $2",
            DB_PARAMS(db_id(id), db_id(business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "%s", unknown_group);
    take_group(rows, arena, group);
    return ERR_OK;
}

enum err_code group_by_name(struct db *db, struct arena *arena, struct id business_id, const char *name,
    struct group *group, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT " GROUP_COLUMNS "FROM permission_group g WHERE g.business_id = $1 AND g.name = $2",
        DB_PARAMS(db_id(business_id), db_text(name)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "%s", unknown_group);
    take_group(rows, arena, group);
    return ERR_OK;
}

static enum err_code read_members(struct db *db, struct arena *arena, struct group *group, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t most = (size_t)group->member_count, n = 0;
    group->members = ARENA_ARRAY(arena, struct person, most);
    enum err_code code = db_query(db,
        "SELECT e.id, e.first_name, e.last_name, e.display_name, e.email FROM employee_group m "
        "JOIN employee e ON e.id = m.employee_id WHERE m.group_id = $1 AND m.business_id = $2 AND e.active = "
        "1 ORDER BY e.display_name, e.id",
        DB_PARAMS(db_id(group->id), db_id(group->business_id)), &rows, err);
    while (!code && n < most && db_next(rows, &code, err))
        group->members[n++] = (struct person){.id = db_col_id(rows, 0),
            .first_name = db_col_text_copy(rows, 1, arena),
            .last_name = db_col_text_copy(rows, 2, arena),
            .display_name = db_col_text_copy(rows, 3, arena),
            .email = db_col_text_copy(rows, 4, arena)};
    group->member_count = (int64_t)n;
    return code;
}

static enum err_code read_whole(struct db *db, struct arena *arena, struct id business_id, struct id id,
    struct group *group, struct error *err)
{
    enum err_code code = read_row(db, arena, business_id, id, group, err);
    return code ? code : read_members(db, arena, group, err);
}

enum err_code group_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct group *group, struct error *err)
{
    enum err_code code = may(actor, ACTION_VIEW_GROUP, NULL, err);
    return code ? code : read_whole(db, arena, actor->business_id, id, group, err);
}

enum err_code group_list(struct db *db, struct arena *arena, const struct actor *actor, struct page *page,
    struct group **groups, size_t *count, struct error *err)
{
    static const char forward[] =
        "SELECT " GROUP_COLUMNS "FROM permission_group g WHERE g.business_id = $1 AND (g.name, g.id) "
        "> ($2, $3) ORDER BY g.name, g.id LIMIT $4";
    static const char back[] =
        "SELECT " GROUP_COLUMNS "FROM permission_group g WHERE g.business_id = $1 AND (g.name, g.id) "
        "< ($2, $3) ORDER BY g.name DESC, g.id DESC LIMIT $4";
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t most = page->limit + 1, n = 0;
    *groups = ARENA_ARRAY(arena, struct group, most);
    *count = 0;
    enum err_code code = may(actor, ACTION_VIEW_GROUP, NULL, err);
    if (code)
        return code;
    code = db_query(db, page->back ? back : forward,
        DB_PARAMS(db_id(actor->business_id), db_text(page->from ? page->key.text : ""), db_id(page->key.id),
            db_int((int64_t)most)),
        &rows, err);
    while (!code && n < most && db_next(rows, &code, err))
        take_group(rows, arena, &(*groups)[n++]);
    *count = page_cut(page, *groups, sizeof **groups, n);
    return code;
}

/* ── checks of those who change them ─────────────────────────────────────────────────────────── */

/* Until the commit nobody else changes it. ERR_NOT_FOUND; ERR_STALE unless it is of that version (NULL: whichever). */
static enum err_code hold(
    struct write *w, struct id id, const int64_t *version, struct group *group, struct error *err)
{
    struct db_rows *rows = NULL;
    enum err_code code =
        db_query(w->db, "SELECT id FROM permission_group WHERE id = $1 AND business_id = $2{update}",
            DB_PARAMS(db_id(id), db_id(w->business_id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        ;
    db_rows_close(rows);
    if (!code)
        code = read_row(w->db, w->arena, w->business_id, id, group, err);
    if (!code && version && group->version != *version)
        code = error_set(err, ERR_STALE, "This group was changed by somebody else since you read it.");
    return code;
}

static enum err_code refuse_owner_group(const struct group *group, struct error *err)
{
    return group_is_owner(group)
               ? error_set(err, ERR_CONFLICT, "The owner group may do everything; only its members change.")
               : ERR_OK;
}

static void taken(const char *name, struct error_list *list)
{
    error_list_conflict(list, "/name", "There is a group named \"%.100s\" in this Business already.", name);
}

/* Looked for before it is written, so that one that is there is refused without ending the batch. */
static enum err_code check_group_name(
    const struct write *w, const struct group *group, struct error_list *list, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    if (!check_name_member(group->name, crm_limits(w->crm)->name_chars, list))
        return error_list_refuse(list, err);
    enum err_code code =
        db_query(w->db, "SELECT 1 FROM permission_group WHERE business_id = $1 AND name = $2 AND id <> $3",
            DB_PARAMS(db_id(w->business_id), db_text(group->name), db_id(group->id)), &rows, err);
    if (!code && db_next(rows, &code, err))
        taken(group->name, list);
    return code ? code : error_list_refuse(list, err);
}

/* ── the audit log ───────────────────────────────────────────────────────────────────────────── */

/* The permissions that differ, as "activities.view". */
static void audit_grants(struct audit *audit, const struct grants *before, const struct grants *after)
{
    for (int k = 0; k < PERMISSION_KINDS; k++)
        for (int v = 0; v < PERMISSION_VERBS; v++) {
            enum permission_kind kind = (enum permission_kind)k;
            enum permission_verb verb = (enum permission_verb)v;
            if (permission_exists(kind, verb))
                audit_text(audit,
                    arena_printf(
                        audit->w->arena, "%s.%s", permission_kind_name(kind), permission_verb_name(verb)),
                    before ? permission_level_name(grants_level(before, kind, verb)) : NULL,
                    after ? permission_level_name(grants_level(after, kind, verb)) : NULL);
        }
}

/* `group` as it is called now; before it is made there is none `before`, after it is deleted none `after`. */
static enum err_code audit_group(struct write *w, const char *action, const struct group *group,
    const struct group *before, const struct group *after, struct error *err)
{
    struct audit audit = AUDIT(w, action, group->id, group->name);
    audit_text(&audit, "name", before ? before->name : NULL, after ? after->name : NULL);
    audit_grants(&audit, before ? &before->grants : NULL, after ? &after->grants : NULL);
    if (!after)
        audit_people(&audit, "members", group->members, group->member_count, NULL, 0);
    return audit_add(&audit, err);
}

static enum err_code audit_members(
    struct write *w, const struct group *before, const struct group *after, struct error *err)
{
    struct audit audit = AUDIT(w, "permission_group.members_changed", after->id, after->name);
    audit_people(
        &audit, "members", before->members, before->member_count, after->members, after->member_count);
    return audit_add(&audit, err);
}

/* ── making and changing ─────────────────────────────────────────────────────────────────────── */

static void apply(const struct group_input *input, struct group *group)
{
    if (input->name)
        group->name = input->name;
    for (int kind = 0; kind < PERMISSION_KINDS; kind++)
        group->grants.of[kind] = (group->grants.of[kind] & ~input->given.of[kind]) |
                                 (input->grants.of[kind] & input->given.of[kind]);
}

enum err_code group_add(struct write *w, const struct group_input *input, struct group *group,
    struct error_list *list, struct error *err)
{
    *group = (struct group){
        .id = id_new(), .business_id = w->business_id, .name = "", .version = 1, .created_at = w->now};
    apply(input, group);
    const struct grants *g = &group->grants;
    enum err_code code = write_may(w, ACTION_ADD_GROUP, NULL, err);
    if (!code)
        code = write_may_grant(w, g, false, err);
    if (!code)
        code = check_group_name(w, group, list, err);
    if (!code)
        code = check_business(w->db, w->business_id, err);
    if (code)
        return code;
    code = db_exec(w->db,
        "INSERT INTO permission_group (id, business_id, name, activities, scheduled, records, objects, "
        "webhooks, people, audit, version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, "
        "$11)",
        DB_PARAMS(db_id(group->id), db_id(w->business_id), db_text(group->name),
            db_int(g->of[PERMIT_ACTIVITIES]), db_int(g->of[PERMIT_SCHEDULED]), db_int(g->of[PERMIT_RECORDS]),
            db_int(g->of[PERMIT_OBJECTS]), db_int(g->of[PERMIT_WEBHOOKS]), db_int(g->of[PERMIT_PEOPLE]),
            db_int(g->of[PERMIT_AUDIT]), db_int(w->now)),
        NULL, err);
    if (code == ERR_CONFLICT) /* another node was quicker */
        taken(group->name, list);
    return code ? code : audit_group(w, "permission_group.created", group, NULL, group, err);
}

static enum err_code update(struct write *w, struct group *group, struct error_list *list, struct error *err)
{
    const struct grants *g = &group->grants;
    group->version++;
    enum err_code code = db_exec(w->db,
        "UPDATE permission_group SET name = $1, activities = $2, scheduled = $3, records = $4, objects = $5, "
        "webhooks = $6, people = $7, audit = $8, version = $9 WHERE id = $10 AND business_id = $11",
        DB_PARAMS(db_text(group->name), db_int(g->of[PERMIT_ACTIVITIES]), db_int(g->of[PERMIT_SCHEDULED]),
            db_int(g->of[PERMIT_RECORDS]), db_int(g->of[PERMIT_OBJECTS]), db_int(g->of[PERMIT_WEBHOOKS]),
            db_int(g->of[PERMIT_PEOPLE]), db_int(g->of[PERMIT_AUDIT]), db_int(group->version),
            db_id(group->id), db_id(w->business_id)),
        NULL, err);
    if (code == ERR_CONFLICT)
        taken(group->name, list);
    return code ? code : business_touch(w->db, w->business_id, err);
}

enum err_code group_change(struct write *w, struct id id, int64_t version, const struct group_input *input,
    struct group *group, struct error_list *list, struct error *err)
{
    enum err_code code = write_may(w, ACTION_EDIT_GROUP, NULL, err);
    if (!code)
        code = hold(w, id, &version, group, err);
    if (!code)
        code = refuse_owner_group(group, err);
    if (code)
        return code;
    const struct group before = *group;
    apply(input, group);
    code = write_may_grant(w, &group->grants, false, err);
    if (!code)
        code = check_group_name(w, group, list, err);
    if (!code)
        code = read_members(w->db, w->arena, group, err);
    if (!code)
        code = update(w, group, list, err);
    return code ? code : audit_group(w, "permission_group.changed", group, &before, group, err);
}

enum err_code group_delete(struct write *w, struct id id, int64_t version, struct error *err)
{
    static const char *const statements[] = {
        "DELETE FROM employee_group WHERE group_id = $1 AND business_id = $2",
        "DELETE FROM role_group WHERE group_id = $1 AND business_id = $2",
        "DELETE FROM permission_group WHERE id = $1 AND business_id = $2"};
    struct group group;
    enum err_code code = write_may(w, ACTION_DELETE_GROUP, NULL, err);
    if (!code)
        code = hold(w, id, &version, &group, err);
    if (!code)
        code = refuse_owner_group(&group, err);
    if (!code)
        code = read_members(w->db, w->arena, &group, err);
    for (size_t i = 0; i < ARRAY_LEN(statements) && !code; i++)
        code = db_exec(w->db, statements[i], DB_PARAMS(db_id(id), db_id(w->business_id)), NULL, err);
    if (!code)
        code = business_touch(w->db, w->business_id, err);
    return code ? code : audit_group(w, "permission_group.deleted", &group, &group, NULL, err);
}

/* ── members ─────────────────────────────────────────────────────────────────────────────────── */

static enum err_code add_members(
    struct write *w, struct id id, const struct id *employees, size_t count, struct error *err)
{
    static const char *const columns[] = {"employee_id", "group_id", "business_id"};
    static const struct db_insert insert = {
        .table = "employee_group", .columns = columns, .column_count = ARRAY_LEN(columns), .or_ignore = true};
    struct db_value *values = ARENA_ARRAY(w->arena, struct db_value, count * ARRAY_LEN(columns)), *v = values;
    for (size_t i = 0; i < count; i++) {
        *v++ = db_id(employees[i]);
        *v++ = db_id(id);
        *v++ = db_id(w->business_id);
    }
    return count ? db_insert_many(w->db, &insert, values, count, err) : ERR_OK;
}

static const char without_owner[] = "The owner group always has a member.";

/* Holds the group, for whoever may change who is in it. */
static enum err_code hold_for_members(struct write *w, struct id id, struct group *group, struct error *err)
{
    enum err_code code = write_may(w, ACTION_EDIT_GROUP, NULL, err);
    if (!code)
        code = hold(w, id, NULL, group, err);
    return code ? code : write_may_grant(w, &group->grants, group_is_owner(group), err);
}

/* Reads the group as it is now, and writes down who was in it before. */
static enum err_code finish_members(
    struct write *w, const struct group *before, struct group *group, struct error *err)
{
    enum err_code code = business_touch(w->db, w->business_id, err);
    if (!code)
        code = read_whole(w->db, w->arena, w->business_id, before->id, group, err);
    if (!code && group->member_count == 0 && group_is_owner(group))
        code = error_set(err, ERR_CONFLICT, without_owner);
    return code ? code : audit_members(w, before, group, err);
}

enum err_code group_set_members(struct write *w, struct id id, const struct id *employees, size_t count,
    struct group *group, struct error_list *list, struct error *err)
{
    struct group before = {0};
    enum err_code code = hold_for_members(w, id, &before, err);
    if (!code)
        code = read_members(w->db, w->arena, &before, err);
    if (!code)
        code = employees_check(w->db, w->business_id, employees, count, "/members", list, err);
    if (!code)
        code = error_list_refuse(list, err);
    if (!code && count == 0 && group_is_owner(&before))
        code = error_set(err, ERR_CONFLICT, without_owner);
    if (code)
        return code;
    /* Whoever is not active is no member that anybody sees, but is one again when they come back. */
    code = db_exec(w->db,
        "DELETE FROM employee_group WHERE group_id = $1 AND business_id = $2 AND EXISTS (SELECT 1 FROM "
        "employee "
        "e WHERE e.id = employee_group.employee_id AND e.active = 1)",
        DB_PARAMS(db_id(id), db_id(w->business_id)), NULL, err);
    if (!code)
        code = add_members(w, id, employees, count, err);
    return code ? code : finish_members(w, &before, group, err);
}

static enum err_code is_member(
    struct write *w, struct id id, struct id employee_id, bool *is, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT 1 FROM employee_group WHERE employee_id = $1 AND group_id = $2 AND business_id = $3",
        DB_PARAMS(db_id(employee_id), db_id(id), db_id(w->business_id)), &rows, err);
    *is = !code && db_next(rows, &code, err);
    return code;
}

static enum err_code check_owners(struct write *w, const struct group *group, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        group_is_owner(group)
            ? db_query(w->db,
                  "SELECT 1 FROM employee_group m JOIN employee e ON e.id = m.employee_id WHERE "
                  "m.group_id = $1 AND m.business_id = $2 AND e.active = 1 LIMIT 1",
                  DB_PARAMS(db_id(group->id), db_id(w->business_id)), &rows, err)
            : ERR_OK;
    if (code || !rows || db_next(rows, &code, err))
        return code;
    return code ? code : error_set(err, ERR_CONFLICT, without_owner);
}

/*
 * Who else is in it is neither read nor written down: one by one, as many join as there are. `whole` may be NULL:
 * nobody asks how the group is now.
 */
static enum err_code finish_one(struct write *w, const struct group *group, struct id employee_id, bool was,
    bool is, struct group *whole, struct error *err)
{
    const struct id nobody = {0};
    struct audit audit = AUDIT(w, "permission_group.members_changed", group->id, group->name);
    audit_id(&audit, "member", was ? employee_id : nobody, is ? employee_id : nobody);
    enum err_code code = business_touch(w->db, w->business_id, err);
    if (!code && was && !is)
        code = check_owners(w, group, err);
    if (!code)
        code = audit_add(&audit, err);
    if (!code && whole)
        code = read_whole(w->db, w->arena, w->business_id, group->id, whole, err);
    return code;
}

enum err_code group_assign(
    struct write *w, struct id id, struct id employee_id, struct group *group, struct error *err)
{
    struct person person;
    struct group held = {0};
    bool was = false;
    enum err_code code = hold_for_members(w, id, &held, err);
    if (!code)
        code = employee_read_active(w->db, w->arena, w->business_id, employee_id, &person, err);
    if (!code)
        code = is_member(w, id, employee_id, &was, err);
    if (!code && !was)
        code = add_members(w, id, &employee_id, 1, err);
    return code ? code : finish_one(w, &held, employee_id, was, true, group, err);
}

enum err_code group_remove(
    struct write *w, struct id id, struct id employee_id, struct group *group, struct error *err)
{
    struct group held = {0};
    int64_t removed = 0;
    enum err_code code = hold_for_members(w, id, &held, err);
    if (!code)
        code = db_exec(w->db,
            "DELETE FROM employee_group WHERE employee_id = $1 AND group_id = $2 AND business_id = $3",
            DB_PARAMS(db_id(employee_id), db_id(id), db_id(w->business_id)), &removed, err);
    return code ? code : finish_one(w, &held, employee_id, removed > 0, false, group, err);
}

enum err_code groups_may_give(struct write *w, const struct id *ids, size_t count, const char *pointer,
    struct error_list *list, struct error *err)
{
    enum err_code code = count ? write_may(w, ACTION_EDIT_GROUP, NULL, err) : ERR_OK;
    for (size_t i = 0; i < count && !code; i++) {
        struct group group;
        char where[64];
        snprintf(where, sizeof where, "%s/%zu", pointer, i);
        code = read_row(w->db, w->arena, w->business_id, ids[i], &group, err);
        if (!code)
            code = write_may_grant(w, &group.grants, group_is_owner(&group), err);
        else if (code == ERR_NOT_FOUND) {
            error_list_add(list, where, "%s", unknown_group);
            code = ERR_OK;
        }
    }
    return code;
}

enum err_code groups_of_employee(struct db *db, struct arena *arena, struct id business_id,
    struct id employee_id, struct group **groups, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *groups = ARENA_ARRAY(arena, struct group, GROUP_MEMBERS_MOST);
    *count = 0;
    enum err_code code = db_query(db,
        "SELECT " GROUP_COLUMNS "FROM employee_group r JOIN permission_group g ON g.id = r.group_id AND "
        "g.business_id = r.business_id WHERE r.employee_id = $1 AND r.business_id = $2 ORDER BY g.name, g.id",
        DB_PARAMS(db_id(employee_id), db_id(business_id)), &rows, err);
    while (!code && *count < GROUP_MEMBERS_MOST && db_next(rows, &code, err))
        take_group(rows, arena, &(*groups)[(*count)++]);
    return code;
}

/* ── groups of a role ────────────────────────────────────────────────────────────────────────── */

static enum err_code groups_of_role(struct db *db, struct arena *arena, struct id business_id,
    struct id role_id, struct group **groups, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *groups = ARENA_ARRAY(arena, struct group, GROUP_MEMBERS_MOST);
    *count = 0;
    enum err_code code = db_query(db,
        "SELECT " GROUP_COLUMNS "FROM role_group r JOIN permission_group g ON g.id = r.group_id AND "
        "g.business_id = r.business_id WHERE r.role_id = $1 AND r.business_id = $2 ORDER BY g.name, g.id",
        DB_PARAMS(db_id(role_id), db_id(business_id)), &rows, err);
    while (!code && *count < GROUP_MEMBERS_MOST && db_next(rows, &code, err))
        take_group(rows, arena, &(*groups)[(*count)++]);
    return code;
}

enum err_code role_groups(struct db *db, struct arena *arena, const struct actor *actor, struct id role_id,
    struct group **groups, size_t *count, struct error *err)
{
    struct role role;
    enum err_code code = may(actor, ACTION_VIEW_GROUP, NULL, err);
    if (!code)
        code = role_find(db, arena, actor->business_id, role_id, &role, err);
    return code ? code : groups_of_role(db, arena, actor->business_id, role_id, groups, count, err);
}

enum err_code group_grants_of_role(
    struct write *w, struct id role_id, struct grants *grants, bool *owner, struct error *err)
{
    struct group *groups;
    size_t count;
    *grants = (struct grants){0};
    *owner = false;
    enum err_code code = groups_of_role(w->db, w->arena, w->business_id, role_id, &groups, &count, err);
    for (size_t i = 0; i < count && !code; i++) {
        *owner |= group_is_owner(&groups[i]);
        for (int kind = 0; kind < PERMISSION_KINDS; kind++)
            grants->of[kind] |= groups[i].grants.of[kind];
    }
    return code;
}

/* One of the groups that a role is to have. The owner group's members are named one by one. */
static enum err_code check_role_group(
    struct write *w, struct id id, size_t i, struct error_list *list, struct error *err)
{
    struct group group;
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/groups/%zu", i);
    enum err_code code = read_row(w->db, w->arena, w->business_id, id, &group, err);
    if (code == ERR_NOT_FOUND)
        error_list_add(list, pointer, "%s", unknown_group);
    else if (!code && group_is_owner(&group))
        error_list_add(list, pointer, "Owners are named one by one, not by a role.");
    else
        return code ? code : write_may_grant(w, &group.grants, false, err);
    return ERR_OK;
}

static enum err_code insert_role_groups(
    struct write *w, struct id role_id, const struct id *groups, size_t count, struct error *err)
{
    static const char *const columns[] = {"role_id", "group_id", "business_id"};
    static const struct db_insert insert = {
        .table = "role_group", .columns = columns, .column_count = ARRAY_LEN(columns), .or_ignore = true};
    struct db_value *values = ARENA_ARRAY(w->arena, struct db_value, count * ARRAY_LEN(columns)), *v = values;
    for (size_t i = 0; i < count; i++) {
        *v++ = db_id(role_id);
        *v++ = db_id(groups[i]);
        *v++ = db_id(w->business_id);
    }
    return count ? db_insert_many(w->db, &insert, values, count, err) : ERR_OK;
}

enum err_code role_set_groups(struct write *w, struct id role_id, const struct id *groups, size_t count,
    struct error_list *list, struct error *err)
{
    struct role role;
    struct group *before;
    size_t before_count;
    enum err_code code = write_may(w, ACTION_EDIT_GROUP, NULL, err);
    if (!code)
        code = role_find(w->db, w->arena, w->business_id, role_id, &role, err);
    if (!code)
        code = groups_of_role(w->db, w->arena, w->business_id, role_id, &before, &before_count, err);
    for (size_t i = 0; i < count && !code; i++)
        code = check_role_group(w, groups[i], i, list, err);
    if (!code)
        code = error_list_refuse(list, err);
    if (code)
        return code;
    code = db_exec(w->db, "DELETE FROM role_group WHERE role_id = $1 AND business_id = $2",
        DB_PARAMS(db_id(role_id), db_id(w->business_id)), NULL, err);
    if (!code)
        code = insert_role_groups(w, role_id, groups, count, err);
    if (!code)
        code = business_touch(w->db, w->business_id, err);
    if (code)
        return code;
    struct audit audit = AUDIT(w, "role.groups_changed", role_id, role.name);
    struct id *ids = ARENA_ARRAY(w->arena, struct id, before_count);
    for (size_t i = 0; i < before_count; i++)
        ids[i] = before[i].id;
    audit_ids(&audit, "groups", ids, before_count, groups, count);
    return audit_add(&audit, err);
}
