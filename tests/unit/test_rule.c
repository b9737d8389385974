/* Advanced Activity Rules, as a pure function: against a naive evaluator, against a naive search for cycles, by table. */
#include "base/text.h"
#include "crm/rule_internal.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

/* ── random sets of rules over fields that are small integers ────────────────────────────────── */

#define FIELDS_MOST 12
#define RULES_MOST 8
#define CONDITIONS_MOST 4

/* xorshift: the same sets in each run. */
static unsigned next_random(uint64_t *seed, unsigned below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return below ? (unsigned)((*seed >> 33) % below) : 0;
}

struct sample {
    struct arena *arena;
    uint64_t seed;
    struct field_set fields;
    struct rule_set rules;
    struct value_set values;
};

static void make_fields(struct sample *s)
{
    s->fields.count = 2 + next_random(&s->seed, FIELDS_MOST - 1);
    s->fields.items = ARENA_ARRAY(s->arena, struct field, s->fields.count);
    s->values = (struct value_set){
        .fields = &s->fields, .json = ARENA_ARRAY(s->arena, const char *, s->fields.count)};
    for (size_t f = 0; f < s->fields.count; f++)
        s->fields.items[f] = (struct field){.id = id_new(),
            .name = arena_printf(s->arena, "f%zu", f),
            .type = FIELD_INTEGER,
            .archived = next_random(&s->seed, 20) == 0};
}

static const char *some_number(struct sample *s)
{
    return arena_printf(s->arena, "%u", next_random(&s->seed, 4));
}

static struct rule_condition make_condition(struct sample *s, size_t field)
{
    static const enum rule_operator operators[] = {OPERATOR_EQUALS, OPERATOR_NOT_EQUALS, OPERATOR_IS_ONE_OF,
        OPERATOR_IS_NONE_OF, OPERATOR_AT_LEAST, OPERATOR_LESS_THAN, OPERATOR_IS_EMPTY, OPERATOR_IS_NOT_EMPTY};
    struct rule_condition condition = {
        .field = field, .op = operators[next_random(&s->seed, ARRAY_LEN(operators))]};
    enum operand operand = operator_kinds[condition.op].operand;
    condition.operand_count = operand == OPERAND_NONE ? 0 : operand == OPERAND_ONE ? 1 : 2;
    condition.operands = ARENA_ARRAY(s->arena, const char *, 2);
    condition.operands[0] = some_number(s);
    condition.operands[1] = some_number(s);
    return condition;
}

/*
 * Rules in a random order whose conditions are on fields before `rank` of their targets, if `acyclic`; each field is
 * the target of one rule at most.
 */
static void make_rules(struct sample *s, bool acyclic)
{
    size_t n = s->fields.count, count = 1 + next_random(&s->seed, RULES_MOST);
    size_t *rank = ARENA_ARRAY(s->arena, size_t, n);
    bool *taken = ARENA_ARRAY(s->arena, bool, n);
    for (size_t f = 0; f < n; f++) {
        size_t other = next_random(&s->seed, (unsigned)f + 1);
        rank[f] = rank[other];
        rank[other] = f;
    }
    s->rules = (struct rule_set){.fields = &s->fields, .rules = ARENA_ARRAY(s->arena, struct rule, count)};
    for (size_t r = 0; r < count; r++) {
        struct rule *rule = &s->rules.rules[s->rules.count];
        size_t border = 1 + next_random(&s->seed, (unsigned)n - 1);
        *rule = (struct rule){.id = id_new(),
            .name = "",
            .match = next_random(&s->seed, 2) ? RULE_ALL : RULE_ANY,
            .conditions = ARENA_ARRAY(s->arena, struct rule_condition, CONDITIONS_MOST),
            .targets = ARENA_ARRAY(s->arena, size_t, n)};
        for (size_t f = 0; f < n; f++) {
            bool before = acyclic ? rank[f] < border : next_random(&s->seed, 2);
            if (before && rule->condition_count < CONDITIONS_MOST && next_random(&s->seed, 2))
                rule->conditions[rule->condition_count++] = make_condition(s, f);
            if ((!before || !acyclic) && !taken[f] && next_random(&s->seed, 4) == 0) {
                rule->targets[rule->target_count++] = f;
                taken[f] = true;
            }
        }
        s->rules.count += rule->condition_count && rule->target_count;
    }
}

static void make_values(struct sample *s)
{
    for (size_t f = 0; f < s->fields.count; f++)
        s->values.json[f] = next_random(&s->seed, 3) ? some_number(s) : NULL;
}

