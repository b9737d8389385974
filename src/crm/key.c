#include "crm/key.h"

#include "crm/check.h"
#include "crm/secret.h"

enum err_code api_key_add(
    struct write *w, struct id user_id, const char *name, const char **secret, struct error *err)
{
    long long most = crm_limits(w->crm)->name_chars;
    if (!check_name(name, (size_t)most))
        return error_set(err, ERR_INVALID, "A key needs a name of 1 to %lld characters.", most);
    char *key = secret_new(w->arena, API_KEY_PREFIX);
    struct secret_hash hash = secret_hash(key);
    int64_t added = 0;
    enum err_code code = db_exec(w->db,
        "INSERT INTO api_key (id, user_id, name, hash, created_at) "
        "SELECT $1, id, $2, $3, $4 FROM user_account WHERE id = $5",
        DB_PARAMS(db_id(id_new()), db_text(name), db_secret(&hash), db_int(w->now), db_id(user_id)), &added,
        err);
    *secret = key;
    return code || added ? code : error_set(err, ERR_NOT_FOUND, "There is no such user.");
}
