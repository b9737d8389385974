/* What is asked for, checked as a whole: all that is wrong is found, and told at once. Nothing is written. */
#include "base/clock.h"
#include "crm/association.h"
#include "crm/facts.h"
#include "crm/logged_internal.h"
#include "crm/mention.h"
#include "crm/scheduled.h"

/* What the checks have in hand. */
struct preparing {
    struct db *db;
    struct arena *arena;
    const struct actor *actor;
    const struct log_input *input;
    struct log_unit *log;
    struct scheduled_activity scheduled; /* if the input names one that is there */
    const struct activity_type *type; /* NULL: not known */
    struct error_list *list;
};

/* ── the Scheduled Activity and the Activity Object ──────────────────────────────────────────── */

static enum err_code prepare_completion(struct preparing *p, struct error *err)
{
    struct id scheduled_id = p->input->scheduled_activity_id;
    if (id_is_nil(scheduled_id))
        return ERR_OK;
    enum err_code code = scheduled_find(p->db, p->arena, p->actor, scheduled_id, &p->scheduled, err);
    const struct thing thing = scheduled_thing(&p->scheduled);
    if (!code)
        code = may(p->actor, ACTION_COMPLETE_ACTIVITY, &thing, err);
    if (code == ERR_NOT_FOUND && !p->input->completing) {
        error_list_add(p->list, "/scheduled_activity_id", "%s", err->text);
        return ERR_OK;
    }
    p->log->assigned_employee_id = p->scheduled.employee.id;
    p->log->assigned_role_id = p->scheduled.role_id;
    if (code || id_is_nil(p->scheduled.logged_activity_id))
        return code;
    p->log->completed_by = p->scheduled.logged_activity_id;
    return error_set(err, ERR_CONFLICT, COMPLETED_BEFORE);
}

static enum err_code read_type(
    struct preparing *p, struct id id, const struct activity_type **type, struct error *err)
{
    const char *api_name = p->input->object_name;
    if (p->input->facts)
        return facts_type(p->input->facts, p->db, p->arena, p->actor, id, api_name, type, err);
    struct activity_type *read = ARENA_NEW(p->arena, struct activity_type);
    *type = read;
    return activity_type_read(p->db, p->arena, p->actor, id, api_name, read, err);
}

static enum err_code prepare_object(struct preparing *p, struct error *err)
{
    const struct log_input *input = p->input;
    bool named = input->object_name || !id_is_nil(input->object_id);
    struct id scheduled = p->scheduled.object.id;
    const char *pointer = input->object_name ? "/activity_object_name" : "/activity_object_id";
    if (!named && id_is_nil(scheduled))
        return ERR_OK; /* told already, or the Scheduled Activity is not there */
    struct id id = named ? input->object_id : scheduled;
    const struct activity_type *type;
    enum err_code code = read_type(p, id, &type, err);
    if (!code && id_is_nil(scheduled)) { /* who may complete it may do so, whatever else they may log */
        const struct thing thing = {
            .activity_object_id = type->object.id, .employee_id = p->actor->employee.id};
        code = may(p->actor, ACTION_LOG_ACTIVITY, &thing, err);
    }
    if (code == ERR_NOT_FOUND) {
        error_list_add(p->list, pointer, "%s%s", err->text,
            input->object_name ? " activity_object_name is its api_name here." : "");
        return ERR_OK;
    }
    if (code)
        return code;
    p->type = type;
    p->log->activity.object = type->object;
    if (!id_is_nil(scheduled) && !id_equal(scheduled, type->object.id))
        error_list_add(p->list, pointer, "The Scheduled Activity is of another type.");
    return ERR_OK;
}

/* ── what it is about ────────────────────────────────────────────────────────────────────────── */

