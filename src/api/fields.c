/* /api/activities/objects/{id}/fields and /api/records/objects/{object}/fields: what objects ask for. */
#include "api/body.h"
#include "crm/field.h"

#define TEXT_MOST SIZE_MAX /* the domain has the limits of what a definition says */

/* ── showing ─────────────────────────────────────────────────────────────────────────────────── */

static void emit_options(struct json *json, const struct field *field)
{
    emit_array(json, "options");
    for (size_t i = 0; i < field->option_count; i++) {
        emit_object(json, NULL);
        emit_id(json, "id", field->options[i].id);
        emit_text(json, "name", field->options[i].name);
        emit_text(json, "color", field->options[i].color);
        emit_bool(json, "archived", field->options[i].archived);
        emit_object_end(json);
    }
    emit_array_end(json);
}

void emit_field(struct json *json, struct call *call, const struct field *field)
{
    bool bound = !id_is_nil(field->bound_field_id);
    emit_object(json, NULL);
    emit_id(json, "id", field->id);
    emit_text(json, "name", field->name);
    emit_text(json, "display_name", field->display_name);
    emit_text(json, "description", field->description);
    emit_text(json, "field_type", field_type_name(field->type));
    emit_text(json, "custom_field_type", bound ? field_type_name(field->type) : NULL);
    emit_bool(json, "required", field->required);
    emit_raw(json, "default", field->default_json ? field->default_json : "null");
    emit_options(json, field);
    emit_raw(json, "limits", field_limits_json(call->arena, field));
    emit_id(json, "target_object_id", field->target_object_id);
    emit_id(json, "bound_field_id", field->bound_field_id);
    emit_bool(json, "standard", field->standard);
    emit_bool(json, "read_only", field->read_only);
    emit_time(json, "created_at", field->created_at);
    emit_time(json, "archived_at", field->archived_at);
    emit_object_end(json);
}

static void reply_list(struct call *call, const struct field_set *fields, int archived, int64_t version)
{
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < fields->count; i++)
        if (archived == 2 || fields->items[i].archived == (archived == 1))
            emit_field(&json, call, &fields->items[i]);
    emit_array_end(&json);
    emit_null(&json, "next");
    emit_null(&json, "previous");
    emit_object_end(&json);
    struct reply_header etag = etag_header(call, version);
    call_reply_json(call, 200, &body, &etag, 1);
}

static void reply_field(struct call *call, int status, const struct field *field, int64_t version)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_field(&json, call, field);
    struct reply_header headers[] = {etag_header(call, version), created_header(call, field->id)};
    call_reply_json(call, status, &body, headers, status == 201 ? 2 : 1);
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

/* Whose fields the path names. The id of the field is then the path's other one. */
static struct field_holder owner_of(const struct call *call)
{
    return call->path_object
               ? (struct field_holder){.kind = FIELDS_OF_CUSTOM_OBJECT, .key = call->path_object}
               : (struct field_holder){.kind = FIELDS_OF_ACTIVITY_OBJECT, .id = call->path_id};
}

static struct id field_of(const struct call *call)
{
    return call->path_object ? call->path_id : call->sub_id;
}

static enum err_code read_fields(
    struct call *call, struct field_holder *owner, struct field_set *fields, struct error *err)
{
    *owner = owner_of(call);
    enum err_code code = field_owner_read(call->db, call->arena, &call->actor, owner, err);
    return code ? code
                : record_fields_read(
                      call->db, call->arena, call->actor.business_id, owner->kind, owner->id, fields, err);
}

void fields_get(struct call *call)
{
    static const char *const choices[] = {"false", "true", "all", NULL};
    int archived;
    if (!query_choice(call, "archived", choices, 0, &archived))
        return;
    struct field_holder owner;
    struct field_set fields;
    struct error err = {0};
    if (read_fields(call, &owner, &fields, &err))
        call_fail(call, &err, NULL);
    else
        reply_list(call, &fields, archived, owner.version);
}

