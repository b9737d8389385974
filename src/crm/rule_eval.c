#include "base/text.h"
#include "crm/rule.h"

#include "base/json_read.h"

/* ── a value against an operand, both in the normal form of the field's values ───────────────── */

/* The text in a JSON string, fit for comparing without regard to case. */
static const char *folded(struct arena *arena, const json_t *string)
{
    return text_fold(arena, json_is_string(string) ? json_string_value(string) : "");
}

static const char *folded_json(struct arena *arena, const char *json)
{
    json_t *string = json_load(json, strlen(json));
    const char *text = folded(arena, string);
    json_decref(string);
    return text;
}

static bool is_equal(struct arena *arena, const struct field *field, const char *value, const char *operand)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_LONG_TEXT:
    case FIELD_EMAIL:
    case FIELD_PHONE:
    case FIELD_URL:
        return strcmp(folded_json(arena, value), folded_json(arena, operand)) == 0;
    case FIELD_INTEGER:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_RATING:
    case FIELD_DATE:
    case FIELD_DATETIME:
        return value_compare(field, value, operand) == 0;
    default: /* ids */
        return strcmp(value, operand) == 0;
    }
}

static bool equals_any(
    struct arena *arena, const struct field *field, const char *value, const struct rule_condition *condition)
{
    for (size_t i = 0; i < condition->operand_count; i++)
        if (is_equal(arena, field, value, condition->operands[i]))
            return true;
    return false;
}

static bool is_element(struct arena *arena, const json_t *array, const char *operand)
{
    const char *text = folded_json(arena, operand);
    for (size_t i = 0; i < json_array_size(array); i++)
        if (strcmp(folded(arena, json_array_get(array, i)), text) == 0)
            return true;
    return false;
}

/* How many of the operands are elements of the value, which is an array. */
static size_t elements_in(struct arena *arena, const char *value, const struct rule_condition *condition)
{
    json_t *array = json_load(value, strlen(value));
    size_t found = 0;
    for (size_t i = 0; i < condition->operand_count; i++)
        found += is_element(arena, array, condition->operands[i]);
    json_decref(array);
    return found;
}

static bool has_part(struct arena *arena, const char *value, const char *operand, bool at_the_beginning)
{
    const char *text = folded_json(arena, value), *part = folded_json(arena, operand);
    return at_the_beginning ? strncmp(text, part, strlen(part)) == 0 : strstr(text, part) != NULL;
}

/* A value that is not empty. */
static bool compare(
    struct arena *arena, const struct field *field, const char *value, const struct rule_condition *condition)
{
    const struct operator_kind *kind = &operator_kinds[condition->op];
    const char *const *operands = condition->operands;
    switch (kind->comparison) {
    case COMPARE_EMPTY:
        return false;
    case COMPARE_EQUAL:
        return equals_any(arena, field, value, condition);
    case COMPARE_ANY:
        return elements_in(arena, value, condition) > 0;
    case COMPARE_ALL:
        return elements_in(arena, value, condition) == condition->operand_count;
    case COMPARE_CONTAINS:
    case COMPARE_PREFIX:
        return has_part(arena, value, operands[0], kind->comparison == COMPARE_PREFIX);
    case COMPARE_LESS:
        return value_compare(field, value, operands[0]) < kind->or_equal;
    case COMPARE_GREATER:
        return value_compare(field, value, operands[0]) > -(int)kind->or_equal;
    case COMPARE_BETWEEN:
        return value_compare(field, value, operands[0]) >= 0 && value_compare(field, value, operands[1]) <= 0;
    case COMPARE_TRUE:
        return strcmp(value, "true") == 0;
    case COMPARE_FALSE:
        return strcmp(value, "false") == 0;
    }
    return false;
}

/* `value`: NULL is empty, which no comparison but one holds for. */
static bool condition_holds(
    struct arena *arena, const struct field *field, const char *value, const struct rule_condition *condition)
{
    const struct operator_kind *kind = &operator_kinds[condition->op];
    bool holds = value ? compare(arena, field, value, condition) : kind->comparison == COMPARE_EMPTY;
    return holds != kind->opposite;
}

/* ── rules ───────────────────────────────────────────────────────────────────────────────────── */

static bool rule_holds(
    struct arena *arena, const struct rule *rule, const struct value_set *values, const bool *visible)
{
    bool all = rule->match == RULE_ALL;
    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct rule_condition *condition = &rule->conditions[i];
        size_t f = condition->field;
        const char *value = visible[f] ? values->json[f] : NULL;
        if (condition_holds(arena, &values->fields->items[f], value, condition) != all)
            return !all;
    }
    return all;
}

void rules_visible(
    struct arena *arena, const struct rule_set *set, const struct value_set *values, bool *visible)
{
    for (size_t f = 0; f < set->fields->count; f++)
        visible[f] = !set->fields->items[f].archived;
    for (size_t i = 0; i < set->count; i++) {
        const struct rule *rule = &set->rules[set->order[i]];
        bool show = rule_holds(arena, rule, values, visible);
        for (size_t t = 0; t < rule->target_count; t++)
            visible[rule->targets[t]] &= show;
    }
}
