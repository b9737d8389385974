#include "crm/invitation.h"

#include "crm/audit.h"
#include "crm/employee.h"
#include "crm/letter.h"

/* Who is to be invited. */
struct invited {
    struct id user_id;
    bool active, has_password;
    const char *display_name, *email, *business_name;
};

static enum err_code read_invited(
    struct write *w, struct id employee_id, struct invited *invited, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT e.user_id, e.active, e.display_name, u.email, b.name, p.changed_at FROM employee e "
        "JOIN user_account u ON u.id = e.user_id JOIN business b ON b.id = e.business_id "
        "LEFT JOIN password p ON p.user_id = e.user_id "
        "WHERE e.id = $1 AND e.business_id = $2",
        DB_PARAMS(db_id(employee_id), db_id(w->business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such employee in this Business.");
    *invited = (struct invited){.user_id = db_col_id(rows, 0),
        .active = db_col_int(rows, 1) != 0,
        .display_name = db_col_text_copy(rows, 2, w->arena),
        .email = db_col_text_copy(rows, 3, w->arena),
        .business_name = db_col_text_copy(rows, 4, w->arena),
        .has_password = !db_col_null(rows, 5)};
    return ERR_OK;
}

static enum err_code check_invited(const struct invited *invited, struct error *err)
{
    if (!invited->active)
        return error_set(
            err, ERR_CONFLICT, "%.100s is no active employee of this Business.", invited->display_name);
    if (invited->has_password)
        return error_set(
            err, ERR_CONFLICT, "%.100s has a password already, and signs in with it.", invited->display_name);
    return ERR_OK;
}

/* What was sent before does not count any more. */
static enum err_code replace(struct write *w, struct id user_id, struct error *err)
{
    enum err_code code = mail_withdraw(w, MAIL_INVITATION, user_id, w->business_id, err);
    return code ? code : password_tokens_replace(w, MAIL_INVITATION, user_id, w->business_id, err);
}

static enum err_code write_down(struct write *w, const char *action, struct id employee_id,
    const struct invited *invited, struct error *err)
{
    struct audit audit = AUDIT(w, action, employee_id, invited->display_name);
    return audit_add(&audit, err);
}

static enum err_code send(
    struct write *w, struct id employee_id, const struct invited *invited, struct error *err)
{
    enum err_code code = mail_need(w, err);
    if (!code && !mail_address_fits(invited->email))
        code = error_set(err, ERR_INVALID, "No email can be sent to '%.80s'.", invited->email);
    if (!code)
        code = replace(w, invited->user_id, err);
    if (code)
        return code;
    struct mail mail = {.business_id = w->business_id,
        .user_id = invited->user_id,
        .address = invited->email,
        .name = invited->display_name};
    letter_invitation(
        w->arena, w->actor ? w->actor->employee.display_name : NULL, invited->business_name, &mail);
    code = mail_add(w, &mail, err);
    return code ? code : write_down(w, "employee.invited", employee_id, invited, err);
}

enum err_code invitation_send(
    struct write *w, struct id employee_id, struct invitation *invitation, struct error *err)
{
    struct invited invited = {0};
    enum err_code code = employee_may_change(w, ACTION_ADD_EMPLOYEE, employee_id, err);
    if (!code)
        code = read_invited(w, employee_id, &invited, err);
    if (!code)
        code = check_invited(&invited, err);
    if (code)
        return code;
    *invitation = (struct invitation){.employee_id = employee_id, .email = invited.email};
    return send(w, employee_id, &invited, err);
}

enum err_code invitation_send_if_needed(struct write *w, struct id employee_id, struct error *err)
{
    struct invited invited = {0};
    enum err_code code = read_invited(w, employee_id, &invited, err);
    return code || invited.has_password ? code : send(w, employee_id, &invited, err);
}

enum err_code invitation_link(struct write *w, struct id employee_id, const char **token, struct error *err)
{
    struct invited invited = {0};
    enum err_code code = read_invited(w, employee_id, &invited, err);
    if (!code)
        code = check_invited(&invited, err);
    if (!code)
        code = replace(w, invited.user_id, err);
    if (!code)
        code = password_token_add(w, MAIL_INVITATION, invited.user_id, w->business_id, id_new(), token, err);
    return code ? code : write_down(w, "employee.invitation_link_made", employee_id, &invited, err);
}

enum err_code password_reset_request(struct write *w, const char *email, struct error *err)
{
    bool allowed = false;
    write_is_data(w); /* what may come of it, a new password, has an entry */
    enum err_code code = mail_need(w, err);
    if (!code)
        code = reset_request_count(w, email, &allowed, err);
    if (code || !allowed)
        return code;
    struct mail mail = {.kind = MAIL_RESET,
        .address = email,
        .name = "",
        .subject = "Set a new password",
        .body = "",
        .life_us = RESET_LIFE_US};
    return mail_add(w, &mail, err);
}

/* The address is NULL if there is no such user. */
static enum err_code read_user(struct write *w, struct id user_id, struct mail *mail, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(w->db, "SELECT email, first_name, last_name FROM user_account WHERE id = $1",
            DB_PARAMS(db_id(user_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code;
    const char *first = db_col_text_copy(rows, 1, w->arena), *last = db_col_text_copy(rows, 2, w->arena);
    mail->address = db_col_text_copy(rows, 0, w->arena);
    mail->name = arena_printf(w->arena, "%s%s%s", first, *last ? " " : "", last);
    return ERR_OK;
}

enum err_code password_changed_notice(struct write *w, struct id user_id, struct error *err)
{
    struct mail mail = {.user_id = user_id};
    enum err_code code = w->crm->sends_mail ? read_user(w, user_id, &mail, err) : ERR_OK;
    if (code || !mail.address)
        return code;
    letter_password_changed(w->arena, mail.address, &mail);
    return mail_address_fits(mail.address) ? mail_add(w, &mail, err) : ERR_OK;
}
