#include "crm/scheduled.h"

#include "base/clock.h"
#include "base/text.h"
#include "crm/association.h"
#include "crm/business.h"
#include "crm/employee_list.h"
#include "crm/mention.h"
#include "crm/role.h"
#include "crm/scheduled_internal.h"
#include "crm/timeline_change.h"

/* ── checking ────────────────────────────────────────────────────────────────────────────────── */

/* What is not there is the caller's mistake, told with all others; anything else ends the checking. */
static enum err_code complain(
    enum err_code code, const struct schedule_check *check, const char *pointer, const struct error *err)
{
    if (code != ERR_NOT_FOUND && code != ERR_INVALID)
        return code;
    error_list_add(check->list, pointer, "%s", err->text);
    return ERR_OK;
}

enum err_code schedule_check_employee(const struct schedule_check *check, struct id employee_id,
    struct scheduled_activity *scheduled, struct error *err)
{
    scheduled->employee = (struct person){0};
    if (id_is_nil(employee_id))
        return ERR_OK;
    enum err_code code = employee_read_active(
        check->db, check->arena, check->actor->business_id, employee_id, &scheduled->employee, err);
    return complain(code, check, "/employee_id", err);
}

enum err_code schedule_check_role(const struct schedule_check *check, struct id role_id,
    struct scheduled_activity *scheduled, struct error *err)
{
    struct role role = {0};
    enum err_code code = id_is_nil(role_id) ? ERR_OK
                                            : role_find(check->db, check->arena, check->actor->business_id,
                                                  role_id, &role, err);
    scheduled->role_id = role.id;
    scheduled->role_name = role.name;
    return complain(code, check, "/role_id", err);
}

/* ERR_NOT_FOUND: none has that name. ERR_INVALID: several have it. */
static enum err_code find_by_name(
    const struct schedule_check *check, const char *name, struct activity_object *object, struct error *err)
{
    struct page page = {.limit = 2, .from = true, .key = {.text = name}};
    struct activity_object *found;
    size_t count = 0;
    enum err_code code = object_list_shared(
        check->db, check->arena, check->actor, ARCHIVED_LEFT_OUT, &page, &found, &count, err);
    if (code)
        return code;
    if (count > 1 && strcmp(found[1].name, name) == 0)
        return error_set(
            err, ERR_INVALID, "More than one Activity Object is named so; use activity_object_id.");
    if (count > 0 && strcmp(found[0].name, name) == 0) {
        *object = found[0];
        return ERR_OK;
    }
    return object_read_open(check->db, check->arena, check->actor, (struct id){0},
        text_api_name(check->arena, name), object, err);
}

static enum err_code check_object(const struct schedule_check *check, const struct schedule_input *input,
    struct scheduled_activity *scheduled, bool *known, struct error *err)
{
    bool by_name = id_is_nil(input->object_id);
    if (by_name && !input->object_name)
        return ERR_OK; /* told already */
    enum err_code code = by_name ? find_by_name(check, input->object_name, &scheduled->object, err)
                                 : object_read_open(check->db, check->arena, check->actor, input->object_id,
                                       NULL, &scheduled->object, err);
    if (!code && access_is_hidden(check->actor, scheduled->object.id))
        code = error_set(err, ERR_NOT_FOUND, "There is no such Activity Object in this Business.");
    *known = !code;
    return complain(code, check, by_name ? "/activity_object_name" : "/activity_object_id", err);
}

static enum err_code check_all(const struct schedule_check *check, const struct schedule_input *input,
    struct scheduled_activity *scheduled, struct error *err)
{
    bool known = false;
    enum err_code code = check_object(check, input, scheduled, &known, err);
    if (!code)
        code = schedule_check_employee(check, input->employee_id, scheduled, err);
    if (!code)
        code = schedule_check_role(check, input->role_id, scheduled, err);
    if (!code)
        code = mentions_check(check->db, check->arena, check->actor, input->mentions, input->mention_count,
            &scheduled->mentions, check->list, err);
    if (!code)
        code = associations_check(check->db, check->arena, check->actor, known ? &scheduled->object : NULL,
            input->associated, input->associated_count, &scheduled->associated, &scheduled->associated_count,
            check->list, err);
    if (!code)
        code = error_list_refuse(check->list, err);
    struct thing thing = scheduled_thing(scheduled);
    return code ? code : may(check->actor, ACTION_SCHEDULE_ACTIVITY, &thing, err);
}

enum err_code scheduled_prepare(struct db *db, struct arena *arena, const struct actor *actor,
    const struct schedule_input *input, struct schedule_unit *unit, struct error_list *list,
    struct error *err)
{
    struct schedule_check check = {.db = db, .arena = arena, .actor = actor, .list = list};
    int64_t now = clock_wall_us();
    unit->business_id = actor->business_id;
    unit->settings_version = actor->settings_version;
    unit->scheduled = (struct scheduled_activity){.id = id_new(),
        .due_at = input->due_at,
        .original_due_at = input->original_due_at,
        .note = input->note,
        .notify_mentioned = input->notify_mentioned,
        .scheduled_by = actor->employee,
        .created_at = now,
        .updated_at = now};
    enum err_code code = may(actor, ACTION_SCHEDULE_ACTIVITY, NULL, err);
    return code ? code : check_all(&check, input, &unit->scheduled, err);
}

/* ── creating ────────────────────────────────────────────────────────────────────────────────── */

static struct schedule_unit *schedule_of(struct unit *unit)
{
    return CONTAINER_OF(unit, struct schedule_unit, unit);
}

