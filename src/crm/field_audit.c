/* What the audit log says of fields. */
#include "base/emit.h"
#include "crm/audit.h"
#include "crm/field_internal.h"

#define ORDER_MOST (1 << 20) /* bytes: some hundred ids */

static const char *owner_name(const struct field_held *held)
{
    return held->owner.kind == FIELDS_OF_ACTIVITY_OBJECT ? held->object.name : held->record_object.name;
}

static const char *text_or_none(const char *text)
{
    return text && *text ? text : NULL;
}

/* What a new field says for good. */
static void add_birth(struct audit *audit, const struct field *field)
{
    audit_id(audit, "object_id", (struct id){0}, field->owner_id);
    audit_text(audit, "name", NULL, field->name);
    audit_text(audit, "field_type", NULL, field_type_name(field->type));
    audit_id(audit, "target_object_id", (struct id){0}, field->target_object_id);
    audit_id(audit, "bound_field_id", (struct id){0}, field->bound_field_id);
}

enum err_code field_audit(struct write *w, const struct field_held *held, const struct field *before,
    const struct field *after, struct error *err)
{
    static const struct field none = {.display_name = NULL};
    struct audit audit = AUDIT(w, before ? "field.changed" : "field.created", after->id,
        arena_printf(w->arena, "%s: %s", owner_name(held), after->display_name));
    const struct field *was = before ? before : &none;
    if (!before)
        add_birth(&audit, after);
    audit_text(&audit, "display_name", was->display_name, after->display_name);
    audit_text(&audit, "description", text_or_none(was->description), text_or_none(after->description));
    audit_bool(&audit, "required", was->required, after->required);
    audit_json(&audit, "default", was->default_json, after->default_json);
    if (field_type_has_options(after->type))
        audit_json(&audit, "options", before ? field_options_json(w->arena, before) : NULL,
            field_options_json(w->arena, after));
    audit_json(&audit, "limits", before ? field_limits_json(w->arena, before) : NULL,
        field_limits_json(w->arena, after));
    audit_bool(&audit, "archived", was->archived, after->archived);
    return audit_add(&audit, err);
}

/* The fields that can be put in order, as they are. */
static const char *order_before(struct arena *arena, const struct field_set *fields)
{
    CLEANUP(buf_free) struct buf out = BUF_INIT(ORDER_MOST);
    struct json json = JSON_INTO(&out);
    emit_array(&json, NULL);
    for (size_t i = 0; i < fields->count; i++)
        if (!fields->items[i].standard && !fields->items[i].archived)
            emit_id(&json, NULL, fields->items[i].id);
    emit_array_end(&json);
    return arena_strdup(arena, buf_text(&out));
}

static const char *order_after(struct arena *arena, const struct field_order *order)
{
    CLEANUP(buf_free) struct buf out = BUF_INIT(ORDER_MOST);
    struct json json = JSON_INTO(&out);
    emit_array(&json, NULL);
    for (size_t i = 0; i < order->count; i++)
        emit_id(&json, NULL, order->ids[i]);
    emit_array_end(&json);
    return arena_strdup(arena, buf_text(&out));
}

enum err_code field_audit_order(struct write *w, const struct field_held *held,
    const struct field_set *before, const struct field_order *after, struct error *err)
{
    const char *action = held->owner.kind == FIELDS_OF_ACTIVITY_OBJECT ? "activity_object.fields_reordered"
                                                                       : "record_object.fields_reordered";
    struct audit audit = AUDIT(w, action, held->owner.id, owner_name(held));
    audit_json(&audit, "fields", order_before(w->arena, before), order_after(w->arena, after));
    return audit_add(&audit, err);
}