/* ── evaluation, naively: everything again until nothing changes ─────────────────────────────── */

static bool naive_condition(const struct rule_condition *condition, const char *value)
{
    int have = value ? atoi(value) : -1, a = atoi(condition->operands[0]), b = atoi(condition->operands[1]);
    switch (condition->op) {
    case OPERATOR_EQUALS:
        return value && have == a;
    case OPERATOR_NOT_EQUALS:
        return !value || have != a;
    case OPERATOR_IS_ONE_OF:
        return value && (have == a || have == b);
    case OPERATOR_IS_NONE_OF:
        return !value || (have != a && have != b);
    case OPERATOR_AT_LEAST:
        return value && have >= a;
    case OPERATOR_LESS_THAN:
        return value && have < a;
    case OPERATOR_IS_EMPTY:
        return !value;
    case OPERATOR_IS_NOT_EMPTY:
        return value;
    default:
        fail_msg("no operator of this test");
        return false;
    }
}

static bool naive_rule(const struct sample *s, const struct rule *rule, const bool *visible)
{
    size_t held = 0;
    for (size_t i = 0; i < rule->condition_count; i++) {
        size_t f = rule->conditions[i].field;
        held += naive_condition(&rule->conditions[i], visible[f] ? s->values.json[f] : NULL);
    }
    return rule->match == RULE_ALL ? held == rule->condition_count : held > 0;
}

/* From any beginning: without a cycle there is one fixpoint only. */
static void naive_visible(struct sample *s, bool *visible)
{
    bool changed = true;
    for (size_t f = 0; f < s->fields.count; f++)
        visible[f] = next_random(&s->seed, 2);
    for (size_t round = 0; changed; round++) {
        bool next[FIELDS_MOST + 1];
        assert_true(round <= s->fields.count + 1);
        for (size_t f = 0; f < s->fields.count; f++) {
            next[f] = !s->fields.items[f].archived;
            for (size_t r = 0; r < s->rules.count; r++)
                if (rule_shows(&s->rules.rules[r], f) && !naive_rule(s, &s->rules.rules[r], visible))
                    next[f] = false;
        }
        changed = memcmp(next, visible, s->fields.count * sizeof *next) != 0;
        memcpy(visible, next, s->fields.count * sizeof *next);
    }
}

static void m20_agrees_with_a_naive_evaluator(void **state)
{
    (void)state;
    size_t shown = 0, hidden = 0;
    for (uint64_t sample = 1; sample <= 4000; sample++) {
        struct sample s = {.arena = arena_new(), .seed = sample * 0x9e3779b97f4a7c15U};
        make_fields(&s);
        make_rules(&s, true);
        assert_int_equal(rules_order(s.arena, &s.rules, NULL), s.rules.count);
        for (int i = 0; i < 5; i++) {
            bool visible[FIELDS_MOST + 1], expected[FIELDS_MOST + 1];
            make_values(&s);
            rules_visible(s.arena, &s.rules, &s.values, visible);
            naive_visible(&s, expected);
            for (size_t f = 0; f < s.fields.count; f++) {
                if (visible[f] != expected[f])
                    fail_msg("sample %llu: field %zu", (unsigned long long)sample, f);
                shown += visible[f];
                hidden += !visible[f];
            }
        }
        arena_free(s.arena);
    }
    /* The samples are worth something: both outcomes are common. */
    assert_true(shown > 10000 && hidden > 10000);
}

/* ── cycles, naively: whoever reaches himself ────────────────────────────────────────────────── */

static void close_over(const struct sample *s, bool reach[FIELDS_MOST + 1][FIELDS_MOST + 1])
{
    size_t n = s->fields.count;
    for (size_t r = 0; r < s->rules.count; r++)
        for (size_t i = 0; i < s->rules.rules[r].condition_count; i++)
            for (size_t t = 0; t < s->rules.rules[r].target_count; t++)
                reach[s->rules.rules[r].conditions[i].field][s->rules.rules[r].targets[t]] = true;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                reach[i][j] |= reach[i][k] && reach[k][j];
}

