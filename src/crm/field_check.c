/* Checks of a field's definition: all that is wrong, by JSON pointer. */
#include "crm/check.h"
#include "crm/field_internal.h"
#include "crm/rule.h"
#include "crm/value_internal.h"

/* ── fields of records ───────────────────────────────────────────────────────────────────────── */

static enum field_owner kind_of(struct db_rows *rows, int col)
{
    return db_col_int(rows, col) == 0 ? FIELDS_OF_CONTACTS : FIELDS_OF_CUSTOM_OBJECT;
}

/* The record object that has the stored field; false when there is none, or *code says why. */
static bool stored_owner(struct write *w, struct id field_id, struct id *object_id, enum field_owner *kind,
    enum err_code *code, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *code = db_query(w->db,
        "SELECT r.id, r.kind FROM field f JOIN record_object r ON r.id = f.owner_id AND r.business_id = "
        "f.business_id WHERE f.id = $1 AND f.business_id = $2 AND r.archived_at IS NULL{share}",
        DB_PARAMS(db_id(field_id), db_id(w->business_id)), &rows, err);
    if (*code || !db_next(rows, code, err))
        return false;
    *object_id = db_col_id(rows, 0);
    *kind = kind_of(rows, 1);
    return true;
}

/* A standard field has no row: the ids of all there can be are compared. */
static enum err_code standard_field(
    struct write *w, struct id field_id, struct field *field, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(w->db, "SELECT id, kind FROM record_object WHERE business_id = $1 AND archived_at IS NULL",
            DB_PARAMS(db_id(w->business_id)), &rows, err);
    while (!code && db_next(rows, &code, err)) {
        struct field standard[STANDARD_FIELDS_MOST];
        size_t count = field_standard(kind_of(rows, 1), db_col_id(rows, 0), standard);
        for (size_t i = 0; i < count; i++)
            if (id_equal(standard[i].id, field_id)) {
                *field = standard[i];
                return ERR_OK;
            }
    }
    return code ? code
                : error_set(err, ERR_NOT_FOUND, "There is no such field of a record in this Business.");
}

enum err_code field_of_records(struct write *w, struct id field_id, struct field *field, struct error *err)
{
    struct id object_id;
    enum field_owner kind;
    enum err_code code = ERR_OK;
    if (!stored_owner(w, field_id, &object_id, &kind, &code, err))
        return code ? code : standard_field(w, field_id, field, err);
    struct field_set fields;
    code = record_fields_read(w->db, w->arena, w->business_id, kind, object_id, &fields, err);
    if (!code)
        *field = *field_by_id(&fields, field_id);
    return code;
}

enum err_code field_check_unused(struct write *w, const struct field *field, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *bound = NULL;
    enum err_code code = db_query(w->db,
        "SELECT f.display_name, o.name FROM field f JOIN activity_object o ON o.id = f.owner_id AND "
        "o.business_id = f.business_id WHERE f.bound_field_id = $1 AND f.business_id = $2 AND f.archived_at "
        "IS NULL",
        DB_PARAMS(db_id(field->id), db_id(w->business_id)), &bound, err);
    if (code)
        return code;
    if (db_next(bound, &code, err))
        return error_set(err, ERR_CONFLICT,
            "The field '%.60s' of the Activity Object '%.60s' writes into it.", db_col_text(bound, 0),
            db_col_text(bound, 1));
    const char *rule = NULL;
    code = rule_uses_field(w->db, w->arena, w->business_id, field->owner_id, field->id, &rule, err);
    if (!code && rule)
        code = error_set(err, ERR_CONFLICT,
            "The rule '%.100s' of this Activity Object uses it; change the rule first.", rule);
    return code;
}

/* ── members ─────────────────────────────────────────────────────────────────────────────────── */

static void check_texts(struct write *w, const struct field *field, struct error_list *list)
{
    int64_t most = crm_limits(w->crm)->name_chars, description_most = crm_limits(w->crm)->text_chars;
    if (!check_name(field->display_name, (size_t)most))
        error_list_add(
            list, "/display_name", "A field needs a name of 1 to %lld characters.", (long long)most);
    if ((int64_t)text_chars(field->description) > description_most)
        error_list_add(list, "/description", "This may have %lld characters.", (long long)description_most);
}

/* "outcome", or "outcome_2" if another field, archived or not, has that. "": there is none to be had. */
static const char *free_name(struct arena *arena, const struct field_set *fields, const char *display_name)
{
    const char *plain = text_api_name(arena, display_name);
    if (!*plain)
        return plain;
    if (*plain >= '0' && *plain <= '9')
        plain = arena_printf(arena, "field_%s", plain);
    plain = arena_printf(arena, "%.*s", API_NAME_MOST - 4, plain);
    const char *name = plain;
    for (size_t n = 2; field_by_name(fields, name); n++)
        name = arena_printf(arena, "%s_%zu", plain, n);
    return name;
}

