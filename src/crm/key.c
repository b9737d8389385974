#include "crm/key.h"

#include "crm/audit.h"
#include "crm/business.h"
#include "crm/check.h"
#include "crm/employee.h"
#include "crm/id_list.h"
#include "crm/secret.h"

#define PREFIX_CHARS 8 /* of the secret: "hk_" and 30 of its 256 bits */

static const char unknown_key[] = "There is no such API key.";

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

/* Whose eyes a key is read with. */
enum scope {
    SCOPE_ALL, /* the user's own, or an operator's */
    SCOPE_WORKS_HERE, /* those who may edit people */
    SCOPE_ONLY_HERE, /* the user's own, by a key that is limited to a Business */
};

/* $1 the user, $2 the Business, $3 the scope. */
#define KEY_ROWS                                                                                             \
    "SELECT k.id, k.user_id, k.business_id, k.name, k.prefix, k.created_at, k.last_used_at, k.expires_at, "  \
    "k.read_only, x.blocked_at FROM api_key k LEFT JOIN api_key_block x ON x.key_id = k.id AND "             \
    "x.business_id = $2 WHERE k.user_id = $1 AND k.revoked_at IS NULL AND ($3 = 0 OR k.business_id = $2 OR " \
    "($3 = 1 AND k.business_id IS NULL AND x.blocked_at IS NULL)) "

static void take_key(struct db_rows *rows, struct arena *arena, struct key *key)
{
    *key = (struct key){.id = db_col_id(rows, 0),
        .user_id = db_col_id(rows, 1),
        .business_id = db_col_id(rows, 2),
        .name = db_col_text_copy(rows, 3, arena),
        .prefix = db_col_text_copy(rows, 4, arena),
        .created_at = db_col_int(rows, 5),
        .last_used_at = db_col_int(rows, 6),
        .expires_at = db_col_int(rows, 7),
        .read_only = db_col_int(rows, 8) != 0,
        .blocked = !db_col_null(rows, 9)};
}

/* Whose keys, and as seen from where. */
struct view {
    struct id user_id, business_id;
    enum scope scope;
};

/* A session, and a key without a limit, see all of their user's. */
static struct view own_view(const struct actor *actor)
{
    return (struct view){.user_id = actor->user_id,
        .business_id = actor->business_id,
        .scope = id_is_nil(actor->credential.business_id) ? SCOPE_ALL : SCOPE_ONLY_HERE};
}

static enum err_code list(struct db *db, struct arena *arena, const struct view *view, struct page *page,
    struct key **keys, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t most = page->limit + 1, n = 0;
    *keys = ARENA_ARRAY(arena, struct key, most);
    struct db_value values[] = {db_id(view->user_id), db_id(view->business_id), db_int(view->scope),
        db_id(page_id_bound(page)), db_int((int64_t)most)};
    struct db_params params = {values, ARRAY_LEN(values)};
    enum err_code code =
        page->back ? db_query(db, KEY_ROWS "AND k.id > $4 ORDER BY k.id LIMIT $5", params, &rows, err)
                   : db_query(db, KEY_ROWS "AND k.id < $4 ORDER BY k.id DESC LIMIT $5", params, &rows, err);
    while (!code && n < most && db_next(rows, &code, err))
        take_key(rows, arena, &(*keys)[n++]);
    *count = page_cut(page, *keys, sizeof **keys, n);
    return code;
}

static enum err_code find(struct db *db, struct arena *arena, const struct view *view, struct id id,
    struct key *key, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, KEY_ROWS "AND k.id = $4",
        DB_PARAMS(db_id(view->user_id), db_id(view->business_id), db_int(view->scope), db_id(id)), &rows,
        err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "%s", unknown_key);
    take_key(rows, arena, key);
    return ERR_OK;
}

enum err_code key_list(struct db *db, struct arena *arena, const struct actor *actor, struct page *page,
    struct key **keys, size_t *count, struct error *err)
{
    struct view view = own_view(actor);
    return list(db, arena, &view, page, keys, count, err);
}

