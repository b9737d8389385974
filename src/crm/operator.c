#include "crm/operator.h"

#define BIT(type) (UINT32_C(1) << FIELD_##type)

#define TEXTS (BIT(TEXT) | BIT(LONG_TEXT) | BIT(EMAIL) | BIT(PHONE) | BIT(URL))
#define NUMBERS (BIT(INTEGER) | BIT(DECIMAL) | BIT(MONEY) | BIT(RATING))
#define TIMES (BIT(DATE) | BIT(DATETIME))
#define CHOICES (BIT(SINGLE_SELECT) | BIT(STATUS) | BIT(TEAM_MEMBER) | BIT(RECORD))
#define SETS (BIT(MULTI_SELECT) | BIT(TAGS))
#define ALL (TEXTS | NUMBERS | TIMES | CHOICES | SETS | BIT(YES_NO))

const struct operator_kind operator_kinds[OPERATOR_COUNT] = {
    [OPERATOR_EQUALS] = {"equals", OPERAND_ONE, COMPARE_EQUAL, .types = TEXTS | NUMBERS | TIMES | CHOICES},
    [OPERATOR_NOT_EQUALS] = {"not_equals", OPERAND_ONE, COMPARE_EQUAL, .opposite = true,
        .types = TEXTS | NUMBERS | TIMES | CHOICES},
    [OPERATOR_IS_ONE_OF] = {"is_one_of", OPERAND_MANY, COMPARE_EQUAL, .types = TEXTS | NUMBERS | CHOICES},
    [OPERATOR_IS_NONE_OF] = {"is_none_of", OPERAND_MANY, COMPARE_EQUAL, .opposite = true,
        .types = TEXTS | NUMBERS | CHOICES},
    [OPERATOR_CONTAINS] = {"contains", OPERAND_PART, COMPARE_CONTAINS, .types = TEXTS},
    [OPERATOR_NOT_CONTAINS] = {"not_contains", OPERAND_PART, COMPARE_CONTAINS, .opposite = true,
        .types = TEXTS},
    [OPERATOR_STARTS_WITH] = {"starts_with", OPERAND_PART, COMPARE_PREFIX, .types = TEXTS},
    [OPERATOR_GREATER_THAN] = {"greater_than", OPERAND_ONE, COMPARE_GREATER, .types = NUMBERS},
    [OPERATOR_AT_LEAST] = {"at_least", OPERAND_ONE, COMPARE_GREATER, .or_equal = true, .types = NUMBERS},
    [OPERATOR_LESS_THAN] = {"less_than", OPERAND_ONE, COMPARE_LESS, .types = NUMBERS},
    [OPERATOR_AT_MOST] = {"at_most", OPERAND_ONE, COMPARE_LESS, .or_equal = true, .types = NUMBERS},
    [OPERATOR_BEFORE] = {"before", OPERAND_ONE, COMPARE_LESS, .types = TIMES},
    [OPERATOR_ON_OR_BEFORE] = {"on_or_before", OPERAND_ONE, COMPARE_LESS, .or_equal = true, .types = TIMES},
    [OPERATOR_AFTER] = {"after", OPERAND_ONE, COMPARE_GREATER, .types = TIMES},
    [OPERATOR_ON_OR_AFTER] = {"on_or_after", OPERAND_ONE, COMPARE_GREATER, .or_equal = true, .types = TIMES},
    [OPERATOR_BETWEEN] = {"between", OPERAND_RANGE, COMPARE_BETWEEN, .types = NUMBERS | TIMES},
    [OPERATOR_HAS_ANY] = {"has_any", OPERAND_MANY, COMPARE_ANY, .types = SETS},
    [OPERATOR_HAS_ALL] = {"has_all", OPERAND_MANY, COMPARE_ALL, .types = SETS},
    [OPERATOR_HAS_NONE] = {"has_none", OPERAND_MANY, COMPARE_ANY, .opposite = true, .types = SETS},
    [OPERATOR_IS_TRUE] = {"is_true", OPERAND_NONE, COMPARE_TRUE, .types = BIT(YES_NO)},
    [OPERATOR_IS_FALSE] = {"is_false", OPERAND_NONE, COMPARE_FALSE, .types = BIT(YES_NO)},
    [OPERATOR_IS_EMPTY] = {"is_empty", OPERAND_NONE, COMPARE_EMPTY, .types = ALL},
    [OPERATOR_IS_NOT_EMPTY] = {"is_not_empty", OPERAND_NONE, COMPARE_EMPTY, .opposite = true, .types = ALL},
};

bool operator_parse(const char *name, enum rule_operator *op)
{
    for (int i = 0; i < OPERATOR_COUNT; i++) {
        if (strcmp(operator_kinds[i].name, name) != 0)
            continue;
        *op = (enum rule_operator)i;
        return true;
    }
    return false;
}

const char *operator_names(struct arena *arena, enum field_type type)
{
    const char *names = "";
    for (int i = 0; i < OPERATOR_COUNT; i++)
        if (operator_fits((enum rule_operator)i, type))
            names = arena_printf(arena, "%s%s%s", names, *names ? ", " : "", operator_kinds[i].name);
    return names;
}
