/*
 * Idempotency keys: who repeats a request that logs an activity, because its answer was lost, gets the first one's
 * answer, and nothing is logged twice. Owns the table idempotency.
 *
 * The row is written in the transaction that logs the activity and has the answer as it was given, so both are there
 * or neither, whatever happens to the process. The table's key decides who was first, also between nodes. A key
 * belongs to one employee in one Business. A row is kept for `keep_us` at least; older ones count for nothing.
 */
#ifndef HERALD_CRM_IDEMPOTENCY_H
#define HERALD_CRM_IDEMPOTENCY_H

#include "crm/actor.h"

#define IDEMPOTENCY_HASH_LEN 32
#define IDEMPOTENCY_KEY_MOST 255 /* characters, all of them visible ASCII */

struct idempotency_hash {
    unsigned char bytes[IDEMPOTENCY_HASH_LEN];
};

/* What a repeat gets. */
struct idempotent_answer {
    struct id activity_id;
    const char *text; /* the answer's body; NULL: there was no such request */
};

/* 1 to 255 visible ASCII characters. Pure. */
bool idempotency_key_is_valid(const char *key) MUST_CHECK;

/* Pure. The key is valid. */
struct idempotency_hash idempotency_hash_key(const struct actor *actor, const char *key);

/* Of what was asked for: `where` (a path) and the body. Pure. */
struct idempotency_hash idempotency_hash_request(const char *where, const char *body, size_t body_len);

struct idempotency {
    struct id business_id;
    struct idempotency_hash key, request;
    int64_t now, keep_us; /* rows from before now - keep_us are not there */
};

/*
 * The answer that a request with this key got; answer->text is NULL if there was none. ERR_INVALID: the key was used
 * for another request. ERR_CONFLICT: what was logged under it has been deleted. A worker's thread or the writer's.
 */
enum err_code idempotency_find(struct db *db, struct arena *arena, const struct idempotency *request,
    struct idempotent_answer *answer, struct error *err) MUST_CHECK;

/* ── inside the transaction that logs ──────────────────────────────────────────────────────────── */

/* *first: this request is the first with its key, and the row is there now. Else somebody was before. */
enum err_code idempotency_store(struct db *db, const struct idempotency *request,
    const struct idempotent_answer *answer, bool *first, struct error *err) MUST_CHECK;

/* Takes the row that idempotency_store has written in this transaction back: nothing was logged after all. */
enum err_code idempotency_forget(
    struct db *db, const struct idempotency *request, struct error *err) MUST_CHECK;

/* Removes rows that are older than `before`, of whatever Business: `most` of them. `removed`: how many; may be NULL. */
enum err_code idempotency_expire(
    struct db *db, int64_t before, size_t most, int64_t *removed, struct error *err) MUST_CHECK;

/* The activity is deleted, and so is what its answer tells of it. */
enum err_code idempotency_erase(
    struct db *db, struct id business_id, struct id activity_id, struct error *err) MUST_CHECK;

#endif
