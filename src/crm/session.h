/* Signing in to the pages. Owns the tables session and sign_in_token. */
#ifndef HERALD_CRM_SESSION_H
#define HERALD_CRM_SESSION_H

#include "crm/actor.h"

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

/* A one-time token for a sign-in link, valid for ten minutes. ERR_NOT_FOUND. */
enum err_code sign_in_token_add(
    struct write *w, struct id user_id, const char **token, struct error *err) MUST_CHECK;

/*
 * Whether a token is good, by a read: so that whoever has none cannot keep the writer busy. ERR_UNAUTHENTICATED
 * when it is used, expired or unknown. Any thread.
 */
enum err_code sign_in_token_check(struct db *db, const char *token, struct error *err) MUST_CHECK;
/* Turns a token into a session, once: its secret and whose it is. ERR_UNAUTHENTICATED as above. */
enum err_code session_start(struct write *w, const char *token, const char **session, struct actor *actor,
    struct error *err) MUST_CHECK;
/* All of a User in the Business, and what was still to become one. */
enum err_code session_end_here(struct write *w, struct id user_id, struct error *err) MUST_CHECK;
enum err_code session_end(struct write *w, const char *session, struct error *err) MUST_CHECK;

#endif