/* Each condition that lies on a cycle is told, and no other. */
static bool check_told(const struct sample *s, bool reach[FIELDS_MOST + 1][FIELDS_MOST + 1])
{
    bool any = false;
    for (size_t r = 0; r < s->rules.count; r++) {
        const struct rule *rule = &s->rules.rules[r];
        for (size_t i = 0; i < rule->condition_count; i++) {
            size_t field = rule->conditions[i].field;
            bool on_cycle = false;
            for (size_t t = 0; t < rule->target_count; t++)
                on_cycle |= rule->targets[t] == field || reach[rule->targets[t]][field];
            assert_int_equal(rules_cycle(s->arena, &s->rules, r, field) != NULL, on_cycle);
            any |= on_cycle;
        }
    }
    return any;
}

static void m20_a_cycle_is_always_found(void **state)
{
    (void)state;
    size_t cyclic = 0, acyclic = 0;
    for (uint64_t sample = 1; sample <= 4000; sample++) {
        struct sample s = {.arena = arena_new(), .seed = sample * 0xd1342543de82ef95U};
        bool reach[FIELDS_MOST + 1][FIELDS_MOST + 1] = {{false}};
        make_fields(&s);
        make_rules(&s, sample % 2);
        close_over(&s, reach);
        bool any = check_told(&s, reach), naive = false;
        for (size_t f = 0; f < s.fields.count; f++)
            naive |= reach[f][f];
        assert_int_equal(any, naive);
        assert_int_equal(rules_order(s.arena, &s.rules, NULL) < s.rules.count, naive);
        cyclic += naive;
        acyclic += !naive;
        arena_free(s.arena);
    }
    assert_true(cyclic > 500 && acyclic > 500);
}

