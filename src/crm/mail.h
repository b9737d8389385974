/*
 * Emails on their way. Owns the table mail. An email is a row of the transaction that causes it, so neither exists
 * without the other; the mailer (src/mail) sends it afterwards, from whichever node takes it first.
 *
 * Invariants
 *  E1  A row goes away only when the SMTP server has taken the email, or when what it was about is gone. What can never be
 *      sent stays for a month, without its text, with the reason.
 *  E2  Whoever sends a row has taken it, in a transaction, until a time by the database's clock; nobody else takes it
 *      before then. So while nothing fails each email is sent once; after a kill or a pause it may be sent again.
 *  E3  No secret is stored. The token of a link is made in the transaction that takes the email for sending; only its
 *      hash is kept (password_token.h).
 *
 *      mail_add ──▶ pending ──mail_take──▶ being sent ──mail_settle──▶ gone
 *                      ▲                        │                      dead
 *                      └──── lease over, 4xx, server away ─┘
 */
#ifndef HERALD_CRM_MAIL_H
#define HERALD_CRM_MAIL_H

#include "crm/crm.h"

#define MAIL_LIFE_US (24 * 3600 * US_PER_S)

enum mail_kind {
    MAIL_TEXT = 0, /* as it was added */
    MAIL_INVITATION = 1, /* these two get a link when they are sent */
    MAIL_RESET = 2, /* and this one all of its text: whether somebody has that address is asked then */
};

struct mail {
    enum mail_kind kind;
    struct id business_id, user_id; /* nil: none */
    const char *address, *name; /* of one person; the name may be "" */
    const char *subject, *body; /* UTF-8, no secrets; line breaks are \n */
    int64_t life_us; /* how long it is tried; 0: MAIL_LIFE_US */
};

/* Whether an email can go there: a plain address of ASCII letters, at most 254 bytes. */
bool mail_address_fits(const char *address);

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

/* ERR_CONFLICT: this server sends no email; the sentence says what to do instead. */
enum err_code mail_need(const struct write *w, struct error *err) MUST_CHECK;

/* ERR_INVALID: no email can go to that address; ERR_CONFLICT as mail_need. */
enum err_code mail_add(struct write *w, const struct mail *mail, struct error *err) MUST_CHECK;

/* Those to the user, of that kind and Business, that are still to be sent, are not wanted any more. */
enum err_code mail_withdraw(struct write *w, enum mail_kind kind, struct id user_id, struct id business_id,
    struct error *err) MUST_CHECK;

/* ── the mailer ──────────────────────────────────────────────────────────────────────────────── */

struct outgoing {
    struct id id; /* nil: there is nothing to send now */
    enum mail_kind kind;
    int64_t attempt, created_at;
    struct id business_id, user_id;
    const char *address, *name, *subject, *body;
    const char *page, *token; /* the link: "/reset#", then the token; NULL: none */
    const char *closing; /* what stands below the link */
};

/* Takes the one that has waited longest, for lease_us; all texts in w->arena. Those that nobody wants any more go. */
enum err_code mail_take(
    struct write *w, struct id node, int64_t lease_us, struct outgoing *mail, struct error *err) MUST_CHECK;

enum mail_outcome { MAIL_SENT, MAIL_LATER, MAIL_DEAD };
/* Records what came of it, unless somebody else has taken it meanwhile. `reason` is for people. */
enum err_code mail_settle(struct write *w, const struct outgoing *mail, enum mail_outcome outcome,
    int64_t delay_us, const char *reason, struct error *err) MUST_CHECK;

/* At a node's start: what its predecessor was sending. */
enum err_code mail_release(struct write *w, struct id node, struct error *err) MUST_CHECK;
/* Now and then: forgets dead ones of a month ago, and tokens and requests that are over. */
enum err_code mail_tidy(struct write *w, struct error *err) MUST_CHECK;

/* How long until one is due, 0 or less: now; INT64_MAX: there is none. */
enum err_code mail_next_due(struct db *db, int64_t *wait_us, struct error *err) MUST_CHECK;

/* ── operators ───────────────────────────────────────────────────────────────────────────────── */

struct mail_row {
    struct id id, business_id;
    enum mail_kind kind;
    const char *address, *subject, *reason; /* reason NULL: no attempt failed yet */
    bool dead;
    int64_t attempts, created_at, due_at;
};
/* Of all Businesses, the newest first, at most `most`. */
enum err_code mail_list(struct db *db, struct arena *arena, size_t most, struct mail_row **rows,
    size_t *count, struct error *err) MUST_CHECK;

#endif
