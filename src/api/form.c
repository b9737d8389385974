/*
 * /api/activities/objects/{id}/form: what somebody who logs an activity is asked for, given what has been filled in
 * so far. Asks the very function that every write asks (M20, I9), and writes nothing.
 */
#include "api/body.h"
#include "crm/object.h"
#include "crm/rule.h"

struct form {
    struct activity_object object;
    struct field_set fields;
    struct rule_set rules;
    struct value_set values;
    const char **wrong; /* for each field: what is wrong with the value given, or NULL */
    bool *visible;
};

static enum err_code form_read(struct call *call, struct form *form, struct error *err)
{
    enum err_code code =
        object_find(call->db, call->arena, &call->actor, call->path_id, NULL, &form->object, err);
    const struct thing thing = {
        .activity_object_id = form->object.id, .employee_id = call->actor.employee.id};
    if (!code && !may_see(&call->actor, ACTION_VIEW_OBJECT, &thing))
        code = may(&call->actor, ACTION_LOG_ACTIVITY, &thing, err);
    if (!code)
        code = rules_read(call->db, call->arena, form->object.business_id, form->object.id, &form->fields,
            &form->rules, err);
    return code;
}

/* Field by field, so that each says what is wrong with it. Names that are not here are for reply_form to tell. */
static enum err_code form_fill(struct call *call, struct form *form, json_t *given, struct error *err)
{
    enum err_code code = ERR_OK;
    values_init(call->arena, &form->fields, &form->values);
    form->wrong = ARENA_ARRAY(call->arena, const char *, form->fields.count + 1);
    form->visible = ARENA_ARRAY(call->arena, bool, form->fields.count + 1);
    for (size_t f = 0; f < form->fields.count && !code; f++) {
        const struct field *field = &form->fields.items[f];
        const json_t *value = json_object_get(given, field->name);
        if (!value || field->archived)
            continue;
        form->values.given[f] = f + 1;
        code = value_check(call->db, call->arena, form->object.business_id, field, value,
            &form->values.json[f], &form->wrong[f], err);
        if (form->wrong[f])
            form->values.json[f] = NULL;
    }
    values_apply_defaults(&form->values);
    rules_visible(call->arena, &form->rules, &form->values, form->visible);
    return code;
}

static void emit_definition(struct json *json, struct call *call, const struct field *field)
{
    CLEANUP(buf_free) struct buf definition = BUF_INIT(ANSWER_MOST);
    emit_field(&JSON_INTO(&definition), call, field);
    emit_raw(json, "definition", buf_text(&definition));
}

static void emit_form_field(struct json *json, struct call *call, const struct form *form, size_t f)
{
    const struct field *field = &form->fields.items[f];
    const char *value = form->visible[f] ? form->values.json[f] : NULL;
    emit_object(json, NULL);
    emit_id(json, "id", field->id);
    emit_text(json, "name", field->name);
    emit_bool(json, "visible", form->visible[f]);
    emit_bool(json, "required", form->visible[f] && field->required);
    emit_bool(json, "trigger", rules_depend_on(&form->rules, f));
    emit_raw(json, "value", value ? value : "null");
    emit_text(json, "error", form->wrong[f]);
    emit_definition(json, call, field);
    emit_object_end(json);
}

static void emit_unknown(struct json *json, const struct form *form, json_t *given)
{
    const char *name;
    json_t *value;
    emit_array(json, "unknown");
    json_object_foreach(given, name, value)
    {
        const struct field *field = field_by_name(&form->fields, name);
        if (!field || field->archived)
            emit_text(json, NULL, name);
    }
    emit_array_end(json);
}

static void reply_form(struct call *call, const struct form *form, json_t *given)
{
    const struct activity_object *object = &form->object;
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_object(&json, "activity_object");
    emit_id(&json, "id", object->id);
    emit_text(&json, "name", object->name);
    emit_text(&json, "api_name", object->api_name);
    emit_text(&json, "association_mode", association_mode_name(object->association_mode));
    emit_object_end(&json);
    emit_text(&json, "default_submission_action", submission_action_name(object->action));
    emit_text(&json, "redirect_url", object->redirect_url);
    emit_array(&json, "fields");
    for (size_t f = 0; f < form->fields.count; f++)
        if (!form->fields.items[f].archived)
            emit_form_field(&json, call, form, f);
    emit_array_end(&json);
    emit_unknown(&json, form, given);
    emit_object_end(&json);
    struct reply_header etag = etag_header(call, object->version);
    call_reply_json(call, 200, &body, &etag, 1);
}

static void answer(struct call *call, json_t *given)
{
    struct form form;
    struct error err = {0};
    enum err_code code = form_read(call, &form, &err);
    if (!code)
        code = form_fill(call, &form, given, &err);
    if (code)
        call_fail(call, &err, NULL);
    else
        reply_form(call, &form, given);
}

void form_get(struct call *call)
{
    const char *text = exchange_query(call->exchange, "values");
    json_t *given = NULL;
    struct error err;
    if (text && json_read(text, strlen(text), &call->api->config.json, &given, &err))
        (void)call_refuse_parameter(call, "values", err.text);
    else if (text && !json_is_object(given))
        (void)call_refuse_parameter(call, "values",
            "The parameter 'values' must be a JSON object, from the names of fields to their values.");
    else
        answer(call, given);
    json_decref(given);
}

/* For values that are too long for an address. */
void form_post(struct call *call)
{
    struct body body;
    if (!body_read(call, &body))
        return;
    json_t *given = body_json(&body, "values");
    if (given && !json_is_object(given))
        error_list_add(
            &body.errors, "/values", "This must be an object, from the names of fields to their values.");
    if (body_finish(&body))
        answer(call, given);
}
