#include "crm/sharing.h"

#include "crm/audit.h"
#include "crm/employee_list.h"
#include "crm/role.h"

static enum err_code read_everyone(
    struct db *db, struct id business_id, struct id object_id, bool *everyone, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, "SELECT restricted FROM activity_object WHERE id = $1 AND business_id = $2",
            DB_PARAMS(db_id(object_id), db_id(business_id)), &rows, err);
    if (!code && db_next(rows, &code, err))
        *everyone = db_col_int(rows, 0) == 0;
    return code;
}

/* A list that grows in the arena. */
static void add_id(struct arena *arena, struct id **ids, size_t *count, struct id id)
{
    if ((*count & (*count - 1)) == 0) { /* 0 and the powers of two: full */
        struct id *more = ARENA_ARRAY(arena, struct id, *count ? 2 * *count : 1);
        if (*count)
            memcpy(more, *ids, *count * sizeof *more);
        *ids = more;
    }
    (*ids)[(*count)++] = id;
}

enum err_code sharing_read(struct db *db, struct arena *arena, struct id business_id, struct id object_id,
    struct sharing *sharing, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *sharing = (struct sharing){.everyone = true};
    enum err_code code = read_everyone(db, business_id, object_id, &sharing->everyone, err);
    if (code || sharing->everyone)
        return code;
    code = db_query(db,
        "SELECT subject_id, is_role FROM activity_object_share WHERE activity_object_id = $1 AND business_id "
        "= "
        "$2 ORDER BY subject_id",
        DB_PARAMS(db_id(object_id), db_id(business_id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        if (db_col_int(rows, 1))
            add_id(arena, &sharing->roles, &sharing->role_count, db_col_id(rows, 0));
        else
            add_id(arena, &sharing->employees, &sharing->employee_count, db_col_id(rows, 0));
    return code;
}

static enum err_code check_roles(
    struct write *w, const struct sharing *sharing, struct error_list *list, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < sharing->role_count && !code; i++) {
        struct role role;
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/roles/%zu", i);
        code = role_find(w->db, w->arena, w->business_id, sharing->roles[i], &role, err);
        if (code == ERR_NOT_FOUND) {
            error_list_add(list, pointer, "%s", err->text);
            code = ERR_OK;
        }
    }
    return code;
}

static enum err_code check(
    struct write *w, const struct sharing *sharing, struct error_list *list, struct error *err)
{
    if (sharing->everyone && sharing->role_count + sharing->employee_count > 0)
        error_list_add(list, "/everyone", "What is shared with everyone names no roles and no employees.");
    enum err_code code = check_roles(w, sharing, list, err);
    if (!code)
        code = employees_check(
            w->db, w->business_id, sharing->employees, sharing->employee_count, "/employees", list, err);
    return code ? code : error_list_refuse(list, err);
}

static struct db_value *put_row(
    struct db_value *v, struct id object_id, struct id subject_id, struct id business_id, bool is_role)
{
    *v++ = db_id(object_id);
    *v++ = db_id(subject_id);
    *v++ = db_id(business_id);
    *v++ = db_int(is_role);
    return v;
}

static enum err_code insert(
    struct write *w, struct id object_id, const struct sharing *sharing, struct error *err)
{
    static const char *const columns[] = {"activity_object_id", "subject_id", "business_id", "is_role"};
    static const struct db_insert insert = {.table = "activity_object_share",
        .columns = columns,
        .column_count = ARRAY_LEN(columns),
        .or_ignore = true};
    size_t count = sharing->role_count + sharing->employee_count;
    struct db_value *values = ARENA_ARRAY(w->arena, struct db_value, count * ARRAY_LEN(columns)), *v = values;
    for (size_t i = 0; i < sharing->role_count; i++)
        v = put_row(v, object_id, sharing->roles[i], w->business_id, true);
    for (size_t i = 0; i < sharing->employee_count; i++)
        v = put_row(v, object_id, sharing->employees[i], w->business_id, false);
    return count ? db_insert_many(w->db, &insert, values, count, err) : ERR_OK;
}

static enum err_code write_down(struct write *w, const struct activity_object *object,
    const struct sharing *before, const struct sharing *after, struct error *err)
{
    struct audit audit = AUDIT(w, "activity_object.sharing_changed", object->id, object->name);
    audit_bool(&audit, "everyone", before->everyone, after->everyone);
    audit_ids(&audit, "roles", before->roles, before->role_count, after->roles, after->role_count);
    audit_ids(&audit, "employees", before->employees, before->employee_count, after->employees,
        after->employee_count);
    return audit_add(&audit, err);
}

enum err_code sharing_set(struct write *w, struct id object_id, int64_t version,
    const struct sharing *sharing, int64_t *new_version, struct error_list *list, struct error *err)
{
    struct activity_object object;
    struct sharing before;
    enum err_code code = object_hold(w, object_id, version, &object, err);
    if (!code)
        code = sharing_read(w->db, w->arena, w->business_id, object_id, &before, err);
    if (!code)
        code = check(w, sharing, list, err);
    if (!code)
        code = object_touch(w, &object, 0, 0, err);
    if (code)
        return code;
    *new_version = object.version;
    code = db_exec(w->db, "UPDATE activity_object SET restricted = $1 WHERE id = $2 AND business_id = $3",
        DB_PARAMS(db_int(!sharing->everyone), db_id(object_id), db_id(w->business_id)), NULL, err);
    if (!code)
        code = db_exec(w->db,
            "DELETE FROM activity_object_share WHERE activity_object_id = $1 AND business_id = $2",
            DB_PARAMS(db_id(object_id), db_id(w->business_id)), NULL, err);
    if (!code)
        code = insert(w, object_id, sharing, err);
    return code ? code : write_down(w, &object, &before, sharing, err);
}
