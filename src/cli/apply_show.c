#include "cli/apply_show.h"

#include "crm/access.h"
#include "crm/business.h"
#include "crm/employee.h"
#include "crm/employee_list.h"
#include "crm/rule.h"
#include "crm/sharing.h"

struct show show_of(struct db *db, struct arena *arena, struct id business_id)
{
    return (struct show){
        .db = db, .arena = arena, .reader = {.business_id = business_id, .access = &access_operator}};
}

static void release_json(void *json)
{
    json_decref(json);
}

static json_t *kept(const struct show *show, json_t *json)
{
    arena_keep(show->arena, release_json, json);
    return json;
}

/* Only what is there is worth a line. */
static void put_text(json_t *tree, const char *name, const char *text)
{
    if (text && *text)
        json_object_set_new(tree, name, json_string(text));
}

static void put_bool(json_t *tree, const char *name, bool value)
{
    if (value)
        json_object_set_new(tree, name, json_true());
}

/* ── people ──────────────────────────────────────────────────────────────────────────────────── */

static json_t *permissions(const struct grants *grants)
{
    json_t *all = json_object();
    for (int k = 0; k < PERMISSION_KINDS; k++) {
        enum permission_kind kind = (enum permission_kind)k;
        json_t *verbs = json_object();
        for (int v = 0; v < PERMISSION_VERBS; v++) {
            enum permission_verb verb = (enum permission_verb)v;
            if (permission_exists(kind, verb))
                json_object_set_new(verbs, permission_verb_name(verb),
                    json_string(permission_level_name(grants_level(grants, kind, verb))));
        }
        json_object_set_new(all, permission_kind_name(kind), verbs);
    }
    return all;
}

static enum err_code show_group(const struct show *show, const char *name, json_t **tree, struct error *err)
{
    struct group group;
    enum err_code code = group_by_name(show->db, show->arena, show->reader.business_id, name, &group, err);
    if (code)
        return code;
    *tree = kept(show, json_object());
    put_text(*tree, "name", group.name);
    if (!group_is_owner(&group)) /* which cannot be changed */
        json_object_set_new(*tree, "permissions", permissions(&group.grants));
    return ERR_OK;
}

/* What is read of lists is much, and their names are all that is wanted: it goes with an arena of its own. */
static json_t *group_names(const struct group *groups, size_t count)
{
    json_t *names = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(groups[i].name));
    return names;
}

static enum err_code show_role(const struct show *show, const char *name, json_t **tree, struct error *err)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct role role;
    struct group *groups;
    size_t count = 0;
    enum err_code code = role_by_name(show->db, arena, show->reader.business_id, name, &role, err);
    if (!code)
        code = role_groups(show->db, arena, &show->reader, role.id, &groups, &count, err);
    if (code)
        return code;
    *tree = kept(show, json_object());
    put_text(*tree, "name", role.name);
    json_object_set_new(*tree, "groups", group_names(groups, count));
    return ERR_OK;
}

static json_t *role_names(const struct role *roles, size_t count)
{
    json_t *names = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(roles[i].name));
    return names;
}

static enum err_code show_employee(
    const struct show *show, const char *email, json_t **tree, struct error *err)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct person person;
    struct employee employee;
    bool active;
    enum err_code code =
        employee_by_email(show->db, arena, show->reader.business_id, email, &person, &active, err);
    if (!code)
        code = employee_read(show->db, arena, &show->reader, person.id, &employee, err);
    if (code)
        return code;
    *tree = kept(show, json_object());
    put_text(*tree, "email", person.email);
    put_text(*tree, "first_name", person.first_name);
    put_text(*tree, "last_name", person.last_name);
    json_object_set_new(*tree, "groups", group_names(employee.groups, employee.group_count));
    json_object_set_new(*tree, "roles", role_names(employee.roles, employee.role_count));
    if (!active)
        json_object_set_new(*tree, "active", json_false());
    return ERR_OK;
}

/* ── values: ids of this Business as what a file calls them ──────────────────────────────────── */

static enum err_code name_employee(const struct show *show, json_t *value, json_t **named, struct error *err)
{
    struct id id;
    struct person person;
    const char *text = json_string_value(value);
    if (!text || !id_parse(text, strlen(text), &id))
        return ERR_OK;
    enum err_code code = person_read(show->db, show->arena, show->reader.business_id, id, &person, err);
    if (!code)
        *named = json_string(person.email);
    return code == ERR_NOT_FOUND ? ERR_OK : code;
}

