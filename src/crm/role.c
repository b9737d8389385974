#include "crm/role.h"

#include "crm/audit.h"
#include "crm/business.h"
#include "crm/check.h"
#include "crm/employee_list.h"
#include "crm/group.h"

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

#define ROLE_COLUMNS                                                                                         \
    "r.id, r.name, r.created_at, (SELECT COUNT(*) FROM employee_role m JOIN employee e ON e.id = "           \
    "m.employee_id WHERE m.role_id = r.id AND e.active = 1) "

static void take_role(struct db_rows *rows, struct arena *arena, struct role *role)
{
    *role = (struct role){.id = db_col_id(rows, 0),
        .name = db_col_text_copy(rows, 1, arena),
        .created_at = db_col_int(rows, 2),
        .member_count = db_col_int(rows, 3)};
}

static enum err_code read_row(struct db *db, struct arena *arena, struct id business_id, struct id id,
    struct role *role, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, "SELECT " ROLE_COLUMNS "FROM role r WHERE r.id = $1 AND r.business_id = $2",
            DB_PARAMS(db_id(id), db_id(business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such role in this Business.");
    take_role(rows, arena, role);
    return ERR_OK;
}

static enum err_code read_members(
    struct db *db, struct arena *arena, struct id business_id, struct role *role, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t most = (size_t)role->member_count, n = 0;
    role->members = ARENA_ARRAY(arena, struct person, most);
    enum err_code code = db_query(db,
        "SELECT e.id, e.first_name, e.last_name, e.display_name, e.email FROM employee_role m "
        "JOIN employee e ON e.id = m.employee_id WHERE m.role_id = $1 AND m.business_id = $2 AND e.active = "
        "1 "
        "ORDER BY e.display_name, e.id",
        DB_PARAMS(db_id(role->id), db_id(business_id)), &rows, err);
    while (!code && n < most && db_next(rows, &code, err))
        role->members[n++] = (struct person){.id = db_col_id(rows, 0),
            .first_name = db_col_text_copy(rows, 1, arena),
            .last_name = db_col_text_copy(rows, 2, arena),
            .display_name = db_col_text_copy(rows, 3, arena),
            .email = db_col_text_copy(rows, 4, arena)};
    role->member_count = (int64_t)n;
    return code;
}

static enum err_code read_whole(struct db *db, struct arena *arena, struct id business_id, struct id id,
    struct role *role, struct error *err)
{
    enum err_code code = read_row(db, arena, business_id, id, role, err);
    return code ? code : read_members(db, arena, business_id, role, err);
}

enum err_code role_find(struct db *db, struct arena *arena, struct id business_id, struct id id,
    struct role *role, struct error *err)
{
    return read_row(db, arena, business_id, id, role, err);
}

enum err_code role_by_name(struct db *db, struct arena *arena, struct id business_id, const char *name,
    struct role *role, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, "SELECT " ROLE_COLUMNS "FROM role r WHERE r.business_id = $1 AND r.name = $2",
            DB_PARAMS(db_id(business_id), db_text(name)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such role in this Business.");
    take_role(rows, arena, role);
    return ERR_OK;
}

enum err_code role_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct role *role, struct error *err)
{
    enum err_code code = may(actor, ACTION_VIEW_ROLE, NULL, err);
    return code ? code : read_whole(db, arena, actor->business_id, id, role, err);
}

enum err_code roles_of_employee(struct db *db, struct arena *arena, struct id business_id,
    struct id employee_id, struct role **roles, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *roles = ARENA_ARRAY(arena, struct role, ROLE_MEMBERS_MOST);
    *count = 0;
    enum err_code code = db_query(db,
        "SELECT " ROLE_COLUMNS "FROM employee_role h JOIN role r ON r.id = h.role_id AND r.business_id = "
        "h.business_id WHERE h.employee_id = $1 AND h.business_id = $2 ORDER BY r.name, r.id",
        DB_PARAMS(db_id(employee_id), db_id(business_id)), &rows, err);
    while (!code && *count < ROLE_MEMBERS_MOST && db_next(rows, &code, err))
        take_role(rows, arena, &(*roles)[(*count)++]);
    return code;
}

enum err_code role_list(struct db *db, struct arena *arena, const struct actor *actor, struct page *page,
    struct role **roles, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t most = page->limit + 1, n = 0;
    struct db_value values[] = {db_id(actor->business_id), db_text(page->from ? page->key.text : ""),
        db_id(page->key.id), db_int((int64_t)most)};
    struct db_params params = {values, ARRAY_LEN(values)};
    *roles = ARENA_ARRAY(arena, struct role, most);
    enum err_code code = may(actor, ACTION_VIEW_ROLE, NULL, err);
    if (!code)
        code = page->back
                   ? db_query(db,
                         "SELECT " ROLE_COLUMNS "FROM role r WHERE r.business_id = $1 AND (r.name, r.id) "
                         "< ($2, $3) ORDER BY r.name DESC, r.id DESC LIMIT $4",
                         params, &rows, err)
                   : db_query(db,
                         "SELECT " ROLE_COLUMNS "FROM role r WHERE r.business_id = $1 AND (r.name, r.id) "
                         "> ($2, $3) ORDER BY r.name, r.id LIMIT $4",
                         params, &rows, err);
    while (!code && n < most && db_next(rows, &code, err))
        take_role(rows, arena, &(*roles)[n++]);
    *count = page_cut(page, *roles, sizeof **roles, n);
    return code;
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

static void taken(const char *name, struct error_list *list)
{
    error_list_conflict(list, "/name", "There is a role named \"%.100s\" in this Business already.", name);
}

/* Looked for before it is written, so that one that is there is refused without ending the batch. */
static enum err_code check_role_name(
    const struct write *write, const struct role *role, struct error_list *list, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    if (!check_name_member(role->name, crm_limits(write->crm)->name_chars, list))
        return error_list_refuse(list, err);
    enum err_code code =
        db_query(write->db, "SELECT 1 FROM role WHERE business_id = $1 AND name = $2 AND id <> $3",
            DB_PARAMS(db_id(write->business_id), db_text(role->name), db_id(role->id)), &rows, err);
    if (!code && db_next(rows, &code, err))
        taken(role->name, list);
    return code ? code : error_list_refuse(list, err);
}

enum err_code role_add(
    struct write *write, const char *name, struct role *role, struct error_list *list, struct error *err)
{
    *role = (struct role){.id = id_new(), .name = name, .created_at = write->now};
    enum err_code code = write_may(write, ACTION_ADD_ROLE, NULL, err);
    if (!code)
        code = check_role_name(write, role, list, err);
    if (!code)
        code = check_business(write->db, write->business_id, err);
    if (code)
        return code;
    code = db_exec(write->db, "INSERT INTO role (id, business_id, name, created_at) VALUES ($1, $2, $3, $4)",
        DB_PARAMS(db_id(role->id), db_id(write->business_id), db_text(name), db_int(write->now)), NULL, err);
    if (code == ERR_CONFLICT) /* another node was quicker */
        taken(name, list);
    struct audit audit = AUDIT(write, "role.created", role->id, name);
    audit_text(&audit, "name", NULL, name);
    return code ? code : audit_add(&audit, err);
}

enum err_code role_rename(struct write *write, struct id id, const char *name, struct role *role,
    struct error_list *list, struct error *err)
{
    enum err_code code = write_may(write, ACTION_EDIT_ROLE, NULL, err);
    if (!code)
        code = read_whole(write->db, write->arena, write->business_id, id, role, err);
    const char *before = code ? NULL : role->name;
    role->name = name;
    if (!code)
        code = check_role_name(write, role, list, err);
    if (code)
        return code;
    struct audit audit = AUDIT(write, "role.changed", id, name);
    audit_text(&audit, "name", before, name);
    code = db_exec(write->db, "UPDATE role SET name = $1 WHERE id = $2 AND business_id = $3",
        DB_PARAMS(db_text(name), db_id(id), db_id(write->business_id)), NULL, err);
    if (code == ERR_CONFLICT)
        taken(name, list);
    return code ? code : audit_add(&audit, err);
}

/* Until the commit nobody else changes who holds the role. ERR_NOT_FOUND. */
static enum err_code hold_role(struct write *write, struct id id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(write->db, "SELECT id FROM role WHERE id = $1 AND business_id = $2{update}",
        DB_PARAMS(db_id(id), db_id(write->business_id)), &rows, err);
    if (code || db_next(rows, &code, err))
        return code;
    return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such role in this Business.");
}

/* Whoever is given a role is given its groups. */
static enum err_code role_may_give(struct write *write, struct id id, struct error *err)
{
    struct grants grants;
    bool owner;
    enum err_code code = group_grants_of_role(write, id, &grants, &owner, err);
    return code ? code : write_may_grant(write, &grants, owner, err);
}

enum err_code roles_may_give(struct write *write, const struct id *ids, size_t count, const char *pointer,
    struct error_list *list, struct error *err)
{
    enum err_code code = count ? write_may(write, ACTION_EDIT_ROLE, NULL, err) : ERR_OK;
    for (size_t i = 0; i < count && !code; i++) {
        struct role role;
        char where[64];
        snprintf(where, sizeof where, "%s/%zu", pointer, i);
        code = read_row(write->db, write->arena, write->business_id, ids[i], &role, err);
        if (!code)
            code = role_may_give(write, ids[i], err);
        else if (code == ERR_NOT_FOUND) {
            error_list_add(list, where, "%s", err->text);
            code = ERR_OK;
        }
    }
    return code;
}

/* Reads the role as it is now, and writes down who held it before. */
static enum err_code finish_members(
    struct write *write, const struct role *before, struct role *role, struct error *err)
{
    enum err_code code = read_whole(write->db, write->arena, write->business_id, before->id, role, err);
    if (code)
        return code;
    struct audit audit = AUDIT(write, "role.members_changed", role->id, role->name);
    audit_people(&audit, "members", before->members, before->member_count, role->members, role->member_count);
    return audit_add(&audit, err);
}

static enum err_code add_members(
    struct write *write, struct id id, const struct id *employees, size_t count, struct error *err)
{
    static const char *const columns[] = {"employee_id", "role_id", "business_id"};
    static const struct db_insert insert = {
        .table = "employee_role", .columns = columns, .column_count = ARRAY_LEN(columns), .or_ignore = true};
    struct db_value *values = ARENA_ARRAY(write->arena, struct db_value, count * ARRAY_LEN(columns)),
                    *v = values;
    for (size_t i = 0; i < count; i++) {
        *v++ = db_id(employees[i]);
        *v++ = db_id(id);
        *v++ = db_id(write->business_id);
    }
    return db_insert_many(write->db, &insert, values, count, err);
}

/* Holds the role, for whoever may change who holds it. */
static enum err_code hold_for_members(struct write *write, struct id id, struct role *role, struct error *err)
{
    enum err_code code = write_may(write, ACTION_EDIT_ROLE, NULL, err);
    if (!code)
        code = hold_role(write, id, err);
    if (!code)
        code = read_row(write->db, write->arena, write->business_id, id, role, err);
    return code ? code : role_may_give(write, id, err);
}

enum err_code role_set_members(struct write *write, struct id id, const struct id *employees, size_t count,
    struct role *role, struct error_list *list, struct error *err)
{
    struct role before = {0};
    enum err_code code = hold_for_members(write, id, &before, err);
    if (!code)
        code = read_members(write->db, write->arena, write->business_id, &before, err);
    if (!code)
        code = employees_check(write->db, write->business_id, employees, count, "/members", list, err);
    if (!code)
        code = error_list_refuse(list, err);
    if (code)
        return code;
    /* Whoever is not active holds nothing that anybody sees, but holds it again when they come back. */
    code = db_exec(write->db,
        "DELETE FROM employee_role WHERE role_id = $1 AND business_id = $2 AND EXISTS (SELECT 1 FROM "
        "employee e "
        "WHERE e.id = employee_role.employee_id AND e.active = 1)",
        DB_PARAMS(db_id(id), db_id(write->business_id)), NULL, err);
    if (!code && count)
        code = add_members(write, id, employees, count, err);
    if (!code)
        code = business_touch(write->db, write->business_id, err);
    return code ? code : finish_members(write, &before, role, err);
}

static enum err_code holds(
    struct write *write, struct id id, struct id employee_id, bool *is, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(write->db,
        "SELECT 1 FROM employee_role WHERE employee_id = $1 AND role_id = $2 AND business_id = $3",
        DB_PARAMS(db_id(employee_id), db_id(id), db_id(write->business_id)), &rows, err);
    *is = !code && db_next(rows, &code, err);
    return code;
}

/* As with groups: the others are neither read nor written down. `whole` may be NULL. */
static enum err_code finish_one(struct write *write, const struct role *role, struct id employee_id, bool was,
    bool is, struct role *whole, struct error *err)
{
    const struct id nobody = {0};
    struct audit audit = AUDIT(write, "role.members_changed", role->id, role->name);
    audit_id(&audit, "member", was ? employee_id : nobody, is ? employee_id : nobody);
    enum err_code code = business_touch(write->db, write->business_id, err);
    if (!code)
        code = audit_add(&audit, err);
    if (!code && whole)
        code = read_whole(write->db, write->arena, write->business_id, role->id, whole, err);
    return code;
}

enum err_code role_assign(
    struct write *write, struct id id, struct id employee_id, struct role *role, struct error *err)
{
    struct person person;
    struct role held = {0};
    bool was = false;
    enum err_code code = hold_for_members(write, id, &held, err);
    if (!code)
        code = employee_read_active(write->db, write->arena, write->business_id, employee_id, &person, err);
    if (!code)
        code = holds(write, id, employee_id, &was, err);
    if (!code && !was)
        code = add_members(write, id, &employee_id, 1, err);
    return code ? code : finish_one(write, &held, employee_id, was, true, role, err);
}

enum err_code role_unassign(
    struct write *write, struct id id, struct id employee_id, struct role *role, struct error *err)
{
    struct role held = {0};
    int64_t removed = 0;
    enum err_code code = hold_for_members(write, id, &held, err);
    if (!code)
        code = db_exec(write->db,
            "DELETE FROM employee_role WHERE employee_id = $1 AND role_id = $2 AND business_id = $3",
            DB_PARAMS(db_id(employee_id), db_id(id), db_id(write->business_id)), &removed, err);
    return code ? code : finish_one(write, &held, employee_id, removed > 0, false, role, err);
}
