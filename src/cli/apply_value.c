/* Values of fields, as a file has them. */
#include "cli/apply_internal.h"
#include "crm/employee_list.h"

enum err_code apply_employee_id(
    struct tenant *t, struct at at, const char *text, struct id *id, struct error *err)
{
    struct person person = {0};
    struct error why = {0};
    bool active;
    if (id_parse(text, strlen(text), id))
        return ERR_OK;
    enum err_code code =
        employee_by_email(t->write.db, t->apply->arena, t->write.business_id, text, &person, &active, &why);
    *id = person.id;
    if (code != ERR_NOT_FOUND)
        return code ? error_set(err, code, "%s", why.text) : ERR_OK;
    if (!apply_declares(t, "employees", "email", text))
        apply_complain(
            t->apply, at, "There is no employee '%.80s', neither in this Business nor in the file.", text);
    return ERR_INVALID;
}

static enum err_code employee_value(struct tenant *t, struct at at, json_t **value, struct error *err)
{
    struct id id;
    enum err_code code = apply_employee_id(t, at, apply_word(t->apply, at), &id, err);
    if (!code)
        *value = json_string(id_format(id).text);
    return code;
}

static bool is_text_type(enum field_type type)
{
    return type != FIELD_INTEGER && type != FIELD_RATING && type != FIELD_YES_NO;
}

static enum err_code list_value(
    struct tenant *t, struct at at, enum field_type type, json_t **value, struct error *err)
{
    enum err_code code = ERR_OK;
    *value = json_array();
    for (size_t i = 0; i < apply_count(at); i++) {
        json_t *item = NULL;
        enum err_code one = apply_value(t, apply_item(t->apply, at, i), type, &item, err);
        if (apply_ends(one))
            return one;
        code = one ? one : code;
        json_array_append(*value, item);
    }
    return code;
}

static void release_json(void *json)
{
    json_decref(json);
}

enum err_code apply_value(
    struct tenant *t, struct at at, enum field_type type, json_t **value, struct error *err)
{
    enum err_code code = ERR_OK;
    *value = apply_json(t->apply, at.node);
    if (at.node->kind == YAML_MAP || json_is_null(*value))
        return ERR_OK;
    if (at.node->kind == YAML_TEXT && !is_text_type(type))
        return ERR_OK;
    if (at.node->kind == YAML_LIST)
        code = list_value(t, at, type, value, err);
    else if (type == FIELD_TEAM_MEMBER)
        code = employee_value(t, at, value, err);
    else
        *value = json_string(apply_word(t->apply, at));
    if (!code)
        arena_keep(t->apply->arena, release_json, *value);
    return code;
}
