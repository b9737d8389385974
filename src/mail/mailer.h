/*
 * Sends what lies in the table mail (crm/mail.h), on a thread of its own: takes an email in a transaction, hands it to the
 * SMTP server, records what came of it in the next one. Any number of nodes do so side by side.
 *
 * A server that is away stops all of them, for a time that doubles up to MAILER_PAUSE_MOST, with full jitter; an email
 * that it does not want now waits by itself in the same way; one that it refuses is dead.
 */
#ifndef HERALD_MAIL_MAILER_H
#define HERALD_MAIL_MAILER_H

#include "crm/crm.h"

#define MAILER_PAUSE_MOST (15 * 60 * US_PER_S)

struct mailer;

/* Texts must outlive the mailer. */
struct mailer_config {
    const struct db_config *db;
    struct crm *crm;
    struct id node;
    const char *smtp_url, *smtp_user, *smtp_password, *smtp_ca; /* as in net/smtp.h */
    bool smtp_plain;
    const char *from; /* as mailbox_parse has it */
    const char *public_url; /* what links begin with */
    int64_t retry_us; /* the most that passes before the first retry */
};

/* From then on mailer_wake may be called; it sends nothing yet. ERR_INVALID. */
enum err_code mailer_new(struct mailer **mailer, struct error *err) MUST_CHECK;
/* The writer runs. */
enum err_code mailer_start(
    struct mailer *mailer, const struct mailer_config *config, struct error *err) MUST_CHECK;

/* Any thread: something may be due. Never blocks. */
void mailer_wake(struct mailer *mailer);

/*
 * While the writer runs. What is under way may end for at most drain_us; all else stays in the table. Frees it. Accepts
 * NULL.
 */
void mailer_stop(struct mailer *mailer, int64_t drain_us);

#endif
