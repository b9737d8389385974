/*
 * Tokens with which a person sets a password without having one: of an invitation, of a password reset. Owns the tables
 * password_token and reset_request. 256 random bits, of which only the hash is stored; they work once, and for a time.
 *
 * A new email about the same thing replaces the tokens of the earlier ones; a password that was set ends them all.
 */
#ifndef HERALD_CRM_PASSWORD_TOKEN_H
#define HERALD_CRM_PASSWORD_TOKEN_H

#include "crm/mail.h"

#define TOKEN_CHARS_MOST 200
#define INVITATION_LIFE_US (7 * 24 * 3600 * US_PER_S)
#define RESET_LIFE_US (3600 * US_PER_S)

/* Whose a token is. */
struct token_owner {
    struct id user_id;
    struct id business_id; /* nil for a reset */
    const char *email, *first_name, *last_name; /* of the user */
    const char *business_name; /* NULL for a reset */
    int64_t expires_at;
};

/*
 * By a read, so that whoever has none cannot keep the writer busy. ERR_UNAUTHENTICATED: it was used, replaced, is too old
 * or was never there, or whoever was invited is no active employee any more. Any thread.
 */
enum err_code password_token_read(struct db *db, struct arena *arena, enum mail_kind kind, const char *token,
    struct token_owner *owner, struct error *err) MUST_CHECK;

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

/* Makes one for the email that is about to be sent; those of earlier emails are replaced. In w->arena. */
enum err_code password_token_add(struct write *w, enum mail_kind kind, struct id user_id,
    struct id business_id, struct id mail_id, const char **token, struct error *err) MUST_CHECK;

/* password_token_read, and all of the user's are gone. */
enum err_code password_token_use(struct write *w, enum mail_kind kind, const char *token,
    struct token_owner *owner, struct error *err) MUST_CHECK;

/* Ends all of a user's: a password was set in another way. */
enum err_code password_tokens_end(struct write *w, struct id user_id, struct error *err) MUST_CHECK;

/* Those of one kind and Business. */
enum err_code password_tokens_replace(struct write *w, enum mail_kind kind, struct id user_id,
    struct id business_id, struct error *err) MUST_CHECK;

/* Counts a request for that address; *allowed: it is not one too many. The same work for any address. */
enum err_code reset_request_count(
    struct write *w, const char *email, bool *allowed, struct error *err) MUST_CHECK;

/* Forgets what is over. */
enum err_code password_tokens_tidy(struct write *w, struct error *err) MUST_CHECK;

/* Removes tokens that nobody used in time, whosever they are: `most` of them. For housekeeping. */
enum err_code password_tokens_expire(
    struct db *db, int64_t now, int64_t most, int64_t *removed, struct error *err) MUST_CHECK;

#endif
