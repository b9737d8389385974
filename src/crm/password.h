/*
 * Passwords. Owns the table password. Stored is what libsodium's crypto_pwhash_str makes (argon2id with its own salt and
 * cost); the password itself is kept nowhere.
 *
 * Making and comparing hashes takes tens of milliseconds and PASSWORD_MEMORY: only on the thread for it (api/aside.h),
 * never on a worker, the HTTP thread or the writer. So they are made beforehand, and the writer gets the finished hash.
 */
#ifndef HERALD_CRM_PASSWORD_H
#define HERALD_CRM_PASSWORD_H

#include "crm/crm.h"

#define PASSWORD_CHARS_LEAST 10
#define PASSWORD_CHARS_MOST 200

/* The cost, here alone. Hashes of a lower one are made anew when their owner signs in. */
#define PASSWORD_OPS 2U /* crypto_pwhash_OPSLIMIT_INTERACTIVE */
#define PASSWORD_MEMORY (64U << 20) /* bytes; crypto_pwhash_MEMLIMIT_INTERACTIVE */

#define PASSWORD_HASH_LEN 128 /* crypto_pwhash_STRBYTES, with the NUL */
struct password_hash {
    char text[PASSWORD_HASH_LEN];
};

/* ── the thread for it ───────────────────────────────────────────────────────────────────────── */

/* `password` is NFC, as texts of a body are. ERR_BUSY: there is no memory for it now. */
enum err_code password_hash(const char *password, struct password_hash *hash, struct error *err) MUST_CHECK;

/*
 * Whether it is the one. `stored` NULL: nobody has that account, or it has no password; *fits is false then, after the
 * same time. *outdated: it fits, and its hash has a lower cost than the one in force. ERR_BUSY as above.
 */
enum err_code password_verify(
    const char *password, const char *stored, bool *fits, bool *outdated, struct error *err) MUST_CHECK;

/* ── any thread ──────────────────────────────────────────────────────────────────────────────── */

/* Whose a password is, and what it may not be: their email or a name of theirs. */
struct password_owner {
    struct id user_id;
    const char *email, *first_name, *last_name; /* of the User; NULL: not known */
    const char *stored; /* hash of the one in force; NULL: none */
};

/* Whether it may be one: length, and not what everybody knows of its owner. If not, it is refused as `pointer`. */
bool password_check(struct arena *arena, const char *password, const struct password_owner *owner,
    const char *pointer, struct error_list *list);

/* In the arena. ERR_NOT_FOUND: there is no such user. */
enum err_code password_owner_read(struct db *db, struct arena *arena, struct id user_id,
    struct password_owner *owner, struct error *err) MUST_CHECK;

/*
 * By email, compared without case; of two that differ by case only (they are from before 0005), the one that is spelled
 * so. Nobody: ERR_OK, and the owner's id is nil.
 */
enum err_code password_find(struct db *db, struct arena *arena, const char *email,
    struct password_owner *owner, struct error *err) MUST_CHECK;

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

/*
 * Sets it, whether or not there was one, and ends all sessions, sign-in links and tokens of the user: at once, on all nodes.
 * Whoever stays signed in gets a new session afterwards. ERR_NOT_FOUND: there is no such user.
 */
enum err_code password_set(
    struct write *w, struct id user_id, const char *hash, struct error *err) MUST_CHECK;

/*
 * ERR_UNAUTHENTICATED unless the one in force is still what was verified (NULL: none). It stays so until the commit:
 * no session that it leads to outlives a change on another node.
 */
enum err_code password_still_is(
    struct write *w, struct id user_id, const char *stored, struct error *err) MUST_CHECK;

/* The same password under the cost in force: ends nothing. */
enum err_code password_renew(
    struct write *w, struct id user_id, const char *hash, struct error *err) MUST_CHECK;

#endif
