/* How people come to a password by email: invitations, password resets. */
#include "api/body.h"
#include "api/limits.h"
#include "crm/invitation.h"

/* ── sending an invitation ───────────────────────────────────────────────────────────────────── */

static enum err_code run_invite(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct invitation *invitation = ctx;
    return invitation_send(w, invitation->employee_id, invitation, err);
}

static void reply_invited(struct call *call, void *ctx)
{
    const struct invitation *invitation = ctx;
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_id(&json, "employee_id", invitation->employee_id);
    emit_text(&json, "email", invitation->email);
    emit_object_end(&json);
    call_reply_json(call, 202, &body, NULL, 0);
}

void invitation_post(struct call *call)
{
    struct invitation *invitation = ARENA_NEW(call->arena, struct invitation);
    invitation->employee_id = call->path_id;
    call_write(call, run_invite, reply_invited, invitation);
}

/* ── asking for a new password ───────────────────────────────────────────────────────────────── */

static enum err_code run_reset(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    return password_reset_request(w, *(const char **)ctx, err);
}

static void reply_reset(struct call *call, void *ctx)
{
    (void)ctx;
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_text(&json, "detail",
        "If there is an account with this email address, an email with a link is on its way to it.");
    emit_object_end(&json);
    call_reply_json(call, 202, &body, NULL, 0);
}

void password_reset_post(struct call *call)
{
    struct body body;
    if (!body_read(call, &body))
        return;
    const char **email = ARENA_NEW(call->arena, const char *);
    *email = body_text(&body, "email", 1, 254);
    if (*email && !mail_address_fits(*email))
        error_list_add(&body.errors, "/email", "This is not an email address.");
    if (body_finish(&body) && limits_admit_reset(call))
        call_write(call, run_reset, reply_reset, email);
}
