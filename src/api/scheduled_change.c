/* PATCH and DELETE of a Scheduled Activity: no webhook (M4). */
#include "api/body.h"
#include "crm/scheduled.h"

/* What waits for the writer; in the call's arena. */
struct change_call {
    struct scheduled_change change;
    struct scheduled_activity result;
    struct error completed; /* it is completed, and has not been changed */
};

static enum err_code change_run(struct write *write, void *ctx, struct error_list *list, struct error *err)
{
    struct change_call *pending = ctx;
    pending->completed = (struct error){0};
    enum err_code code = scheduled_change(write, &pending->change, &pending->result, list, err);
    if (code != ERR_CONFLICT || id_is_nil(pending->result.logged_activity_id))
        return code;
    pending->completed = *err; /* told with the activity's id, which an error has no room for */
    return ERR_OK;
}

static void change_reply(struct call *call, void *ctx)
{
    const struct change_call *pending = ctx;
    if (pending->completed.code) {
        call_fail_completed(call, pending->completed.text, pending->result.logged_activity_id);
        return;
    }
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_scheduled(&json, &pending->result);
    call_reply_json(call, 200, &body, NULL, 0);
}

static void read_assignment(struct body *body, struct scheduled_change *change)
{
    change->has.employee = body_has(body, "employee_id");
    change->employee_id = body_id(body, "employee_id");
    change->has.role = body_has(body, "role_id");
    change->role_id = body_id(body, "role_id");
    if (!id_is_nil(change->employee_id) && !id_is_nil(change->role_id))
        error_list_add(&body->errors, "/role_id",
            "An activity is for one employee or for one role; name one of the two.");
}

static void read_change(struct body *body, struct scheduled_change *change)
{
    const struct crm_limits *limits = crm_limits(body->call->api->config.crm);
    change->has.due_at = body_has(body, "due_datetime");
    if (change->has.due_at)
        (void)body_time(body, "due_datetime", true, &change->due_at);
    read_assignment(body, change);
    change->has.note = body_has(body, "note");
    change->note = body_text_or_null(body, "note", 0, (size_t)limits->notes_chars);
    if (!change->note)
        change->note = "";
    change->has.mentions = body_has(body, "mentions");
    change->mentions = body_ids(body, "mentions", NULL, (size_t)limits->list_items, &change->mention_count);
    change->has.notify_mentioned = body_has(body, "notify_mentioned");
    change->notify_mentioned = body_bool(body, "notify_mentioned", false);
    change->has.associated = body_has(body, "associated_entities");
    change->associated =
        body_ids(body, "associated_entities", "id", (size_t)limits->list_items, &change->associated_count);
}

void scheduled_patch(struct call *call)
{
    struct body body;
    if (!body_read(call, &body))
        return;
    struct change_call *pending = ARENA_NEW(call->arena, struct change_call);
    *pending = (struct change_call){.change.id = call->path_id};
    read_change(&body, &pending->change);
    body_write(&body, change_run, change_reply, pending);
}

static enum err_code delete_run(struct write *write, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    return scheduled_delete(write, *(const struct id *)ctx, err);
}

static void delete_reply(struct call *call, void *ctx)
{
    (void)ctx;
    exchange_reply(call->exchange, &(struct reply){.status = 204});
}

void scheduled_delete_one(struct call *call)
{
    call_write(call, delete_run, delete_reply, &call->path_id);
}
