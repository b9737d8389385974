/* Fields and rules of an object, as a file says. */
#include "cli/apply_internal.h"
#include "crm/rule.h"

static void release_json(void *json)
{
    json_decref(json);
}

/* The fields of one object, at work. */
struct fields_run {
    struct tenant *t;
    struct field_holder *holder;
    struct field_set set; /* as it is now */
};

/* ── what a definition says ──────────────────────────────────────────────────────────────────── */

/* Names and colours are texts, however they look. */
static json_t *option_of(struct apply *apply, struct at at)
{
    if (at.node->kind == YAML_TEXT)
        return json_string(apply_word(apply, at));
    json_t *option = json_incref(apply_json(apply, at.node));
    const char *name = apply_text(apply, at, "name");
    if (name)
        json_object_set_new(option, "name", json_string(name));
    return option;
}

static json_t *options_of(struct apply *apply, struct at at)
{
    if (at.node->kind != YAML_LIST)
        return apply_json(apply, at.node);
    json_t *options = json_array();
    for (size_t i = 0; i < apply_count(at); i++)
        json_array_append_new(options, option_of(apply, apply_item(apply, at, i)));
    arena_keep(apply->arena, release_json, options);
    return options;
}

static enum err_code find_target(
    struct tenant *t, struct at at, const char *api_name, struct record_object *object, struct error *err)
{
    struct error why = {0};
    enum err_code code = record_object_find(&t->write, api_name, object, &why);
    if (code != ERR_NOT_FOUND)
        return code ? error_set(err, code, "%s", why.text) : ERR_OK;
    if (!apply_declares(t, "record_objects", "api_name", api_name))
        apply_complain(t->apply, at,
            "There is no record object '%.80s', neither in this Business nor in the file.", api_name);
    return ERR_INVALID;
}

/* "contacts.mobile_phone" */
static enum err_code find_bound(
    struct tenant *t, struct at at, const char *text, struct field *field, struct error *err)
{
    char *object_name = arena_strdup(t->apply->arena, text), *name = strchr(object_name, '.');
    struct record_object object;
    struct field_set fields;
    if (!name) {
        apply_complain(
            t->apply, at, "This must name an object and its field, such as contacts.mobile_phone.");
        return ERR_INVALID;
    }
    *name++ = '\0';
    enum err_code code = find_target(t, at, object_name, &object, err);
    if (!code)
        code = record_fields_read(t->write.db, t->write.arena, t->write.business_id,
            object.kind == RECORD_CONTACT ? FIELDS_OF_CONTACTS : FIELDS_OF_CUSTOM_OBJECT, object.id, &fields,
            err);
    if (code)
        return code;
    const struct field *found = field_by_name(&fields, name);
    if (found)
        *field = *found;
    else
        apply_complain(t->apply, at, "'%.80s' has no field '%.80s'.", object_name, name);
    return found ? ERR_OK : ERR_INVALID;
}

/* What may change, given the field's type. */
static enum err_code read_definition(
    struct fields_run *run, struct at at, enum field_type type, struct field_input *input, struct error *err)
{
    struct apply *apply = run->t->apply;
    const char *description = apply_text(apply, at, "description");
    input->owner = *run->holder;
    input->display_name = apply_text(apply, at, "display_name");
    input->description = apply_has(at, "description") ? (description ? description : "") : NULL;
    input->required = apply_bool(at, "required");
    input->has.required = apply_has(at, "required");
    input->has.options = apply_has(at, "options");
    input->has.limits = apply_has(at, "limits");
    input->has.default_value = apply_has(at, "default");
    if (input->has.options)
        input->options = options_of(apply, apply_member(apply, at, "options"));
    if (input->has.limits)
        input->limits = apply_json(apply, yaml_get(at.node, "limits"));
    return input->has.default_value
               ? apply_value(run->t, apply_member(apply, at, "default"), type, &input->default_value, err)
               : ERR_OK;
}

/* ── new ones ────────────────────────────────────────────────────────────────────────────────── */

static enum err_code read_references(
    struct fields_run *run, struct at at, struct field_input *input, enum field_type *type, struct error *err)
{
    struct apply *apply = run->t->apply;
    const char *target = apply_text(apply, at, "target_object"), *bound = apply_text(apply, at, "bound_to");
    struct record_object object = {0};
    struct field field = {0};
    enum err_code code =
        target ? find_target(run->t, apply_member(apply, at, "target_object"), target, &object, err) : ERR_OK;
    if (!code && bound) {
        code = find_bound(run->t, apply_member(apply, at, "bound_to"), bound, &field, err);
        *type = field.type;
    }
    input->target_object_id = object.id;
    input->bound_field_id = field.id;
    return code;
}

