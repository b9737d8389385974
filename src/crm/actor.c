#include "crm/actor.h"

#include "base/clock.h"
#include "crm/key_use.h"

static const char refused[] =
    "The credentials are missing or not valid: X-API-KEY, X-BUSINESS-ID and X-USER-ID are "
    "all required, once each.";

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
    if (!found || !secret_is(rows, 0, hash))
        return error_set(err, ERR_UNAUTHENTICATED, "%s", refused);
    take_actor(rows, arena, actor);
    actor->credential.hash = *hash;
    return ERR_OK;
}

/* What follows an actor's columns in a row of a key's. */
static void take_key(struct db_rows *rows, int64_t now, struct credential *credential)
{
    credential->key_id = db_col_id(rows, 11);
    credential->business_id = db_col_id(rows, 12);
    credential->expires_at = db_col_int(rows, 13);
    credential->read_only = db_col_int(rows, 14) != 0;
    credential->use_is_due = db_col_int(rows, 15) <= now - KEY_USE_EVERY_US;
}

/* The one statement for every key that there is or is not: what is wrong with one shows neither in the answer nor in
 * the work that it took. */
static enum err_code by_key_hash(struct db *db, struct arena *arena, const struct secret_hash *hash,
    struct id business_id, struct id user_id, struct actor *actor, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    int64_t now = clock_wall_us();
    enum err_code code = db_query(db,
        "SELECT k.hash, " ACTOR_COLUMNS ", k.id, k.business_id, k.expires_at, k.read_only, k.last_used_at "
        "FROM api_key k JOIN employee e ON e.user_id = k.user_id JOIN business b ON b.id = e.business_id "
        "WHERE k.hash = $1 AND k.revoked_at IS NULL AND e.business_id = $2 AND e.user_id = $3 AND e.active = "
        "1 AND (k.expires_at IS NULL OR k.expires_at > $4) AND (k.business_id IS NULL OR k.business_id = $2) "
        "AND NOT EXISTS (SELECT 1 FROM api_key_block x WHERE x.key_id = k.id AND x.business_id = $2)",
        DB_PARAMS(db_secret(hash), db_id(business_id), db_id(user_id), db_int(now)), &rows, err);
    if (!code)
        code = expect_actor(rows, arena, hash, actor, err);
    if (!code)
        take_key(rows, now, &actor->credential);
    return code;
}

enum err_code actor_by_key(struct db *db, struct arena *arena, const char *key, struct id business_id,
    struct id user_id, struct actor *actor, struct error *err)
{
    struct secret_hash hash = secret_hash(key);
    return by_key_hash(db, arena, &hash, business_id, user_id, actor, err);
}

bool credential_lasts(const struct credential *credential)
{
    return !credential->expires_at || clock_wall_us() < credential->expires_at;
}

static enum err_code by_session_hash(struct db *db, struct arena *arena, const struct secret_hash *hash,
    int64_t idle_us, struct actor *actor, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    int64_t now = clock_wall_us();
    enum err_code code = db_query(db,
        "SELECT s.hash, " ACTOR_COLUMNS ", s.id, s.last_seen_at FROM session s "
        "JOIN employee e ON e.user_id = s.user_id AND e.business_id = s.business_id "
        "JOIN business b ON b.id = e.business_id WHERE s.hash = $1 AND s.expires_at > $2 "
        "AND s.last_seen_at > $3 AND e.active = 1",
        DB_PARAMS(db_secret(hash), db_int(now), db_int(now - idle_us)), &rows, err);
    if (!code)
        code = expect_actor(rows, arena, hash, actor, err);
    if (code)
        return code;
    actor->credential.session_id = db_col_id(rows, 11);
    actor->credential.seen_at = db_col_int(rows, 12);
    actor->credential.idle_us = idle_us;
    return ERR_OK;
}

enum err_code actor_by_session(struct db *db, struct arena *arena, const char *session, int64_t idle_us,
    struct actor *actor, struct error *err)
{
    struct secret_hash hash = secret_hash(session);
    return by_session_hash(db, arena, &hash, idle_us, actor, err);
}

enum err_code actor_again(
    struct db *db, struct arena *arena, const struct actor *actor, struct actor *now, struct error *err)
{
    const struct credential *by = &actor->credential;
    return id_is_nil(by->key_id)
               ? by_session_hash(db, arena, &by->hash, by->idle_us, now, err)
               : by_key_hash(db, arena, &by->hash, actor->business_id, actor->user_id, now, err);
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
