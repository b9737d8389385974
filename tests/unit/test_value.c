/* Values of fields (crm/value.h, crm/decimal.h): normal forms, order, completing, storing. Pure, no database. */
#include "crm/value.h"

#include "base/json_read.h"
#include "crm/currency.h"
#include "crm/decimal.h"
#include "crm/field_internal.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ── decimals ────────────────────────────────────────────────────────────────────────────────── */

static void decimals_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int scale;
        const char *printed; /* NULL: refused with */
        enum decimal_fault fault;
    } cases[] = {
        {"0", 0, "0", 0},
        {"-0", 2, "0.00", 0},
        {"-0.05", 2, "-0.05", 0},
        {"0012.3", 3, "12.300", 0},
        {"1.2300000", 2, "1.23", 0},
        {"9223372036854775807", 0, "9223372036854775807", 0},
        {"-9223372036854775808", 0, "-9223372036854775808", 0},
        {"-9.223372036854775808", 9, NULL, DECIMAL_TOO_FINE},
        {"-9223372036.854775808", 9, "-9223372036.854775808", 0},
        {"9223372036.854775808", 9, NULL, DECIMAL_TOO_LARGE},
        {"9223372036854775808", 0, NULL, DECIMAL_TOO_LARGE},
        {"92233720368547758070", 0, NULL, DECIMAL_TOO_LARGE},
        {"922337203685477581", 2, NULL, DECIMAL_TOO_LARGE},
        {"0.001", 2, NULL, DECIMAL_TOO_FINE},
        {"", 2, NULL, DECIMAL_NO_NUMBER},
        {"-", 2, NULL, DECIMAL_NO_NUMBER},
        {".", 2, NULL, DECIMAL_NO_NUMBER},
        {"1.", 2, NULL, DECIMAL_NO_NUMBER},
        {".1", 2, NULL, DECIMAL_NO_NUMBER},
        {"+1", 2, NULL, DECIMAL_NO_NUMBER},
        {"1e5", 2, NULL, DECIMAL_NO_NUMBER},
        {"1.1.1", 2, NULL, DECIMAL_NO_NUMBER},
        {"99999999999999999999x", 2, NULL, DECIMAL_NO_NUMBER},
        {"1 ", 2, NULL, DECIMAL_NO_NUMBER},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct decimal decimal;
        enum decimal_fault fault = decimal_parse(cases[i].text, cases[i].scale, &decimal);
        if (fault != cases[i].fault)
            fail_msg("'%s' at %d: fault %d", cases[i].text, cases[i].scale, fault);
        if (!fault)
            assert_string_equal(decimal_format(decimal).text, cases[i].printed);
    }
}

static void decimals_of_different_scales_compare(void **state)
{
    (void)state;
    assert_int_equal(decimal_compare((struct decimal){150, 2}, (struct decimal){15, 1}), 0);
    assert_true(decimal_compare((struct decimal){149, 2}, (struct decimal){15, 1}) < 0);
    assert_true(decimal_compare((struct decimal){INT64_MAX, 0}, (struct decimal){INT64_MAX, 9}) > 0);
    assert_true(decimal_compare((struct decimal){INT64_MIN, 0}, (struct decimal){INT64_MIN, 9}) < 0);
}

static void currencies_have_their_digits(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int scale;
    } known[] = {{"USD", 2}, {"EUR", 2}, {"JPY", 0}, {"KWD", 3}, {"ZWG", 2}, {"AED", 2}, {"XPF", 0}};
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        int scale = -1;
        assert_true(currency_find(known[i].code, &scale));
        assert_int_equal(scale, known[i].scale);
    }
    static const char *const unknown[] = {"", "US", "usd", "USDX", "XXX", "D A", "SD ", "   "};
    int scale;
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        assert_false(currency_find(unknown[i], &scale));
}

/* ── sets of values ──────────────────────────────────────────────────────────────────────────── */

enum { NAME, AMOUNT, CHOICE, GONE, COLUMN, FIELDS };

struct setting {
    struct arena *arena;
    struct actor actor;
    struct field_option options[2];
    struct field items[FIELDS];
    struct field_set fields;
    struct value_set values;
    struct error_list list;
    struct error err;
};

