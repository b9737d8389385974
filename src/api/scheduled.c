/* POST /api/activities/scheduled-activity: never fires a webhook (M4). */
#include "crm/scheduled.h"
#include "api/body.h"
#include "crm/check.h"

static bool read_input(struct call *call, struct schedule_input *input)
{
    struct body body;
    if (!body_read(call, &body))
        return false;
    input->object_id = body_id(&body, "activity_object_id");
    input->object_name = body_text_or_null(&body, "activity_object_name", 1, NAME_MOST);
    input->due_at = body_time(&body, "due_datetime", true);
    input->original_due_at = body_time(&body, "original_due_datetime", false);
    input->employee_id = body_id(&body, "employee_id");
    struct id role = body_id(&body, "role_id");
    input->note = body_text_or_null(&body, "note", 0, NOTES_MOST);
    input->mentions = body_ids(&body, "mentions", NULL, LIST_MOST, &input->mention_count);
    input->notify_mentioned = body_bool(&body, "notify_mentioned", false);
    if (!input->note)
        input->note = "";
    if (!input->original_due_at)
        input->original_due_at = input->due_at;
    if (!id_is_nil(role))
        error_list_add(&body.errors, "/role_id", "There is no such role in this Business.");
    if (!body.errors.count && id_is_nil(input->object_id) && !input->object_name)
        error_list_add(&body.errors, "/activity_object_id",
            "Name the Activity Object by activity_object_id or by activity_object_name.");
    return body_finish(&body);
}

static void reply_scheduled(struct call *call, const struct scheduled_activity *s)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_id(&json, "id", s->id);
    emit_id(&json, "activity_object_id", s->object.id);
    emit_text(&json, "activity_object_name", s->object.name);
    emit_time(&json, "due_datetime", s->due_at);
    emit_time(&json, "original_due_datetime", s->original_due_at);
    emit_id(&json, "employee_id", s->employee_id);
    emit_null(&json, "role_id");
    emit_text(&json, "note", s->note);
    emit_raw(&json, "mentions", s->mentions);
    emit_bool(&json, "notify_mentioned", s->notify_mentioned);
    emit_null(&json, "completed_at");
    emit_null(&json, "logged_activity_id");
    emit_object_end(&json);
    call_reply_json(call, 201, &body, NULL, 0);
}

/* The writer's thread: committed, or refused. */
static void schedule_done(struct schedule_unit *unit, const struct error *result)
{
    if (result->code)
        call_fail(unit->owner, result, NULL);
    else
        reply_scheduled(unit->owner, &unit->scheduled);
}

void scheduled_post(struct call *call)
{
    struct schedule_input input = {0};
    if (!read_input(call, &input))
        return;
    struct schedule_unit *unit = ARENA_NEW(call->arena, struct schedule_unit);
    struct error_list list = {0};
    struct error err = {0};
    unit->done = schedule_done;
    unit->owner = call;
    enum err_code code = scheduled_prepare(call->db, call->arena, &call->actor, &input, unit, &list, &err);
    if (!code)
        code = scheduled_submit(call->api->config.crm, unit, &err);
    if (code)
        call_fail(call, &err, &list);
}
