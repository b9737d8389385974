#include "crm/idempotency.h"

#include <sodium.h>

bool idempotency_key_is_valid(const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < len; i++)
        if (key[i] < 0x21 || key[i] > 0x7e)
            return false;
    return len >= 1 && len <= IDEMPOTENCY_KEY_MOST;
}

static struct idempotency_hash finish(crypto_generichash_state *state)
{
    struct idempotency_hash hash;
    crypto_generichash_final(state, hash.bytes, sizeof hash.bytes);
    return hash;
}

struct idempotency_hash idempotency_hash_key(const struct actor *actor, const char *key)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, IDEMPOTENCY_HASH_LEN);
    crypto_generichash_update(&state, actor->business_id.bytes, sizeof actor->business_id.bytes);
    crypto_generichash_update(&state, actor->employee.id.bytes, sizeof actor->employee.id.bytes);
    crypto_generichash_update(&state, (const unsigned char *)key, strlen(key));
    return finish(&state);
}

struct idempotency_hash idempotency_hash_request(const char *where, const char *body, size_t body_len)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, IDEMPOTENCY_HASH_LEN);
    /* With its NUL, which is in no path: where it ends is certain. */
    crypto_generichash_update(&state, (const unsigned char *)where, strlen(where) + 1);
    crypto_generichash_update(&state, (const unsigned char *)body, body_len);
    return finish(&state);
}

static struct db_value hash_value(const struct idempotency_hash *hash)
{
    return db_bytes(hash->bytes, sizeof hash->bytes);
}

enum err_code idempotency_find(struct db *db, struct arena *arena, const struct idempotency *request,
    struct idempotent_answer *answer, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *answer = (struct idempotent_answer){0};
    enum err_code code = db_query(db,
        "SELECT request_hash, activity_id, answer FROM idempotency "
        "WHERE key_hash = $1 AND business_id = $2 AND created_at >= $3",
        DB_PARAMS(
            hash_value(&request->key), db_id(request->business_id), db_int(request->now - request->keep_us)),
        &rows, err);
    if (code || !db_next(rows, &code, err))
        return code;
    size_t len;
    const void *hash = db_col_bytes(rows, 0, &len);
    if (len != IDEMPOTENCY_HASH_LEN || memcmp(hash, request->request.bytes, len) != 0)
        return error_set(err, ERR_INVALID,
            "This Idempotency-Key was used for another request; a new request needs a new key.");
    answer->activity_id = db_col_id(rows, 1);
    answer->text = db_col_text_copy(rows, 2, arena);
    if (*answer->text)
        return ERR_OK;
    answer->text = NULL;
    return error_set(
        err, ERR_CONFLICT, "The activity that was logged with this Idempotency-Key has been deleted.");
}

/* A row that has expired is as good as none: it gives way. */
enum err_code idempotency_store(struct db *db, const struct idempotency *request,
    const struct idempotent_answer *answer, bool *first, struct error *err)
{
    int64_t changed = 0;
    enum err_code code = db_exec(db,
        "INSERT INTO idempotency (key_hash, business_id, request_hash, activity_id, answer, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_hash) DO UPDATE SET request_hash = $3, "
        "activity_id = $4, answer = $5, created_at = $6 "
        "WHERE idempotency.business_id = $2 AND idempotency.created_at < $7",
        DB_PARAMS(hash_value(&request->key), db_id(request->business_id), hash_value(&request->request),
            db_id(answer->activity_id), db_text(answer->text), db_int(request->now),
            db_int(request->now - request->keep_us)),
        &changed, err);
    *first = changed > 0;
    return code;
}

enum err_code idempotency_forget(struct db *db, const struct idempotency *request, struct error *err)
{
    return db_exec(db, "DELETE FROM idempotency WHERE key_hash = $1 AND business_id = $2",
        DB_PARAMS(hash_value(&request->key), db_id(request->business_id)), NULL, err);
}

/* Rows that another node is at are left to it. */
enum err_code idempotency_expire(
    struct db *db, int64_t before, size_t most, int64_t *removed, struct error *err)
{
    return db_exec(db,
        "DELETE FROM idempotency WHERE key_hash IN (SELECT key_hash FROM idempotency WHERE created_at < $1 "
        "ORDER BY created_at LIMIT $2{update_free})",
        DB_PARAMS(db_int(before), db_int((int64_t)most)), removed, err);
}

enum err_code idempotency_erase(
    struct db *db, struct id business_id, struct id activity_id, struct error *err)
{
    return db_exec(db, "UPDATE idempotency SET answer = '' WHERE activity_id = $1 AND business_id = $2",
        DB_PARAMS(db_id(activity_id), db_id(business_id)), NULL, err);
}
