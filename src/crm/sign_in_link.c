#include "crm/sign_in_link.h"

#include "base/clock.h"
#include "crm/audit.h"
#include "crm/secret.h"

#define TOKEN_LIFE_US (10 * 60 * US_PER_S)

static const char used_link[] = "This sign-in link was used before, or it is older than ten minutes.";

enum err_code sign_in_token_check(struct db *db, const char *token, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct secret_hash hash = secret_hash(token);
    enum err_code code = db_query(db, "SELECT 1 FROM sign_in_token WHERE hash = $1 AND expires_at > $2",
        DB_PARAMS(db_secret(&hash), db_int(clock_wall_us())), &rows, err);
    if (code || db_next(rows, &code, err))
        return code;
    return code ? code : error_set(err, ERR_UNAUTHENTICATED, "%s", used_link);
}

enum err_code sign_in_token_add(struct write *w, struct id user_id, const char **token, struct error *err)
{
    char *secret = secret_new(w->arena, "");
    struct secret_hash hash = secret_hash(secret);
    int64_t added = 0;
    enum err_code code = db_exec(w->db,
        "INSERT INTO sign_in_token (hash, user_id, business_id, expires_at) "
        "SELECT $1, user_id, business_id, $2 FROM employee WHERE user_id = $3 AND business_id = $4 AND "
        "active = 1",
        DB_PARAMS(db_secret(&hash), db_int(w->now + TOKEN_LIFE_US), db_id(user_id), db_id(w->business_id)),
        &added, err);
    *token = secret;
    if (code || !added)
        return code ? code
                    : error_set(err, ERR_NOT_FOUND, "That user is not an active employee of that Business.");
    struct audit audit = AUDIT_OF_USER(w, "employee.sign_in_link_made");
    return audit_add_of_user_there(&audit, user_id, err);
}

static enum err_code read_token(struct write *w, const struct secret_hash *hash, struct id *user_id,
    struct id *business_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(w->db, "SELECT user_id, business_id FROM sign_in_token WHERE hash = $1 AND expires_at > $2",
            DB_PARAMS(db_secret(hash), db_int(w->now)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_UNAUTHENTICATED, "%s", used_link);
    *user_id = db_col_id(rows, 0);
    *business_id = db_col_id(rows, 1);
    return ERR_OK;
}

enum err_code sign_in_token_take(
    struct write *w, const char *token, struct id *user_id, struct id *business_id, struct error *err)
{
    struct secret_hash hash = secret_hash(token);
    int64_t taken = 0;
    enum err_code code = read_token(w, &hash, user_id, business_id, err);
    if (!code)
        code = db_exec(
            w->db, "DELETE FROM sign_in_token WHERE hash = $1", DB_PARAMS(db_secret(&hash)), &taken, err);
    if (code || taken == 1)
        return code;
    return error_set(err, ERR_UNAUTHENTICATED, "%s", used_link); /* another node was quicker */
}

enum err_code sign_in_tokens_drop(struct write *w, struct id user_id, struct error *err)
{
    enum err_code code =
        db_exec(w->db, "DELETE FROM sign_in_token WHERE user_id = $1", DB_PARAMS(db_id(user_id)), NULL, err);
    return code ? code
                : db_exec(w->db, "DELETE FROM sign_in_token WHERE expires_at <= $1",
                      DB_PARAMS(db_int(w->now)), NULL, err);
}

enum err_code sign_in_tokens_drop_here(struct write *w, struct id user_id, struct error *err)
{
    return db_exec(w->db, "DELETE FROM sign_in_token WHERE user_id = $1 AND business_id = $2",
        DB_PARAMS(db_id(user_id), db_id(w->business_id)), NULL, err);
}

/* Rows that another node is at are left to it. */
enum err_code sign_in_tokens_expire(
    struct db *db, int64_t now, int64_t most, int64_t *removed, struct error *err)
{
    return db_exec(db,
        "DELETE FROM sign_in_token WHERE hash IN (SELECT hash FROM sign_in_token WHERE expires_at <= $1 "
        "ORDER BY "
        "expires_at LIMIT $2{update_free})",
        DB_PARAMS(db_int(now), db_int(most)), removed, err);
}