enum err_code key_list_of_user(struct db *db, struct arena *arena, struct id user_id, struct page *page,
    struct key **keys, size_t *count, struct error *err)
{
    struct view view = {.user_id = user_id};
    return list(db, arena, &view, page, keys, count, err);
}

enum err_code user_businesses(struct db *db, struct arena *arena, struct id user_id, struct id **businesses,
    size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct ids ids = {0};
    enum err_code code =
        db_query(db, "SELECT business_id FROM employee WHERE user_id = $1 ORDER BY business_id",
            DB_PARAMS(db_id(user_id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        ids_add(arena, &ids, db_col_id(rows, 0));
    *businesses = ids.items;
    *count = ids.count;
    return code;
}

/* In a Business where the same User works, but elsewhere, too, a use may have been there. */
static enum err_code works_elsewhere(
    struct db *db, const struct view *view, bool *elsewhere, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, "SELECT 1 FROM employee WHERE user_id = $1 AND business_id <> $2 LIMIT 1",
            DB_PARAMS(db_id(view->user_id), db_id(view->business_id)), &rows, err);
    *elsewhere = !code && db_next(rows, &code, err);
    return code;
}

enum err_code key_list_of(struct db *db, struct arena *arena, const struct actor *actor,
    struct id employee_id, struct page *page, struct key **keys, size_t *count, struct error *err)
{
    struct view view = {.business_id = actor->business_id, .scope = SCOPE_WORKS_HERE};
    bool elsewhere = false;
    enum err_code code = may(actor, ACTION_EDIT_EMPLOYEE, NULL, err);
    if (!code)
        code = employee_user(db, actor->business_id, employee_id, &view.user_id, err);
    if (!code)
        code = works_elsewhere(db, &view, &elsewhere, err);
    if (!code)
        code = list(db, arena, &view, page, keys, count, err);
    for (size_t i = 0; !code && elsewhere && i < *count; i++)
        if (id_is_nil((*keys)[i].business_id)) {
            (*keys)[i].last_used_at = 0;
            (*keys)[i].name = "";
        }
    return code;
}

/* ── the audit log ───────────────────────────────────────────────────────────────────────────── */

/* Where the key works, unless it is limited: wherever its user does. Of the secret nothing is told, nor its prefix. */
static enum err_code add_where_it_works(struct audit *audit, const struct key *key, struct error *err)
{
    if (id_is_nil(key->business_id))
        return audit_add_of_user(audit, key->user_id, err);
    audit->business_id = key->business_id;
    return audit_add(audit, err);
}

/* The name of a key that works in every Business of its user is for its user alone. */
static const char *told_name(const struct key *key)
{
    return id_is_nil(key->business_id) ? NULL : key->name;
}

static enum err_code write_down_new(struct write *w, const struct key *key, struct error *err)
{
    struct audit audit = AUDIT(w, "api_key.created", key->id, told_name(key));
    audit_text(&audit, "name", NULL, told_name(key));
    audit_id(&audit, "user_id", (struct id){0}, key->user_id);
    audit_time(&audit, "expires_at", 0, key->expires_at);
    audit_bool(&audit, "read_only", false, key->read_only);
    audit_id(&audit, "business_id", (struct id){0}, key->business_id);
    return add_where_it_works(&audit, key, err);
}

/* ── making ──────────────────────────────────────────────────────────────────────────────────── */

/* Takes over what limits the key of whoever makes this one. */
static enum err_code inherit(const struct write *w, struct new_key *key, struct error *err)
{
    const struct credential *by = w->actor ? &w->actor->credential : &(struct credential){0};
    if (!key->expires_at)
        key->expires_at = by->expires_at;
    if (id_is_nil(key->business_id))
        key->business_id = by->business_id;
    const char *stronger = by->read_only && !key->read_only ? "only reads: one that it makes cannot write"
                           : by->expires_at && key->expires_at > by->expires_at
                               ? "expires: one that it makes cannot last longer"
                           : !id_is_nil(by->business_id) && !id_equal(by->business_id, key->business_id)
                               ? "works in one Business only: so does one that it makes"
                               : NULL;
    return stronger ? error_set(err, ERR_DENIED, "The API key that you use %s.", stronger) : ERR_OK;
}

static enum err_code check_works_there(
    struct write *w, struct id user_id, struct id business_id, struct error_list *list, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(w->db, "SELECT 1 FROM employee WHERE user_id = $1 AND business_id = $2 AND active = 1",
            DB_PARAMS(db_id(user_id), db_id(business_id)), &rows, err);
    if (!code && !db_next(rows, &code, err) && !code)
        error_list_add(list, "/business_id", "The user of the key is no active employee of such a Business.");
    return code;
}

static enum err_code check_new(
    struct write *w, struct id user_id, const struct new_key *key, struct error_list *list, struct error *err)
{
    enum err_code code = ERR_OK;
    (void)check_name_member(key->name, crm_limits(w->crm)->name_chars, list);
    if (key->expires_at && key->expires_at <= w->now)
        error_list_add(list, "/expires_at", "This is in the past.");
    if (!id_is_nil(key->business_id))
        code = check_works_there(w, user_id, key->business_id, list, err);
    return code ? code : error_list_refuse(list, err);
}

/* Until the commit nobody else makes a key of this user, or an employee (employee_add). */
static enum err_code hold_user(struct write *w, struct id user_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(
        w->db, "SELECT id FROM user_account WHERE id = $1{update}", DB_PARAMS(db_id(user_id)), &rows, err);
    if (code || db_next(rows, &code, err))
        return code;
    return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such user.");
}

static enum err_code check_count(struct write *w, struct id user_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(w->db, "SELECT COUNT(*) FROM api_key WHERE user_id = $1 AND revoked_at IS NULL",
            DB_PARAMS(db_id(user_id)), &rows, err);
    if (code || !db_next(rows, &code, err) || db_col_int(rows, 0) < KEYS_MOST)
        return code;
    return error_set(err, ERR_CONFLICT, "There are %d keys already: delete one first.", KEYS_MOST);
}

static enum err_code insert(struct write *w, const struct key *key, const char *secret, struct error *err)
{
    struct secret_hash hash = secret_hash(secret);
    return db_exec(w->db,
        "INSERT INTO api_key (id, user_id, name, hash, created_at, prefix, expires_at, read_only, "
        "business_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        DB_PARAMS(db_id(key->id), db_id(key->user_id), db_text(key->name), db_secret(&hash),
            db_int(key->created_at), db_text(key->prefix),
            key->expires_at ? db_int(key->expires_at) : db_null(DB_INT), db_int(key->read_only),
            db_id_or_null(key->business_id)),
        NULL, err);
}

/* What was ended in a Business does not come back there as another key that it makes. */
static enum err_code inherit_blocks(struct write *w, struct id id, struct error *err)
{
    if (!w->actor || id_is_nil(w->actor->credential.key_id))
        return ERR_OK;
    return db_exec(w->db,
        "INSERT INTO api_key_block (key_id, business_id, blocked_at) "
        "SELECT $1, business_id, blocked_at FROM api_key_block WHERE key_id = $2",
        DB_PARAMS(db_id(id), db_id(w->actor->credential.key_id)), NULL, err);
}

enum err_code key_add(struct write *w, struct id user_id, const struct new_key *input, struct key *key,
    const char **secret, struct error_list *list, struct error *err)
{
    struct new_key wanted = *input;
    enum err_code code = inherit(w, &wanted, err);
    if (!code)
        code = hold_user(w, user_id, err);
    if (!code)
        code = check_new(w, user_id, &wanted, list, err);
    if (!code)
        code = check_count(w, user_id, err);
    if (code)
        return code;
    *secret = secret_new(w->arena, API_KEY_PREFIX);
    *key = (struct key){.id = id_new(),
        .user_id = user_id,
        .business_id = wanted.business_id,
        .name = wanted.name,
        .prefix = arena_strndup(w->arena, *secret, PREFIX_CHARS),
        .created_at = w->now,
        .expires_at = wanted.expires_at,
        .read_only = wanted.read_only};
    code = insert(w, key, *secret, err);
    if (!code)
        code = inherit_blocks(w, key->id, err);
    return code ? code : write_down_new(w, key, err);
}

enum err_code key_rename(struct write *w, struct id id, const char *name, struct key *key,
    struct error_list *list, struct error *err)
{
    struct view view = own_view(w->actor);
    enum err_code code = find(w->db, w->arena, &view, id, key, err);
    if (code)
        return code;
    (void)check_name_member(name, crm_limits(w->crm)->name_chars, list);
    code = error_list_refuse(list, err);
    if (code)
        return code;
    const char *old = told_name(key);
    key->name = name;
    struct audit audit = AUDIT(w, "api_key.changed", id, told_name(key));
    if (old) /* otherwise only that it was */
        audit_text(&audit, "name", old, told_name(key));
    code = db_exec(
        w->db, "UPDATE api_key SET name = $1 WHERE id = $2", DB_PARAMS(db_text(name), db_id(id)), NULL, err);
    return code ? code : add_where_it_works(&audit, key, err);
}

/* ── ending ──────────────────────────────────────────────────────────────────────────────────── */

/* Where it works, everybody who remembers it finds out. */
static enum err_code revoke(struct write *w, const struct key *key, struct error *err)
{
    enum err_code code = hold_user(w, key->user_id, err);
    if (!code)
        code = db_exec(w->db, "UPDATE api_key SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
            DB_PARAMS(db_int(w->now), db_id(key->id)), NULL, err);
    struct audit audit = AUDIT(w, "api_key.revoked", key->id, told_name(key));
    if (!code)
        code = add_where_it_works(&audit, key, err);
    if (code)
        return code;
    return id_is_nil(key->business_id) ? business_touch_of_user(w->db, key->user_id, err)
                                       : business_touch(w->db, key->business_id, err);
}

static enum err_code key_user(struct write *w, struct id id, struct id *user_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(w->db, "SELECT user_id FROM api_key WHERE id = $1", DB_PARAMS(db_id(id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "%s", unknown_key);
    *user_id = db_col_id(rows, 0);
    return ERR_OK;
}

enum err_code key_revoke(struct write *w, struct id id, struct error *err)
{
    struct key key = {0};
    struct view view = {0};
    enum err_code code = ERR_OK;
    if (w->actor)
        view = own_view(w->actor);
    else
        code = key_user(w, id, &view.user_id, err);
    if (!code)
        code = find(w->db, w->arena, &view, id, &key, err);
    return code ? code : revoke(w, &key, err);
}

/* It stays the user's own elsewhere. */
static enum err_code block(struct write *w, const struct key *key, struct error *err)
{
    enum err_code code =
        db_exec(w->db, "INSERT INTO api_key_block (key_id, business_id, blocked_at) VALUES ($1, $2, $3)",
            DB_PARAMS(db_id(key->id), db_id(w->business_id), db_int(w->now)), NULL, err);
    struct audit audit = AUDIT(w, "api_key.blocked", key->id, told_name(key));
    if (!code)
        code = audit_add(&audit, err);
    return code ? code : business_touch(w->db, w->business_id, err);
}

enum err_code key_revoke_of(struct write *w, struct id employee_id, struct id id, struct error *err)
{
    struct key key = {0};
    struct view view = {.business_id = w->business_id, .scope = SCOPE_WORKS_HERE};
    enum err_code code = employee_may_change(w, ACTION_EDIT_EMPLOYEE, employee_id, err);
    if (!code)
        code = employee_user(w->db, w->business_id, employee_id, &view.user_id, err);
    if (!code)
        code = find(w->db, w->arena, &view, id, &key, err);
    if (code)
        return code;
    return id_is_nil(key.business_id) ? block(w, &key, err) : revoke(w, &key, err);
}
