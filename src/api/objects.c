/* /api/activities/objects: Activity Objects and their settings (M1, M2, M15). */
#include "api/body.h"
#include "crm/check.h"
#include "crm/object.h"
#include "net/url.h"

static void emit_object_of(struct json *json, const struct activity_object *o)
{
    emit_object(json, NULL);
    emit_id(json, "id", o->id);
    emit_text(json, "name", o->name);
    emit_text(json, "api_name", o->api_name);
    emit_text(json, "association_mode", association_mode_name(o->association_mode));
    emit_text(json, "default_submission_action", submission_action_name(o->action));
    emit_text(json, "redirect_url", o->redirect_url);
    emit_text(json, "webhook_url", o->webhook_url);
    emit_bool(json, "webhooks_enabled", object_has_webhook(o));
    emit_int(json, "version", o->version);
    emit_time(json, "created_at", o->created_at);
    emit_object_end(json);
}

static void reply_object(struct call *call, int status, const struct activity_object *object)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object_of(&json, object);
    struct reply_header etag = etag_header(call, object->version);
    call_reply_json(call, status, &body, &etag, 1);
}

void objects_get(struct call *call)
{
    struct page page;
    if (!call_page(call, &page))
        return;
    struct activity_object *objects;
    size_t count;
    struct error err = {0};
    if (object_list(call->db, call->arena, &call->actor, &page, &objects, &count, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++)
        emit_object_of(&json, &objects[i]);
    struct page_key first = {0}, last = {0};
    if (count) {
        first = (struct page_key){.text = objects[0].name, .id = objects[0].id};
        last = (struct page_key){.text = objects[count - 1].name, .id = objects[count - 1].id};
    }
    emit_page_end(&json, call, &page, count ? &first : NULL, count ? &last : NULL);
    call_reply_json(call, 200, &body, NULL, 0);
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

static void read_enums(struct body *body, struct object_input *input, bool creating)
{
    const char *mode = creating ? body_text_or_null(body, "association_mode", 0, NAME_MOST) : NULL;
    const char *action = body_text_or_null(body, "default_submission_action", 0, NAME_MOST);
    input->has.association_mode = mode != NULL;
    input->has.action = action != NULL;
    if (mode && !association_mode_parse(mode, &input->association_mode))
        error_list_add(&body->errors, "/association_mode", "This must be 'none' or 'one_or_more'.");
    if (action && !submission_action_parse(action, &input->action))
        error_list_add(
            &body->errors, "/default_submission_action", "This must be 'redirect' or 'trigger_webhook'.");
}

static bool read_input(struct call *call, struct object_input *input, bool creating)
{
    struct body body;
    if (!body_read(call, &body))
        return false;
    input->name =
        creating ? body_text(&body, "name", 1, NAME_MOST) : body_text_or_null(&body, "name", 1, NAME_MOST);
    if (creating)
        input->api_name = body_text_or_null(&body, "api_name", 1, NAME_MOST);
    input->has.redirect_url = body_has(&body, "redirect_url");
    input->redirect_url = body_text_or_null(&body, "redirect_url", 0, URL_MOST);
    input->has.webhook_url = body_has(&body, "webhook_url");
    input->webhook_url = body_text_or_null(&body, "webhook_url", 0, URL_MOST);
    read_enums(&body, input, creating);
    return body_finish(&body);
}

void objects_post(struct call *call)
{
    struct object_input input = {0};
    if (!read_input(call, &input, true))
        return;
    struct activity_object object;
    struct error_list list = {0};
    struct error err = {0};
    enum err_code code = may(&call->actor, ACTION_EDIT_OBJECT, call->actor.business_id, &err);
    if (!code)
        code = object_add(
            call->api->config.crm, call->arena, call->actor.business_id, &input, &object, &list, &err);
    if (code)
        call_fail(call, &err, &list);
    else
        reply_object(call, 201, &object);
}

void object_patch(struct call *call)
{
    int64_t version;
    struct object_input input = {0};
    if (!call_if_match(call, &version) || !read_input(call, &input, false))
        return;
    struct activity_object object;
    struct error_list list = {0};
    struct error err = {0};
    if (object_change(call->api->config.crm, call->arena, &call->actor, call->path_id, version, &input,
            &object, &list, &err))
        call_fail(call, &err, &list);
    else
        reply_object(call, 200, &object);
}
