/*
 * API keys. A key belongs to a User and works in every Business in which that User is an active employee, unless it is
 * limited to one. Owns the tables api_key (but last_used_at: key_use.h) and api_key_block.
 *
 * Invariants
 *  - A key's secret is given out when it is made, and never again: only its hash is kept.
 *  - Nobody makes a key that is stronger than the one they came with: by what it may do, where, or how long.
 *  - When a key ends somewhere, the settings_version of each Business concerned is raised in the same transaction: no
 *    node logs anything more for whom it remembers (facts.h), no cold write that was under way is committed.
 *
 * A key that is limited to one Business sees, and ends, only those that are limited to the same one. Those who may edit
 * `people` see what works in their Business, and end it there: a key that works elsewhere, too, is blocked in this one.
 */
#ifndef HERALD_CRM_KEY_H
#define HERALD_CRM_KEY_H

#include "crm/access.h"
#include "crm/page.h"

#define API_KEY_PREFIX "hk_"
#define KEYS_MOST 100 /* of one User */

struct key {
    struct id id;
    struct id user_id;
    struct id business_id; /* the one in which it works; nil: in all of its user's */
    const char *name; /* "": not for this reader to know */
    const char *prefix; /* of the secret; "": it is from before this was kept */
    int64_t created_at;
    int64_t last_used_at; /* to the minute; 0: never, or not for this reader to know */
    int64_t expires_at; /* 0: never */
    bool read_only;
    bool blocked; /* in the reader's Business */
};

/* Pages of the actor's own keys, newest first. */
enum err_code key_list(struct db *db, struct arena *arena, const struct actor *actor, struct page *page,
    struct key **keys, size_t *count, struct error *err) MUST_CHECK;

/*
 * The same of an employee's keys that work in the actor's Business; the name ("") and the last use of one that works
 * elsewhere, too, are not told. ERR_DENIED, ERR_NOT_FOUND.
 */
enum err_code key_list_of(struct db *db, struct arena *arena, const struct actor *actor,
    struct id employee_id, struct page *page, struct key **keys, size_t *count, struct error *err) MUST_CHECK;

/* The same of all of a User's keys, for operators. */
enum err_code key_list_of_user(struct db *db, struct arena *arena, struct id user_id, struct page *page,
    struct key **keys, size_t *count, struct error *err) MUST_CHECK;

/* The Businesses of a User: those that key_revoke raises the version of, to be locked before. */
enum err_code user_businesses(struct db *db, struct arena *arena, struct id user_id, struct id **businesses,
    size_t *count, struct error *err) MUST_CHECK;

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

struct new_key {
    const char *name;
    int64_t expires_at; /* 0: never, or as the key of whoever makes it */
    bool read_only;
    struct id business_id; /* nil: all, or the one of the key of whoever makes it */
};

/*
 * The secret is returned in the arena, this once. ERR_INVALID with the list; ERR_DENIED: it would be stronger than the
 * writer's own key; ERR_CONFLICT: there are KEYS_MOST already; ERR_NOT_FOUND: no such user.
 */
enum err_code key_add(struct write *w, struct id user_id, const struct new_key *input, struct key *key,
    const char **secret, struct error_list *list, struct error *err) MUST_CHECK;

/* One's own. ERR_NOT_FOUND. */
enum err_code key_rename(struct write *w, struct id id, const char *name, struct key *key,
    struct error_list *list, struct error *err) MUST_CHECK;

/* One's own (an operator's: any), everywhere and for good. ERR_NOT_FOUND. */
enum err_code key_revoke(struct write *w, struct id id, struct error *err) MUST_CHECK;

/* An employee's, in this Business and for good. ERR_DENIED, ERR_NOT_FOUND. */
enum err_code key_revoke_of(
    struct write *w, struct id employee_id, struct id id, struct error *err) MUST_CHECK;

#endif
