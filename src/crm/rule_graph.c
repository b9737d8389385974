#include "crm/rule_internal.h"

/* Whether no field of the rule's conditions waits for a rule: `open` counts those that do, for each field. */
static bool is_ready(const struct rule *rule, const size_t *open)
{
    for (size_t i = 0; i < rule->condition_count; i++)
        if (open[rule->conditions[i].field])
            return false;
    return true;
}

size_t rules_order(struct arena *arena, struct rule_set *set, size_t **still_open)
{
    size_t *open = ARENA_ARRAY(arena, size_t, set->fields->count + 1), done = 0;
    bool *ordered = ARENA_ARRAY(arena, bool, set->count + 1), progress = true;
    set->order = ARENA_ARRAY(arena, size_t, set->count + 1);
    if (still_open)
        *still_open = open;
    for (size_t r = 0; r < set->count; r++)
        for (size_t i = 0; i < set->rules[r].target_count; i++)
            open[set->rules[r].targets[i]]++;
    while (progress && done < set->count) {
        progress = false;
        for (size_t r = 0; r < set->count; r++) {
            const struct rule *rule = &set->rules[r];
            if (ordered[r] || !is_ready(rule, open))
                continue;
            for (size_t i = 0; i < rule->target_count; i++)
                open[rule->targets[i]]--;
            set->order[done++] = r;
            ordered[r] = progress = true;
        }
    }
    return done;
}

#define NOWHERE SIZE_MAX

/* A walk over fields, breadth first: from a condition's field to the targets of its rule. */
struct walk {
    size_t
        *from; /* for each field: from which it was reached; itself where the walk began, NOWHERE: not yet */
    size_t *queue, length;
};

static void reach(struct walk *walk, size_t field, size_t from)
{
    if (walk->from[field] != NOWHERE)
        return;
    walk->from[field] = from;
    walk->queue[walk->length++] = field;
}

static void reach_targets(struct walk *walk, const struct rule *rule, size_t from)
{
    for (size_t i = 0; i < rule->target_count; i++)
        reach(walk, rule->targets[i], from == NOWHERE ? rule->targets[i] : from);
}

const char *rules_cycle(struct arena *arena, const struct rule_set *set, size_t r, size_t field)
{
    struct walk walk = {ARENA_ARRAY(arena, size_t, set->fields->count + 1),
        ARENA_ARRAY(arena, size_t, set->fields->count + 1), 0};
    for (size_t f = 0; f < set->fields->count; f++)
        walk.from[f] = NOWHERE;
    reach_targets(&walk, &set->rules[r], NOWHERE);
    for (size_t at = 0; at < walk.length && walk.from[field] == NOWHERE; at++)
        for (size_t other = 0; other < set->count; other++)
            if (rule_asks(&set->rules[other], walk.queue[at]))
                reach_targets(&walk, &set->rules[other], walk.queue[at]);
    if (walk.from[field] == NOWHERE)
        return NULL;
    const char *path = set->fields->items[field].name;
    for (size_t f = field; walk.from[f] != f; f = walk.from[f])
        path = arena_printf(arena, "%s -> %s", set->fields->items[walk.from[f]].name, path);
    return arena_printf(arena, "%s -> %s", set->fields->items[field].name, path);
}
