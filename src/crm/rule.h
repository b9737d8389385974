/*
 * Advanced Activity Rules (M20): which fields of an Activity Object are shown, by conditions on its other fields.
 * Owns the table activity_rule.
 *
 * A rule shows its targets when its conditions hold: any of them, or all. Always true of what is stored: a field is
 * the target of one rule at most; no field decides about itself, not even through others; no condition and no target
 * is a field that is missing or archived; each operator is one of its field's type (operator.h).
 *
 * What decides is rules_visible alone, a pure function that the form and every write call (I9). A hidden field is not
 * required, is not stored, and counts as empty in further conditions.
 *
 * Reads: any thread, with a connection of its own. Changes are cold writes (crm.h); they need the version of the
 * Activity Object, raise it, and raise the Business's settings_version.
 */
#ifndef HERALD_CRM_RULE_H
#define HERALD_CRM_RULE_H

#include "crm/operator.h"
#include "crm/value.h"

enum rule_match { RULE_ANY = 0, RULE_ALL = 1 };

struct rule_condition {
    size_t field; /* its index in the set's fields */
    enum rule_operator op;
    const char **operands; /* JSON: the normal form of the field's values; for OPERAND_PART any string */
    size_t operand_count; /* 0 where the operator takes none */
};

struct rule {
    struct id id;
    const char *name; /* "": none */
    enum rule_match match;
    struct rule_condition *conditions;
    size_t condition_count;
    size_t *targets; /* indexes in the set's fields */
    size_t target_count;
    int64_t created_at;
};

/* All rules of an Activity Object, over its fields. */
struct rule_set {
    const struct field_set *fields;
    struct rule *rules; /* in the order that people gave them */
    size_t count;
    size_t *order; /* of evaluation: a rule stands after all those that decide about its conditions */
};

/*
 * The rules of an Activity Object, and its fields, archived ones too. They are read in the order that lets no rule
 * name a field that is not there yet; so whoever needs both reads them here. An object without rules (rule_count)
 * needs only fields_read, and all that is not archived is shown. ERR_INTERNAL: what is stored cannot be read.
 */
enum err_code rules_read(struct db *db, struct arena *arena, struct id business_id, struct id object_id,
    struct field_set *fields, struct rule_set *set, struct error *err) MUST_CHECK;

/*
 * Which fields are shown: visible[i], one for each of the set's fields; an archived field never is. `values` are of the
 * same fields, with their defaults applied (values_apply_defaults). Pure; the arena is for what it needs meanwhile.
 */
void rules_visible(
    struct arena *arena, const struct rule_set *set, const struct value_set *values, bool *visible);

/* Whether a change of the field may change what is shown. */
bool rules_depend_on(const struct rule_set *set, size_t field);

/*
 * How to call the first rule of an Activity Object that has the field in a condition or as a target: "Follow-up", or
 * "Rule 2" where it has no name. NULL: no rule has it.
 */
enum err_code rule_uses_field(struct db *db, struct arena *arena, struct id business_id, struct id object_id,
    struct id field_id, const char **rule, struct error *err) MUST_CHECK;

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

/* All rules anew, in order: the array as it came (docs/rules.md), kept by the caller's arena. */
struct rules_input {
    struct id object_id;
    int64_t version; /* of the Activity Object, as the caller read it */
    const json_t *rules;
};

struct rules_result {
    struct field_set fields;
    struct rule_set set;
    int64_t version; /* of the Activity Object, after it */
};

/*
 * What changes nothing leaves the version as it is, too. ERR_NOT_FOUND, ERR_STALE, ERR_CONFLICT (the object is archived),
 * ERR_INVALID with `list`, whose pointers begin with /rules.
 */
enum err_code rules_replace(struct write *write, const struct rules_input *input, struct rules_result *result,
    struct error_list *list, struct error *err) MUST_CHECK;

#endif
