#include "crm/password.h"

#include "base/text.h"
#include "crm/audit.h"
#include "crm/check.h"
#include "crm/invitation.h"
#include "crm/session.h"
#include "crm/sign_in_link.h"

#include <errno.h>
#include <sodium.h>

_Static_assert(PASSWORD_OPS == crypto_pwhash_OPSLIMIT_INTERACTIVE, "the cost is INTERACTIVE");
_Static_assert(PASSWORD_MEMORY == crypto_pwhash_MEMLIMIT_INTERACTIVE, "the cost is INTERACTIVE");
_Static_assert(PASSWORD_HASH_LEN >= crypto_pwhash_STRBYTES, "there is room for a hash");

/*
 * What is compared when there is nothing to compare with: a hash of the cost in force, of which nobody knows a password.
 * Test: that it does not count as outdated.
 */
static const char nobodys[] = "$argon2id$v=19$m=65536,t=2,p=1$bm9ib2R5J3Mgc2FsdC4uLg$"
                              "bm9ib2R5IGtub3dzIHRoZSBwYXNzd29yZCBvZiB0aGk";

static enum err_code no_memory(struct error *err)
{
    return error_set(err, ERR_BUSY, "There is no memory for checking a password now; try again in a moment.");
}

enum err_code password_hash(const char *password, struct password_hash *hash, struct error *err)
{
    int rc = crypto_pwhash_str_alg(
        hash->text, password, strlen(password), PASSWORD_OPS, PASSWORD_MEMORY, crypto_pwhash_ALG_ARGON2ID13);
    return rc == 0 ? ERR_OK : no_memory(err);
}

enum err_code password_verify(
    const char *password, const char *stored, bool *fits, bool *outdated, struct error *err)
{
    struct password_hash known = {0}; /* libsodium may read all of it */
    snprintf(known.text, sizeof known.text, "%s", stored ? stored : nobodys);
    errno = 0;
    bool same = crypto_pwhash_str_verify(known.text, password, strlen(password)) == 0;
    /* libsodium says EINVAL when it has compared. */
    if (!same && errno != EINVAL)
        return no_memory(err);
    *fits = same && stored;
    *outdated = *fits && crypto_pwhash_str_needs_rehash(known.text, PASSWORD_OPS, PASSWORD_MEMORY) != 0;
    return ERR_OK;
}

static bool is_known(struct arena *arena, const char *folded, const char *known)
{
    return known && *known && strcmp(folded, text_fold(arena, known)) == 0;
}

bool password_check(struct arena *arena, const char *password, const struct password_owner *owner,
    const char *pointer, struct error_list *list)
{
    size_t chars = text_chars(password);
    if (chars < PASSWORD_CHARS_LEAST || chars > PASSWORD_CHARS_MOST) {
        error_list_add(
            list, pointer, "A password has %d to %d characters.", PASSWORD_CHARS_LEAST, PASSWORD_CHARS_MOST);
        return false;
    }
    const char *folded = text_fold(arena, password);
    const char *first = owner->first_name ? owner->first_name : "";
    const char *last = owner->last_name ? owner->last_name : "";
    const char *known[] = {owner->email, first, last, arena_printf(arena, "%s %s", first, last),
        arena_printf(arena, "%s%s", first, last)};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (is_known(arena, folded, known[i])) {
            error_list_add(list, pointer, "A password must not be its owner's email or name.");
            return false;
        }
    return true;
}

#define OWNER_COLUMNS "u.id, u.email, u.first_name, u.last_name, p.hash"

static void take_owner(struct db_rows *rows, struct arena *arena, struct password_owner *owner)
{
    *owner = (struct password_owner){.user_id = db_col_id(rows, 0),
        .email = db_col_text_copy(rows, 1, arena),
        .first_name = db_col_text_copy(rows, 2, arena),
        .last_name = db_col_text_copy(rows, 3, arena),
        .stored = db_col_null(rows, 4) ? NULL : db_col_text_copy(rows, 4, arena)};
}

enum err_code password_owner_read(
    struct db *db, struct arena *arena, struct id user_id, struct password_owner *owner, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT " OWNER_COLUMNS
        " FROM user_account u LEFT JOIN password p ON p.user_id = u.id WHERE u.id = $1",
        DB_PARAMS(db_id(user_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such user.");
    take_owner(rows, arena, owner);
    return ERR_OK;
}

enum err_code password_find(
    struct db *db, struct arena *arena, const char *email, struct password_owner *owner, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *owner = (struct password_owner){0};
    enum err_code code = db_query(db,
        "SELECT " OWNER_COLUMNS " FROM user_account u LEFT JOIN password p ON p.user_id = u.id "
        "WHERE u.email_key IN ($1, $2) ORDER BY CASE u.email_key WHEN $2 THEN 0 ELSE 1 END LIMIT 1",
        DB_PARAMS(db_text(email_key(arena, email)), db_text(email)), &rows, err);
    if (!code && db_next(rows, &code, err))
        take_owner(rows, arena, owner);
    return code;
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

static enum err_code store(
    struct write *w, struct id user_id, const char *hash, bool *first, struct error *err)
{
    int64_t changed = 0;
    enum err_code code = db_exec(w->db, "UPDATE password SET hash = $1, changed_at = $2 WHERE user_id = $3",
        DB_PARAMS(db_text(hash), db_int(w->now), db_id(user_id)), &changed, err);
    *first = !changed;
    if (code || changed)
        return code;
    code = db_exec(w->db,
        "INSERT INTO password (user_id, hash, changed_at) SELECT id, $1, $2 FROM user_account WHERE id = $3",
        DB_PARAMS(db_text(hash), db_int(w->now), db_id(user_id)), &changed, err);
    return code || changed ? code : error_set(err, ERR_NOT_FOUND, "There is no such user.");
}

enum err_code password_set(struct write *w, struct id user_id, const char *hash, struct error *err)
{
    bool first = false;
    enum err_code code = store(w, user_id, hash, &first, err);
    /* Sessions last: whoever is just signing in, on another node, holds the password or the token until it commits. */
    if (!code)
        code = password_tokens_end(w, user_id, err);
    if (!code)
        code = sign_in_tokens_drop(w, user_id, err);
    if (!code)
        code = session_end_all(w, user_id, err);
    if (!code && !first)
        code = password_changed_notice(w, user_id, err);
    if (code)
        return code;
    struct audit audit = AUDIT_OF_USER(w, first ? "employee.password_set" : "employee.password_changed");
    return audit_add_of_user(&audit, user_id, err);
}

enum err_code password_still_is(struct write *w, struct id user_id, const char *stored, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(
        w->db, "SELECT hash FROM password WHERE user_id = $1{update}", DB_PARAMS(db_id(user_id)), &rows, err);
    if (code)
        return code;
    bool found = db_next(rows, &code, err);
    if (code || text_same(found ? db_col_text(rows, 0) : NULL, stored))
        return code;
    return error_set(err, ERR_UNAUTHENTICATED, "The password was changed in this very moment.");
}

enum err_code password_renew(struct write *w, struct id user_id, const char *hash, struct error *err)
{
    return db_exec(w->db, "UPDATE password SET hash = $1 WHERE user_id = $2",
        DB_PARAMS(db_text(hash), db_id(user_id)), NULL, err);
}
