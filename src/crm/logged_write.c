/* The transaction that logs: what it decides, what it refuses, and the rows of those that are left (I1, I3). */
#include "base/alloc.h"
#include "base/metrics.h"
#include "crm/business.h"
#include "crm/logged_internal.h"
#include "crm/scheduled.h"
#include "db/locks.h"

static struct log_unit *log_of(struct unit *unit)
{
    return CONTAINER_OF(unit, struct log_unit, unit);
}

/* ── what is refused ─────────────────────────────────────────────────────────────────────────── */

/* Refuses those that were prepared under other settings than the ones in force; keeps the rest, in order. */
static enum err_code keep_current(
    struct db *db, struct unit **units, size_t n, struct log_unit **current, size_t *count, struct error *err)
{
    struct id business = {0};
    int64_t version = -1;
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        struct log_unit *log = log_of(units[i]);
        if (!id_equal(log->business_id, business)) {
            business = log->business_id;
            enum err_code code = business_hold_version(db, business, &version, err);
            if (code)
                return code;
        }
        if (log->settings_version == version)
            current[(*count)++] = log;
        else
            error_set(&units[i]->result, ERR_STALE, "The settings have changed in this moment.");
    }
    return ERR_OK;
}

/* The row of its key is written, or somebody was before and the unit is refused with the first one's answer. */
static enum err_code decide_repeat(struct db *db, struct log_unit *log, struct error *err)
{
    struct idempotent_answer answer = {.activity_id = log->activity.id, .text = log->answer};
    bool first;
    enum err_code code = idempotency_store(db, log->idempotency, &answer, &first, err);
    if (code || first)
        return code;
    struct error *result = &log->unit.result;
    code = idempotency_find(db, log->arena, log->idempotency, &log->first, result);
    if (code == ERR_INVALID || code == ERR_CONFLICT)
        return ERR_OK; /* this unit's own fault, and told to it alone */
    if (code) {
        *err = *result;
        return code;
    }
    error_set(result, ERR_CONFLICT, "This was logged already with the same Idempotency-Key.");
    return ERR_OK;
}

/*
 * Likewise for the Scheduled Activity; a unit that loses has no key either: nothing was logged for it. One that was
 * deleted meanwhile is looked for again (ERR_STALE), and missed in the ordinary way.
 */
static enum err_code decide_completion(struct db *db, struct log_unit *log, struct error *err)
{
    const struct logged_activity *activity = &log->activity;
    struct scheduled_completion completion = {.business_id = log->business_id,
        .scheduled_id = activity->scheduled_activity_id,
        .employee_id = log->assigned_employee_id,
        .role_id = log->assigned_role_id,
        .logged_activity_id = activity->id,
        .completed_at = activity->completed_at,
        .pos = log->unit.pos};
    struct id winner;
    enum err_code code = scheduled_complete_in(db, &completion, &winner, err);
    if (code == ERR_NOT_FOUND)
        error_set(&log->unit.result, ERR_STALE, "%s", err->text);
    else if (code || id_equal(winner, activity->id))
        return code;
    else {
        log->completed_by = winner;
        error_set(&log->unit.result, ERR_CONFLICT, COMPLETED_BEFORE);
    }
    return log->idempotency ? idempotency_forget(db, log->idempotency, err) : ERR_OK;
}

/* A record that is gone is looked for again, and missed in the ordinary way. */
static enum err_code decide_bound(struct db *db, struct log_unit *log, struct error *err)
{
    struct error *result = &log->unit.result;
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < log->bound_count && !code && !result->code; i++) {
        const struct bound_record *bound = &log->bound[i];
        code = record_check_values(
            db, log->arena, log->business_id, bound->record_id, bound->values, bound->count, result, err);
    }
    if (code != ERR_NOT_FOUND)
        return code;
    error_set(result, ERR_STALE, "A record has gone in this moment.");
    return ERR_OK;
}

static enum err_code decide(struct db *db, struct log_unit *log, struct error *err)
{
    log->first = (struct idempotent_answer){0};
    log->completed_by = (struct id){0};
    enum err_code code = decide_bound(db, log, err);
    if (!code && !log->unit.result.code && log->idempotency)
        code = decide_repeat(db, log, err);
    if (!code && !log->unit.result.code && !id_is_nil(log->activity.scheduled_activity_id))
        code = decide_completion(db, log, err);
    return code;
}

/* What only the transaction can tell, before anything else of a unit is written. Keeps those that are not refused. */
static enum err_code keep_first(struct db *db, struct log_unit **logs, size_t *count, struct error *err)
{
    size_t kept = 0, keys = 0;
    int64_t expired = 0;
    for (size_t i = 0; i < *count; i++) {
        struct log_unit *log = logs[i];
        enum err_code code = decide(db, log, err);
        if (code)
            return code;
        if (log->idempotency && ++keys)
            expired = log->idempotency->now - log->idempotency->keep_us;
        if (!log->unit.result.code)
            logs[kept++] = log;
    }
    *count = kept;
    return keys ? idempotency_expire(db, expired, 2 * keys, NULL, err) : ERR_OK;
}

/* ── the rows ────────────────────────────────────────────────────────────────────────────────── */

static const char *const activity_columns[] = {"id", "business_id", "lane", "seq", "activity_object_id",
    "logged_by", "logged_at", "completed_at", "completed_by", "scheduled_activity_id", "mentions", "notes",
    "field_values", "delivery_id"};
