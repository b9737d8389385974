#include "crm/password_token.h"

#include "base/clock.h"
#include "crm/check.h"
#include "crm/secret.h"

#define REQUESTS_MOST 3 /* for one address, in REQUESTS_US */
#define REQUESTS_US (3600 * US_PER_S)

static enum err_code refuse(enum mail_kind kind, struct error *err)
{
    return error_set(err, ERR_UNAUTHENTICATED,
        kind == MAIL_RESET
            ? "This link was used or replaced by a newer one, or it is older than an hour: ask for a new one."
            : "This invitation was used or replaced by a newer one, or it is older than seven days: have "
              "yourself invited again.");
}

enum err_code password_token_read(struct db *db, struct arena *arena, enum mail_kind kind, const char *token,
    struct token_owner *owner, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct secret_hash hash = secret_hash(token);
    enum err_code code = db_query(db,
        "SELECT t.hash, t.user_id, t.business_id, u.email, u.first_name, u.last_name, b.name, t.expires_at "
        "FROM password_token t JOIN user_account u ON u.id = t.user_id "
        "LEFT JOIN employee e ON e.user_id = t.user_id AND e.business_id = t.business_id AND e.active = 1 "
        "LEFT JOIN business b ON b.id = e.business_id "
        "WHERE t.hash = $1 AND t.kind = $2 AND t.expires_at > $3 AND (t.business_id IS NULL OR e.id IS NOT "
        "NULL)",
        DB_PARAMS(db_secret(&hash), db_int(kind), db_int(clock_wall_us())), &rows, err);
    if (code)
        return code;
    if (!db_next(rows, &code, err) || !secret_is(rows, 0, &hash))
        return code ? code : refuse(kind, err);
    *owner = (struct token_owner){.user_id = db_col_id(rows, 1),
        .business_id = db_col_id(rows, 2),
        .email = db_col_text_copy(rows, 3, arena),
        .first_name = db_col_text_copy(rows, 4, arena),
        .last_name = db_col_text_copy(rows, 5, arena),
        .business_name = db_col_text_copy(rows, 6, arena),
        .expires_at = db_col_int(rows, 7)};
    return ERR_OK;
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

enum err_code password_token_add(struct write *w, enum mail_kind kind, struct id user_id,
    struct id business_id, struct id mail_id, const char **token, struct error *err)
{
    enum err_code code = db_exec(w->db,
        "DELETE FROM password_token WHERE user_id = $1 AND kind = $2 AND mail_id <> $3 AND "
        "(business_id = $4 OR business_id IS NULL)",
        DB_PARAMS(db_id(user_id), db_int(kind), db_id(mail_id), db_id_or_null(business_id)), NULL, err);
    if (code)
        return code;
    int64_t life = kind == MAIL_RESET ? RESET_LIFE_US : INVITATION_LIFE_US;
    *token = secret_new(w->arena, "");
    struct secret_hash hash = secret_hash(*token);
    return db_exec(w->db,
        "INSERT INTO password_token (hash, user_id, business_id, kind, mail_id, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        DB_PARAMS(db_secret(&hash), db_id(user_id), db_id_or_null(business_id), db_int(kind), db_id(mail_id),
            db_int(w->now + life)),
        NULL, err);
}

enum err_code password_tokens_end(struct write *w, struct id user_id, struct error *err)
{
    return db_exec(
        w->db, "DELETE FROM password_token WHERE user_id = $1", DB_PARAMS(db_id(user_id)), NULL, err);
}

enum err_code password_token_use(
    struct write *w, enum mail_kind kind, const char *token, struct token_owner *owner, struct error *err)
{
    struct secret_hash hash = secret_hash(token);
    int64_t taken = 0;
    enum err_code code = password_token_read(w->db, w->arena, kind, token, owner, err);
    if (!code)
        code = db_exec(
            w->db, "DELETE FROM password_token WHERE hash = $1", DB_PARAMS(db_secret(&hash)), &taken, err);
    if (code)
        return code;
    return taken == 1 ? password_tokens_end(w, owner->user_id, err)
                      : refuse(kind, err); /* another node was quicker */
}

enum err_code password_tokens_replace(
    struct write *w, enum mail_kind kind, struct id user_id, struct id business_id, struct error *err)
{
    return db_exec(w->db, "DELETE FROM password_token WHERE user_id = $1 AND kind = $2 AND business_id = $3",
        DB_PARAMS(db_id(user_id), db_int(kind), db_id(business_id)), NULL, err);
}

enum err_code reset_request_count(struct write *w, const char *email, bool *allowed, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct secret_hash hash = secret_hash(email_key(w->arena, email));
    *allowed = false;
    enum err_code code = db_exec(w->db,
        "INSERT INTO reset_request (hash, count, since) VALUES ($1, 1, $2) ON CONFLICT (hash) DO UPDATE SET "
        "count = CASE WHEN reset_request.since <= $3 THEN 1 ELSE reset_request.count + 1 END, "
        "since = CASE WHEN reset_request.since <= $3 THEN $2 ELSE reset_request.since END",
        DB_PARAMS(db_secret(&hash), db_int(w->now), db_int(w->now - REQUESTS_US)), NULL, err);
    if (code)
        return code;
    code = db_query(
        w->db, "SELECT count FROM reset_request WHERE hash = $1", DB_PARAMS(db_secret(&hash)), &rows, err);
    if (!code && db_next(rows, &code, err))
        *allowed = db_col_int(rows, 0) <= REQUESTS_MOST;
    return code;
}

enum err_code password_tokens_tidy(struct write *w, struct error *err)
{
    enum err_code code = db_exec(
        w->db, "DELETE FROM password_token WHERE expires_at <= $1", DB_PARAMS(db_int(w->now)), NULL, err);
    return code ? code
                : db_exec(w->db, "DELETE FROM reset_request WHERE since <= $1",
                      DB_PARAMS(db_int(w->now - REQUESTS_US)), NULL, err);
}

/* Rows that another node is at are left to it. */
enum err_code password_tokens_expire(
    struct db *db, int64_t now, int64_t most, int64_t *removed, struct error *err)
{
    return db_exec(db,
        "DELETE FROM password_token WHERE hash IN (SELECT hash FROM password_token WHERE expires_at <= $1 "
        "ORDER BY "
        "expires_at LIMIT $2{update_free})",
        DB_PARAMS(db_int(now), db_int(most)), removed, err);
}
