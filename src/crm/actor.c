#include "crm/actor.h"

#include "base/clock.h"
#include "crm/check.h"

#include <sodium.h>

#define TOKEN_LIFE_US (10 * 60 * US_PER_S)
#define SESSION_LIFE_US (12 * 3600 * US_PER_S)

static const char refused[] =
    "The credentials are missing or not valid: X-API-KEY, X-BUSINESS-ID and X-USER-ID are "
    "all required, once each.";

#define SECRET_BYTES 32 /* 256 random bits */

/* What is stored of a secret: its BLAKE2b. The secret itself is shown once and kept nowhere. */
struct secret_hash {
    unsigned char bytes[32];
};

static struct secret_hash secret_hash(const char *secret)
{
    struct secret_hash hash;
    crypto_generichash(hash.bytes, sizeof hash.bytes, (const unsigned char *)secret, strlen(secret), NULL, 0);
    return hash;
}

static struct db_value db_hash(const struct secret_hash *hash)
{
    return db_bytes(hash->bytes, sizeof hash->bytes);
}

static char *new_secret(struct arena *arena, const char *prefix)
{
    unsigned char random[SECRET_BYTES];
    char text[sodium_base64_ENCODED_LEN(SECRET_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(text, sizeof text, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *secret = arena_printf(arena, "%s%s", prefix, text);
    sodium_memzero(random, sizeof random);
    sodium_memzero(text, sizeof text);
    return secret;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static bool same_hash(struct db_rows *rows, int col, const struct secret_hash *hash)
{
    size_t len;
    const void *stored = db_col_bytes(rows, col, &len);
    return stored && len == sizeof hash->bytes && sodium_memcmp(stored, hash->bytes, len) == 0;
}

/* Columns 1 to 10 as ACTOR_COLUMNS names them. */
#define ACTOR_COLUMNS                                                                                        \
    "e.user_id, e.id, e.first_name, e.last_name, e.display_name, e.email, b.id, b.name, "                    \
    "b.contact_object_id, "                                                                                  \
    "b.settings_version "

static void take_actor(struct db_rows *rows, struct arena *arena, struct actor *actor)
{
    *actor = (struct actor){
        .user_id = db_col_id(rows, 1),
        .employee = {.id = db_col_id(rows, 2),
            .first_name = db_col_text_copy(rows, 3, arena),
            .last_name = db_col_text_copy(rows, 4, arena),
            .display_name = db_col_text_copy(rows, 5, arena),
            .email = db_col_text_copy(rows, 6, arena)},
        .business_id = db_col_id(rows, 7),
        .business_name = db_col_text_copy(rows, 8, arena),
        .contact_object_id = db_col_id(rows, 9),
        .settings_version = db_col_int(rows, 10),
    };
}

/* The one row that `rows` may have, with the secret's hash in column 0. */
static enum err_code expect_actor(struct db_rows *rows, struct arena *arena, const struct secret_hash *hash,
    struct actor *actor, struct error *err)
{
    enum err_code code = ERR_OK;
    bool found = db_next(rows, &code, err);
    if (code)
        return code;
    if (!found || !same_hash(rows, 0, hash))
        return error_set(err, ERR_UNAUTHENTICATED, "%s", refused);
    take_actor(rows, arena, actor);
    return ERR_OK;
}

enum err_code actor_by_key(struct db *db, struct arena *arena, const char *key, struct id business_id,
    struct id user_id, struct actor *actor, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct secret_hash hash = secret_hash(key);
    enum err_code code = db_query(db,
        "SELECT k.hash, " ACTOR_COLUMNS "FROM api_key k "
        "JOIN employee e ON e.user_id = k.user_id JOIN business b ON b.id = e.business_id "
        "WHERE k.hash = $1 AND k.revoked_at IS NULL AND e.business_id = $2 AND e.user_id = $3 AND e.active = "
        "1",
        DB_PARAMS(db_hash(&hash), db_id(business_id), db_id(user_id)), &rows, err);
    return code ? code : expect_actor(rows, arena, &hash, actor, err);
}

enum err_code actor_by_session(
    struct db *db, struct arena *arena, const char *session, struct actor *actor, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct secret_hash hash = secret_hash(session);
    enum err_code code = db_query(db,
        "SELECT s.hash, " ACTOR_COLUMNS "FROM session s "
        "JOIN employee e ON e.user_id = s.user_id AND e.business_id = s.business_id "
        "JOIN business b ON b.id = e.business_id WHERE s.hash = $1 AND s.expires_at > $2 AND e.active = 1",
        DB_PARAMS(db_hash(&hash), db_int(clock_wall_us())), &rows, err);
    return code ? code : expect_actor(rows, arena, &hash, actor, err);
}

enum err_code person_read(struct db *db, struct arena *arena, struct id business_id, struct id employee_id,
    struct person *person, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT first_name, last_name, display_name, email FROM employee WHERE id = $1 AND business_id = $2",
        DB_PARAMS(db_id(employee_id), db_id(business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such employee in this Business.");
    *person = (struct person){.id = employee_id,
        .first_name = db_col_text_copy(rows, 0, arena),
        .last_name = db_col_text_copy(rows, 1, arena),
        .display_name = db_col_text_copy(rows, 2, arena),
        .email = db_col_text_copy(rows, 3, arena)};
    return ERR_OK;
}

enum err_code user_first_business(struct db *db, struct id user_id, struct id *business_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, "SELECT business_id FROM employee WHERE user_id = $1 ORDER BY id LIMIT 1",
            DB_PARAMS(db_id(user_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "That user is an employee of no Business.");
    *business_id = db_col_id(rows, 0);
    return ERR_OK;
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

static enum err_code find_or_add_user(
    struct write *w, const struct new_employee *input, struct id *user_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(
        w->db, "SELECT id FROM user_account WHERE email = $1", DB_PARAMS(db_text(input->email)), &rows, err);
    if (code)
        return code;
    if (db_next(rows, &code, err)) {
        *user_id = db_col_id(rows, 0);
        return ERR_OK;
    }
    *user_id = id_new();
    return code ? code
                : db_exec(w->db,
                      "INSERT INTO user_account (id, first_name, last_name, email, created_at) "
                      "VALUES ($1, $2, $3, $4, $5)",
                      DB_PARAMS(db_id(*user_id), db_text(input->first_name), db_text(input->last_name),
                          db_text(input->email), db_int(w->now)),
                      NULL, err);
}

static enum err_code check_employee(struct write *w, const struct new_employee *input, struct error *err)
{
    long long most = crm_limits(w->crm)->name_chars;
    if (!check_name(input->first_name, (size_t)most) || text_chars(input->last_name) > (size_t)most)
        return error_set(err, ERR_INVALID, "A first name of 1 to %lld characters is needed.", most);
    if (!check_email(input->email))
        return error_set(err, ERR_INVALID, "'%.80s' is not an email address.", input->email);
    return check_business(w->db, w->business_id, err);
}

static enum err_code join_group(struct write *w, struct id group_id, struct id employee_id, struct error *err)
{
    int64_t added = 0;
    struct id id =
        id_is_nil(group_id) ? w->business_id : group_id; /* the owner group has the Business's id */
    enum err_code code = db_exec(w->db,
        "INSERT INTO employee_group (employee_id, group_id, business_id) "
        "SELECT $1, id, business_id FROM permission_group WHERE id = $2 AND business_id = $3",
        DB_PARAMS(db_id(employee_id), db_id(id), db_id(w->business_id)), &added, err);
    return code || added
               ? code
               : error_set(err, ERR_NOT_FOUND, "There is no such permission group in this Business.");
}

enum err_code employee_add(struct write *w, const struct new_employee *input, struct id *user_id,
    struct id *employee_id, struct error *err)
{
    enum err_code code = check_employee(w, input, err);
    if (!code)
        code = find_or_add_user(w, input, user_id, err);
    if (code)
        return code;
    *employee_id = id_new();
    struct display_name display_name = display_name_of(input->first_name, input->last_name);
    code = db_exec(w->db,
        "INSERT INTO employee (id, business_id, user_id, first_name, last_name, display_name, email, active, "
        "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8)",
        DB_PARAMS(db_id(*employee_id), db_id(w->business_id), db_id(*user_id), db_text(input->first_name),
            db_text(input->last_name), db_text(display_name.text), db_text(input->email), db_int(w->now)),
        NULL, err);
    if (code == ERR_CONFLICT)
        error_set(err, code, "%s is an employee of this Business already.", input->email);
    return code ? code : join_group(w, input->group_id, *employee_id, err);
}

enum err_code api_key_add(
    struct write *w, struct id user_id, const char *name, const char **secret, struct error *err)
{
    long long most = crm_limits(w->crm)->name_chars;
    if (!check_name(name, (size_t)most))
        return error_set(err, ERR_INVALID, "A key needs a name of 1 to %lld characters.", most);
    char *key = new_secret(w->arena, API_KEY_PREFIX);
    struct secret_hash hash = secret_hash(key);
    int64_t added = 0;
    enum err_code code = db_exec(w->db,
        "INSERT INTO api_key (id, user_id, name, hash, created_at) "
        "SELECT $1, id, $2, $3, $4 FROM user_account WHERE id = $5",
        DB_PARAMS(db_id(id_new()), db_text(name), db_hash(&hash), db_int(w->now), db_id(user_id)), &added,
        err);
    *secret = key;
    return code || added ? code : error_set(err, ERR_NOT_FOUND, "There is no such user.");
}

enum err_code sign_in_token_add(struct write *w, struct id user_id, const char **token, struct error *err)
{
    char *secret = new_secret(w->arena, "");
    struct secret_hash hash = secret_hash(secret);
    int64_t added = 0;
    enum err_code code = db_exec(w->db,
        "INSERT INTO sign_in_token (hash, user_id, business_id, expires_at) "
        "SELECT $1, user_id, business_id, $2 FROM employee WHERE user_id = $3 AND business_id = $4 AND "
        "active = 1",
        DB_PARAMS(db_hash(&hash), db_int(w->now + TOKEN_LIFE_US), db_id(user_id), db_id(w->business_id)),
        &added, err);
    *token = secret;
    return code || added
               ? code
               : error_set(err, ERR_NOT_FOUND, "That user is not an active employee of that Business.");
}

/* ── sessions ────────────────────────────────────────────────────────────────────────────────── */

static const char used_link[] = "This sign-in link was used before, or it is older than ten minutes.";

enum err_code sign_in_token_check(struct db *db, const char *token, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct secret_hash hash = secret_hash(token);
    enum err_code code = db_query(db, "SELECT 1 FROM sign_in_token WHERE hash = $1 AND expires_at > $2",
        DB_PARAMS(db_hash(&hash), db_int(clock_wall_us())), &rows, err);
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
        DB_PARAMS(db_hash(session), db_int(w->now), db_int(w->now + SESSION_LIFE_US), db_hash(token)), &added,
        err);
    return code || added ? code : error_set(err, ERR_UNAUTHENTICATED, "%s", used_link);
}

static enum err_code take_token(struct write *w, const struct secret_hash *token, struct error *err)
{
    int64_t taken = 0;
    enum err_code code =
        db_exec(w->db, "DELETE FROM sign_in_token WHERE hash = $1", DB_PARAMS(db_hash(token)), &taken, err);
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
    char *secret = new_secret(w->arena, "");
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
    return db_exec(w->db, "DELETE FROM session WHERE hash = $1", DB_PARAMS(db_hash(&hash)), NULL, err);
}