static enum err_code create(struct fields_run *run, struct at at, struct error *err)
{
    struct apply *apply = run->t->apply;
    struct field_input input = {
        .name = apply_text(apply, at, "name"), .type = apply_text(apply, at, "field_type")};
    struct field_result result;
    struct error why = {0};
    enum field_type type = FIELD_TEXT;
    if (input.type && !field_type_parse(input.type, &type))
        type = FIELD_TEXT; /* it will be refused */
    enum err_code code = read_references(run, at, &input, &type, err);
    if (!code)
        code = read_definition(run, at, type, &input, err);
    if (code)
        return code;
    code = field_create(&run->t->write, &input, &result, &apply->list, &why);
    if (!code) {
        run->holder->version = result.version;
        run->set = result.fields;
    }
    return apply_settle(apply, at, code, &why, err);
}

/* ── those that are there ────────────────────────────────────────────────────────────────────── */

static bool complain_if_other(struct apply *apply, struct at at, const char *member, const char *now)
{
    const char *text = apply_text(apply, at, member);
    if (!text || (now && strcmp(text, now) == 0))
        return false;
    apply_complain(apply, apply_member(apply, at, member), "A field's %s never changes; it is %s.", member,
        now ? now : "none");
    return true;
}

static enum err_code check_fixed(
    struct fields_run *run, struct at at, const struct field *field, struct error *err)
{
    const struct show *show = &run->t->show;
    const char *bound = NULL, *target = NULL;
    enum err_code code = ERR_OK;
    if (!id_is_nil(field->bound_field_id))
        code = show_bound(show, field, &bound, err);
    if (!code && !id_is_nil(field->target_object_id)) {
        struct record_object object;
        code = record_object_find(&run->t->write, id_format(field->target_object_id).text, &object, err);
        target = object.api_name;
    }
    if (code)
        return code;
    bool other = complain_if_other(run->t->apply, at, "field_type", field_type_name(field->type));
    other |= complain_if_other(run->t->apply, at, "bound_to", bound);
    other |= complain_if_other(run->t->apply, at, "target_object", target);
    return other ? ERR_INVALID : ERR_OK;
}

static bool is_so(const json_t *wanted, const json_t *now)
{
    const char *name;
    json_t *value;
    bool nothing = json_is_null(wanted) || json_is_false(wanted) ||
                   (json_is_string(wanted) && !*json_string_value(wanted));
    if (!now || !json_is_object(wanted))
        return now ? json_equal(wanted, now) : nothing;
    json_object_foreach((json_t *)wanted, name, value)
    {
        if (!is_so(value, json_object_get(now, name)))
            return false;
    }
    return true;
}

/* What the file asks for as the member, in the form in which it is shown. */
static json_t *wanted_member(struct apply *apply, struct at at, const char *name, enum field_type type)
{
    struct at member = apply_member(apply, at, name);
    if (strcmp(name, "options") == 0)
        return options_of(apply, member);
    if (strcmp(name, "required") == 0 || strcmp(name, "archived") == 0 || strcmp(name, "limits") == 0)
        return apply_json(apply, member.node);
    return apply_plain_value(apply, member, type);
}

/* What is so already is not asked for: it costs, and somebody who is the default may have left since. */
static bool is_member_so(
    struct apply *apply, struct at at, const char *name, enum field_type type, const json_t *shown)
{
    return is_so(wanted_member(apply, at, name, type), json_object_get(shown, name));
}

static bool is_all_so(struct apply *apply, struct at at, enum field_type type, const json_t *shown)
{
    for (size_t i = 0; i < at.node->count; i++)
        if (!is_member_so(apply, at, at.node->keys[i], type, shown))
            return false;
    return true;
}

