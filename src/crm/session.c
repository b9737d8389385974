#include "crm/session.h"

#include "base/clock.h"
#include "crm/secret.h"

#define TOKEN_LIFE_US (10 * 60 * US_PER_S)
#define SESSION_LIFE_US (12 * 3600 * US_PER_S)

static const char used_link[] = "This sign-in link was used before, or it is older than ten minutes.";

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
    return code || added
               ? code
               : error_set(err, ERR_NOT_FOUND, "That user is not an active employee of that Business.");
}

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

static enum err_code insert_session(
    struct write *w, const struct secret_hash *token, const struct secret_hash *session, struct error *err)
{
    int64_t added = 0;
    enum err_code code = db_exec(w->db,
        "INSERT INTO session (hash, user_id, business_id, created_at, expires_at) "
        "SELECT $1, user_id, business_id, $2, $3 FROM sign_in_token WHERE hash = $4 AND expires_at > $2",
        DB_PARAMS(db_secret(session), db_int(w->now), db_int(w->now + SESSION_LIFE_US), db_secret(token)),
        &added, err);
    return code || added ? code : error_set(err, ERR_UNAUTHENTICATED, "%s", used_link);
}

static enum err_code take_token(struct write *w, const struct secret_hash *token, struct error *err)
{
    int64_t taken = 0;
    enum err_code code =
        db_exec(w->db, "DELETE FROM sign_in_token WHERE hash = $1", DB_PARAMS(db_secret(token)), &taken, err);
    if (code || taken == 1)
        return code;
    return error_set(err, ERR_UNAUTHENTICATED, "%s", used_link); /* another node was quicker */
}

static enum err_code drop_expired(struct write *w, struct error *err)
{
    enum err_code code = db_exec(
        w->db, "DELETE FROM sign_in_token WHERE expires_at <= $1", DB_PARAMS(db_int(w->now)), NULL, err);
    return code ? code
                : db_exec(w->db, "DELETE FROM session WHERE expires_at <= $1", DB_PARAMS(db_int(w->now)),
                      NULL, err);
}

enum err_code session_start(
    struct write *w, const char *token, const char **session, struct actor *actor, struct error *err)
{
    char *secret = secret_new(w->arena, "");
    struct secret_hash token_hash = secret_hash(token), session_hash = secret_hash(secret);
    enum err_code code = insert_session(w, &token_hash, &session_hash, err);
    if (!code)
        code = take_token(w, &token_hash, err);
    if (!code)
        code = drop_expired(w, err);
    *session = secret;
    return code ? code : actor_by_session(w->db, w->arena, secret, actor, err);
}

enum err_code session_end(struct write *w, const char *session, struct error *err)
{
    struct secret_hash hash = secret_hash(session);
    return db_exec(w->db, "DELETE FROM session WHERE hash = $1", DB_PARAMS(db_secret(&hash)), NULL, err);
}

enum err_code session_end_here(struct write *w, struct id user_id, struct error *err)
{
    enum err_code code = db_exec(w->db, "DELETE FROM session WHERE user_id = $1 AND business_id = $2",
        DB_PARAMS(db_id(user_id), db_id(w->business_id)), NULL, err);
    return code ? code
                : db_exec(w->db, "DELETE FROM sign_in_token WHERE user_id = $1 AND business_id = $2",
                      DB_PARAMS(db_id(user_id), db_id(w->business_id)), NULL, err);
}
