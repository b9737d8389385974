/* The facts on which access.c decides. */
#include "crm/access.h"
#include "crm/id_list.h"

/* What a row is. */
enum { GRANTS = 0, ROLE = 1, HIDDEN = 2 };

#define GROUP_COLUMNS "g.id, g.activities, g.scheduled, g.records, g.objects, g.webhooks, g.people, g.audit "
#define NO_GRANTS "0, 0, 0, 0, 0, 0, 0 "

/* $1 the employee, $2 the Business. */
static const char facts[] =
    "SELECT 0, " GROUP_COLUMNS "FROM employee_group m "
    "JOIN permission_group g ON g.id = m.group_id AND g.business_id = m.business_id "
    "WHERE m.employee_id = $1 AND m.business_id = $2 "
    "UNION ALL SELECT 0, " GROUP_COLUMNS "FROM employee_role r "
    "JOIN role_group m ON m.role_id = r.role_id AND m.business_id = r.business_id "
    "JOIN permission_group g ON g.id = m.group_id AND g.business_id = m.business_id "
    "WHERE r.employee_id = $1 AND r.business_id = $2 "
    "UNION ALL SELECT 1, r.role_id, " NO_GRANTS "FROM employee_role r "
    "WHERE r.employee_id = $1 AND r.business_id = $2 "
    "UNION ALL SELECT 2, o.id, " NO_GRANTS "FROM activity_object o "
    "WHERE o.business_id = $2 AND o.restricted = 1 AND NOT EXISTS (SELECT 1 FROM activity_object_share s "
    "WHERE s.activity_object_id = o.id AND s.business_id = $2 AND (s.subject_id = $1 OR s.subject_id IN "
    "(SELECT r.role_id FROM employee_role r WHERE r.employee_id = $1 AND r.business_id = $2)))";

static void add_grants(struct db_rows *rows, const struct actor *actor, struct access *access)
{
    access->owner |= id_equal(db_col_id(rows, 1), actor->business_id);
    for (int kind = 0; kind < PERMISSION_KINDS; kind++)
        access->grants.of[kind] |= db_col_int(rows, 2 + kind);
}

enum err_code access_load(struct db *db, struct arena *arena, const struct actor *actor,
    const struct access **access, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct access *read = ARENA_NEW(arena, struct access);
    struct ids roles = {0}, hidden = {0};
    *read = (struct access){0};
    enum err_code code =
        db_query(db, facts, DB_PARAMS(db_id(actor->employee.id), db_id(actor->business_id)), &rows, err);
    while (!code && db_next(rows, &code, err)) {
        int64_t what = db_col_int(rows, 0);
        if (what == GRANTS)
            add_grants(rows, actor, read);
        else
            ids_add(arena, what == ROLE ? &roles : &hidden, db_col_id(rows, 1));
    }
    read->roles = roles.items;
    read->role_count = roles.count;
    read->hidden = hidden.items;
    read->hidden_count = hidden.count;
    *access = read;
    return code;
}

enum err_code actor_still_may(struct db *db, struct arena *arena, struct actor *actor, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, "SELECT settings_version FROM business WHERE id = $1",
        DB_PARAMS(db_id(actor->business_id)), &rows, err);
    bool found = !code && db_next(rows, &code, err);
    /* A session ends, and a key expires, without a change of settings. */
    bool lasts = id_is_nil(actor->credential.session_id) && credential_lasts(&actor->credential);
    if (code || !found || (lasts && db_col_int(rows, 0) == actor->settings_version))
        return code;
    struct actor now;
    code = actor_again(db, arena, actor, &now, err);
    return code ? code : access_load(db, arena, actor, &actor->access, err);
}