static bool is_only_one_of_its_name(const struct field *field, const struct field_option *option)
{
    for (size_t i = 0; i < field->option_count; i++)
        if (&field->options[i] != option && strcmp(field->options[i].name, option->name) == 0)
            return false;
    return true;
}

static void name_option(const struct field *field, json_t *value, json_t **named)
{
    struct id id;
    const char *text = json_string_value(value);
    const struct field_option *option =
        text && id_parse(text, strlen(text), &id) ? field_option_by_id(field, id) : NULL;
    if (option && !option->archived && is_only_one_of_its_name(field, option))
        *named = json_string(option->name);
}

/* One value of a field, or of what it is a list of; consumes `value`. */
static enum err_code name_value(
    const struct show *show, const struct field *field, json_t *value, json_t **out, struct error *err)
{
    json_t *named = NULL;
    enum err_code code = ERR_OK;
    if (json_is_array(value)) {
        named = json_array();
        for (size_t i = 0; i < json_array_size(value) && !code; i++) {
            json_t *item = NULL;
            code = name_value(show, field, json_incref(json_array_get(value, i)), &item, err);
            json_array_append_new(named, item);
        }
    } else if (field->type == FIELD_TEAM_MEMBER)
        code = name_employee(show, value, &named, err);
    else if (field_type_has_options(field->type))
        name_option(field, value, &named);
    *out = named ? named : json_incref(value);
    json_decref(value);
    return code;
}

static json_t *parse(const char *text)
{
    return json_loads(text, JSON_DECODE_ANY, NULL);
}

/* ── fields ──────────────────────────────────────────────────────────────────────────────────── */

static json_t *options_of(const struct field *field)
{
    json_t *options = json_array();
    for (size_t i = 0; i < field->option_count; i++) {
        const struct field_option *option = &field->options[i];
        if (option->archived && !is_only_one_of_its_name(field, option))
            continue;
        json_t *tree = json_object();
        put_text(tree, "name", option->name);
        put_text(tree, "color", option->color);
        put_bool(tree, "archived", option->archived);
        bool plain = json_object_size(tree) == 1;
        json_array_append(options, plain ? json_object_get(tree, "name") : tree);
        json_decref(tree);
    }
    return options;
}

static enum err_code api_name_of(
    const struct show *show, struct id record_object_id, const char **api_name, struct error *err)
{
    struct record_object object;
    enum err_code code = record_object_lookup(
        show->db, show->arena, show->reader.business_id, id_format(record_object_id).text, &object, err);
    if (!code)
        *api_name = object.api_name;
    return code;
}

enum err_code show_bound(
    const struct show *show, const struct field *field, const char **text, struct error *err)
{
    const char *object = NULL;
    enum err_code code = api_name_of(show, field->bound_object_id, &object, err);
    if (!code)
        *text = arena_printf(show->arena, "%s.%s", object, field->bound_name);
    return code;
}

/* What a bound field does not have itself: type, options, limits. */
static enum err_code put_own(
    const struct show *show, const struct field *field, json_t *tree, struct error *err)
{
    const char *target = NULL;
    put_text(tree, "field_type", field_type_name(field->type));
    enum err_code code = id_is_nil(field->target_object_id)
                             ? ERR_OK
                             : api_name_of(show, field->target_object_id, &target, err);
    put_text(tree, "target_object", target);
    json_t *limits = parse(field_limits_json(show->arena, field));
    if (json_object_size(limits))
        json_object_set(tree, "limits", limits);
    json_decref(limits);
    if (field_type_has_options(field->type))
        json_object_set_new(tree, "options", options_of(field));
    return code;
}

static enum err_code put_binding(
    const struct show *show, const struct field *field, json_t *tree, struct error *err)
{
    const char *bound = NULL;
    enum err_code code = show_bound(show, field, &bound, err);
    put_text(tree, "bound_to", bound);
    return code;
}

