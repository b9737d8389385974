#include "crm/employee.h"

#include "crm/audit.h"
#include "crm/business.h"
#include "crm/check.h"
#include "crm/session.h"

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static const char unknown_employee[] = "There is no such employee in this Business.";

static enum err_code read_row(struct db *db, struct arena *arena, struct id business_id, struct id id,
    struct employee *employee, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT first_name, last_name, display_name, email, active, created_at FROM employee WHERE id = $1 "
        "AND business_id = $2",
        DB_PARAMS(db_id(id), db_id(business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "%s", unknown_employee);
    *employee = (struct employee){.person = {.id = id,
                                      .first_name = db_col_text_copy(rows, 0, arena),
                                      .last_name = db_col_text_copy(rows, 1, arena),
                                      .display_name = db_col_text_copy(rows, 2, arena),
                                      .email = db_col_text_copy(rows, 3, arena)},
        .active = db_col_int(rows, 4) != 0,
        .created_at = db_col_int(rows, 5)};
    return ERR_OK;
}

static enum err_code read_whole(struct db *db, struct arena *arena, struct id business_id, struct id id,
    struct employee *employee, struct error *err)
{
    enum err_code code = read_row(db, arena, business_id, id, employee, err);
    if (!code)
        code = groups_of_employee(db, arena, business_id, id, &employee->groups, &employee->group_count, err);
    return code ? code
                : roles_of_employee(db, arena, business_id, id, &employee->roles, &employee->role_count, err);
}

enum err_code employee_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct employee *employee, struct error *err)
{
    enum err_code code = may(actor, ACTION_VIEW_EMPLOYEE, NULL, err);
    return code ? code : read_whole(db, arena, actor->business_id, id, employee, err);
}

enum err_code employee_user(
    struct db *db, struct id business_id, struct id id, struct id *user_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, "SELECT user_id FROM employee WHERE id = $1 AND business_id = $2",
        DB_PARAMS(db_id(id), db_id(business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "%s", unknown_employee);
    *user_id = db_col_id(rows, 0);
    return ERR_OK;
}

/* ── checking ────────────────────────────────────────────────────────────────────────────────── */

/* What an employee may, active or not. */
static enum err_code access_of(struct write *w, struct id id, const struct access **access, struct error *err)
{
    struct actor target = {.employee = {.id = id}, .business_id = w->business_id};
    return access_load(w->db, w->arena, &target, access, err);
}

enum err_code employee_may_change(struct write *w, enum action action, struct id id, struct error *err)
{
    const struct access *access;
    enum err_code code = write_may(w, action, NULL, err);
    if (!code)
        code = access_of(w, id, &access, err);
    if (!code && access->owner && w->actor && !w->actor->access->owner)
        code = error_set(err, ERR_DENIED, "Only owners may change an owner.");
    return code;
}

static void check_names(
    const struct write *w, const char *first_name, const char *last_name, struct error_list *list)
{
    long long most = crm_limits(w->crm)->name_chars;
    if (!check_name(first_name, (size_t)most))
        error_list_add(list, "/first_name", "A first name of 1 to %lld characters is needed.", most);
    if (!last_name || text_chars(last_name) > (size_t)most)
        error_list_add(list, "/last_name", "A last name has %lld characters at most.", most);
}

static void email_taken(const char *email, struct error_list *list)
{
    error_list_conflict(list, "/email",
        "%.60s is an employee of this Business already; one who was deactivated can be made active again.",
        email);
}

/* Looked for before anything is written, so that one who is there is refused without ending the batch. */
static enum err_code check_email_free(
    struct write *w, const char *email, struct error_list *list, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT 1 FROM user_account u JOIN employee e ON e.user_id = u.id AND e.business_id = $2 WHERE "
        "u.email_key = $1",
        DB_PARAMS(db_text(email_key(w->arena, email)), db_id(w->business_id)), &rows, err);
    if (!code && db_next(rows, &code, err))
        email_taken(email, list);
    return code;
}

