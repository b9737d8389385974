/* Values of fields, as a file has them. */
#include "cli/apply_internal.h"
#include "crm/employee_list.h"

/* The id by the email; an id stays what it is. ERR_INVALID: nobody has it, which has been noted. */
static enum err_code employee_id_of(
    struct tenant *t, struct at at, const char *text, struct id *id, struct error *err)
{
    struct person person = {0};
    struct error why = {0};
    bool active;
    if (id_parse(text, strlen(text), id))
        return ERR_OK;
    enum err_code code =
        employee_by_email(t->write.db, t->write.arena, t->write.business_id, text, &person, &active, &why);
    *id = person.id;
    if (code != ERR_NOT_FOUND)
        return code ? error_set(err, code, "%s", why.text) : ERR_OK;
    if (!apply_declares(t, "employees", "email", text))
        apply_complain(
            t->apply, at, "There is no employee '%.80s', neither in this Business nor in the file.", text);
    return ERR_INVALID;
}

static bool is_text_type(enum field_type type)
{
    return type != FIELD_INTEGER && type != FIELD_RATING && type != FIELD_YES_NO;
}

static void release_json(void *json)
{
    json_decref(json);
}

json_t *apply_plain_value(struct apply *apply, struct at at, enum field_type type)
{
    json_t *value = apply_json(apply, at.node);
    if (at.node->kind == YAML_MAP || json_is_null(value) || !is_text_type(type))
        return value;
    if (at.node->kind == YAML_TEXT)
        value = json_string(apply_word(apply, at));
    else {
        value = json_array();
        for (size_t i = 0; i < apply_count(at); i++)
            json_array_append(value, apply_plain_value(apply, apply_item(apply, at, i), type));
    }
    arena_keep(apply->arena, release_json, value);
    return value;
}

/* Puts the id for the email, in a value or in each of a list. */
static enum err_code name_employees(struct tenant *t, struct at at, json_t *value, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < apply_count(at) && !apply_ends(code); i++) {
        enum err_code one = name_employees(t, apply_item(t->apply, at, i), json_array_get(value, i), err);
        code = one ? one : code;
    }
    if (!json_is_string(value))
        return code;
    struct id id;
    code = employee_id_of(t, at, json_string_value(value), &id, err);
    if (!code)
        json_string_set(value, id_format(id).text);
    return code;
}

enum err_code apply_value(
    struct tenant *t, struct at at, enum field_type type, json_t **value, struct error *err)
{
    *value = apply_plain_value(t->apply, at, type);
    return type == FIELD_TEAM_MEMBER ? name_employees(t, at, *value, err) : ERR_OK;
}
