/*
 * Invitations and password resets: how a person comes to a password by email. The rest of it is in mail.h (the email) and
 * password_token.h (its link).
 */
#ifndef HERALD_CRM_INVITATION_H
#define HERALD_CRM_INVITATION_H

#include "crm/password_token.h"

struct invitation {
    struct id employee_id;
    const char *email; /* where it goes: the user's own address, whatever the Business calls them */
};

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

/*
 * Invites an active employee who has no password yet; what was sent before is replaced. ERR_NOT_FOUND; ERR_CONFLICT: not
 * active, has a password, or this server sends no email; ERR_INVALID; ERR_DENIED.
 */
enum err_code invitation_send(
    struct write *w, struct id employee_id, struct invitation *invitation, struct error *err) MUST_CHECK;

/* The same in the write that made the employee; whoever has a password already gets none, and that is fine. */
enum err_code invitation_send_if_needed(struct write *w, struct id employee_id, struct error *err) MUST_CHECK;

/* The same for an operator, who gives the link to the person: its token, shown this once. */
enum err_code invitation_link(
    struct write *w, struct id employee_id, const char **token, struct error *err) MUST_CHECK;

/*
 * Somebody has asked for a new password. Whether there is such an account is not looked at here, so that neither the
 * answer nor its time can say (mail.h: MAIL_RESET). Of too many for one address the others send nothing.
 */
enum err_code password_reset_request(struct write *w, const char *email, struct error *err) MUST_CHECK;

/* Tells a user that their password was changed, if this server sends email. */
enum err_code password_changed_notice(struct write *w, struct id user_id, struct error *err) MUST_CHECK;

#endif