static enum err_code change(
    struct fields_run *run, struct at at, const struct field *field, struct error *err)
{
    struct apply *apply = run->t->apply;
    struct field_input input = {.field_id = field->id};
    struct field_result result;
    struct error why = {0};
    json_t *shown = NULL;
    enum err_code code = show_field(&run->t->show, field, &shown, err);
    if (code || is_all_so(apply, at, field->type, shown))
        return code;
    code = check_fixed(run, at, field, err);
    if (!code)
        code = read_definition(run, at, field->type, &input, err);
    if (code)
        return code;
    if (input.has.default_value && is_member_so(apply, at, "default", field->type, shown))
        input.has.default_value = false;
    input.has.archived = field->archived; /* to restore it */
    code = field_change(&run->t->write, &input, &result, &apply->list, &why);
    if (!code) {
        run->holder->version = result.version;
        run->set = result.fields;
    }
    return apply_settle(apply, at, code, &why, err);
}

static enum err_code archive(struct fields_run *run, const struct field *field, struct error *why)
{
    struct field_input input = {
        .owner = *run->holder, .field_id = field->id, .has.archived = true, .archived = true};
    struct field_result result;
    enum err_code code = field_change(&run->t->write, &input, &result, &run->t->apply->list, why);
    if (!code) {
        run->holder->version = result.version;
        run->set = result.fields;
    }
    return code;
}

/* ── all of an object ────────────────────────────────────────────────────────────────────────── */

static enum err_code apply_field(struct fields_run *run, struct at at, struct error *err)
{
    struct apply *apply = run->t->apply;
    const struct field *field = field_by_name(&run->set, apply_text(apply, at, "name"));
    if (!field)
        return create(run, at, err);
    if (field->standard) {
        if (at.node->count > 1)
            apply_complain(apply, at, "This is a standard field; it stays as it is.");
        return at.node->count > 1 ? ERR_INVALID : ERR_OK;
    }
    bool restored = apply_has(at, "archived") && !apply_bool(at, "archived");
    return field->archived && !restored ? ERR_OK : change(run, at, field, err);
}

/* The field, if it is to be archived; NULL: not. */
static const struct field *to_archive(struct fields_run *run, struct at at)
{
    const struct field *field = field_by_name(&run->set, apply_text(run->t->apply, at, "name"));
    return field && apply_bool(at, "archived") && !field->archived ? field : NULL;
}

static enum err_code archive_field(struct fields_run *run, struct at at, struct error *err)
{
    struct apply *apply = run->t->apply;
    struct error why = {0};
    const struct field *field = to_archive(run, at);
    enum err_code code = field ? archive(run, field, &why) : ERR_OK;
    return apply_settle(apply, apply_member(apply, at, "archived"), code, &why, err);
}

static enum err_code archive_early(struct fields_run *run, struct at at, struct error *err)
{
    struct error why = {0};
    const struct field *field = to_archive(run, at);
    enum err_code code = field ? archive(run, field, &why) : ERR_OK;
    error_list_clear(&run->t->apply->list);
    return !code || code == ERR_CONFLICT ? ERR_OK : error_set(err, code, "%s", why.text);
}

static bool is_in_order(const struct field *field)
{
    return !field->standard && !field->archived;
}

static bool is_in_file(struct apply *apply, struct at list, const char *name)
{
    for (size_t i = 0; i < apply_count(list); i++)
        if (strcmp(apply_text(apply, apply_item(apply, list, i), "name"), name) == 0)
            return true;
    return false;
}

/* The next one of the file that has a place in the order. */
static const struct field *next_in_file(struct fields_run *run, struct at list, size_t *i)
{
    while (*i < apply_count(list)) {
        struct at at = apply_item(run->t->apply, list, (*i)++);
        const struct field *field = field_by_name(&run->set, apply_text(run->t->apply, at, "name"));
        if (field && is_in_order(field))
            return field;
    }
    return NULL;
}

/* Those of the file stand in its order, in the places that they have among the others. */
static enum err_code reorder(struct fields_run *run, struct at list, struct error *err)
{
    struct apply *apply = run->t->apply;
    struct id *ids = ARENA_ARRAY(apply->arena, struct id, run->set.count + 1);
    size_t count = 0, next = 0;
    bool moved = false;
    for (size_t i = 0; i < run->set.count; i++) {
        const struct field *field = &run->set.items[i];
        if (!is_in_order(field))
            continue;
        const struct field *there =
            is_in_file(apply, list, field->name) ? next_in_file(run, list, &next) : field;
        moved |= there != field;
        ids[count++] = there->id;
    }
    if (!moved)
        return ERR_OK;
    struct field_order order = {.owner = *run->holder, .ids = ids, .count = count};
    struct field_result result;
    struct error why = {0};
    enum err_code code = field_reorder(&run->t->write, &order, &result, &apply->list, &why);
    if (!code)
        run->holder->version = result.version;
    return apply_settle(apply, list, code, &why, err);
}

