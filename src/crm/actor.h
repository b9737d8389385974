/*
 * Who is calling: reads what key.h, session.h and employee.h write. With business.h these are the only queries that
 * are not bound to one Business (I8).
 *
 * An actor is a User who is an active employee of the Business that the call is about (M12). Any thread, with
 * a connection of its own.
 */
#ifndef HERALD_CRM_ACTOR_H
#define HERALD_CRM_ACTOR_H

#include "crm/crm.h"
#include "crm/secret.h"

struct access;

struct person {
    struct id id; /* of the employee */
    const char *first_name, *last_name, *display_name, *email;
};

/* By what the caller is known, and what limits it. */
struct credential {
    struct secret_hash hash;
    struct id key_id; /* nil: a session */
    struct id session_id; /* nil: a key */
    int64_t seen_at,
        idle_us; /* of a session: its last use that is written down, and how long it lasts without one */
    struct id business_id; /* a key that works in this Business only; nil: in all of its user's */
    int64_t expires_at; /* 0: never */
    bool read_only;
    bool use_is_due; /* that the key was used is not written down yet (key_use.h) */
};

struct actor {
    struct id user_id;
    struct person employee;
    struct id business_id;
    const char *business_name;
    struct id contact_object_id;
    int64_t settings_version; /* of the Business, when this was read */
    struct credential credential;
    const struct access *access; /* what they may (access.h); as of that version, or later */
};

/*
 * Both leave `access` NULL: facts_access and access_load fill it.
 *
 * The three credentials (M12). One and the same ERR_UNAUTHENTICATED for every way in which they can be wrong.
 */
enum err_code actor_by_key(struct db *db, struct arena *arena, const char *key, struct id business_id,
    struct id user_id, struct actor *actor, struct error *err) MUST_CHECK;

/* Whether a key is one that has not expired by now. */
bool credential_lasts(const struct credential *credential);

/* The same caller once more, as of now; `access` is NULL. ERR_UNAUTHENTICATED. */
enum err_code actor_again(struct db *db, struct arena *arena, const struct actor *actor, struct actor *now,
    struct error *err) MUST_CHECK;

/* The browser's cookie, of a session that was used within the last idle_us. */
enum err_code actor_by_session(struct db *db, struct arena *arena, const char *session, int64_t idle_us,
    struct actor *actor, struct error *err) MUST_CHECK;

/* The members of an employee, for records that name one. ERR_NOT_FOUND also when of another Business. */
enum err_code person_read(struct db *db, struct arena *arena, struct id business_id, struct id employee_id,
    struct person *person, struct error *err) MUST_CHECK;

/* The Business in which a user was made an employee first. ERR_NOT_FOUND. For operators. */
enum err_code user_first_business(
    struct db *db, struct id user_id, struct id *business_id, struct error *err) MUST_CHECK;

#endif
