/* Fields that are made, changed and put in order: cold writes, in the writer's transaction. */
#include "base/text.h"
#include "crm/check.h"
#include "crm/field_internal.h"

/* Holds the owner and reads its fields. */
static enum err_code begin(struct write *w, const struct field_holder *owner, struct field_held *held,
    struct field_set *fields, struct error *err)
{
    enum err_code code = field_owner_hold(w, owner, held, err);
    return code ? code
                : record_fields_read(
                      w->db, w->arena, w->business_id, held->owner.kind, held->owner.id, fields, err);
}

/* What is there after it. */
static enum err_code finish(struct write *w, const struct field_held *held, struct id field_id,
    struct field_result *result, struct error *err)
{
    enum err_code code = record_fields_read(
        w->db, w->arena, w->business_id, held->owner.kind, held->owner.id, &result->fields, err);
    result->version = held->owner.version;
    if (!code && !id_is_nil(field_id))
        result->field = *field_by_id(&result->fields, field_id);
    return code;
}

static enum err_code insert(
    struct write *w, const struct field *field, int64_t position, struct error_list *list, struct error *err)
{
    struct arena *arena = w->arena;
    enum err_code code = db_exec(w->db,
        "INSERT INTO field (id, business_id, owner_id, position, name, display_name, description, type, "
        "required, "
        "default_value, options, limits, target_object_id, bound_field_id, bound_object_id, bound_name, "
        "created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        DB_PARAMS(db_id(field->id), db_id(w->business_id), db_id(field->owner_id), db_int(position),
            db_text(field->name), db_text(field->display_name), db_text(field->description),
            db_int(field->type), db_int(field->required), db_text(field->default_json),
            db_text(field_options_json(arena, field)), db_text(field_limits_json(arena, field)),
            db_id_or_null(field->target_object_id), db_id_or_null(field->bound_field_id),
            db_id_or_null(field->bound_object_id), db_text(field->bound_name), db_int(field->created_at)),
        NULL, err);
    if (code == ERR_CONFLICT)
        field_name_taken(field->name, list);
    return code;
}

static enum err_code next_position(struct write *w, struct id owner_id, int64_t *position, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT position FROM field WHERE owner_id = $1 AND business_id = $2 ORDER BY position DESC LIMIT 1",
        DB_PARAMS(db_id(owner_id), db_id(w->business_id)), &rows, err);
    *position = !code && db_next(rows, &code, err) ? db_col_int(rows, 0) + 1 : 0;
    return code;
}

enum err_code field_create(struct write *w, const struct field_input *input, struct field_result *result,
    struct error_list *list, struct error *err)
{
    struct field_held held;
    struct field_set fields;
    struct field field;
    int64_t position = 0;
    enum err_code code = begin(w, &input->owner, &held, &fields, err);
    if (!code)
        code = field_check_new(w, input, &held, &fields, &field, list, err);
    if (!code)
        code = error_list_refuse(list, err);
    if (!code)
        code = next_position(w, held.owner.id, &position, err);
    if (!code)
        code = field_owner_touch(w, &held, 1, err);
    if (code)
        return code;
    field.id = id_new();
    code = insert(w, &field, position, list, err);
    if (!code)
        code = field_audit(w, &held, NULL, &field, err);
    return code ? code : finish(w, &held, field.id, result, err);
}

/* What a restored field is bound to must be there, for it alone. */
static enum err_code check_binding(
    struct write *w, const struct field_set *fields, const struct field *field, struct error *err)
{
    struct field target;
    if (id_is_nil(field->bound_field_id))
        return ERR_OK;
    if (field_bound_to(fields, field->bound_field_id))
        return error_set(err, ERR_CONFLICT, "Another field is bound to the same field of the record by now.");
    enum err_code code = field_of_records(w, field->bound_field_id, &target, err);
    if (code == ERR_NOT_FOUND || (!code && target.archived))
        code = error_set(err, ERR_CONFLICT, "The record's field that it is bound to is archived.");
    return code;
}

/* Archives or restores, as far as that is asked for and possible. */
static enum err_code archive(struct write *w, const struct field_input *input, const struct field_set *fields,
    struct field *field, struct error *err)
{
    bool archived = input->has.archived ? input->archived : field->archived;
    enum err_code code = archived          ? field_check_unused(w, field, err)
                         : field->archived ? check_binding(w, fields, field, err)
                                           : ERR_OK;
    field->archived = archived;
    field->archived_at = archived ? w->now : 0;
    return code;
}

