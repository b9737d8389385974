/*
 * The operators of rule conditions: which there are, what they compare with, and which type of field has which.
 * docs/rules.md has the same table for people; tests/system/test_rules.py keeps the two the same.
 *
 * Pure; any thread.
 */
#ifndef HERALD_CRM_OPERATOR_H
#define HERALD_CRM_OPERATOR_H

#include "crm/field.h"

enum rule_operator {
    OPERATOR_EQUALS,
    OPERATOR_NOT_EQUALS,
    OPERATOR_IS_ONE_OF,
    OPERATOR_IS_NONE_OF,
    OPERATOR_CONTAINS,
    OPERATOR_NOT_CONTAINS,
    OPERATOR_STARTS_WITH,
    OPERATOR_GREATER_THAN,
    OPERATOR_AT_LEAST,
    OPERATOR_LESS_THAN,
    OPERATOR_AT_MOST,
    OPERATOR_BEFORE,
    OPERATOR_ON_OR_BEFORE,
    OPERATOR_AFTER,
    OPERATOR_ON_OR_AFTER,
    OPERATOR_BETWEEN,
    OPERATOR_HAS_ANY,
    OPERATOR_HAS_ALL,
    OPERATOR_HAS_NONE,
    OPERATOR_IS_TRUE,
    OPERATOR_IS_FALSE,
    OPERATOR_IS_EMPTY,
    OPERATOR_IS_NOT_EMPTY,
    OPERATOR_COUNT,
};

/* What the `value` of a condition is. */
enum operand {
    OPERAND_NONE, /* there is none */
    OPERAND_PART, /* a piece of text, which need not be a value of the field */
    OPERAND_ONE, /* a value of the field */
    OPERAND_MANY, /* an array of them, at least one */
    OPERAND_RANGE, /* an array of two, the lower first; both ends belong to it */
};

/* How it is decided, before `opposite` turns the answer round. */
enum comparison {
    COMPARE_EMPTY,
    COMPARE_EQUAL, /* the value is one of the operands */
    COMPARE_ANY, /* one of the values is one of the operands */
    COMPARE_ALL, /* each operand is one of the values */
    COMPARE_CONTAINS,
    COMPARE_PREFIX,
    COMPARE_LESS,
    COMPARE_GREATER,
    COMPARE_BETWEEN,
    COMPARE_TRUE,
    COMPARE_FALSE,
};

struct operator_kind {
    const char *name; /* on the wire */
    enum operand operand;
    enum comparison comparison;
    bool or_equal; /* of COMPARE_LESS and COMPARE_GREATER */
    bool opposite; /* the exact opposite of the comparison: an empty field satisfies it */
    uint32_t types; /* 1 << enum field_type */
};

extern const struct operator_kind operator_kinds[OPERATOR_COUNT];

bool operator_parse(const char *name, enum rule_operator *op) MUST_CHECK;

static inline bool operator_fits(enum rule_operator op, enum field_type type)
{
    return operator_kinds[op].types >> type & 1;
}

/* "equals, not_equals and is_empty", of a type; in the arena. */
const char *operator_names(struct arena *arena, enum field_type type);

#endif