void field_name_taken(const char *name, struct error_list *list)
{
    error_list_conflict(list, "/name", "Another field of this object has the name '%.80s'.", name);
}

static void name_it(struct write *w, const struct field_input *input, const struct field_set *fields,
    struct field *field, struct error_list *list)
{
    field->name = input->name ? input->name : free_name(w->arena, fields, field->display_name);
    if (!input->name && !check_name(field->display_name, SIZE_MAX))
        return; /* told already */
    if (check_api_name(field->name, !input->name, "/name", list) && input->name &&
        field_by_name(fields, input->name))
        field_name_taken(input->name, list);
}

/* Reads the options into a select, where they are the field's own. */
static void check_options(
    struct write *w, const struct field_input *input, struct field *field, struct error_list *list)
{
    if (!field_type_has_options(field->type)) {
        if (input->has.options && input->options)
            error_list_add(
                list, "/options", "A field of the type %s has no options.", field_type_name(field->type));
    } else if (!id_is_nil(field->bound_field_id)) {
        if (input->has.options)
            error_list_add(list, "/options", "The options are those of the field that it is bound to.");
    } else if (input->has.options || field->option_count == 0)
        field_options_read(w->arena, crm_limits(w->crm), input->options, field, list);
}

static void check_limits(
    struct write *w, const struct field_input *input, struct field *field, struct error_list *list)
{
    bool is_new = id_is_nil(field->id);
    if (!id_is_nil(field->bound_field_id)) {
        if (input->has.limits)
            error_list_add(list, "/limits", "The limits are those of the field that it is bound to.");
    } else if (input->has.limits || is_new)
        field_limits_read(w->arena, crm_limits(w->crm), input->limits, field, list);
}

/* Whether a default can be checked: what it must fit has been read, and not refused since there were `refused`. */
static bool default_can_be_checked(const struct error_list *list, size_t refused)
{
    return list->count == refused && !error_list_is_unread(list, "/options") &&
           !error_list_is_unread(list, "/limits") && !error_list_is_unread(list, "/target_object_id");
}

/* What is given, or what was there before options or limits changed. An employee who left since stays the default. */
static enum err_code check_default(struct write *w, const struct field_input *input, struct field *field,
    struct error_list *list, struct error *err)
{
    if (!input->has.default_value && !input->has.options && !input->has.limits)
        return ERR_OK;
    const json_t *value = input->has.default_value ? input->default_value
                          : field->default_json    ? json_tree(w->arena, field->default_json)
                                                   : NULL;
    const char *wrong = NULL;
    if (!input->has.default_value && field->default_json && !value)
        return error_set(err, ERR_BUSY, "There is no memory for this field now.");
    enum err_code code =
        value_check(w->db, w->arena, w->business_id, field, value, &field->default_json, &wrong, err);
    if (!code && wrong)
        error_list_add(list, "/default", "%s", wrong);
    return code;
}

/* ── a new field ─────────────────────────────────────────────────────────────────────────────── */

/* Whether it is there, and not archived; *code is of the database. */
static bool is_record_object(struct write *w, struct id id, enum err_code *code, struct error *err)
{
    struct record_object object;
    struct error why = {0};
    *code = record_object_find(w, id_format(id).text, &object, &why);
    if (*code && *code != ERR_NOT_FOUND) {
        error_set(err, *code, "%s", why.text);
        return false;
    }
    bool found = !*code && !object.archived_at;
    *code = ERR_OK;
    return found;
}

static enum err_code check_target(struct write *w, const struct field_input *input, struct field *field,
    struct error_list *list, struct error *err)
{
    enum err_code code = ERR_OK;
    if (id_is_nil(input->target_object_id))
        return ERR_OK;
    if (field->type != FIELD_RECORD)
        error_list_add(list, "/target_object_id", "A field of the type %s refers to no records.",
            field_type_name(field->type));
    else if (!id_is_nil(field->bound_field_id))
        error_list_add(list, "/target_object_id", "The records are those of the field that it is bound to.");
    else if (!is_record_object(w, input->target_object_id, &code, err) && !code)
        error_list_add(list, "/target_object_id", "There is no such object of records in this Business.");
    field->target_object_id = input->target_object_id;
    return code;
}