/* All units of a batch in one statement. */
static enum err_code insert_rows(
    struct db *db, struct arena *arena, struct unit **units, size_t n, struct error *err)
{
    static const char *const columns[] = {"id", "business_id", "activity_object_id", "scheduled_by",
        "created_at", "updated_at", "due_at", "original_due_at", "employee_id", "role_id", "note", "mentions",
        "notify_mentioned"};
    static const struct db_insert insert = {
        .table = "scheduled_activity", .columns = columns, .column_count = ARRAY_LEN(columns)};
    struct db_value *values = ARENA_ARRAY(arena, struct db_value, n * ARRAY_LEN(columns)), *v = values;
    for (size_t i = 0; i < n; i++) {
        const struct schedule_unit *unit = schedule_of(units[i]);
        const struct scheduled_activity *s = &unit->scheduled;
        *v++ = db_id(s->id);
        *v++ = db_id(unit->business_id);
        *v++ = db_id(s->object.id);
        *v++ = db_id(s->scheduled_by.id);
        *v++ = db_int(s->created_at);
        *v++ = db_int(s->updated_at);
        *v++ = db_int(s->due_at);
        *v++ = db_int(s->original_due_at);
        *v++ = db_id_or_null(s->employee.id);
        *v++ = db_id_or_null(s->role_id);
        *v++ = db_text(s->note);
        *v++ = db_text(s->mentions);
        *v++ = db_int(s->notify_mentioned);
    }
    return db_insert_many(db, &insert, values, n, err);
}

#define ASSOCIATION_COLUMNS 6

static struct db_value *put_associations(
    struct db_value *v, struct id business_id, const struct scheduled_activity *scheduled, int64_t first)
{
    for (size_t i = 0; i < scheduled->associated_count; i++) {
        *v++ = db_id(scheduled->id);
        *v++ = db_id(business_id);
        *v++ = db_int(first + (int64_t)i);
        *v++ = db_id(scheduled->associated[i].object_id);
        *v++ = db_id(scheduled->associated[i].id);
        *v++ = db_int(1);
    }
    return v;
}

static enum err_code insert_associations(
    struct db *db, const struct db_value *values, size_t count, struct error *err)
{
    static const char *const columns[ASSOCIATION_COLUMNS] = {
        "scheduled_id", "business_id", "position", "object_id", "record_id", "open"};
    static const struct db_insert insert = {
        .table = "scheduled_association", .columns = columns, .column_count = ASSOCIATION_COLUMNS};
    return count ? db_insert_many(db, &insert, values, count, err) : ERR_OK;
}

enum err_code scheduled_insert_associations(struct db *db, struct arena *arena, struct id business_id,
    const struct scheduled_activity *scheduled, int64_t first, struct error *err)
{
    size_t count = scheduled->associated_count;
    struct db_value *values = ARENA_ARRAY(arena, struct db_value, count * ASSOCIATION_COLUMNS);
    put_associations(values, business_id, scheduled, first);
    return insert_associations(db, values, count, err);
}

static enum err_code insert_all_associations(
    struct db *db, struct arena *arena, struct unit **units, size_t n, struct error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += schedule_of(units[i])->scheduled.associated_count;
    struct db_value *values = ARENA_ARRAY(arena, struct db_value, count * ASSOCIATION_COLUMNS), *v = values;
    for (size_t i = 0; i < n; i++) {
        const struct schedule_unit *unit = schedule_of(units[i]);
        v = put_associations(v, unit->business_id, &unit->scheduled, 0);
    }
    return insert_associations(db, values, count, err);
}

/* On the timelines of what it is about. */
static enum err_code note_scheduled(struct db *db, const struct schedule_unit *unit, struct error *err)
{
    const struct scheduled_activity *s = &unit->scheduled;
    return s->associated_count == 0 ? ERR_OK
                                    : timeline_note(db, unit->unit.pos, TIMELINE_SCHEDULED, unit->business_id,
                                          s->id, s->created_at, err);
}

/* Refuses those that were prepared under other settings than the ones in force; keeps the rest, in order. */
static enum err_code keep_current(
    struct db *db, struct unit **units, size_t n, struct unit **current, size_t *count, struct error *err)
{
    struct id business = {0};
    int64_t version = -1;
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct schedule_unit *unit = schedule_of(units[i]);
        if (!id_equal(unit->business_id, business)) {
            business = unit->business_id;
            enum err_code code = business_hold_version(db, business, &version, err);
            if (code)
                return code;
        }
        if (unit->settings_version == version)
            current[(*count)++] = units[i];
        else
            error_set(&units[i]->result, ERR_STALE, "The settings have changed in this moment.");
    }
    return ERR_OK;
}

static enum err_code schedule_run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct unit **current = ARENA_ARRAY(arena, struct unit *, n);
    size_t count;
    enum err_code code = keep_current(db, units, n, current, &count, err);
    if (!code && count)
        code = insert_rows(db, arena, current, count, err);
    if (!code)
        code = insert_all_associations(db, arena, current, count, err);
    for (size_t i = 0; i < count && !code; i++)
        code = note_scheduled(db, schedule_of(current[i]), err);
    return code;
}

static void schedule_done(struct unit *unit)
{
    struct schedule_unit *schedule = schedule_of(unit);
    schedule->done(schedule, &unit->result);
}

enum err_code scheduled_submit(struct crm *crm, struct schedule_unit *unit, struct error *err)
{
    static const struct unit_kind kind = {.name = "schedule", .run = schedule_run};
    unit->unit = (struct unit){.kind = &kind, .ctx = crm, .done = schedule_done};
    return writer_submit(crm->writer, &unit->unit, err);
}