static int set_up(void **state)
{
    struct arena *arena = arena_new();
    struct setting *s = ARENA_NEW(arena, struct setting);
    s->arena = arena;
    s->options[0] = (struct field_option){.id = id_new(), .name = "Won"};
    s->options[1] = (struct field_option){.id = id_new(), .name = "Lost", .archived = true};
    s->items[NAME] = (struct field){.name = "name",
        .display_name = "Name",
        .type = FIELD_TEXT,
        .required = true,
        .limits = {.max_length = 10}};
    s->items[AMOUNT] = (struct field){.name = "amount",
        .display_name = "Amount",
        .type = FIELD_DECIMAL,
        .default_json = "\"1.00\"",
        .limits = {.scale = 2}};
    s->items[CHOICE] = (struct field){.name = "choice",
        .display_name = "Choice",
        .type = FIELD_SINGLE_SELECT,
        .options = s->options,
        .option_count = 2};
    s->items[GONE] = (struct field){.name = "gone",
        .display_name = "Gone",
        .type = FIELD_INTEGER,
        .required = true,
        .archived = true,
        .default_json = "7"};
    s->items[COLUMN] =
        (struct field){.name = "column", .display_name = "Column", .type = FIELD_EMAIL, .in_column = true};
    for (int i = 0; i < FIELDS; i++)
        s->items[i].id = id_new();
    s->fields = (struct field_set){s->items, FIELDS};
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct setting *s = *state;
    arena_free(s->arena);
    return 0;
}

static json_t *parsed(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    return json;
}

/* Reads what is given, into a new set. */
static void give(struct setting *s, const char *given)
{
    json_t *json = parsed(given);
    s->list = (struct error_list){0};
    assert_int_equal(
        values_read(NULL, s->arena, &s->actor, &s->fields, json, &s->values, &s->list, &s->err), ERR_OK);
    json_decref(json);
}

/* The pointers in the list, one after the other. */
static const char *pointers(struct setting *s)
{
    const char *all = "";
    for (size_t i = 0; i < s->list.count; i++)
        all = arena_printf(s->arena, "%s%s ", all, s->list.items[i].pointer);
    return all;
}

static void values_are_given_by_name_or_id(void **state)
{
    struct setting *s = *state;
    give(s, "[{\"name\": \"name\", \"value\": \"Maria\"}, {\"name\": \"amount\", \"value\": 5}]");
    assert_int_equal(s->list.count, 0);
    assert_string_equal(s->values.json[NAME], "\"Maria\"");
    assert_string_equal(s->values.json[AMOUNT], "\"5.00\"");
    give(s, arena_printf(s->arena, "[{\"id\": \"%s\", \"name\": null, \"value\": \"x\", \"more\": 1}]",
                id_format(s->items[NAME].id).text));
    assert_string_equal(s->values.json[NAME], "\"x\"");
    assert_null(s->values.json[AMOUNT]);
}

static void all_that_is_refused_is_named(void **state)
{
    struct setting *s = *state;
    give(s,
        "[{\"name\": \"name\", \"value\": \"more than ten\"}, {\"name\": \"none\", \"value\": 1},"
        " {\"name\": \"amount\", \"value\": 1.5}, {\"name\": \"amount\", \"value\": 1}, {\"value\": 1}, 5,"
        " {\"name\": \"choice\"}, {\"name\": \"gone\", \"value\": 1}, {\"id\": \"x\", \"value\": 1}]");
    assert_string_equal(pointers(s),
        "/fields/0/value /fields/1/name /fields/2/value /fields/3/name /fields/4 /fields/5 /fields/6/value "
        "/fields/7/name /fields/8/id ");
    give(s, arena_printf(s->arena, "[{\"id\": \"%s\", \"name\": \"amount\", \"value\": \"x\"}]",
                id_format(s->items[NAME].id).text));
    assert_string_equal(pointers(s), "/fields/0/name ");
    give(s, "{}");
    assert_string_equal(pointers(s), "/fields ");
}

static void defaults_stand_in_for_what_is_not_given(void **state)
{
    struct setting *s = *state;
    give(s, "[]");
    values_apply_defaults(&s->values);
    assert_string_equal(s->values.json[AMOUNT], "\"1.00\"");
    assert_null(s->values.json[GONE]);
    give(s, "[{\"name\": \"amount\", \"value\": null}]");
    values_apply_defaults(&s->values);
    assert_null(s->values.json[AMOUNT]);
}