static enum err_code check_input(
    struct write *w, const struct new_employee *input, struct error_list *list, struct error *err)
{
    enum err_code code = write_may(w, ACTION_ADD_EMPLOYEE, NULL, err);
    if (!code)
        code = check_business(w->db, w->business_id, err);
    if (!code)
        code = groups_may_give(w, input->groups, input->group_count, "/group_ids", list, err);
    if (!code)
        code = roles_may_give(w, input->roles, input->role_count, "/role_ids", list, err);
    if (code)
        return code;
    check_names(w, input->first_name, input->last_name, list);
    if (!check_email(input->email))
        error_list_add(list, "/email", "'%.80s' is not an email address.", input->email ? input->email : "");
    else
        code = check_email_free(w, input->email, list, err);
    return code ? code : error_list_refuse(list, err);
}

/* `before` NULL: a new one. */
static enum err_code write_down(struct write *w, const struct employee *before, const struct person *after,
    bool active, struct error *err)
{
    struct audit audit =
        AUDIT(w, before ? "employee.changed" : "employee.created", after->id, after->display_name);
    audit_text(&audit, "first_name", before ? before->person.first_name : NULL, after->first_name);
    audit_text(&audit, "last_name", before ? before->person.last_name : NULL, after->last_name);
    audit_text(&audit, "email", before ? before->person.email : NULL, after->email);
    audit_bool(&audit, "active", before && before->active, active);
    return audit_add(&audit, err);
}

/* ── making ──────────────────────────────────────────────────────────────────────────────────── */

/* Until the commit nobody else changes where this User works; whoever ends a key looks there (key.c). */
static enum err_code find_user(
    struct write *w, const char *email_key, bool *found, struct id *user_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db, "SELECT id FROM user_account WHERE email_key = $1{update}",
        DB_PARAMS(db_text(email_key)), &rows, err);
    *found = !code && db_next(rows, &code, err);
    if (*found)
        *user_id = db_col_id(rows, 0);
    return code;
}

/* Another node may have made the same User a moment ago: then it is found now. */
static enum err_code find_or_add_user(
    struct write *w, const struct new_employee *input, struct id *user_id, struct error *err)
{
    static const char *const columns[] = {
        "id", "first_name", "last_name", "email", "email_key", "created_at"};
    static const struct db_insert insert = {
        .table = "user_account", .columns = columns, .column_count = ARRAY_LEN(columns), .or_ignore = true};
    const char *key = email_key(w->arena, input->email);
    bool found;
    enum err_code code = find_user(w, key, &found, user_id, err);
    if (code || found)
        return code;
    *user_id = id_new();
    struct db_value values[] = {db_id(*user_id), db_text(input->first_name), db_text(input->last_name),
        db_text(input->email), db_text(key), db_int(w->now)};
    code = db_insert_many(w->db, &insert, values, 1, err);
    if (!code)
        code = find_user(w, key, &found, user_id, err);
    return code || found ? code
                         : error_set(err, ERR_CONFLICT, "%s is in use in another spelling.", input->email);
}

static enum err_code give(
    struct write *w, const struct new_employee *input, struct id employee_id, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < input->group_count && !code; i++)
        code = group_assign(w, input->groups[i], employee_id, NULL, err);
    for (size_t i = 0; i < input->role_count && !code; i++)
        code = role_assign(w, input->roles[i], employee_id, NULL, err);
    return code;
}

enum err_code employee_add(struct write *w, const struct new_employee *input, struct id *user_id,
    struct id *employee_id, struct error_list *list, struct error *err)
{
    enum err_code code = check_input(w, input, list, err);
    if (!code)
        code = find_or_add_user(w, input, user_id, err);
    if (code)
        return code;
    *employee_id = id_new();
    struct display_name display_name = display_name_of(input->first_name, input->last_name);
    code = db_exec(w->db,
        "INSERT INTO employee (id, business_id, user_id, first_name, last_name, display_name, email, active, "
        "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8)",
        DB_PARAMS(db_id(*employee_id), db_id(w->business_id), db_id(*user_id), db_text(input->first_name),
            db_text(input->last_name), db_text(display_name.text), db_text(input->email), db_int(w->now)),
        NULL, err);
    if (code == ERR_CONFLICT) /* another node was quicker */
        email_taken(input->email, list);
    const struct person person = {
        *employee_id, input->first_name, input->last_name, display_name.text, input->email};
    if (!code)
        code = write_down(w, NULL, &person, true, err);
    return code ? code : give(w, input, *employee_id, err);
}

