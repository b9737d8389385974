/* What the files of rules share: the graph that conditions and targets make. Private to src/crm/rule*.c. */
#ifndef HERALD_CRM_RULE_INTERNAL_H
#define HERALD_CRM_RULE_INTERNAL_H

#include "crm/rule.h"

/* Whether the field is in one of the rule's conditions. */
static inline bool rule_asks(const struct rule *rule, size_t field)
{
    for (size_t i = 0; i < rule->condition_count; i++)
        if (rule->conditions[i].field == field)
            return true;
    return false;
}

static inline bool rule_shows(const struct rule *rule, size_t field)
{
    for (size_t i = 0; i < rule->target_count; i++)
        if (rule->targets[i] == field)
            return true;
    return false;
}

/*
 * Makes set->order. Returns how many rules stand in it: all, unless some wait for each other; those are left out. `open`
 * (or NULL) tells for each field how many of these would show it.
 */
size_t rules_order(struct arena *arena, struct rule_set *set, size_t **open);

/* "a -> b -> a": how what rule `r` shows decides, through other rules or none, about its condition's `field`; NULL: not. */
const char *rules_cycle(struct arena *arena, const struct rule_set *set, size_t r, size_t field);

/*
 * Reads rules as they came, and checks them over set->fields: what is refused is in `list`. Ids and times of making are
 * those of `known` where a rule names one of these. The code tells of the database only.
 */
enum err_code rules_check(struct write *write, const json_t *given, const struct rule_set *known,
    struct rule_set *set, struct error_list *list, struct error *err) MUST_CHECK;

#endif