enum err_code show_field(const struct show *show, const struct field *field, json_t **tree, struct error *err)
{
    *tree = kept(show, json_object());
    put_text(*tree, "name", field->name);
    put_text(*tree, "display_name", field->display_name);
    put_text(*tree, "description", field->description);
    enum err_code code = id_is_nil(field->bound_field_id) ? put_own(show, field, *tree, err)
                                                          : put_binding(show, field, *tree, err);
    put_bool(*tree, "required", field->required);
    json_t *value = NULL;
    if (!code && field->default_json)
        code = name_value(show, field, parse(field->default_json), &value, err);
    if (value)
        json_object_set_new(*tree, "default", value);
    put_bool(*tree, "archived", field->archived);
    return code;
}

/* Without those that are part of the code. */
static enum err_code put_fields(
    const struct show *show, const struct field_set *fields, json_t *tree, struct error *err)
{
    enum err_code code = ERR_OK;
    json_t *list = json_array();
    for (size_t i = 0; i < fields->count && !code; i++) {
        json_t *field = NULL;
        if (fields->items[i].standard)
            continue;
        code = show_field(show, &fields->items[i], &field, err);
        json_array_append(list, field);
    }
    if (json_array_size(list))
        json_object_set(tree, "fields", list);
    json_decref(list);
    return code;
}

static enum err_code show_record_object(
    const struct show *show, const char *api_name, json_t **tree, struct error *err)
{
    struct record_object object;
    struct field_set fields = {0};
    enum err_code code =
        record_object_lookup(show->db, show->arena, show->reader.business_id, api_name, &object, err);
    if (!code)
        code = record_fields_read(show->db, show->arena, object.business_id,
            object.kind == RECORD_CONTACT ? FIELDS_OF_CONTACTS : FIELDS_OF_CUSTOM_OBJECT, object.id, &fields,
            err);
    if (code)
        return code;
    *tree = kept(show, json_object());
    put_text(*tree, "api_name", object.api_name);
    put_text(*tree, "name", object.name);
    put_text(*tree, "description", object.description);
    put_bool(*tree, "archived", object.archived_at != 0);
    return put_fields(show, &fields, *tree, err);
}

/* ── rules ───────────────────────────────────────────────────────────────────────────────────── */

/* As a rule in a file has it: nothing, one, or a list. */
static enum err_code put_operands(const struct show *show, const struct field *field,
    const struct rule_condition *condition, json_t *tree, struct error *err)
{
    enum operand operand = operator_kinds[condition->op].operand;
    bool list = operand == OPERAND_MANY || operand == OPERAND_RANGE;
    json_t *values = json_array();
    enum err_code code = ERR_OK;
    for (size_t k = 0; k < condition->operand_count && !code; k++) {
        json_t *value = NULL;
        code = name_value(show, field, parse(condition->operands[k]), &value, err);
        json_array_append_new(values, value);
    }
    if (operand != OPERAND_NONE && !code)
        json_object_set(tree, "value", list ? values : json_array_get(values, 0));
    json_decref(values);
    return code;
}

static enum err_code show_rule(const struct show *show, const struct rule_set *set, const struct rule *rule,
    json_t **tree, struct error *err)
{
    enum err_code code = ERR_OK;
    json_t *conditions = json_array(), *targets = json_array();
    for (size_t i = 0; i < rule->condition_count && !code; i++) {
        const struct rule_condition *condition = &rule->conditions[i];
        const struct field *field = &set->fields->items[condition->field];
        json_t *one = json_object();
        put_text(one, "field", field->name);
        put_text(one, "operator", operator_kinds[condition->op].name);
        code = put_operands(show, field, condition, one, err);
        json_array_append_new(conditions, one);
    }
    for (size_t i = 0; i < rule->target_count; i++)
        json_array_append_new(targets, json_string(set->fields->items[rule->targets[i]].name));
    *tree = json_object();
    put_text(*tree, "name", rule->name);
    put_text(*tree, "match", rule->match == RULE_ALL ? "all" : "any");
    json_object_set_new(*tree, "conditions", conditions);
    json_object_set_new(*tree, "targets", targets);
    return code;
}

static enum err_code put_rules(
    const struct show *show, const struct rule_set *set, json_t *tree, struct error *err)
{
    enum err_code code = ERR_OK;
    json_t *rules = json_array();
    for (size_t r = 0; r < set->count && !code; r++) {
        json_t *rule = NULL;
        code = show_rule(show, set, &set->rules[r], &rule, err);
        json_array_append_new(rules, rule);
    }
    if (set->count)
        json_object_set(tree, "rules", rules);
    json_decref(rules);
    return code;
}

