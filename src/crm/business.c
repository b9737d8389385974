#include "crm/business.h"

#include "crm/audit.h"
#include "crm/check.h"
#include "crm/id_list.h"

#include <stdlib.h>

static enum err_code business_insert(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    const char *name = ctx;
    struct db *db = w->db;
    struct id contacts = id_new();
    enum err_code code = db_exec(db,
        "INSERT INTO business (id, name, contact_object_id, settings_version, created_at) VALUES ($1, $2, "
        "$3, 1, $4)",
        DB_PARAMS(db_id(w->business_id), db_text(name), db_id(contacts), db_int(w->now)), NULL, err);
    if (!code)
        code = db_exec(db,
            "INSERT INTO permission_group (id, business_id, name, activities, scheduled, records, objects, "
            "webhooks, "
            "people, audit, version, created_at) VALUES ($1, $1, 'Owners', 1023, 1023, 1023, 1023, 1023, "
            "1023, 1023, 1, "
            "$2)",
            DB_PARAMS(db_id(w->business_id), db_int(w->now)), NULL, err);
    if (!code)
        code = db_exec(db,
            "INSERT INTO record_object (id, business_id, kind, name, api_name, description, version, "
            "created_at) "
            "VALUES ($1, $2, 0, 'Contact', 'contacts', '', 1, $3)",
            DB_PARAMS(db_id(contacts), db_id(w->business_id), db_int(w->now)), NULL, err);
    struct audit audit = AUDIT(w, "business.created", w->business_id, name);
    audit_text(&audit, "name", NULL, name);
    return code ? code : audit_add(&audit, err);
}

static enum err_code check_business_name(const struct crm *crm, const char *name, struct error *err)
{
    long long most = crm_limits(crm)->name_chars;
    return check_name(name, (size_t)most)
               ? ERR_OK
               : error_set(err, ERR_INVALID, "A Business needs a name of 1 to %lld characters.", most);
}

enum err_code business_add(struct crm *crm, const char *name, struct id *business_id, struct error *err)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct error_list list;
    enum err_code code = check_business_name(crm, name, err);
    if (code)
        return code;
    *business_id = id_new();
    return crm_write(crm, arena, NULL, *business_id, business_insert, arena_strdup(arena, name), &list, err);
}

enum err_code business_add_in(struct write *w, const char *name, struct error *err)
{
    enum err_code code = check_business_name(w->crm, name, err);
    return code ? code : business_insert(w, arena_strdup(w->arena, name), NULL, err);
}

/* No index has the names: only an operator asks, and Businesses are few. */
enum err_code business_by_name(
    struct db *db, const char *name, struct id *business_id, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *count = 0;
    enum err_code code = db_query(db, "SELECT id FROM business WHERE name = $1 ORDER BY id LIMIT 2",
        DB_PARAMS(db_text(name)), &rows, err);
    while (!code && db_next(rows, &code, err))
        if ((*count)++ == 0)
            *business_id = db_col_id(rows, 0);
    return code;
}

#define BUSINESS_COLUMNS                                                                                     \
    "id, name, created_at, (SELECT COUNT(*) FROM employee e WHERE e.business_id = business.id AND "          \
    "e.active = 1) "

static struct business take_business(struct db_rows *rows, struct arena *arena)
{
    return (struct business){.id = db_col_id(rows, 0),
        .name = db_col_text_copy(rows, 1, arena),
        .created_at = db_col_int(rows, 2),
        .employee_count = db_col_int(rows, 3)};
}

enum err_code business_read(
    struct db *db, struct arena *arena, struct id id, struct business *business, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(
        db, "SELECT " BUSINESS_COLUMNS "FROM business WHERE id = $1", DB_PARAMS(db_id(id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such Business.");
    *business = take_business(rows, arena);
    return ERR_OK;
}

enum err_code business_list(struct db *db, struct arena *arena, struct id from, size_t most,
    struct business **list, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *list = ARENA_ARRAY(arena, struct business, most);
    *count = 0;
    enum err_code code =
        db_query(db, "SELECT " BUSINESS_COLUMNS "FROM business WHERE id > $1 ORDER BY id LIMIT $2",
            DB_PARAMS(db_id(from), db_int((int64_t)most)), &rows, err);
    while (!code && *count < most && db_next(rows, &code, err))
        (*list)[(*count)++] = take_business(rows, arena);
    return code;
}

enum err_code business_only(struct db *db, struct id *business_id, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *count = 0;
    enum err_code code =
        db_query(db, "SELECT id FROM business ORDER BY id LIMIT 2", DB_NO_PARAMS, &rows, err);
    while (!code && db_next(rows, &code, err))
        if ((*count)++ == 0)
            *business_id = db_col_id(rows, 0);
    return code;
}

enum err_code business_touch(struct db *db, struct id business_id, struct error *err)
{
    return db_exec(db, "UPDATE business SET settings_version = settings_version + 1 WHERE id = $1",
        DB_PARAMS(db_id(business_id)), NULL, err);
}

enum err_code business_touch_of_user(struct db *db, struct id user_id, struct error *err)
{
    return db_exec(db,
        "UPDATE business SET settings_version = settings_version + 1 WHERE id IN (SELECT business_id FROM "
        "employee WHERE user_id = $1)",
        DB_PARAMS(db_id(user_id)), NULL, err);
}

enum err_code business_versions(struct db *db, struct business_version *list, size_t count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct id ids[ID_LIST_MOST];
    for (size_t i = 0; i < count; i++)
        ids[i] = list[i].id;
    enum err_code code =
        id_list_query(db, "SELECT b.id, b.settings_version FROM business b WHERE b.id IN " ID_LIST, ids,
            count, DB_NO_PARAMS, &rows, err);
    while (!code && db_next(rows, &code, err))
        for (size_t i = 0; i < count; i++)
            if (id_equal(list[i].id, db_col_id(rows, 0)))
                list[i].version = db_col_int(rows, 1);
    return code;
}

static int by_id(const void *a, const void *b)
{
    return id_compare(*(const struct id *)a, *(const struct id *)b);
}

static enum err_code lock_one(struct db *db, struct id id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(
        db, "SELECT settings_version FROM business WHERE id = $1{update}", DB_PARAMS(db_id(id)), &rows, err);
    while (!code && db_next(rows, &code, err)) {
    }
    return code;
}

enum err_code business_lock(struct db *db, struct id *ids, size_t count, struct error *err)
{
    enum err_code code = ERR_OK;
    qsort(ids, count, sizeof *ids, by_id);
    for (size_t i = 0; i < count && !code; i++)
        if (i == 0 || !id_equal(ids[i], ids[i - 1]))
            code = lock_one(db, ids[i], err);
    return code;
}

enum err_code business_hold_version(struct db *db, struct id business_id, int64_t *version, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, "SELECT settings_version FROM business WHERE id = $1{share}",
        DB_PARAMS(db_id(business_id)), &rows, err);
    *version = -1;
    if (!code && db_next(rows, &code, err))
        *version = db_col_int(rows, 0);
    return code;
}
