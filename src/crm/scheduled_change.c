/* What becomes of a Scheduled Activity: it is changed, deleted, completed. Inside the writer's transaction. */
#include "crm/association.h"
#include "crm/mention.h"
#include "crm/scheduled_internal.h"
#include "crm/timeline_change.h"

static const char nowhere[] = "There is no such Scheduled Activity in this Business.";

/* Until the commit nobody else changes it; *logged_activity_id is not nil once it is completed. ERR_NOT_FOUND. */
static enum err_code hold(
    struct db *db, struct id business_id, struct id id, struct id *logged_activity_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT logged_activity_id FROM scheduled_activity WHERE id = $1 AND business_id = $2{update}",
        DB_PARAMS(db_id(id), db_id(business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "%s", nowhere);
    *logged_activity_id = db_col_id(rows, 0);
    return ERR_OK;
}

static enum err_code may_change(struct write *write, enum action action, struct id id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(write->db,
        "SELECT activity_object_id, employee_id, role_id FROM scheduled_activity WHERE id = $1 AND "
        "business_id = $2",
        DB_PARAMS(db_id(id), db_id(write->business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "%s", nowhere);
    const struct thing thing = {.activity_object_id = db_col_id(rows, 0),
        .employee_id = db_col_id(rows, 1),
        .role_id = db_col_id(rows, 2)};
    return write_may(write, action, &thing, err);
}

/* Who may edit one may take it; to give it to somebody else takes the permission to edit that one's. */
static enum err_code may_assign(struct write *write, const struct scheduled_change *change,
    const struct scheduled_activity *scheduled, struct error *err)
{
    struct thing thing = scheduled_thing(scheduled);
    if (change->has.employee)
        thing.employee_id = change->employee_id;
    if (change->has.role)
        thing.role_id = change->role_id;
    return write_may(write, ACTION_ASSIGN_SCHEDULED_ACTIVITY, &thing, err);
}

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

static enum err_code hold_open(
    struct write *write, struct id id, struct scheduled_activity *result, struct error *err)
{
    struct id logged = {0};
    enum err_code code = hold(write->db, write->business_id, id, &logged, err);
    if (code)
        return code;
    result->logged_activity_id = logged;
    return id_is_nil(logged) ? ERR_OK
                             : error_set(err, ERR_CONFLICT,
                                   "This Scheduled Activity is completed; only the activity that it became "
                                   "is left to see.");
}

/* Whom it is for: naming one of the two takes it from the other. */
static enum err_code change_assignment(const struct schedule_check *check,
    const struct scheduled_change *change, struct scheduled_activity *scheduled, struct error *err)
{
    enum err_code code = ERR_OK;
    if (change->has.employee && !id_is_nil(change->employee_id))
        scheduled->role_id = (struct id){0};
    if (change->has.role && !id_is_nil(change->role_id))
        scheduled->employee = (struct person){0};
    if (change->has.employee)
        code = schedule_check_employee(check, change->employee_id, scheduled, err);
    if (!code && change->has.role)
        code = schedule_check_role(check, change->role_id, scheduled, err);
    return code;
}

/* What whoever changes the list may not see stays on it. */
static void keep_hidden(
    struct arena *arena, const struct scheduled_activity *before, struct scheduled_activity *scheduled)
{
    size_t n = scheduled->associated_count;
    struct associated_entity *all =
        ARENA_ARRAY(arena, struct associated_entity, n + before->associated_count);
    if (n)
        memcpy(all, scheduled->associated, n * sizeof *all);
    for (size_t i = 0; i < before->associated_count; i++)
        if (before->associated[i].hidden && !associated_is_all(&before->associated[i]))
            all[n++] = before->associated[i];
    scheduled->associated = all;
    scheduled->associated_count = n;
}

static enum err_code change_associated(const struct schedule_check *check,
    const struct scheduled_change *change, struct scheduled_activity *scheduled, struct error *err)
{
    struct activity_object object; /* what it takes by now */
    enum err_code code =
        object_find(check->db, check->arena, check->actor, scheduled->object.id, NULL, &object, err);
    if (code)
        return code;
    const struct scheduled_activity before = *scheduled;
    code = associations_check(check->db, check->arena, check->actor, &object, change->associated,
        change->associated_count, &scheduled->associated, &scheduled->associated_count, check->list, err);
    if (!code)
        keep_hidden(check->arena, &before, scheduled);
    return code;
}

static enum err_code apply(const struct schedule_check *check, const struct scheduled_change *change,
    struct scheduled_activity *scheduled, struct error *err)
{
    if (change->has.due_at)
        scheduled->due_at = change->due_at;
    if (change->has.note)
        scheduled->note = change->note;
    if (change->has.notify_mentioned)
        scheduled->notify_mentioned = change->notify_mentioned;
    if (change->has.mentions)
        scheduled->mentions_seen = NULL;
    enum err_code code = change_assignment(check, change, scheduled, err);
    if (!code && change->has.mentions)
        code = mentions_check(check->db, check->arena, check->actor, change->mentions, change->mention_count,
            &scheduled->mentions, check->list, err);
    if (!code && change->has.associated)
        code = change_associated(check, change, scheduled, err);
    return code ? code : error_list_refuse(check->list, err);
}

static enum err_code update_row(struct write *write, const struct scheduled_activity *s, struct error *err)
{
    return db_exec(write->db,
        "UPDATE scheduled_activity SET due_at = $1, employee_id = $2, role_id = $3, note = $4, mentions = "
        "$5, "
        "notify_mentioned = $6, updated_at = $7 WHERE id = $8 AND business_id = $9",
        DB_PARAMS(db_int(s->due_at), db_id_or_null(s->employee.id), db_id_or_null(s->role_id),
            db_text(s->note), db_text(s->mentions), db_int(s->notify_mentioned), db_int(s->updated_at),
            db_id(s->id), db_id(write->business_id)),
        NULL, err);
}

/* One more than the highest; 0 without any. */
static enum err_code next_position(struct write *write, struct id id, int64_t *next, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(write->db,
        "SELECT position FROM scheduled_association WHERE scheduled_id = $1 AND business_id = $2 "
        "ORDER BY position DESC LIMIT 1",
        DB_PARAMS(db_id(id), db_id(write->business_id)), &rows, err);
    *next = 0;
    if (!code && db_next(rows, &code, err))
        *next = db_col_int(rows, 0) + 1;
    return code;
}

static enum err_code note(
    struct write *write, enum timeline_change_kind kind, struct id id, struct error *err)
{
    return timeline_note(write->db, write->pos, kind, write->business_id, id, write->now, err);
}

/* The timelines that it leaves hear of it as well as those that it comes to: it is noted while it is on both. */
static enum err_code replace_associations(
    struct write *write, const struct scheduled_activity *s, struct error *err)
{
    int64_t first = 0;
    enum err_code code = next_position(write, s->id, &first, err);
    if (!code)
        code = scheduled_insert_associations(write->db, write->arena, write->business_id, s, first, err);
    if (!code)
        code = note(write, TIMELINE_SCHEDULED_CHANGED, s->id, err);
    if (code)
        return code;
    return db_exec(write->db,
        "DELETE FROM scheduled_association WHERE scheduled_id = $1 AND business_id = $2 AND position < $3",
        DB_PARAMS(db_id(s->id), db_id(write->business_id), db_int(first)), NULL, err);
}

enum err_code scheduled_change(struct write *write, const struct scheduled_change *change,
    struct scheduled_activity *result, struct error_list *list, struct error *err)
{
    struct schedule_check check = {
        .db = write->db, .arena = write->arena, .actor = write->actor, .list = list};
    *result = (struct scheduled_activity){0};
    write_is_data(write);
    enum err_code code = may_change(write, ACTION_EDIT_SCHEDULED_ACTIVITY, change->id, err);
    if (!code)
        code = hold_open(write, change->id, result, err);
    if (!code)
        code = scheduled_find(write->db, write->arena, write->actor, change->id, result, err);
    if (!code)
        code = may_assign(write, change, result, err);
    if (!code)
        code = apply(&check, change, result, err);
    if (code)
        return code;
    result->updated_at = write->now;
    code = change->has.associated ? replace_associations(write, result, err)
                                  : note(write, TIMELINE_SCHEDULED_CHANGED, result->id, err);
    return code ? code : update_row(write, result, err);
}

/* ── deleting ────────────────────────────────────────────────────────────────────────────────── */

enum err_code scheduled_delete(struct write *write, struct id id, struct error *err)
{
    struct id logged = {0};
    write_is_data(write);
    enum err_code code = may_change(write, ACTION_DELETE_SCHEDULED_ACTIVITY, id, err);
    if (!code)
        code = hold(write->db, write->business_id, id, &logged, err);
    if (!code && id_is_nil(logged)) /* a completed one is on no timeline any more */
        code = note(write, TIMELINE_SCHEDULED_DELETED, id, err);
    if (code)
        return code;
    code =
        db_exec(write->db, "DELETE FROM scheduled_association WHERE scheduled_id = $1 AND business_id = $2",
            DB_PARAMS(db_id(id), db_id(write->business_id)), NULL, err);
    if (code)
        return code;
    return db_exec(write->db, "DELETE FROM scheduled_activity WHERE id = $1 AND business_id = $2",
        DB_PARAMS(db_id(id), db_id(write->business_id)), NULL, err);
}

/* ── completing ──────────────────────────────────────────────────────────────────────────────── */

/* Takes it for the activity, unless another one has it: two that want it at once get it one after the other. */
static enum err_code claim(
    struct db *db, const struct scheduled_completion *completion, bool *taken, struct error *err)
{
    static const struct id nobody = {0};
    int64_t changed = 0;
    enum err_code code = db_exec(db,
        "UPDATE scheduled_activity SET completed_at = $1, updated_at = $1, logged_activity_id = $2 "
        "WHERE id = $3 AND business_id = $4 AND completed_at IS NULL AND coalesce(employee_id, $7) = $5 AND "
        "coalesce(role_id, $7) = $6",
        DB_PARAMS(db_int(completion->completed_at), db_id(completion->logged_activity_id),
            db_id(completion->scheduled_id), db_id(completion->business_id), db_id(completion->employee_id),
            db_id(completion->role_id), db_id(nobody)),
        &changed, err);
    *taken = changed > 0;
    return code;
}

/* It is open no more on the timelines that it was on. */
static enum err_code close_associations(
    struct db *db, const struct scheduled_completion *completion, struct error *err)
{
    int64_t changed = 0;
    enum err_code code =
        db_exec(db, "UPDATE scheduled_association SET open = 0 WHERE scheduled_id = $1 AND business_id = $2",
            DB_PARAMS(db_id(completion->scheduled_id), db_id(completion->business_id)), &changed, err);
    if (code || changed == 0)
        return code;
    return timeline_note(db, completion->pos, TIMELINE_COMPLETED, completion->business_id,
        completion->scheduled_id, completion->completed_at, err);
}

enum err_code scheduled_complete_in(
    struct db *db, const struct scheduled_completion *completion, struct id *winner, struct error *err)
{
    bool taken = false;
    enum err_code code = claim(db, completion, &taken, err);
    if (code)
        return code;
    *winner = completion->logged_activity_id;
    if (taken)
        return close_associations(db, completion, err);
    code = hold(db, completion->business_id, completion->scheduled_id, winner, err);
    if (code || !id_is_nil(*winner))
        return code;
    return error_set(err, ERR_NOT_FOUND, "This Scheduled Activity is somebody else's since a moment.");
}
