#include "crm/logged.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "crm/business.h"
#include "crm/check.h"
#include "crm/mention.h"

/* ── preparing ───────────────────────────────────────────────────────────────────────────────── */

static enum err_code prepare_object(struct db *db, struct arena *arena, const struct actor *actor,
    const struct log_input *input, struct log_unit *log, struct error_list *list, struct error *err)
{
    enum err_code code =
        object_read_open(db, arena, actor, input->object_id, input->object_name, &log->activity.object, err);
    if (code == ERR_NOT_FOUND) {
        error_list_add(
            list, input->object_name ? "/activity_object_name" : "/activity_object_id", "%s", err->text);
        return ERR_OK;
    }
    return code;
}

static enum err_code prepare_associated(struct db *db, struct arena *arena, const struct actor *actor,
    const struct log_input *input, struct log_unit *log, struct error_list *list, struct error *err)
{
    struct logged_activity *activity = &log->activity;
    activity->associated = ARENA_ARRAY(arena, struct associated_entity, input->associated_count);
    activity->associated_count = input->associated_count;
    for (size_t i = 0; i < input->associated_count; i++) {
        struct record_ref record;
        enum err_code code = record_find(db, arena, actor, input->associated[i], &record, err);
        if (!code && record.archived)
            code = error_set(err, ERR_NOT_FOUND, "This record is archived.");
        if (code == ERR_NOT_FOUND) {
            char pointer[64];
            snprintf(pointer, sizeof pointer, "/associated_entities/%zu/id", i);
            error_list_add(list, pointer, "%s", err->text);
            continue;
        }
        if (code)
            return code;
        activity->associated[i] = (struct associated_entity){.id = record.id,
            .object_id = record.object_id,
            .display_name = record.display_name,
            .object_name = record.object_name};
    }
    return ERR_OK;
}

static void check_association_mode(const struct logged_activity *activity, struct error_list *list)
{
    if (activity->object.association_mode == ASSOCIATE_NONE && activity->associated_count > 0)
        error_list_add(list, "/associated_entities", "Activities of the type %.60s are not about records.",
            activity->object.name);
}

enum err_code logged_prepare(struct db *db, struct arena *arena, const struct actor *actor,
    const struct log_input *input, struct log_unit *log, struct error_list *list, struct error *err)
{
    enum err_code code = may(actor, ACTION_LOG_ACTIVITY, actor->business_id, err);
    if (!code)
        code = prepare_object(db, arena, actor, input, log, list, err);
    if (!code)
        code = prepare_associated(db, arena, actor, input, log, list, err);
    if (!code)
        code = mentions_check(
            db, arena, actor, input->mentions, input->mention_count, &log->activity.mentions, list, err);
    if (code)
        return code;
    check_association_mode(&log->activity, list);
    if (list->count)
        return error_set(err, ERR_INVALID, "%s", list->items[0].text);

    log->business_id = actor->business_id;
    log->settings_version = actor->settings_version;
    log->activity.id = id_new();
    log->activity.logged_at = clock_wall_us();
    log->activity.logged_by = actor->employee;
    log->activity.notes = input->notes;
    log->activity.delivery_id = object_has_webhook(&log->activity.object) ? id_new() : (struct id){0};
    return ERR_OK;
}

/* ── the transaction ─────────────────────────────────────────────────────────────────────────── */

static struct log_unit *log_of(struct unit *unit)
{
    return CONTAINER_OF(unit, struct log_unit, unit);
}

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

static const char *const activity_columns[] = {"id", "business_id", "lane", "seq", "activity_object_id",
    "logged_by", "logged_at", "completed_at", "completed_by", "scheduled_activity_id", "mentions", "notes",
    "delivery_id"};
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

static enum err_code log_run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    const struct crm *crm = units[0]->ctx;
    struct log_unit *current[n];
    size_t count;
    enum err_code code = keep_current(db, units, n, current, &count, err);
    if (code || count == 0)
        return code;
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    code = insert_activities(db, arena, current, count, err);
    if (!code)
        code = insert_associations(db, arena, current, count, err);
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

static const struct unit_kind log_kind = {.name = "log", .run = log_run, .committed = log_committed};

enum err_code logged_submit(struct crm *crm, struct log_unit *log, struct error *err)
{
    log->unit = (struct unit){.kind = &log_kind, .ctx = crm, .done = log_done};
    return writer_submit(crm->writer, &log->unit, err);
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static enum err_code read_associated(struct db *db, struct arena *arena, const struct actor *actor,
    struct logged_activity *activity, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    activity->associated = ARENA_ARRAY(arena, struct associated_entity, LIST_MOST);
    enum err_code code = db_query(db,
        "SELECT r.id, r.display_name, a.object_id, o.name FROM activity_association a "
        "JOIN record r ON r.id = a.record_id AND r.business_id = a.business_id "
        "JOIN record_object o ON o.id = r.object_id AND o.business_id = r.business_id "
        "WHERE a.activity_id = $1 AND a.business_id = $2 ORDER BY a.position",
        DB_PARAMS(db_id(activity->id), db_id(actor->business_id)), &rows, err);
    while (!code && activity->associated_count < LIST_MOST && db_next(rows, &code, err))
        activity->associated[activity->associated_count++] =
            (struct associated_entity){.id = db_col_id(rows, 0),
                .display_name = db_col_text_copy(rows, 1, arena),
                .object_id = db_col_id(rows, 2),
                .object_name = db_col_text_copy(rows, 3, arena)};
    return code;
}

static enum err_code read_row(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct logged_activity *activity, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT l.logged_at, l.completed_at, l.scheduled_activity_id, l.mentions, l.notes, l.delivery_id, "
        "l.logged_by, l.completed_by, o.id, o.name, o.api_name, o.association_mode "
        "FROM logged_activity l JOIN activity_object o ON o.id = l.activity_object_id AND o.business_id = "
        "l.business_id "
        "WHERE l.id = $1 AND l.business_id = $2",
        DB_PARAMS(db_id(id), db_id(actor->business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code
                    : error_set(err, ERR_NOT_FOUND, "There is no such Logged Activity in this Business.");
    *activity = (struct logged_activity){
        .id = id,
        .logged_at = db_col_int(rows, 0),
        .completed_at = db_col_int(rows, 1),
        .scheduled_activity_id = db_col_id(rows, 2),
        .mentions = db_col_text_copy(rows, 3, arena),
        .notes = db_col_text_copy(rows, 4, arena),
        .delivery_id = db_col_id(rows, 5),
        .logged_by.id = db_col_id(rows, 6),
        .completed_by.id = db_col_id(rows, 7),
        .object = {.id = db_col_id(rows, 8),
            .business_id = actor->business_id,
            .name = db_col_text_copy(rows, 9, arena),
            .api_name = db_col_text_copy(rows, 10, arena),
            .association_mode = (enum association_mode)db_col_int(rows, 11)},
    };
    return ERR_OK;
}

enum err_code logged_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct logged_activity *activity, struct error *err)
{
    enum err_code code = may(actor, ACTION_VIEW_ACTIVITY, actor->business_id, err);
    if (!code)
        code = read_row(db, arena, actor, id, activity, err);
    if (!code)
        code = person_read(db, arena, actor->business_id, activity->logged_by.id, &activity->logged_by, err);
    if (!code && !id_is_nil(activity->completed_by.id))
        code = person_read(
            db, arena, actor->business_id, activity->completed_by.id, &activity->completed_by, err);
    return code ? code : read_associated(db, arena, actor, activity, err);
}
