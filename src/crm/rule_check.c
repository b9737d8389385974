#include "base/alloc.h"
#include "base/text.h"
#include "crm/rule_internal.h"

/* Values in the conditions of all rules of an Activity Object: employees and records are looked up one by one. */
#define OPERANDS_MOST 2000

/* A rule that is being read; the graph of all is looked at when each has been. */
struct draft {
    struct rule *rule;
    const char *pointer; /* "/rules/3" */
    const char **condition_pointers, **target_pointers; /* of what was understood */
};

struct check {
    struct write *write;
    const struct crm_limits *limits;
    const struct rule_set *known;
    struct rule_set *set;
    struct draft *drafts;
    struct error_list *list;
    struct error *err;
    enum err_code code; /* of the database */
    size_t operands; /* so far, of all rules */
};

/* Nothing more is kept of what is wrong, or read from a database that fails. */
static bool is_enough(const struct check *c)
{
    return c->code || c->list->count > ARRAY_LEN(c->list->items);
}

static void refuse(struct check *c, const char *pointer, const char *text)
{
    error_list_add(c->list, pointer, "%s", text);
}

static const char *below(struct check *c, const char *pointer, const char *member)
{
    return arena_printf(c->write->arena, "%s/%s", pointer, member);
}

static const char *element(struct check *c, const char *pointer, const char *member, size_t i)
{
    return arena_printf(c->write->arena, "%s/%s/%zu", pointer, member, i);
}

/* ── shapes ──────────────────────────────────────────────────────────────────────────────────── */

/* A name from outside as a part of a pointer; the beginning is enough to find it. */
static const char *escaped(struct check *c, const char *name)
{
    CLEANUP(buf_free) struct buf out = BUF_INIT(40);
    for (const char *at = name; *at; at++) {
        if (*at == '~' || *at == '/')
            buf_add_text(&out, *at == '~' ? "~0" : "~1");
        else
            buf_add(&out, at, 1);
    }
    return text_cleaned(c->write->arena, buf_text(&out), out.len);
}

/* An object that has no other members than `names`, which NULL ends. */
static bool is_shaped(struct check *c, const char *pointer, const json_t *json, const char *const *names)
{
    const char *name;
    json_t *value;
    if (!json_is_object(json)) {
        refuse(c, pointer, "This must be an object.");
        return false;
    }
    json_object_foreach((json_t *)json, name, value)
    {
        if (!text_listed(names, name))
            refuse(c, below(c, pointer, escaped(c, name)), "This member is not known here.");
    }
    return true;
}

/* How many elements the member has; 0, having said so, if that is not from 1 to `most`. */
static size_t length(
    struct check *c, const char *pointer, const char *member, const json_t *json, int64_t most)
{
    size_t n = json_array_size(json);
    if (n >= 1 && n <= (size_t)most)
        return n;
    refuse(c, below(c, pointer, member),
        arena_printf(c->write->arena, "An array of 1 to %lld is needed here.", (long long)most));
    return 0;
}

/* ── conditions ──────────────────────────────────────────────────────────────────────────────── */

/* The field named by its id or its name, if it is there and not archived. */
static bool find_field(struct check *c, const char *pointer, const json_t *json, size_t *index)
{
    const struct field_set *fields = c->set->fields;
    const char *text = json_is_string(json) ? json_string_value(json) : NULL;
    struct id id;
    if (!text) {
        refuse(c, pointer, "The name or the id of a field is needed.");
        return false;
    }
    const struct field *field =
        id_parse(text, strlen(text), &id) ? field_by_id(fields, id) : field_by_name(fields, text);
    if (!field)
        refuse(c, pointer, "There is no such field in this Activity Object.");
    else if (field->archived)
        refuse(c, pointer, "This field is archived.");
    if (!field || field->archived)
        return false;
    *index = (size_t)(field - fields->items);
    return true;
}

/* The field as operands are checked: its type counts, its limits do not. */
static const struct field *unlimited(struct check *c, const struct field *field)
{
    struct field *copy = ARENA_NEW(c->write->arena, struct field);
    *copy = *field;
    copy->limits.min = copy->limits.max = NULL;
    copy->limits.min_length = 0;
    copy->limits.max_length = c->limits->long_text_chars;
    copy->limits.max_items = 1;
    return copy;
}