void field_get(struct call *call)
{
    struct field_holder owner;
    struct field_set fields;
    struct error err = {0};
    const struct field *field = NULL;
    if (!read_fields(call, &owner, &fields, &err)) {
        field = field_by_id(&fields, field_of(call));
        if (!field)
            error_set(&err, ERR_NOT_FOUND, "There is no such field of this object.");
    }
    if (field)
        reply_field(call, 200, field, owner.version);
    else
        call_fail(call, &err, NULL);
}

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

struct field_write {
    struct field_input input;
    struct field_order order;
    struct field_result result;
};

static enum err_code run_create(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct field_write *write = ctx;
    return field_create(w, &write->input, &write->result, list, err);
}

static enum err_code run_change(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct field_write *write = ctx;
    return field_change(w, &write->input, &write->result, list, err);
}

static enum err_code run_order(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct field_write *write = ctx;
    return field_reorder(w, &write->order, &write->result, list, err);
}

static void reply_created(struct call *call, void *ctx)
{
    const struct field_write *write = ctx;
    reply_field(call, 201, &write->result.field, write->result.version);
}

static void reply_changed(struct call *call, void *ctx)
{
    const struct field_write *write = ctx;
    reply_field(call, 200, &write->result.field, write->result.version);
}

static void reply_ordered(struct call *call, void *ctx)
{
    const struct field_write *write = ctx;
    reply_list(call, &write->result.fields, 0, write->result.version);
}

/* A write on this path's fields, under If-Match; NULL when it has replied. */
static struct field_write *begin(struct call *call)
{
    struct field_write *write = ARENA_NEW(call->arena, struct field_write);
    write->input.owner = owner_of(call);
    write->input.field_id = field_of(call);
    return call_if_match(call, &write->input.owner.version) ? write : NULL;
}

/* null stands for what is not given, except where it empties something. */
static void read_common(struct body *body, struct field_input *input)
{
    input->display_name = body_text_or_null(body, "display_name", 0, TEXT_MOST);
    input->description = body_text_or_null(body, "description", 0, TEXT_MOST);
    input->required = body_bool(body, "required", false);
    input->options = body_array(body, "options");
    input->limits = body_object(body, "limits");
    input->default_value = body_json(body, "default");
    input->has.required = body_given(body, "required");
    input->has.options = input->options != NULL;
    input->has.limits = input->limits != NULL;
    input->has.default_value = body_has(body, "default");
}

void fields_post(struct call *call)
{
    struct field_write *write = begin(call);
    struct body body;
    if (!write || !body_read(call, &body))
        return;
    struct field_input *input = &write->input;
    read_common(&body, input);
    input->name = body_text_or_null(&body, "name", 1, TEXT_MOST);
    input->type = body_text_or_null(&body, "field_type", 0, TEXT_MOST);
    input->target_object_id = body_id(&body, "target_object_id");
    input->bound_field_id = body_id(&body, "bound_field_id");
    body_write_settings(&body, run_create, reply_created, write);
}

void field_patch(struct call *call)
{
    static const char *const fixed[] = {"name", "field_type", "target_object_id", "bound_field_id", NULL};
    struct field_write *write = begin(call);
    struct body body;
    if (!write || !body_read(call, &body))
        return;
    read_common(&body, &write->input);
    write->input.archived = body_bool(&body, "archived", false);
    write->input.has.archived = body_given(&body, "archived");
    for (const char *const *name = fixed; *name; name++)
        if (body_has(&body, *name))
            error_list_add(
                &body.errors, arena_printf(call->arena, "/%s", *name), "A field's %s never changes.", *name);
    body_write_settings(&body, run_change, reply_changed, write);
}

void field_delete(struct call *call)
{
    struct field_write *write = begin(call);
    if (!write)
        return;
    write->input.has.archived = write->input.archived = true;
    call_write_settings(call, run_change, reply_changed, write);
}

void fields_order_put(struct call *call)
{
    struct field_write *write = begin(call);
    struct body body;
    if (!write || !body_read(call, &body))
        return;
    write->order.owner = write->input.owner;
    write->order.ids = body_ids(
        &body, "fields", NULL, (size_t)crm_limits(call->api->config.crm)->fields, &write->order.count);
    if (!body_has(&body, "fields"))
        error_list_add(&body.errors, "/fields", "This is required.");
    body_write_settings(&body, run_order, reply_ordered, write);
}