static void what_is_required_must_be_there_unless_hidden(void **state)
{
    struct setting *s = *state;
    bool visible[FIELDS] = {false, false, true, true, true};
    give(s, "[{\"name\": \"choice\", \"value\": \"Won\"}]");
    values_complete(&s->values, NULL, &s->list);
    assert_string_equal(pointers(s), "/fields ");
    give(s, "[{\"name\": \"choice\", \"value\": \"Won\"}, {\"name\": \"name\", \"value\": \"\"}]");
    values_complete(&s->values, NULL, &s->list);
    assert_string_equal(pointers(s), "/fields/1/value ");
    give(s, "[{\"name\": \"amount\", \"value\": 3}]");
    values_complete(&s->values, visible, &s->list);
    assert_int_equal(s->list.count, 0);
    assert_string_equal(values_store(s->arena, &s->values), "{}");
}

static void what_is_stored_comes_back(void **state)
{
    struct setting *s = *state;
    give(s, "[{\"name\": \"name\", \"value\": \"a\\n\\\"\\\\\\u007f\"}, {\"name\": \"choice\", \"value\": "
            "\"Won\"},"
            " {\"name\": \"column\", \"value\": \"a@b.test\"}]");
    const char *stored = values_store(s->arena, &s->values);
    const char *name = s->values.json[NAME], *choice = s->values.json[CHOICE];
    assert_null(strstr(stored, "column"));
    assert_int_equal(values_load(s->arena, &s->fields, stored, &s->values, &s->err), ERR_OK);
    assert_string_equal(s->values.json[NAME], name);
    assert_string_equal(s->values.json[CHOICE], choice);
    assert_null(s->values.json[AMOUNT]);
    assert_string_equal(values_text(s->arena, &s->values, "name"), "a\n\"\\\x7f");
    values_put_text(s->arena, &s->values, "column", "c@d.test");
    assert_string_equal(values_text(s->arena, &s->values, "column"), "c@d.test");
    values_put_text(s->arena, &s->values, "column", "");
    assert_null(values_text(s->arena, &s->values, "column"));
}

static void change(struct setting *s, const char *stored, const char *given)
{
    json_t *json = parsed(given);
    s->list = (struct error_list){0};
    assert_int_equal(values_load(s->arena, &s->fields, stored, &s->values, &s->err), ERR_OK);
    assert_int_equal(values_change(NULL, s->arena, &s->actor, json, &s->values, &s->list, &s->err), ERR_OK);
    json_decref(json);
}

static void a_change_leaves_what_is_not_given(void **state)
{
    struct setting *s = *state;
    change(s, "{\"name\":\"Maria\",\"amount\":\"2.00\"}", "[{\"name\": \"amount\", \"value\": null}]");
    assert_int_equal(s->list.count, 0);
    assert_string_equal(values_store(s->arena, &s->values), "{\"name\":\"Maria\"}");
    change(s, "{\"name\":\"Maria\"}", "[{\"name\": \"name\", \"value\": \"\"}]");
    assert_string_equal(pointers(s), "/fields/0/value ");
    change(s, "{}", "[{\"name\": \"amount\", \"value\": \"3\"}]"); /* `name` is empty, and was so before */
    assert_int_equal(s->list.count, 0);
}

static void an_archived_option_may_only_stay(void **state)
{
    struct setting *s = *state;
    const char *lost = arena_strdup(s->arena, id_format(s->options[1].id).text);
    const char *given = arena_printf(s->arena, "[{\"name\": \"choice\", \"value\": \"%s\"}]", lost);
    give(s, given);
    assert_string_equal(pointers(s), "/fields/0/value ");
    give(s, "[{\"name\": \"choice\", \"value\": \"Lost\"}]");
    assert_string_equal(pointers(s), "/fields/0/value ");
    change(s, arena_printf(s->arena, "{\"choice\":\"%s\"}", lost), given);
    assert_int_equal(s->list.count, 0);
}

