#include "crm/letter.h"

#include "crm/password.h"
#include "crm/password_token.h"

#include <ctype.h>

/* A name cannot write a letter of its own into ours. */
static const char *one_line(struct arena *arena, const char *name)
{
    char *line = arena_strdup(arena, name);
    for (char *c = line; *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = ' ';
    return line;
}

void letter_invitation(struct arena *arena, const char *inviter, const char *business, struct mail *mail)
{
    business = one_line(arena, business);
    inviter = inviter ? one_line(arena, inviter) : NULL;
    mail->kind = MAIL_INVITATION;
    mail->subject = inviter ? arena_printf(arena, "%s invites you to %s", inviter, business)
                            : arena_printf(arena, "You are invited to %s", business);
    mail->body = arena_printf(arena,
        "Hello %s,\n\n%s invites you to work with %s.\nPlease choose a password, with which you sign in from "
        "then on:",
        one_line(arena, mail->name), inviter ? inviter : "the operator of this server", business);
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

/* Where a user works, the first of it if there is more. */
static enum err_code read_workplace(
    struct write *w, struct id user_id, struct outgoing *mail, const char **business, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT e.display_name, b.name FROM employee e JOIN business b ON b.id = e.business_id "
        "WHERE e.user_id = $1 AND e.active = 1 ORDER BY e.user_id, e.id LIMIT 1",
        DB_PARAMS(db_id(user_id)), &rows, err);
    *business = NULL;
    if (code || !db_next(rows, &code, err))
        return code;
    mail->name = db_col_text_copy(rows, 0, w->arena);
    *business = db_col_text_copy(rows, 1, w->arena);
    return ERR_OK;
}

/* The account with that address, if whoever has it works anywhere. */
static enum err_code finish_reset(struct write *w, struct outgoing *mail, bool *wanted, struct error *err)
{
    struct password_owner owner;
    const char *business = NULL;
    enum err_code code = password_find(w->db, w->arena, mail->address, &owner, err);
    if (!code && !id_is_nil(owner.user_id))
        code = read_workplace(w, owner.user_id, mail, &business, err);
    *wanted = !code && business;
    if (!*wanted)
        return code;
    mail->user_id = owner.user_id;
    mail->address = owner.email;
    mail->subject = "Set a new password";
    mail->body = arena_printf(w->arena,
        "Hello %s,\n\nsomebody, you we hope, has asked for a new password for your account at %s.\nYou can "
        "set "
        "one here:",
        one_line(w->arena, mail->name), one_line(w->arena, business));
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
