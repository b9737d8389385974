#include "crm/letter.h"

#include "crm/check.h"
#include "crm/password_token.h"

void letter_invitation(struct arena *arena, const char *inviter, const char *business, struct mail *mail)
{
    mail->kind = MAIL_INVITATION;
    mail->subject = inviter ? arena_printf(arena, "%s invites you to %s", inviter, business)
                            : arena_printf(arena, "You are invited to %s", business);
    mail->body = arena_printf(arena,
        "Hello %s,\n\n%s invites you to work with %s.\nPlease choose a password, with which you sign in from "
        "then on:",
        mail->name, inviter ? inviter : "the operator of this server", business);
}

void letter_password_changed(struct arena *arena, const char *email, struct mail *mail)
{
    mail->kind = MAIL_TEXT;
    mail->subject = "Your password was changed";
    mail->body = arena_printf(arena,
        "The password of the account %s was changed just now, and whoever was signed in with it is signed in "
        "no "
        "longer.\n\nIf that was not you, set a new one at once with \"Forgot your password?\" on the page "
        "where "
        "you sign in, and tell whoever looks after this server.",
        email);
}

/* ── what is known only when it is sent ──────────────────────────────────────────────────────── */

static enum err_code finish_invitation(
    struct write *w, struct outgoing *mail, bool *wanted, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT e.id FROM employee e LEFT JOIN password p ON p.user_id = e.user_id "
        "WHERE e.user_id = $1 AND e.business_id = $2 AND e.active = 1 AND p.user_id IS NULL",
        DB_PARAMS(db_id(mail->user_id), db_id(mail->business_id)), &rows, err);
    *wanted = !code && db_next(rows, &code, err);
    mail->page = "/invitation#";
    mail->closing = "This link is for you alone. It works once, for seven days.";
    return code;
}

/* The account with that address, if whoever has it works anywhere. */
static enum err_code finish_reset(struct write *w, struct outgoing *mail, bool *wanted, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT u.id, u.email, e.display_name, b.name FROM user_account u JOIN employee e ON e.user_id = "
        "u.id "
        "JOIN business b ON b.id = e.business_id WHERE u.email_key = $1 AND e.active = 1 ORDER BY e.id LIMIT "
        "1",
        DB_PARAMS(db_text(email_key(w->arena, mail->address))), &rows, err);
    *wanted = !code && db_next(rows, &code, err);
    if (!*wanted)
        return code;
    mail->user_id = db_col_id(rows, 0);
    mail->address = db_col_text_copy(rows, 1, w->arena);
    mail->name = db_col_text_copy(rows, 2, w->arena);
    mail->subject = "Set a new password";
    mail->body = arena_printf(w->arena,
        "Hello %s,\n\nsomebody, you we hope, has asked for a new password for your account at %s.\nYou can "
        "set "
        "one here:",
        mail->name, db_col_text(rows, 3));
    mail->page = "/reset#";
    mail->closing =
        "This link is for you alone. It works once, for an hour. If you did not ask for it, there is "
        "nothing to do:\nyour password stays as it is.";
    return code;
}

enum err_code letter_finish(struct write *w, struct outgoing *mail, bool *wanted, struct error *err)
{
    enum err_code code = ERR_OK;
    *wanted = true;
    if (mail->kind == MAIL_TEXT)
        return ERR_OK;
    if (mail->kind == MAIL_INVITATION)
        code = finish_invitation(w, mail, wanted, err);
    else
        code = finish_reset(w, mail, wanted, err);
    if (code || !*wanted)
        return code;
    return password_token_add(w, mail->kind, mail->user_id,
        mail->kind == MAIL_INVITATION ? mail->business_id : (struct id){0}, mail->id, &mail->token, err);
}