static bool is_array(const struct field *field)
{
    return field->type == FIELD_MULTI_SELECT || field->type == FIELD_TAGS;
}

/* What a condition on the field has now may stay, even if a new one could not have it: somebody who left. */
static const char *stored_value(struct check *c, const struct field *field, const json_t *json)
{
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *found = NULL;
    for (size_t r = 0; r < c->known->count && text; r++) {
        const struct rule *rule = &c->known->rules[r];
        for (size_t i = 0; i < rule->condition_count; i++) {
            const struct rule_condition *condition = &rule->conditions[i];
            if (!id_equal(c->known->fields->items[condition->field].id, field->id))
                continue;
            for (size_t k = 0; k < condition->operand_count; k++)
                if (strcmp(condition->operands[k], text) == 0)
                    found = condition->operands[k];
        }
    }
    mem_free(text);
    return found;
}

/* A value of the field in normal form, or of what its value is an array of; NULL, having said why, if it is none. */
static const char *read_value(
    struct check *c, const char *pointer, const json_t *json, const struct field *field)
{
    struct write *w = c->write;
    const char *value = NULL, *wrong = NULL;
    if (++c->operands > OPERANDS_MOST) {
        refuse(c, pointer,
            arena_printf(w->arena, "The rules of an Activity Object have %d values at most.", OPERANDS_MOST));
        return NULL;
    }
    json_t *given = is_array(field) ? json_pack("[O]", json) : json_incref((json_t *)json);
    enum err_code code = value_check(w->db, w->arena, w->business_id, field, given, &value, &wrong, c->err);
    json_decref(given);
    c->code = c->code ? c->code : code;
    if (!code && wrong && stored_value(c, field, json))
        return stored_value(c, field, json);
    if (!code && (wrong || !value))
        refuse(c, pointer, wrong ? wrong : "A value is needed here; whether there is one asks is_empty.");
    if (code || wrong || !value)
        return NULL;
    return is_array(field) ? arena_strndup(w->arena, value + 1, strlen(value) - 2) : value;
}

/* Any text, as a JSON string. */
static const char *read_part(struct check *c, const char *pointer, const json_t *json)
{
    struct arena *arena = c->write->arena;
    const char *text = json_is_string(json) ? text_nfc(arena, json_string_value(json)) : "";
    if (!*text || text_chars(text) > (size_t)c->limits->text_chars) {
        refuse(c, pointer,
            arena_printf(
                arena, "A text of 1 to %lld characters is needed here.", (long long)c->limits->text_chars));
        return NULL;
    }
    CLEANUP(buf_free) struct buf out = BUF_INIT(strlen(text) * 6 + 3);
    text_json_quote(&out, text);
    return arena_strndup(arena, buf_text(&out), out.len);
}

/* Operands out of an array. */
static void read_values(struct check *c, const char *pointer, const json_t *json, const struct field *field,
    struct rule_condition *condition)
{
    bool range = operator_kinds[condition->op].operand == OPERAND_RANGE;
    size_t n = json_array_size(json);
    if (range ? n != 2 : n < 1 || n > (size_t)c->limits->list_items) {
        refuse(c, pointer,
            range ? "An array of two is needed here: the lower and the upper end."
                  : arena_printf(c->write->arena, "An array of 1 to %lld values is needed here.",
                        (long long)c->limits->list_items));
        return;
    }
    condition->operands = ARENA_ARRAY(c->write->arena, const char *, n);
    for (size_t i = 0; i < n && !is_enough(c); i++) {
        const char *at = arena_printf(c->write->arena, "%s/%zu", pointer, i);
        const char *value = read_value(c, at, json_array_get(json, i), field);
        if (value)
            condition->operands[condition->operand_count++] = value;
    }
    if (range && condition->operand_count == 2 &&
        value_compare(field, condition->operands[0], condition->operands[1]) > 0)
        refuse(c, pointer, "The lower end comes first.");
}