/* ── Activity Objects ────────────────────────────────────────────────────────────────────────── */

static enum err_code put_sharing(
    const struct show *show, struct id object_id, json_t *tree, struct error *err)
{
    struct sharing sharing;
    struct id business_id = show->reader.business_id;
    json_t *roles = json_array(), *employees = json_array();
    enum err_code code = sharing_read(show->db, show->arena, business_id, object_id, &sharing, err);
    for (size_t i = 0; !code && i < sharing.role_count; i++) {
        struct role role;
        code = role_find(show->db, show->arena, business_id, sharing.roles[i], &role, err);
        if (!code)
            json_array_append_new(roles, json_string(role.name));
    }
    for (size_t i = 0; !code && i < sharing.employee_count; i++) {
        struct person person;
        code = person_read(show->db, show->arena, business_id, sharing.employees[i], &person, err);
        if (!code)
            json_array_append_new(employees, json_string(person.email));
    }
    json_t *shown = sharing.everyone
                        ? json_pack("{s:b}", "everyone", 1)
                        : json_pack("{s:b,s:O,s:O}", "everyone", 0, "roles", roles, "employees", employees);
    json_object_set_new(tree, "sharing", shown);
    json_decref(roles);
    json_decref(employees);
    return code;
}

static enum err_code put_associations(
    const struct show *show, const struct activity_object *object, json_t *tree, struct error *err)
{
    enum err_code code = ERR_OK;
    json_t *names = json_array();
    for (size_t i = 0; i < object->association_object_count && !code; i++) {
        const char *api_name = NULL;
        code = api_name_of(show, object->association_objects[i], &api_name, err);
        json_array_append_new(names, json_string(api_name));
    }
    put_text(tree, "association_mode", association_mode_name(object->association_mode));
    if (object->association_mode != ASSOCIATE_NONE)
        json_object_set(tree, "association_objects", names);
    json_decref(names);
    return code;
}

static enum err_code show_activity_object(
    const struct show *show, const char *api_name, json_t **tree, struct error *err)
{
    struct activity_object object;
    struct field_set fields = {0};
    struct rule_set rules = {0};
    enum err_code code =
        object_find(show->db, show->arena, &show->reader, (struct id){0}, api_name, &object, err);
    if (!code)
        code = rules_read(show->db, show->arena, object.business_id, object.id, &fields, &rules, err);
    if (code)
        return code;
    json_t *shown = *tree = kept(show, json_object());
    put_text(shown, "api_name", object.api_name);
    put_text(shown, "name", object.name);
    put_text(shown, "description", object.description);
    put_text(shown, "color", object.color);
    put_text(shown, "icon", object.icon);
    code = put_associations(show, &object, shown, err);
    put_text(shown, "default_submission_action", submission_action_name(object.action));
    put_text(shown, "redirect_url", object.redirect_url);
    put_text(shown, "webhook_url", object.webhook_url);
    if (!code)
        code = put_sharing(show, object.id, shown, err);
    if (!code)
        code = put_fields(show, &fields, shown, err);
    if (!code)
        code = put_rules(show, &rules, shown, err);
    put_bool(shown, "archived", object.archived_at != 0);
    return code;
}

/* ── by its key ──────────────────────────────────────────────────────────────────────────────── */

static enum err_code show_name(const struct show *show, const char *name, json_t **tree, struct error *err)
{
    (void)err;
    if (!id_is_nil(show->reader.business_id))
        *tree = kept(show, json_pack("{s:s}", "name", name));
    return ERR_OK;
}

enum err_code show_thing(const struct show *show, struct show_key key, json_t **tree, struct error *err)
{
    static enum err_code (*const shows[])(
        const struct show *show, const char *key, json_t **tree, struct error *err) = {
        [SHOW_BUSINESS] = show_name,
        [SHOW_GROUP] = show_group,
        [SHOW_ROLE] = show_role,
        [SHOW_EMPLOYEE] = show_employee,
        [SHOW_RECORD_OBJECT] = show_record_object,
        [SHOW_ACTIVITY_OBJECT] = show_activity_object,
    };
    struct error why = {0};
    *tree = NULL;
    enum err_code code = shows[key.kind](show, key.text, tree, &why);
    if (code == ERR_NOT_FOUND && !*tree)
        return ERR_OK;
    return code ? error_set(err, code, "%s", why.text) : ERR_OK;
}