static void values_are_shown_as_in_the_wire_table(void **state)
{
    struct setting *s = *state;
    struct buf text = BUF_INIT(10000);
    struct json json = JSON_INTO(&text);
    give(s, "[{\"name\": \"choice\", \"value\": \"Won\"}]");
    values_emit(&json, NULL, &s->values);
    json_t *shown = parsed(buf_text(&text));
    assert_int_equal(json_array_size(shown), FIELDS - 1); /* not `gone` */
    json_t *choice = json_array_get(shown, CHOICE), *value = json_object_get(choice, "value");
    assert_int_equal(json_object_size(choice), 6);
    assert_string_equal(json_string_value(json_object_get(choice, "field_type")), "single_select");
    assert_true(json_is_null(json_object_get(choice, "custom_field_type")));
    assert_string_equal(json_string_value(json_object_get(value, "name")), "Won");
    assert_true(json_is_null(json_object_get(json_array_get(shown, NAME), "value")));
    json_decref(shown);
    buf_free(&text);
}

/* Whatever allocation fails: the right answer or none, never a part of it. */
static void without_memory_nothing_is_half_there(void **state)
{
    struct setting *s = *state;
    give(s, "[{\"name\": \"name\", \"value\": \"a\\n\\\"b\"}, {\"name\": \"choice\", \"value\": \"Won\"}]");
    const char *stored = arena_strdup(s->arena, values_store(s->arena, &s->values));
    const char *options = field_options_json(s->arena, &s->items[CHOICE]);
    const char *limits = field_limits_json(s->arena, &s->items[AMOUNT]);
    json_use_our_memory();
    bool failed = true, all = false;
    for (int position = 1; failed || !all; position++) {
        struct value_set values;
        struct field select = {.type = FIELD_SINGLE_SELECT}, decimal = {.type = FIELD_DECIMAL};
        faults_set(arena_printf(s->arena, "alloc=%d", position));
        enum err_code code = values_load(s->arena, &s->fields, stored, &values, &s->err);
        bool has_options = field_options_load(s->arena, options, &select),
             has_limits = field_limits_load(s->arena, limits, &decimal);
        const char *again = code ? stored : values_store(s->arena, &values);
        const char *name = code ? NULL : values_text(s->arena, &values, "name");
        faults_set("");
        assert_string_equal(again, stored);
        assert_true(code == ERR_BUSY || strcmp(name, "a\n\"b") == 0);
        assert_true(!has_options || (select.option_count == 2 && select.options[1].archived));
        assert_true(!has_limits || decimal.limits.scale == 2);
        failed = code || !has_options || !has_limits;
        all = all || failed;
    }
    json_set_alloc_funcs(malloc, free);
}

static void values_have_an_order(void **state)
{
    (void)state;
    static const struct {
        enum field_type type;
        const char *less, *more;
    } cases[] = {
        {FIELD_INTEGER, "-10", "9"},
        {FIELD_INTEGER, "9", "10"},
        {FIELD_RATING, "2", "10"},
        {FIELD_DECIMAL, "\"-10.00\"", "\"9.00\""},
        {FIELD_DECIMAL, "\"9.5\"", "\"10.000\""},
        {FIELD_MONEY, "\"0.05\"", "\"0.051\""},
        {FIELD_DATE, "\"2026-02-01\"", "\"2026-11-01\""},
        {FIELD_DATETIME, "\"2026-11-24T09:00:00.000000Z\"", "\"2026-11-24T09:00:00.000001Z\""},
        {FIELD_TEXT, "\"a\"", "\"b\""},
        {FIELD_YES_NO, "false", "true"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct field field = {.type = cases[i].type};
        assert_true(value_compare(&field, cases[i].less, cases[i].more) < 0);
        assert_true(value_compare(&field, cases[i].more, cases[i].less) > 0);
        assert_int_equal(value_compare(&field, cases[i].more, cases[i].more), 0);
    }
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(decimals_of_different_scales_compare),
        cmocka_unit_test(currencies_have_their_digits),
        WITH(values_are_given_by_name_or_id),
        WITH(all_that_is_refused_is_named),
        WITH(defaults_stand_in_for_what_is_not_given),
        WITH(what_is_required_must_be_there_unless_hidden),
        WITH(what_is_stored_comes_back),
        WITH(a_change_leaves_what_is_not_given),
        WITH(an_archived_option_may_only_stay),
        WITH(values_are_shown_as_in_the_wire_table),
        WITH(without_memory_nothing_is_half_there),
        cmocka_unit_test(values_have_an_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