static void read_operands(struct check *c, const char *pointer, const json_t *json, const struct field *field,
    struct rule_condition *condition)
{
    const struct operator_kind *kind = &operator_kinds[condition->op];
    const char *value = NULL;
    switch (kind->operand) {
    case OPERAND_NONE:
        if (json && !json_is_null(json))
            refuse(c, pointer, arena_printf(c->write->arena, "%s takes no value.", kind->name));
        return;
    case OPERAND_PART:
        value = read_part(c, pointer, json);
        break;
    case OPERAND_ONE:
        value = read_value(c, pointer, json ? json : json_null(), field);
        break;
    case OPERAND_MANY:
    case OPERAND_RANGE:
        read_values(c, pointer, json, field, condition);
        return;
    }
    condition->operands = ARENA_ARRAY(c->write->arena, const char *, 1);
    condition->operands[0] = value;
    condition->operand_count = 1;
}

static bool read_operator(struct check *c, const char *pointer, const json_t *json, const struct field *field,
    enum rule_operator *op)
{
    const char *name = json_is_string(json) ? json_string_value(json) : "";
    bool found = operator_parse(name, op) && operator_fits(*op, field->type);
    if (!found)
        refuse(c, pointer,
            arena_printf(c->write->arena, "A field of type %s has: %s.", field_type_name(field->type),
                operator_names(c->write->arena, field->type)));
    return found;
}

static void read_condition(struct check *c, struct draft *draft, const char *pointer, const json_t *json)
{
    static const char *const members[] = {"field", "operator", "value", NULL};
    const char *field_pointer = below(c, pointer, "field");
    struct rule_condition condition = {0};
    if (!is_shaped(c, pointer, json, members) ||
        !find_field(c, field_pointer, json_object_get(json, "field"), &condition.field))
        return;
    const struct field *field = unlimited(c, &c->set->fields->items[condition.field]);
    if (read_operator(
            c, below(c, pointer, "operator"), json_object_get(json, "operator"), field, &condition.op))
        read_operands(c, below(c, pointer, "value"), json_object_get(json, "value"), field, &condition);
    draft->condition_pointers[draft->rule->condition_count] = field_pointer;
    draft->rule->conditions[draft->rule->condition_count++] = condition;
}

/* ── a rule ──────────────────────────────────────────────────────────────────────────────────── */

static void read_conditions(struct check *c, struct draft *draft, const json_t *json)
{
    size_t n = length(c, draft->pointer, "conditions", json, c->limits->conditions);
    draft->condition_pointers = ARENA_ARRAY(c->write->arena, const char *, n + 1);
    draft->rule->conditions = ARENA_ARRAY(c->write->arena, struct rule_condition, n + 1);
    for (size_t i = 0; i < n && !is_enough(c); i++)
        read_condition(c, draft, element(c, draft->pointer, "conditions", i), json_array_get(json, i));
}

static void read_targets(struct check *c, struct draft *draft, const json_t *json)
{
    size_t n = length(c, draft->pointer, "targets", json, c->limits->conditions), field;
    struct rule *rule = draft->rule;
    draft->target_pointers = ARENA_ARRAY(c->write->arena, const char *, n + 1);
    rule->targets = ARENA_ARRAY(c->write->arena, size_t, n + 1);
    for (size_t i = 0; i < n && !is_enough(c); i++) {
        const char *pointer = element(c, draft->pointer, "targets", i);
        if (!find_field(c, pointer, json_array_get(json, i), &field))
            continue;
        draft->target_pointers[rule->target_count] = pointer;
        rule->targets[rule->target_count++] = field;
    }
}

/* A new id, or that of a rule that is known and not yet named. */
static void read_identity(struct check *c, struct draft *draft, const json_t *json)
{
    struct rule *rule = draft->rule;
    const struct rule *known = NULL;
    *rule = (struct rule){.id = id_new(), .name = "", .match = RULE_ALL, .created_at = c->write->now};
    if (!json || json_is_null(json))
        return;
    struct id id = {0};
    const char *text = json_is_string(json) ? json_string_value(json) : "";
    if (id_parse(text, strlen(text), &id))
        for (size_t i = 0; i < c->known->count; i++)
            if (id_equal(c->known->rules[i].id, id))
                known = &c->known->rules[i];
    if (!known)
        refuse(c, below(c, draft->pointer, "id"),
            "There is no such rule in this Activity Object; a new one has no id.");
    for (const struct rule *other = c->set->rules; known && other < rule; other++)
        if (id_equal(other->id, id))
            refuse(c, below(c, draft->pointer, "id"), "This rule is there twice.");
    if (known) {
        rule->id = id;
        rule->created_at = known->created_at;
    }
}

