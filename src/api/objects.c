/* /api/activities/objects: Activity Objects and their settings (M1, M2, M15). */
#include "api/body.h"
#include "crm/object.h"
#include "net/url.h"

#define ENUM_MOST 40 /* characters */

static void emit_object_of(struct json *json, const struct activity_object *o)
{
    emit_object(json, NULL);
    emit_id(json, "id", o->id);
    emit_text(json, "name", o->name);
    emit_text(json, "api_name", o->api_name);
    emit_text(json, "description", o->description);
    emit_text(json, "color", o->color);
    emit_text(json, "icon", o->icon);
    emit_text(json, "association_mode", association_mode_name(o->association_mode));
    emit_array(json, "association_objects");
    for (size_t i = 0; i < o->association_object_count; i++)
        emit_id(json, NULL, o->association_objects[i]);
    emit_array_end(json);
    emit_text(json, "default_submission_action", submission_action_name(o->action));
    emit_text(json, "redirect_url", o->redirect_url);
    emit_text(json, "webhook_url", o->webhook_url);
    emit_bool(json, "webhooks_enabled", object_has_webhook(o));
    emit_int(json, "version", o->version);
    emit_time(json, "created_at", o->created_at);
    emit_time(json, "archived_at", o->archived_at);
    emit_object_end(json);
}

static void reply_object(struct call *call, int status, const struct activity_object *object)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object_of(&json, object);
    struct reply_header headers[] = {etag_header(call, object->version), created_header(call, object->id)};
    call_reply_json(call, status, &body, headers, status == 201 ? 2 : 1);
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static void reply_list(
    struct call *call, const struct page *page, const struct activity_object *objects, size_t count)
{
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++)
        emit_object_of(&json, &objects[i]);
    if (count == 0) {
        emit_page_end(&json, call, page, NULL, NULL);
    } else {
        const struct activity_object *last = &objects[count - 1];
        emit_page_end(&json, call, page, &(struct page_key){.text = objects[0].name, .id = objects[0].id},
            &(struct page_key){.text = last->name, .id = last->id});
    }
    call_reply_json(call, 200, &body, NULL, 0);
}

void objects_get(struct call *call)
{
    static const char *const choices[] = {"false", "true", "all", NULL}; /* enum archived_filter */
    struct page page;
    int archived;
    if (!call_page(call, &page) || !query_choice(call, "archived", choices, ARCHIVED_LEFT_OUT, &archived))
        return;
    struct activity_object *objects;
    size_t count;
    struct error err = {0};
    if (object_list(call->db, call->arena, &call->actor, (enum archived_filter)archived, &page, &objects,
            &count, &err))
        call_fail(call, &err, NULL);
    else
        reply_list(call, &page, objects, count);
}

void object_get(struct call *call)
{
    struct activity_object object;
    struct error err = {0};
    if (object_read(call->db, call->arena, &call->actor, call->path_id, NULL, &object, &err))
        call_fail(call, &err, NULL);
    else
        reply_object(call, 200, &object);
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

struct object_call {
    struct object_input input;
    int64_t version;
    struct id id;
    struct activity_object object;
};

static void read_association(struct body *body, struct object_input *input)
{
    const char *mode = body_text_or_null(body, "association_mode", 0, ENUM_MOST);
    input->has.association_mode = mode && association_mode_parse(mode, &input->association_mode);
    if (mode && !input->has.association_mode)
        error_list_add(&body->errors, "/association_mode", "This must be 'none', 'one_or_more' or 'all'.");
    input->has.association_objects = body_given(body, "association_objects");
    input->association_objects = body_ids(body, "association_objects", NULL,
        (size_t)call_limits(body->call)->list_items, &input->association_object_count);
}

static void read_action(struct body *body, struct object_input *input)
{
    const char *action = body_text_or_null(body, "default_submission_action", 0, ENUM_MOST);
    input->has.action = action && submission_action_parse(action, &input->action);
    if (action && !input->has.action)
        error_list_add(
            &body->errors, "/default_submission_action", "This must be 'redirect' or 'trigger_webhook'.");
    input->has.redirect_url = body_has(body, "redirect_url");
    input->redirect_url = body_text_or_null(body, "redirect_url", 0, URL_MOST);
    input->has.webhook_url = body_has(body, "webhook_url");
    input->webhook_url = body_text_or_null(body, "webhook_url", 0, URL_MOST);
}

static void read_input(struct body *body, struct object_input *input, bool creating)
{
    const struct crm_limits *limits = call_limits(body->call);
    size_t name_most = (size_t)limits->name_chars;
    input->name =
        creating ? body_text(body, "name", 1, name_most) : body_text_or_null(body, "name", 1, name_most);
    input->api_name = body_text_or_null(body, "api_name", 1, name_most);
    input->has.description = body_has(body, "description");
    input->description = body_text_or_null(body, "description", 0, (size_t)limits->text_chars);
    input->has.color = body_has(body, "color");
    input->color = body_text_or_null(body, "color", 0, ENUM_MOST);
    input->has.icon = body_has(body, "icon");
    input->icon = body_text_or_null(body, "icon", 0, ENUM_MOST);
    read_association(body, input);
    read_action(body, input);
    if (!creating) {
        input->has.archived = body_given(body, "archived");
        input->archived = body_bool(body, "archived", false);
    }
}

static enum err_code run_add(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct object_call *adding = ctx;
    return object_add(w, &adding->input, &adding->object, list, err);
}

static void reply_added(struct call *call, void *ctx)
{
    reply_object(call, 201, &((struct object_call *)ctx)->object);
}

void objects_post(struct call *call)
{
    struct object_call *adding = ARENA_NEW(call->arena, struct object_call);
    struct body body;
    if (!body_read(call, &body))
        return;
    read_input(&body, &adding->input, true);
    body_write(&body, run_add, reply_added, adding);
}

static enum err_code run_change(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct object_call *change = ctx;
    return object_change(w, change->id, change->version, &change->input, &change->object, list, err);
}

static void reply_changed(struct call *call, void *ctx)
{
    reply_object(call, 200, &((struct object_call *)ctx)->object);
}

void object_patch(struct call *call)
{
    struct object_call *change = ARENA_NEW(call->arena, struct object_call);
    struct body body;
    change->id = call->path_id;
    if (!call_if_match(call, &change->version) || !body_read(call, &body))
        return;
    read_input(&body, &change->input, false);
    body_write_settings(&body, run_change, reply_changed, change);
}

/* Archives it; the answer has the ETag with which it can be restored. */
void object_delete(struct call *call)
{
    struct object_call *change = ARENA_NEW(call->arena, struct object_call);
    *change = (struct object_call){.id = call->path_id, .input = {.has.archived = true, .archived = true}};
    if (call_if_match(call, &change->version))
        call_write_settings(call, run_change, reply_changed, change);
}