static void m20_a_cycle_is_told_field_by_field(void **state)
{
    struct field fields[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
    struct field_set set = {fields, 3};
    struct rule_condition on_a = {.field = 0, .op = OPERATOR_IS_EMPTY};
    struct rule_condition on_b = {.field = 1, .op = OPERATOR_IS_EMPTY};
    size_t a = 0, b = 1, c = 2;
    struct rule one[] = {{.conditions = &on_a, .condition_count = 1, .targets = &a, .target_count = 1}};
    struct rule two[] = {{.conditions = &on_a, .condition_count = 1, .targets = &b, .target_count = 1},
        {.conditions = &on_b, .condition_count = 1, .targets = &a, .target_count = 1}};
    struct rule none[] = {{.conditions = &on_a, .condition_count = 1, .targets = &b, .target_count = 1},
        {.conditions = &on_b, .condition_count = 1, .targets = &c, .target_count = 1}};
    struct rule_set rules = {.fields = &set, .rules = one, .count = 1};
    assert_string_equal(rules_cycle(*state, &rules, 0, 0), "a -> a");
    rules = (struct rule_set){.fields = &set, .rules = two, .count = 2};
    assert_string_equal(rules_cycle(*state, &rules, 0, 0), "a -> b -> a");
    rules = (struct rule_set){.fields = &set, .rules = none, .count = 2};
    assert_null(rules_cycle(*state, &rules, 0, 0));
    assert_null(rules_cycle(*state, &rules, 1, 1));
}

/* ── operators ───────────────────────────────────────────────────────────────────────────────── */

struct operator_case {
    enum field_type type;
    const char *op;
    const char *value; /* JSON; NULL: empty */
    const char *operands[2]; /* JSON */
    bool holds;
};

static const struct operator_case cases[] = {
    /* text: NFC, no case, blanks count */
    {FIELD_TEXT, "equals", "\"Yes\"", {"\"yES\""}, true},
    {FIELD_TEXT, "equals",
        "\"Stra\xc3\x9f"
        "e\"",
        {"\"STRASSE\""}, true},
    {FIELD_TEXT, "equals", "\"\xce\xa3\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82\"",
        {"\"\xcf\x83\xce\x8a\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x83\""}, true}, /* final sigma */
    {FIELD_TEXT, "equals", "\"caf\xc3\xa9\"", {"\"CAFE\xcc\x81\""}, true},
    {FIELD_TEXT, "equals", "\"cafe\"", {"\"caf\xc3\xa9\""}, false},
    {FIELD_TEXT, "equals", "\"yes \"", {"\"yes\""}, false},
    {FIELD_TEXT, "equals", NULL, {"\"yes\""}, false},
    {FIELD_TEXT, "not_equals", "\"Yes\"", {"\"yes\""}, false},
    {FIELD_TEXT, "not_equals", NULL, {"\"yes\""}, true},
    {FIELD_TEXT, "is_one_of", "\"B\"", {"\"a\"", "\"b\""}, true},
    {FIELD_TEXT, "is_none_of", "\"B\"", {"\"a\"", "\"b\""}, false},
    {FIELD_TEXT, "is_none_of", NULL, {"\"a\"", "\"b\""}, true},
    {FIELD_LONG_TEXT, "contains", "\"Call me\\nTOMORROW\"", {"\"tomorrow\""}, true},
    {FIELD_LONG_TEXT, "contains", "\"Call me\"", {"\"\\\"\""}, false},
    {FIELD_LONG_TEXT, "contains", NULL, {"\"a\""}, false},
    {FIELD_LONG_TEXT, "not_contains", "\"Call me\"", {"\"CALL\""}, false},
    {FIELD_LONG_TEXT, "not_contains", NULL, {"\"a\""}, true},
    {FIELD_EMAIL, "contains", "\"maria@thompson.test\"", {"\"@Thompson.\""}, true},
    {FIELD_URL, "starts_with", "\"https://herald.test/a\"", {"\"HTTPS://\""}, true},
    {FIELD_URL, "starts_with", "\"http://herald.test/a\"", {"\"https://\""}, false},
    {FIELD_PHONE, "starts_with", "\"+4930123\"", {"\"+49301234\""}, false},
    /* numbers, exactly */
    {FIELD_INTEGER, "equals", "7", {"7"}, true},
    {FIELD_INTEGER, "greater_than", "10", {"9"}, true},
    {FIELD_INTEGER, "greater_than", "9", {"9"}, false},
    {FIELD_INTEGER, "at_least", "9", {"9"}, true},
    {FIELD_INTEGER, "at_least", "-10", {"-9"}, false},
    {FIELD_INTEGER, "less_than", "-10", {"-9"}, true},
    {FIELD_INTEGER, "less_than", NULL, {"9"}, false},
    {FIELD_INTEGER, "at_most", "9", {"9"}, true},
    {FIELD_INTEGER, "at_most", NULL, {"9"}, false},
    {FIELD_INTEGER, "between", "3", {"3", "5"}, true},
    {FIELD_INTEGER, "between", "5", {"3", "5"}, true},
    {FIELD_INTEGER, "between", "6", {"3", "5"}, false},
    {FIELD_RATING, "is_one_of", "4", {"4", "5"}, true},
    {FIELD_DECIMAL, "equals", "\"0.1\"", {"\"0.100000001\""}, false},
    {FIELD_DECIMAL, "less_than", "\"0.1\"", {"\"0.100000001\""}, true},
    {FIELD_DECIMAL, "greater_than", "\"9007199254740993\"", {"\"9007199254740992\""}, true},
    {FIELD_MONEY, "at_least", "\"10.00\"", {"\"9.99\""}, true},
    {FIELD_MONEY, "between", "\"-0.50\"", {"\"-1.00\"", "\"0.00\""}, true},
    /* yes and no and neither */
    {FIELD_YES_NO, "is_true", "true", {NULL}, true},
    {FIELD_YES_NO, "is_true", NULL, {NULL}, false},
    {FIELD_YES_NO, "is_false", "false", {NULL}, true},
    {FIELD_YES_NO, "is_false", NULL, {NULL}, false},
    /* time */
    {FIELD_DATE, "before", "\"2026-02-28\"", {"\"2026-03-01\""}, true},
    {FIELD_DATE, "after", "\"2026-02-28\"", {"\"2026-02-28\""}, false},
    {FIELD_DATE, "on_or_after", "\"2026-02-28\"", {"\"2026-02-28\""}, true},
    {FIELD_DATE, "on_or_before", "\"2026-02-28\"", {"\"2026-02-27\""}, false},
    {FIELD_DATETIME, "before", "\"2026-02-28T23:59:59.999999Z\"", {"\"2026-03-01T00:00:00.000000Z\""}, true},
    {FIELD_DATETIME, "between", "\"2026-02-28T12:00:00.000000Z\"",
        {"\"2026-02-28T12:00:00.000000Z\"", "\"2026-02-28T12:00:00.000000Z\""}, true},
    /* ids */
    {FIELD_SINGLE_SELECT, "equals", "\"0190abcd-ef01-7234-8567-89abcdeffedc\"",
        {"\"0190abcd-ef01-7234-8567-89abcdeffedc\""}, true},
    {FIELD_STATUS, "not_equals", "\"0190abcd-ef01-7234-8567-89abcdeffedc\"",
        {"\"0190abcd-ef01-7234-8567-89abcdeffedd\""}, true},
    {FIELD_TEAM_MEMBER, "is_none_of", "\"0190abcd-ef01-7234-8567-89abcdeffedc\"",
        {"\"0190abcd-ef01-7234-8567-89abcdeffedd\"", "\"0190abcd-ef01-7234-8567-89abcdeffedc\""}, false},
    /* several values */
    {FIELD_TAGS, "has_any", "[\"vip\",\"new\"]", {"\"New\"", "\"old\""}, true},
    {FIELD_TAGS, "has_any", "[\"vip\"]", {"\"new\"", "\"old\""}, false},
    {FIELD_TAGS, "has_all", "[\"vip\",\"new\",\"x\"]", {"\"new\"", "\"vip\""}, true},
    {FIELD_TAGS, "has_all", "[\"vip\",\"x\"]", {"\"new\"", "\"vip\""}, false},
    {FIELD_TAGS, "has_all", NULL, {"\"new\"", "\"vip\""}, false},
    {FIELD_TAGS, "has_none", "[\"vip\",\"x\"]", {"\"new\"", "\"vip\""}, false},
    {FIELD_TAGS, "has_none", "[\"x\"]", {"\"new\"", "\"vip\""}, true},
    {FIELD_TAGS, "has_none", NULL, {"\"new\"", "\"vip\""}, true},
    {FIELD_MULTI_SELECT, "has_any", "[\"0190abcd-ef01-7234-8567-89abcdeffedc\"]",
        {"\"0190abcd-ef01-7234-8567-89abcdeffedc\""}, true},
    /* emptiness, of any type */
    {FIELD_RECORD, "is_empty", NULL, {NULL}, true},
    {FIELD_TAGS, "is_empty", "[\"x\"]", {NULL}, false},
    {FIELD_YES_NO, "is_not_empty", "false", {NULL}, true},
    {FIELD_MONEY, "is_not_empty", NULL, {NULL}, false},
};

/* Whether a rule with this one condition shows its target. */
static bool holds(struct arena *arena, const struct operator_case *c)
{
    struct field fields[] = {{.name = "asked", .type = c->type}, {.name = "shown"}};
    struct field_set set = {fields, 2};
    size_t target = 1, order = 0;
    const char *operands[2] = {c->operands[0], c->operands[1]};
    struct rule_condition condition = {.field = 0, .operands = operands};
    assert_true(operator_parse(c->op, &condition.op));
    assert_true(operator_fits(condition.op, c->type));
    while (condition.operand_count < 2 && operands[condition.operand_count])
        condition.operand_count++;
    struct rule rule = {.match = RULE_ALL,
        .conditions = &condition,
        .condition_count = 1,
        .targets = &target,
        .target_count = 1};
    struct rule_set rules = {.fields = &set, .rules = &rule, .count = 1, .order = &order};
    const char *json[2] = {c->value, "1"};
    struct value_set values = {.fields = &set, .json = json};
    bool visible[2];
    rules_visible(arena, &rules, &values, visible);
    assert_true(visible[0]);
    return visible[1];
}

static void m20_operators_decide_as_documented(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (holds(*state, &cases[i]) != cases[i].holds)
            fail_msg("case %zu: %s %s", i, cases[i].value ? cases[i].value : "empty", cases[i].op);
}

/* A new operator or type is not forgotten here: the table above tries each operator, and each type. */
static void m20_each_operator_and_each_type_is_tried(void **state)
{
    (void)state;
    for (int op = 0; op < OPERATOR_COUNT; op++) {
        bool tried = false;
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
            tried |= strcmp(cases[i].op, operator_kinds[op].name) == 0;
        if (!tried)
            fail_msg("%s is never tried", operator_kinds[op].name);
    }
    for (int type = 0; type < FIELD_TYPES; type++) {
        bool tried = false;
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
            tried |= cases[i].type == (enum field_type)type;
        assert_true(tried);
        assert_true(operator_fits(OPERATOR_IS_EMPTY, (enum field_type)type));
        assert_true(operator_fits(OPERATOR_IS_NOT_EMPTY, (enum field_type)type));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(m20_agrees_with_a_naive_evaluator),
        cmocka_unit_test(m20_a_cycle_is_always_found),
        cmocka_unit_test_setup_teardown(m20_a_cycle_is_told_field_by_field, set_up, tear_down),
        cmocka_unit_test_setup_teardown(m20_operators_decide_as_documented, set_up, tear_down),
        cmocka_unit_test(m20_each_operator_and_each_type_is_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
