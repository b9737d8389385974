/*
 * What Herald writes to people: the texts of its emails, in one place. Plain text, short, UTF-8; none of them holds a
 * secret when it is stored (mail.h, E3).
 */
#ifndef HERALD_CRM_LETTER_H
#define HERALD_CRM_LETTER_H

#include "crm/mail.h"

/* `inviter` NULL: the operator. Texts in the arena. */
void letter_invitation(struct arena *arena, const char *inviter, const char *business, struct mail *mail);
void letter_password_changed(struct arena *arena, const char *email, struct mail *mail);

/*
 * Completes one that is about to be sent: its link, whose token is made here, and what is known only now. *wanted is
 * false when it is about nobody, or nobody any more. In the transaction that takes it.
 */
enum err_code letter_finish(
    struct write *w, struct outgoing *mail, bool *wanted, struct error *err) MUST_CHECK;

#endif
