#include "crm/scheduled.h"

#include "base/clock.h"
#include "base/text.h"
#include "crm/mention.h"

static enum err_code find_object(struct db *db, struct arena *arena, const struct actor *actor,
    const struct schedule_input *input, struct activity_object *object, struct error_list *list,
    struct error *err)
{
    bool by_name = id_is_nil(input->object_id);
    enum err_code code = object_read_open(db, arena, actor, input->object_id,
        by_name ? text_api_name(arena, input->object_name) : NULL, object, err);
    if (code != ERR_NOT_FOUND)
        return code;
    error_list_add(list, by_name ? "/activity_object_name" : "/activity_object_id", "%s", err->text);
    return ERR_OK;
}

static enum err_code check_employee(struct db *db, struct arena *arena, const struct actor *actor,
    const struct schedule_input *input, struct error_list *list, struct error *err)
{
    struct person person;
    enum err_code code = id_is_nil(input->employee_id)
                             ? ERR_OK
                             : person_read(db, arena, actor->business_id, input->employee_id, &person, err);
    if (code != ERR_NOT_FOUND)
        return code;
    error_list_add(list, "/employee_id", "%s", err->text);
    return ERR_OK;
}

enum err_code scheduled_prepare(struct db *db, struct arena *arena, const struct actor *actor,
    const struct schedule_input *input, struct schedule_unit *unit, struct error_list *list,
    struct error *err)
{
    struct scheduled_activity *scheduled = &unit->scheduled;
    unit->business_id = actor->business_id;
    unit->scheduled_by = actor->employee.id;
    *scheduled = (struct scheduled_activity){.id = id_new(),
        .due_at = input->due_at,
        .original_due_at = input->original_due_at,
        .employee_id = input->employee_id,
        .note = input->note,
        .notify_mentioned = input->notify_mentioned};
    enum err_code code = may(actor, ACTION_SCHEDULE_ACTIVITY, actor->business_id, err);
    if (!code)
        code = find_object(db, arena, actor, input, &scheduled->object, list, err);
    if (!code)
        code = check_employee(db, arena, actor, input, list, err);
    if (!code)
        code = mentions_check(
            db, arena, actor, input->mentions, input->mention_count, &scheduled->mentions, list, err);
    if (!code && list->count)
        code = error_set(err, ERR_INVALID, "%s", list->items[0].text);
    return code;
}

static struct schedule_unit *schedule_of(struct unit *unit)
{
    return CONTAINER_OF(unit, struct schedule_unit, unit);
}

static enum err_code insert(struct db *db, const struct schedule_unit *unit, struct error *err)
{
    const struct scheduled_activity *s = &unit->scheduled;
    return db_exec(db,
        "INSERT INTO scheduled_activity (id, business_id, activity_object_id, scheduled_by, created_at, "
        "due_at, "
        "original_due_at, employee_id, note, mentions, notify_mentioned) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        DB_PARAMS(db_id(s->id), db_id(unit->business_id), db_id(s->object.id), db_id(unit->scheduled_by),
            db_int(clock_wall_us()), db_int(s->due_at), db_int(s->original_due_at),
            db_id_or_null(s->employee_id), db_text(s->note), db_text(s->mentions),
            db_int(s->notify_mentioned)),
        NULL, err);
}

static enum err_code schedule_run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < n && !code; i++)
        code = insert(db, schedule_of(units[i]), err);
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
