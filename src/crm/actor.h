/*
 * Who is calling. Owns the tables user_account, api_key, employee, session and sign_in_token; with business.h
 * these are the only queries that are not bound to one Business (I8).
 *
 * An actor is a User who is an active employee of the Business that the call is about (M12). Any thread, with
 * a connection of its own.
 */
#ifndef HERALD_CRM_ACTOR_H
#define HERALD_CRM_ACTOR_H

#include "crm/crm.h"

struct access;

struct person {
    struct id id; /* of the employee */
    const char *first_name, *last_name, *display_name, *email;
};

struct actor {
    struct id user_id;
    struct person employee;
    struct id business_id;
    const char *business_name;
    struct id contact_object_id;
    int64_t settings_version; /* of the Business, when this was read */
    const struct access *access; /* what they may (access.h); as of that version, or later */
};

#define API_KEY_PREFIX "hk_"
/*
 * Both leave `access` NULL: facts_access and access_load fill it.
 *
 * The three credentials (M12). One and the same ERR_UNAUTHENTICATED for every way in which they can be wrong.
 */
enum err_code actor_by_key(struct db *db, struct arena *arena, const char *key, struct id business_id,
    struct id user_id, struct actor *actor, struct error *err) MUST_CHECK;

/* The browser's cookie. */
enum err_code actor_by_session(struct db *db, struct arena *arena, const char *session, struct actor *actor,
    struct error *err) MUST_CHECK;

/* The members of an employee, for records that name one. ERR_NOT_FOUND also when of another Business. */
enum err_code person_read(struct db *db, struct arena *arena, struct id business_id, struct id employee_id,
    struct person *person, struct error *err) MUST_CHECK;

/* The Business in which a user was made an employee first. ERR_NOT_FOUND. For operators. */
enum err_code user_first_business(
    struct db *db, struct id user_id, struct id *business_id, struct error *err) MUST_CHECK;

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

struct new_employee {
    const char *first_name, *last_name, *email;
    struct id group_id; /* the permission group to be in; nil: the owner group */
};
/* Makes the User if nobody has that email yet, and the Employee. ERR_CONFLICT, ERR_NOT_FOUND, ERR_INVALID. */
enum err_code employee_add(struct write *w, const struct new_employee *input, struct id *user_id,
    struct id *employee_id, struct error *err) MUST_CHECK;

/* The secret is returned in the arena, this once. ERR_NOT_FOUND. */
enum err_code api_key_add(
    struct write *w, struct id user_id, const char *name, const char **secret, struct error *err) MUST_CHECK;

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
enum err_code session_end(struct write *w, const char *session, struct error *err) MUST_CHECK;

#endif
