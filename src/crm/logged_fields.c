/* The values of an activity's fields: checked under the rules of its type, bound to records, and read again (M20, I9). */
#include "crm/check.h"
#include "crm/logged_internal.h"

/* ── logging ─────────────────────────────────────────────────────────────────────────────────── */

/* An archived field that is asked for is told apart from one that was never there. */
static enum err_code choose_fields(struct db *db, struct arena *arena, const struct activity_type *type,
    const struct field_set **fields, struct error *err)
{
    *fields = &type->fields;
    if (type->object.field_count)
        return ERR_OK;
    struct field_set *archived = ARENA_NEW(arena, struct field_set);
    *fields = archived;
    return fields_read(db, arena, type->object.business_id, type->object.id, archived, err);
}

/* What must not be blank in the record must not come there by logging. */
static void check_names(struct arena *arena, const struct value_set *values, struct error_list *list)
{
    for (size_t i = 0; i < values->fields->count; i++) {
        const struct field *field = &values->fields->items[i];
        const char *text = field_is_name(field->bound_object_id, field->bound_field_id)
                               ? values_text(arena, values, field->name)
                               : NULL;
        if (!text || check_name(text, SIZE_MAX))
            continue;
        char pointer[64] = "/fields";
        if (values->given[i])
            snprintf(pointer, sizeof pointer, "/fields/%zu/value", values->given[i] - 1);
        error_list_add(list, pointer, "This is the name of a record; it must not be blank.");
    }
}

enum err_code logged_fields_prepare(struct db *db, struct arena *arena, const struct actor *actor,
    const struct activity_type *type, const json_t *given, struct logged_activity *activity,
    struct error_list *list, struct error *err)
{
    const struct field_set *fields;
    struct value_set *values = &activity->values;
    activity->field_values = "{}";
    if (!type->object.field_count && !given)
        return ERR_OK;
    enum err_code code = choose_fields(db, arena, type, &fields, err);
    if (!code)
        code = values_read(db, arena, actor, fields, given, values, list, err);
    if (code)
        return code;
    bool *visible = type->object.rule_count ? ARENA_ARRAY(arena, bool, fields->count) : NULL;
    values_apply_defaults(values);
    if (visible)
        rules_visible(arena, &type->rules, values, visible);
    values_complete(values, visible, list);
    check_names(arena, values, list);
    activity->field_values = values_store(arena, values);
    return values_read_names(db, arena, actor->business_id, actor, &values, 1, err);
}

/* The first record of that object that the activity is about; nil: none. */
static struct id first_record(const struct logged_activity *activity, struct id object_id)
{
    for (size_t i = 0; i < activity->associated_count; i++) {
        const struct associated_entity *entity = &activity->associated[i];
        if (id_equal(entity->object_id, object_id) && !associated_is_all(entity))
            return entity->id;
    }
    return (struct id){0};
}

/* What goes into that record, of `most` values at most; new when it is the first one's. */
static struct bound_record *bound_to(
    struct arena *arena, struct log_unit *log, struct id record_id, size_t most)
{
    for (size_t i = 0; i < log->bound_count; i++)
        if (id_equal(log->bound[i].record_id, record_id))
            return &log->bound[i];
    if (!log->bound)
        log->bound = ARENA_ARRAY(arena, struct bound_record, most);
    struct bound_record *bound = &log->bound[log->bound_count++];
    *bound = (struct bound_record){
        .record_id = record_id, .values = ARENA_ARRAY(arena, struct record_value, most)};
    return bound;
}

void logged_fields_bind(struct arena *arena, struct log_unit *log)
{
    const struct value_set *values = &log->activity.values;
    size_t count = values->fields ? values->fields->count : 0;
    log->bound = NULL;
    log->bound_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &values->fields->items[i];
        if (id_is_nil(field->bound_field_id) || !values->json[i])
            continue;
        struct id record_id = first_record(&log->activity, field->bound_object_id);
        if (id_is_nil(record_id))
            continue;
        struct bound_record *bound = bound_to(arena, log, record_id, count);
        bound->values[bound->count++] =
            (struct record_value){.field_id = field->bound_field_id, .json = values->json[i]};
    }
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static bool has_values(const struct logged_activity *activity)
{
    return activity->object.field_count || strcmp(activity->field_values, "{}") != 0;
}

/* The fields of its type, from one before it that has them already, or from the database. */
static enum err_code fields_for(struct db *db, struct arena *arena, const struct logged_activity *activities,
    size_t at, const struct field_set **fields, struct error *err)
{
    const struct activity_object *object = &activities[at].object;
    for (size_t i = 0; i < at; i++) {
        *fields = activities[i].values.fields;
        if (*fields && id_equal(activities[i].object.id, object->id))
            return ERR_OK;
    }
    struct field_set *read = ARENA_NEW(arena, struct field_set);
    *fields = read;
    return fields_read(db, arena, object->business_id, object->id, read, err);
}

enum err_code logged_fields_read(struct db *db, struct arena *arena, const struct actor *actor,
    struct logged_activity *activities, size_t count, struct error *err)
{
    struct value_set **sets = ARENA_ARRAY(arena, struct value_set *, count);
    size_t n = 0;
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < count && !code; i++) {
        struct logged_activity *activity = &activities[i];
        const struct field_set *fields;
        if (!has_values(activity))
            continue;
        code = fields_for(db, arena, activities, i, &fields, err);
        if (!code)
            code = values_load(arena, fields, activity->field_values, &activity->values, err);
        sets[n++] = &activity->values;
    }
    return code ? code : values_read_names(db, arena, actor->business_id, actor, sets, n, err);
}