static enum err_code update(struct write *w, const struct field *field, struct error *err)
{
    return db_exec(w->db,
        "UPDATE field SET display_name = $1, description = $2, required = $3, default_value = $4, options = "
        "$5, "
        "limits = $6, archived_at = $7 WHERE id = $8 AND business_id = $9",
        DB_PARAMS(db_text(field->display_name), db_text(field->description), db_int(field->required),
            db_text(field->default_json), db_text(field_options_json(w->arena, field)),
            db_text(field_limits_json(w->arena, field)),
            field->archived ? db_int(field->archived_at) : db_null(DB_INT), db_id(field->id),
            db_id(w->business_id)),
        NULL, err);
}

static bool is_same(struct arena *arena, const struct field *a, const struct field *b)
{
    return text_same(a->display_name, b->display_name) && text_same(a->description, b->description) &&
           a->required == b->required && text_same(a->default_json, b->default_json) &&
           text_same(field_options_json(arena, a), field_options_json(arena, b)) &&
           text_same(field_limits_json(arena, a), field_limits_json(arena, b)) && a->archived == b->archived;
}

enum err_code field_change(struct write *w, const struct field_input *input, struct field_result *result,
    struct error_list *list, struct error *err)
{
    struct field_held held;
    struct field_set fields;
    enum err_code code = begin(w, &input->owner, &held, &fields, err);
    if (code)
        return code;
    const struct field *old = field_by_id(&fields, input->field_id);
    if (!old)
        return error_set(err, ERR_NOT_FOUND, "There is no such field of this object.");
    if (old->standard)
        return error_set(err, ERR_CONFLICT, "This is a standard field; it stays as it is.");
    if (old->archived && (!input->has.archived || input->archived))
        return error_set(err, ERR_CONFLICT, "This field is archived; restore it first.");
    struct field field = *old;
    code = field_check_change(w, input, &field, list, err);
    if (!code)
        code = check_archiving_refused(archive(w, input, &fields, &field, err), list, err);
    if (!code)
        code = error_list_refuse(list, err);
    if (!code && is_same(w->arena, old, &field))
        return finish(w, &held, field.id, result, err);
    if (!code)
        code = field_owner_touch(w, &held, (int64_t)old->archived - field.archived, err);
    if (!code)
        code = update(w, &field, err);
    if (!code)
        code = field_audit(w, &held, old, &field, err);
    return code ? code : finish(w, &held, field.id, result, err);
}

/* ── order ───────────────────────────────────────────────────────────────────────────────────── */

static void check_order(
    const struct field_order *input, const struct field_set *fields, struct error_list *list)
{
    size_t movable = 0;
    for (size_t i = 0; i < fields->count; i++)
        movable += !fields->items[i].standard && !fields->items[i].archived;
    for (size_t i = 0; i < input->count; i++) {
        const struct field *field = field_by_id(fields, input->ids[i]);
        bool twice = false;
        for (size_t j = 0; j < i && !twice; j++)
            twice = id_equal(input->ids[i], input->ids[j]);
        const char *wrong = !field            ? "There is no such field of this object."
                            : field->standard ? "Standard fields come first, in their own order."
                            : field->archived ? "This field is archived."
                            : twice           ? "This field is there twice."
                                              : NULL;
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/fields/%zu", i);
        if (wrong)
            error_list_add(list, pointer, "%s", wrong);
    }
    if (list->count == 0 && input->count != movable)
        error_list_add(
            list, "/fields", "All %zu fields must be there; these are %zu.", movable, input->count);
}

enum err_code field_reorder(struct write *w, const struct field_order *input, struct field_result *result,
    struct error_list *list, struct error *err)
{
    struct field_held held;
    struct field_set fields;
    enum err_code code = begin(w, &input->owner, &held, &fields, err);
    if (code)
        return code;
    check_order(input, &fields, list);
    code = error_list_refuse(list, err);
    if (!code)
        code = field_owner_touch(w, &held, 0, err);
    struct db_value *values = ARENA_ARRAY(w->arena, struct db_value, 3 * input->count + 1), *v = values;
    for (size_t i = 0; i < input->count; i++) {
        *v++ = db_int((int64_t)i);
        *v++ = db_id(input->ids[i]);
        *v++ = db_id(w->business_id);
    }
    if (!code)
        code = db_exec_many(w->db, "UPDATE field SET position = $1 WHERE id = $2 AND business_id = $3",
            values, 3, input->count, err);
    if (!code)
        code = field_audit_order(w, &held, &fields, input, err);
    return code ? code : finish(w, &held, (struct id){0}, result, err);
}
