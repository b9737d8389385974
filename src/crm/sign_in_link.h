/*
 * One-time sign-in links: an operator makes one, whoever opens it is signed in. Owns the table sign_in_token.
 */
#ifndef HERALD_CRM_SIGN_IN_LINK_H
#define HERALD_CRM_SIGN_IN_LINK_H

#include "crm/crm.h"

/*
 * Whether a token is good, by a read: so that whoever has none cannot keep the writer busy. ERR_UNAUTHENTICATED
 * when it is used, expired or unknown. Any thread.
 */
enum err_code sign_in_token_check(struct db *db, const char *token, struct error *err) MUST_CHECK;

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

/* A one-time token for a sign-in link, valid for ten minutes. ERR_NOT_FOUND. */
enum err_code sign_in_token_add(
    struct write *w, struct id user_id, const char **token, struct error *err) MUST_CHECK;

/* Uses it up: whose it is, and for which Business. ERR_UNAUTHENTICATED as above. */
enum err_code sign_in_token_take(struct write *w, const char *token, struct id *user_id,
    struct id *business_id, struct error *err) MUST_CHECK;

/* Those of a user for the Business. */
enum err_code sign_in_tokens_drop_here(struct write *w, struct id user_id, struct error *err) MUST_CHECK;
/* All of a user; and those of everybody that are expired. */
enum err_code sign_in_tokens_drop(struct write *w, struct id user_id, struct error *err) MUST_CHECK;

/* Removes links that nobody used in time, whosever they are: `most` of them. For housekeeping. */
enum err_code sign_in_tokens_expire(
    struct db *db, int64_t now, int64_t most, int64_t *removed, struct error *err) MUST_CHECK;

#endif
