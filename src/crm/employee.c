#include "crm/employee.h"

#include "crm/check.h"

static enum err_code find_or_add_user(
    struct write *w, const struct new_employee *input, struct id *user_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(
        w->db, "SELECT id FROM user_account WHERE email = $1", DB_PARAMS(db_text(input->email)), &rows, err);
    if (code)
        return code;
    if (db_next(rows, &code, err)) {
        *user_id = db_col_id(rows, 0);
        return ERR_OK;
    }
    *user_id = id_new();
    return code ? code
                : db_exec(w->db,
                      "INSERT INTO user_account (id, first_name, last_name, email, created_at) "
                      "VALUES ($1, $2, $3, $4, $5)",
                      DB_PARAMS(db_id(*user_id), db_text(input->first_name), db_text(input->last_name),
                          db_text(input->email), db_int(w->now)),
                      NULL, err);
}

static enum err_code check_employee(struct write *w, const struct new_employee *input, struct error *err)
{
    long long most = crm_limits(w->crm)->name_chars;
    if (!check_name(input->first_name, (size_t)most) || text_chars(input->last_name) > (size_t)most)
        return error_set(err, ERR_INVALID, "A first name of 1 to %lld characters is needed.", most);
    if (!check_email(input->email))
        return error_set(err, ERR_INVALID, "'%.80s' is not an email address.", input->email);
    return check_business(w->db, w->business_id, err);
}

static enum err_code join_group(struct write *w, struct id group_id, struct id employee_id, struct error *err)
{
    int64_t added = 0;
    struct id id =
        id_is_nil(group_id) ? w->business_id : group_id; /* the owner group has the Business's id */
    enum err_code code = db_exec(w->db,
        "INSERT INTO employee_group (employee_id, group_id, business_id) "
        "SELECT $1, id, business_id FROM permission_group WHERE id = $2 AND business_id = $3",
        DB_PARAMS(db_id(employee_id), db_id(id), db_id(w->business_id)), &added, err);
    return code || added
               ? code
               : error_set(err, ERR_NOT_FOUND, "There is no such permission group in this Business.");
}

enum err_code employee_add(struct write *w, const struct new_employee *input, struct id *user_id,
    struct id *employee_id, struct error *err)
{
    enum err_code code = check_employee(w, input, err);
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
    if (code == ERR_CONFLICT)
        error_set(err, code, "%s is an employee of this Business already.", input->email);
    return code ? code : join_group(w, input->group_id, *employee_id, err);
}