enum err_code employee_whole(struct write *w, struct id id, struct employee *employee, struct error *err)
{
    return read_whole(w->db, w->arena, w->business_id, id, employee, err);
}

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

static enum err_code may_change_so(
    struct write *w, struct id id, const struct employee_input *input, struct error *err)
{
    enum err_code code = ERR_OK;
    bool named = input->first_name || input->last_name;
    if (input->activate)
        code = employee_may_change(w, ACTION_ADD_EMPLOYEE, id, err);
    if (!code && input->deactivate)
        code = employee_may_change(w, ACTION_DELETE_EMPLOYEE, id, err);
    if (!code && (named || (!input->activate && !input->deactivate)))
        code = employee_may_change(w, ACTION_EDIT_EMPLOYEE, id, err);
    return code;
}

static enum err_code check_other_owner(struct write *w, struct id id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT 1 FROM employee_group m JOIN employee e ON e.id = m.employee_id WHERE m.group_id = $1 AND "
        "m.business_id = $1 AND e.active = 1 AND e.id <> $2 LIMIT 1",
        DB_PARAMS(db_id(w->business_id), db_id(id)), &rows, err);
    if (code || db_next(rows, &code, err))
        return code;
    return code ? code
                : error_set(err, ERR_CONFLICT,
                      "This is the last active owner of the Business: make somebody else one first.");
}

static enum err_code check_activity(struct write *w, struct id id, bool active, struct error *err)
{
    const struct access *access;
    enum err_code code = access_of(w, id, &access, err);
    if (!code && active)
        code = write_may_grant(w, &access->grants, access->owner, err);
    if (!code && !active && access->owner)
        code = check_other_owner(w, id, err);
    return code;
}

static enum err_code apply(struct write *w, const struct employee_input *input, struct person *person,
    struct error_list *list, struct error *err)
{
    if (input->first_name)
        person->first_name = input->first_name;
    if (input->last_name)
        person->last_name = input->last_name;
    check_names(w, person->first_name, person->last_name, list);
    enum err_code code = error_list_refuse(list, err);
    if (code)
        return code;
    struct display_name display_name = display_name_of(person->first_name, person->last_name);
    person->display_name = arena_strdup(w->arena, display_name.text);
    return ERR_OK;
}

static enum err_code update(struct write *w, const struct employee *employee, struct error *err)
{
    const struct person *person = &employee->person;
    enum err_code code = db_exec(w->db,
        "UPDATE employee SET first_name = $1, last_name = $2, display_name = $3, active = $4 WHERE id = $5 "
        "AND business_id = $6",
        DB_PARAMS(db_text(person->first_name), db_text(person->last_name), db_text(person->display_name),
            db_int(employee->active), db_id(person->id), db_id(w->business_id)),
        NULL, err);
    return code ? code : business_touch(w->db, w->business_id, err);
}

static enum err_code end_sessions(struct write *w, struct id id, struct error *err)
{
    struct id user_id;
    enum err_code code = employee_user(w->db, w->business_id, id, &user_id, err);
    return code ? code : session_end_here(w, user_id, err);
}

enum err_code employee_change(struct write *w, struct id id, const struct employee_input *input,
    struct employee *employee, struct error_list *list, struct error *err)
{
    struct id business_id = w->business_id;
    enum err_code code = may_change_so(w, id, input, err);
    if (!code) /* two owners who deactivate each other */
        code = business_lock(w->db, &business_id, 1, err);
    if (!code)
        code = read_whole(w->db, w->arena, w->business_id, id, employee, err);
    const struct employee before = *employee;
    bool ends = !code && input->deactivate && employee->active;
    bool begins = !code && input->activate && !employee->active;
    if (!code && (ends || begins))
        code = check_activity(w, id, begins, err);
    if (!code)
        code = apply(w, input, &employee->person, list, err);
    if (code)
        return code;
    employee->active = begins || (employee->active && !ends);
    code = update(w, employee, err);
    if (!code)
        code = write_down(w, &before, &employee->person, employee->active, err);
    /* At the return, too: one may have begun on another node in the moment in which they were made to leave. */
    return code || !(ends || begins) ? code : end_sessions(w, id, err);
}