static void read_words(struct check *c, struct draft *draft, const json_t *json)
{
    const json_t *name = json_object_get(json, "name"), *match = json_object_get(json, "match");
    const char *text = json_is_string(name) ? text_nfc(c->write->arena, json_string_value(name)) : "";
    if ((name && !json_is_string(name) && !json_is_null(name)) ||
        text_chars(text) > (size_t)c->limits->name_chars)
        refuse(c, below(c, draft->pointer, "name"),
            arena_printf(c->write->arena, "This must be a text of at most %lld characters.",
                (long long)c->limits->name_chars));
    draft->rule->name = text;
    const char *word = json_is_string(match) ? json_string_value(match) : "";
    draft->rule->match = strcmp(word, "any") == 0 ? RULE_ANY : RULE_ALL;
    if (draft->rule->match == RULE_ALL && strcmp(word, "all") != 0)
        refuse(c, below(c, draft->pointer, "match"), "This must be 'any' or 'all'.");
}

static void read_rule(struct check *c, struct draft *draft, const json_t *json)
{
    static const char *const members[] = {"id", "name", "match", "conditions", "targets", NULL};
    read_identity(c, draft, json_is_object(json) ? json_object_get(json, "id") : NULL);
    if (!is_shaped(c, draft->pointer, json, members))
        return;
    read_words(c, draft, json);
    read_conditions(c, draft, json_object_get(json, "conditions"));
    read_targets(c, draft, json_object_get(json, "targets"));
}

/* ── all rules together ──────────────────────────────────────────────────────────────────────── */

/* A field is the target of one rule at most, and there once. */
static void check_targets(struct check *c)
{
    size_t *owners = ARENA_ARRAY(c->write->arena, size_t, c->set->fields->count + 1); /* from 1 */
    for (size_t r = 0; r < c->set->count; r++) {
        const struct rule *rule = &c->set->rules[r];
        for (size_t i = 0; i < rule->target_count; i++) {
            size_t *owner = &owners[rule->targets[i]];
            if (*owner)
                refuse(c, c->drafts[r].target_pointers[i],
                    arena_printf(c->write->arena,
                        "This field is already a target of rule %zu; one rule at most shows a field.",
                        *owner));
            else
                *owner = r + 1;
        }
    }
}

static void check_cycles(struct check *c)
{
    size_t *open;
    if (rules_order(c->write->arena, c->set, &open) == c->set->count)
        return;
    for (size_t r = 0; r < c->set->count; r++)
        for (size_t i = 0; i < c->set->rules[r].condition_count; i++) {
            size_t field = c->set->rules[r].conditions[i].field;
            const char *path = open[field] ? rules_cycle(c->write->arena, c->set, r, field) : NULL;
            if (path)
                refuse(c, c->drafts[r].condition_pointers[i],
                    arena_printf(c->write->arena, "This field would decide about itself: %s.", path));
        }
}

enum err_code rules_check(struct write *write, const json_t *given, const struct rule_set *known,
    struct rule_set *set, struct error_list *list, struct error *err)
{
    struct check c = {.write = write,
        .limits = crm_limits(write->crm),
        .known = known,
        .set = set,
        .list = list,
        .err = err};
    size_t n = json_array_size(given);
    if (!json_is_array(given) || n > (size_t)c.limits->rules) {
        refuse(&c, "/rules",
            arena_printf(
                write->arena, "An array of at most %lld rules is needed.", (long long)c.limits->rules));
        return ERR_OK;
    }
    set->rules = ARENA_ARRAY(write->arena, struct rule, n + 1);
    c.drafts = ARENA_ARRAY(write->arena, struct draft, n + 1);
    for (; set->count < n && !is_enough(&c); set->count++) {
        struct draft *draft = &c.drafts[set->count];
        *draft = (struct draft){
            .rule = &set->rules[set->count], .pointer = arena_printf(write->arena, "/rules/%zu", set->count)};
        read_rule(&c, draft, json_array_get(given, set->count));
    }
    if (!c.code) {
        check_targets(&c);
        check_cycles(&c);
    }
    return c.code;
}