static enum err_code take_step(struct fields_run *run, struct at at, enum fields_step step, struct error *err)
{
    static enum err_code (*const steps[])(struct fields_run * run, struct at at, struct error * err) = {
        [FIELDS_GO_EARLY] = archive_early, [FIELDS_WRITE] = apply_field, [FIELDS_GO] = archive_field};
    return steps[step](run, at, err);
}

enum err_code apply_fields(
    struct tenant *t, struct at at, struct field_holder *holder, enum fields_step step, struct error *err)
{
    struct fields_run run = {.t = t, .holder = holder};
    struct at list = apply_member(t->apply, at, "fields");
    bool refused = false;
    if (apply_count(list) == 0)
        return ERR_OK;
    enum err_code code = record_fields_read(
        t->write.db, t->write.arena, t->write.business_id, holder->kind, holder->id, &run.set, err);
    for (size_t i = 0; i < apply_count(list) && !apply_ends(code); i++) {
        code = take_step(&run, apply_item(t->apply, list, i), step, err);
        refused |= code == ERR_INVALID;
    }
    if (apply_ends(code))
        return code;
    if (refused)
        return ERR_INVALID;
    return step == FIELDS_WRITE ? reorder(&run, list, err) : ERR_OK;
}

/* ── rules ───────────────────────────────────────────────────────────────────────────────────── */

static enum err_code read_condition(
    struct tenant *t, struct at at, const struct field_set *fields, json_t *condition, struct error *err)
{
    const char *name = apply_text(t->apply, at, "field");
    const struct field *field = name ? field_by_name(fields, name) : NULL;
    json_t *value = NULL;
    if (!field || !apply_has(at, "value") || !json_is_object(condition))
        return ERR_OK; /* what is wrong with it is found by the rules' own checks */
    enum err_code code = apply_value(t, apply_member(t->apply, at, "value"), field->type, &value, err);
    if (!code)
        json_object_set(condition, "value", value);
    return code;
}

/* The first rule of that name that no other of the file has taken. */
static void keep_identity(const struct rule_set *before, bool *taken, json_t *rule)
{
    const char *name = json_string_value(json_object_get(rule, "name"));
    for (size_t r = 0; r < before->count; r++)
        if (!taken[r] && strcmp(before->rules[r].name, name ? name : "") == 0) {
            taken[r] = true;
            json_object_set_new(rule, "id", json_string(id_format(before->rules[r].id).text));
            return;
        }
}

static enum err_code read_rule(struct tenant *t, struct at at, const struct rule_set *before, bool *taken,
    json_t *rule, struct error *err)
{
    struct at conditions = apply_member(t->apply, at, "conditions");
    enum err_code code = ERR_OK;
    if (!json_is_object(rule))
        return ERR_OK;
    json_object_del(rule, "id");
    keep_identity(before, taken, rule);
    for (size_t i = 0; i < apply_count(conditions) && !apply_ends(code); i++) {
        enum err_code one = read_condition(t, apply_item(t->apply, conditions, i), before->fields,
            json_array_get(json_object_get(rule, "conditions"), i), err);
        code = one ? one : code;
    }
    return code;
}

enum err_code apply_rules(
    struct tenant *t, struct at at, struct id object_id, int64_t *version, struct error *err)
{
    struct apply *apply = t->apply;
    struct at list = apply_member(apply, at, "rules");
    struct field_set fields;
    struct rule_set before;
    struct error why = {0};
    enum err_code code =
        rules_read(t->write.db, t->write.arena, t->write.business_id, object_id, &fields, &before, err);
    if (code)
        return code;
    json_t *rules = apply_json(apply, list.node);
    bool *taken = ARENA_ARRAY(apply->arena, bool, before.count + 1);
    for (size_t i = 0; i < apply_count(list) && !apply_ends(code); i++) {
        enum err_code one =
            read_rule(t, apply_item(apply, list, i), &before, taken, json_array_get(rules, i), err);
        code = one ? one : code;
    }
    if (code)
        return code;
    struct rules_input input = {.object_id = object_id, .version = *version, .rules = rules};
    struct rules_result result;
    code = rules_replace(&t->write, &input, &result, &apply->list, &why);
    if (!code)
        *version = result.version;
    return apply_settle(apply, at, code, &why, err);
}