bool field_bound_to(const struct field_set *fields, struct id target_id)
{
    for (size_t i = 0; i < fields->count; i++)
        if (!fields->items[i].archived && id_equal(fields->items[i].bound_field_id, target_id))
            return true;
    return false;
}

/* NULL, or why a new field may not be bound to `target`. */
static const char *wrong_binding(const struct field_held *held, const struct field_set *fields, bool has_type,
    const struct field *field, const struct field *target)
{
    if (held->owner.kind != FIELDS_OF_ACTIVITY_OBJECT)
        return "Only a field of an Activity Object can be bound to a record's field.";
    if (!object_takes(&held->object, target->owner_id))
        return "Activities of this type are not about records of the object that has this field.";
    if (target->archived || target->read_only)
        return "Nothing can be written into this field.";
    if (has_type && target->type != field->type)
        return "The type must be that of the field that it is bound to.";
    return field_bound_to(fields, target->id)
               ? "Another field of this Activity Object is bound to it already."
               : NULL;
}

/* Takes type, options, limits and target from the field that it is bound to; *known: there is one. */
static enum err_code bind(struct write *w, const struct field_input *input, const struct field_held *held,
    const struct field_set *fields, struct field *field, bool *known, struct error_list *list,
    struct error *err)
{
    struct field target = {0};
    struct error why = {0};
    enum err_code code = field_of_records(w, input->bound_field_id, &target, &why);
    if (code && code != ERR_NOT_FOUND)
        return error_set(err, code, "%s", why.text);
    const char *wrong = code ? why.text : wrong_binding(held, fields, input->type != NULL, field, &target);
    *known = !wrong;
    if (wrong) {
        error_list_add(list, "/bound_field_id", "%s", wrong);
        return ERR_OK;
    }
    field->type = target.type;
    field->bound_field_id = target.id;
    field->bound_object_id = target.owner_id;
    field->bound_name = target.name;
    field->target_object_id = target.target_object_id;
    field->options = target.options;
    field->option_count = target.option_count;
    field->limits = target.limits;
    return ERR_OK;
}

/* *known: what its values are can be told, and so what else it may have. */
static enum err_code check_type(struct write *w, const struct field_input *input,
    const struct field_held *held, const struct field_set *fields, struct field *field, bool *known,
    struct error_list *list, struct error *err)
{
    bool bound = !id_is_nil(input->bound_field_id), unread = error_list_is_unread(list, "/bound_field_id");
    *known = false;
    if (!input->type && !bound && !unread)
        error_list_add(list, "/field_type", "This is required.");
    else if (input->type && !field_type_parse(input->type, &field->type))
        error_list_add(list, "/field_type", "This must be one of %s.", field_type_names(w->arena));
    else if (!unread && !error_list_is_unread(list, "/field_type")) {
        *known = true;
        field_limits_preset(crm_limits(w->crm), field);
    }
    return *known && bound ? bind(w, input, held, fields, field, known, list, err) : ERR_OK;
}

enum err_code field_check_new(struct write *w, const struct field_input *input, const struct field_held *held,
    const struct field_set *fields, struct field *field, struct error_list *list, struct error *err)
{
    *field = (struct field){.owner_id = held->owner.id,
        .display_name = input->display_name ? input->display_name : "",
        .description = input->description ? input->description : "",
        .required = input->required,
        .created_at = w->now};
    bool known;
    check_texts(w, field, list);
    name_it(w, input, fields, field, list);
    size_t refused = list->count;
    enum err_code code = check_type(w, input, held, fields, field, &known, list, err);
    if (!code && known) { /* all the rest depends on the type */
        check_options(w, input, field, list);
        check_limits(w, input, field, list);
        code = check_target(w, input, field, list, err);
        if (!code && default_can_be_checked(list, refused))
            code = check_default(w, input, field, list, err);
    }
    size_t table = 0;
    for (size_t i = 0; i < fields->count; i++)
        table += !fields->items[i].standard;
    if ((int64_t)table >= crm_limits(w->crm)->fields)
        error_list_add(list, "", "An object has %lld fields at most, archived ones included.",
            (long long)crm_limits(w->crm)->fields);
    return code;
}

enum err_code field_check_change(struct write *w, const struct field_input *input, struct field *field,
    struct error_list *list, struct error *err)
{
    if (input->display_name)
        field->display_name = input->display_name;
    if (input->description)
        field->description = input->description;
    if (input->has.required)
        field->required = input->required;
    check_texts(w, field, list);
    size_t refused = list->count;
    check_options(w, input, field, list);
    check_limits(w, input, field, list);
    return default_can_be_checked(list, refused) ? check_default(w, input, field, list, err) : ERR_OK;
}