/* What was scheduled is what was done, with records that have been archived since, too. */
static void inherit_scheduled(struct preparing *p)
{
    const struct scheduled_activity *scheduled = &p->scheduled;
    struct logged_activity *activity = &p->log->activity;
    activity->associated = ARENA_ARRAY(p->arena, struct associated_entity, scheduled->associated_count);
    for (size_t i = 0; i < scheduled->associated_count; i++) {
        const struct associated_entity *entity = &scheduled->associated[i];
        if (!associated_is_all(entity) && object_takes(&activity->object, entity->object_id))
            activity->associated[activity->associated_count++] = *entity;
    }
}

static enum err_code prepare_associated(struct preparing *p, struct error *err)
{
    const struct log_input *input = p->input;
    struct logged_activity *activity = &p->log->activity;
    bool inherits = !input->associated && !id_is_nil(p->scheduled.id);
    if (inherits && p->type && activity->object.association_mode == ASSOCIATE_ONE_OR_MORE) {
        inherit_scheduled(p);
        return ERR_OK;
    }
    return associations_check(p->db, p->arena, p->actor, p->type ? &activity->object : NULL,
        input->associated, input->associated_count, &activity->associated, &activity->associated_count,
        p->list, err);
}

/* ── the whole ───────────────────────────────────────────────────────────────────────────────── */

/* What is written into records, too, is a change of them. */
static enum err_code may_bind(const struct preparing *p, struct error *err)
{
    const struct log_unit *log = p->log;
    for (size_t i = 0; i < log->bound_count; i++)
        for (size_t j = 0; j < log->activity.associated_count; j++) {
            const struct associated_entity *entity = &log->activity.associated[j];
            const struct thing thing = {.employee_id = entity->owner_id};
            if (!id_equal(entity->id, log->bound[i].record_id) ||
                !may(p->actor, ACTION_EDIT_RECORD, &thing, err))
                continue;
            return error_set(err, ERR_DENIED,
                "A field of this activity is written into a record that it is about, which you may not "
                "edit.");
        }
    return ERR_OK;
}

static enum err_code check_all(struct preparing *p, struct error *err)
{
    const struct log_input *input = p->input;
    enum err_code code = id_is_nil(input->scheduled_activity_id)
                             ? may(p->actor, ACTION_LOG_ACTIVITY, NULL, err)
                             : prepare_completion(p, err);
    if (!code)
        code = prepare_object(p, err);
    if (!code)
        code = prepare_associated(p, err);
    if (!code)
        code = mentions_check(p->db, p->arena, p->actor, input->mentions, input->mention_count,
            &p->log->activity.mentions, p->list, err);
    if (!code && p->type)
        code = logged_fields_prepare(
            p->db, p->arena, p->actor, p->type, input->fields, &p->log->activity, p->list, err);
    if (!code)
        code = error_list_refuse(p->list, err);
    if (code)
        return code;
    logged_fields_bind(p->arena, p->log);
    return may_bind(p, err);
}

enum err_code logged_prepare(struct db *db, struct arena *arena, const struct actor *actor,
    const struct log_input *input, struct log_unit *log, struct error_list *list, struct error *err)
{
    struct preparing p = {.db = db, .arena = arena, .actor = actor, .input = input, .log = log, .list = list};
    struct logged_activity *activity = &log->activity;
    *activity = (struct logged_activity){0};
    log->completed_by = (struct id){0};
    enum err_code code = check_all(&p, err);
    if (code)
        return code;
    log->business_id = actor->business_id;
    log->settings_version = actor->settings_version;
    log->arena = arena;
    activity->id = id_new();
    activity->logged_at = clock_wall_us();
    activity->logged_by = actor->employee;
    activity->notes = input->notes;
    activity->delivery_id = object_has_webhook(&activity->object) ? id_new() : (struct id){0};
    if (!id_is_nil(input->scheduled_activity_id)) {
        activity->scheduled_activity_id = input->scheduled_activity_id;
        activity->completed_at = activity->logged_at;
        activity->completed_by = actor->employee;
    }
    return ERR_OK;
}