static const struct db_insert insert_activity = {
    .table = "logged_activity", .columns = activity_columns, .column_count = ARRAY_LEN(activity_columns)};

static enum err_code insert_activities(
    struct db *db, struct arena *arena, struct log_unit **logs, size_t n, struct error *err)
{
    struct db_value *values = ARENA_ARRAY(arena, struct db_value, n * ARRAY_LEN(activity_columns)),
                    *v = values;
    for (size_t i = 0; i < n; i++) {
        const struct logged_activity *a = &logs[i]->activity;
        *v++ = db_id(a->id);
        *v++ = db_id(logs[i]->business_id);
        *v++ = db_int(logs[i]->unit.pos.lane);
        *v++ = db_int(logs[i]->unit.pos.seq);
        *v++ = db_id(a->object.id);
        *v++ = db_id(a->logged_by.id);
        *v++ = db_int(a->logged_at);
        *v++ = a->completed_at ? db_int(a->completed_at) : db_null(DB_INT);
        *v++ = db_id_or_null(a->completed_by.id);
        *v++ = db_id_or_null(a->scheduled_activity_id);
        *v++ = db_text(a->mentions);
        *v++ = db_text(a->notes);
        *v++ = db_text(a->field_values);
        *v++ = db_id_or_null(a->delivery_id);
    }
    return db_insert_many(db, &insert_activity, values, n, err);
}

static const char *const association_columns[] = {
    "activity_id", "business_id", "position", "object_id", "record_id"};
static const struct db_insert insert_association = {.table = "activity_association",
    .columns = association_columns,
    .column_count = ARRAY_LEN(association_columns)};

static enum err_code insert_associations(
    struct db *db, struct arena *arena, struct log_unit **logs, size_t n, struct error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += logs[i]->activity.associated_count;
    struct db_value *values = ARENA_ARRAY(arena, struct db_value, total * ARRAY_LEN(association_columns)),
                    *v = values;
    for (size_t i = 0; i < n; i++) {
        const struct logged_activity *a = &logs[i]->activity;
        for (size_t j = 0; j < a->associated_count; j++) {
            *v++ = db_id(a->id);
            *v++ = db_id(logs[i]->business_id);
            *v++ = db_int((int64_t)j);
            *v++ = db_id(a->associated[j].object_id);
            *v++ = db_id(a->associated[j].id);
        }
    }
    return db_insert_many(db, &insert_association, values, total, err);
}

/*
 * Bound values. What a record refuses only by now (two of this batch want one email) fails the batch, and in the end
 * the one unit whose fault it is.
 */
static enum err_code write_bound(
    struct db *db, struct arena *arena, const struct log_unit *log, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < log->bound_count && !code; i++) {
        const struct bound_record *bound = &log->bound[i];
        code = record_write_values(
            db, arena, log->business_id, bound->record_id, bound->values, bound->count, err);
    }
    return code == ERR_NOT_FOUND ? error_set(err, ERR_STALE, "A record has gone in this moment.") : code;
}

/* ── the unit ────────────────────────────────────────────────────────────────────────────────── */

static enum err_code log_run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    struct crm *crm = units[0]->ctx;
    struct log_unit *current[n];
    size_t count;
    enum err_code code = keep_current(db, units, n, current, &count, err);
    if (!code)
        code = keep_first(db, current, &count, err);
    if (code || count == 0)
        return code;
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    code = insert_activities(db, arena, current, count, err);
    if (!code)
        code = insert_associations(db, arena, current, count, err);
    for (size_t i = 0; i < count && !code; i++)
        code = write_bound(db, arena, current[i], err);
    for (size_t i = 0; i < crm->step_count && !code; i++)
        code = crm->steps[i].run(crm->steps[i].ctx, db, current, count, err);
    return code;
}

static void log_committed(struct unit **units, size_t n)
{
    const struct crm *crm = units[0]->ctx;
    struct log_unit *logs[n];
    for (size_t i = 0; i < n; i++)
        logs[i] = log_of(units[i]);
    metric_add(METRIC_activities_logged_total, (int64_t)n);
    for (size_t i = 0; i < crm->step_count; i++)
        crm->steps[i].committed(crm->steps[i].ctx, logs, n);
}

static void log_done(struct unit *unit)
{
    struct log_unit *log = log_of(unit);
    log->done(log, &unit->result);
}

static void log_name_locks(const struct unit *unit, struct lock_list *list)
{
    const struct log_unit *log = CONTAINER_OF(unit, const struct log_unit, unit);
    struct id scheduled_id = log->activity.scheduled_activity_id;
    lock_list_add(list, log->business_id.bytes, sizeof log->business_id.bytes, false);
    if (log->idempotency)
        lock_list_add(list, log->idempotency->key.bytes, IDEMPOTENCY_HASH_LEN, true);
    if (!id_is_nil(scheduled_id))
        lock_list_add(list, scheduled_id.bytes, sizeof scheduled_id.bytes, true);
    for (size_t i = 0; i < log->bound_count; i++)
        lock_list_add(list, log->bound[i].record_id.bytes, sizeof log->bound[i].record_id.bytes, true);
}

static const struct unit_kind log_kind = {
    .name = "log", .run = log_run, .name_locks = log_name_locks, .committed = log_committed};

enum err_code logged_submit(struct crm *crm, struct log_unit *log, struct error *err)
{
    log->unit = (struct unit){.kind = &log_kind, .ctx = crm, .done = log_done};
    return writer_submit(crm->writer, &log->unit, err);
}
