/*
 * Sessions: a person who has proven who they are (identity.h), signed in to the pages, in one Business. Owns the table
 * session. Nothing else makes a session, and a session is made of nothing but a user's id.
 *
 * A session ends when it is ended, with a change of the password, when the employee is deactivated, SESSION's absolute
 * life after it began whatever happens (crm_limits.session_us), and when it was not used for crm_limits.session_idle_us.
 * All of that is asked of the database with each request (actor_by_session), so it holds at once on all nodes.
 */
#ifndef HERALD_CRM_SESSION_H
#define HERALD_CRM_SESSION_H

#include "crm/actor.h"

#define SESSIONS_MOST 100 /* of a user; a new one beyond that ends the oldest */
#define SESSION_AGENT_CHARS 200
#define SESSION_SEEN_US (60 * US_PER_S) /* how exact last_seen_at is */

struct session {
    struct id id;
    const char *business_name;
    int64_t created_at, expires_at, last_seen_at;
    const char *address, *user_agent; /* of the request that began it */
};

/* Those of a user that are good now, the one used last first. Any thread. */
enum err_code session_list(struct db *db, struct arena *arena, struct id user_id, int64_t idle_us,
    struct session **sessions, size_t *count, struct error *err) MUST_CHECK;

struct workplace {
    struct id business_id;
    const char *name;
};
#define WORKPLACES_MOST 200
/* The Businesses in which a user is an active employee, by name; at most WORKPLACES_MOST. Any thread. */
enum err_code workplace_list(struct db *db, struct arena *arena, struct id user_id,
    struct workplace **workplaces, size_t *count, struct error *err) MUST_CHECK;

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

struct session_origin {
    const char *address; /* of the client, as text */
    const char *user_agent; /* in any length; NULL: none */
};

/* What whoever signs in gets. */
struct new_session {
    const char *secret; /* shown this once */
    int64_t expires_at;
    struct actor actor; /* without access */
};

/*
 * A new one, of a user who has proven who they are. `business_id` nil: the Business where they began to work first.
 * ERR_DENIED: they are not an active employee there, or anywhere.
 */
enum err_code session_start(struct write *w, struct id user_id, struct id business_id,
    const struct session_origin *from, struct new_session *session, struct error *err) MUST_CHECK;

/* The same session, in another Business of its user, under a new secret. ERR_DENIED, ERR_UNAUTHENTICATED. */
enum err_code session_switch(struct write *w, const char *secret, struct id business_id,
    struct new_session *session, struct error *err) MUST_CHECK;

enum err_code session_end(struct write *w, const char *secret, struct error *err) MUST_CHECK;
/* One of a user. ERR_NOT_FOUND. */
enum err_code session_end_one(
    struct write *w, struct id user_id, struct id session_id, struct error *err) MUST_CHECK;
/* All of a user in the Business, and what was still to become one. */
enum err_code session_end_here(struct write *w, struct id user_id, struct error *err) MUST_CHECK;
/* All of a user. */
enum err_code session_end_all(struct write *w, struct id user_id, struct error *err) MUST_CHECK;

/* It was used just now. */
enum err_code session_seen(struct db *db, struct id session_id, int64_t now, struct error *err) MUST_CHECK;

/* Removes sessions that are over, whosever they are: `most` of them. For housekeeping. */
enum err_code sessions_expire(
    struct db *db, int64_t now, int64_t most, int64_t *removed, struct error *err) MUST_CHECK;

#endif
