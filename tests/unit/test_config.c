/* YAML files (base/yaml.h) and options from files and flags (base/config.h): values, and complaints that name the line. */
#include "base/config.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

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

static const char *write_file(struct arena *arena, const char *text, size_t len)
{
    const char *path = arena_strdup(arena, scratch_path("config.yaml").text);
    FILE *file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
    return path;
}

static struct yaml *load(struct arena *arena, const char *text)
{
    struct yaml *root = NULL;
    struct error err = {0};
    must(yaml_load_file(arena, write_file(arena, text, strlen(text)), &root, &err), &err);
    return root;
}

/* The complaint, from the line number on. */
static const char *complaint(struct arena *arena, const char *text, size_t len)
{
    struct yaml *root = NULL;
    struct error err = {0};
    const char *path = write_file(arena, text, len);
    assert_int_equal(yaml_load_file(arena, path, &root, &err), ERR_INVALID);
    assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
    assert_int_equal(err.text[strlen(path)], ':');
    return arena_strdup(arena, err.text + strlen(path) + 1);
}

static void assert_complaint(struct arena *arena, const char *text, const char *expected)
{
    const char *got = complaint(arena, text, strlen(text));
    if (!strstr(got, expected))
        fail_msg("'%s' is not in '%s'", expected, got);
}

/* ── YAML ─────────────────────────────────────────────────────────────────────────────────────── */

static void a_tree_knows_its_lines(void **state)
{
    struct yaml *root =
        load(*state, "# comment\nname: Herald\nlist:\n  - one\n  - 'two'\nmap:\n  inner: \"3\"\nnone:\n");
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->count, 4);
    struct yaml *name = yaml_get(root, "name"), *list = yaml_get(root, "list");
    assert_string_equal(name->text, "Herald");
    assert_int_equal(name->line, 2);
    assert_true(name->plain);
    assert_int_equal(list->kind, YAML_LIST);
    assert_int_equal(list->count, 2);
    assert_string_equal(list->items[1]->text, "two");
    assert_int_equal(list->items[1]->line, 5);
    assert_false(list->items[1]->plain);
    assert_string_equal(yaml_get(yaml_get(root, "map"), "inner")->text, "3");
    assert_int_equal(root->key_lines[2], 6);
    assert_string_equal(yaml_get(root, "none")->text, "");
    assert_null(yaml_get(root, "Name"));
    assert_null(yaml_get(name, "x"));
    assert_null(yaml_get(NULL, "x"));
}

static void an_empty_file_is_an_empty_map(void **state)
{
    static const char *const texts[] = {"", "# nothing\n", "\n\n"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct yaml *root = load(*state, texts[i]);
        assert_int_equal(root->kind, YAML_MAP);
        assert_int_equal(root->count, 0);
    }
}

static void duplicate_keys_are_refused(void **state)
{
    assert_complaint(*state, "a: 1\nb: 2\na: 3\n", "3: 'a' stands here a second time");
    assert_complaint(*state, "m:\n  a: 1\n  \"a\": 2\n", "3: 'a' stands here a second time");
}

static void aliases_are_refused(void **state)
{
    assert_complaint(*state, "a: 1\nb: &x [1]\nc: *x\n", "2: an alias (*name)");
    assert_complaint(*state, "a: &x\n  - *x\n", "an alias (*name)"); /* a cycle */
    assert_complaint(*state, "&k key: 1\nother: *k\n", "an alias (*name)");
    assert_complaint(*state, "a: *unknown\n", "1: ");
}

/* Each level refers to the one before it ten times: 10^12 nodes, if aliases were followed. */
static void a_tree_that_explodes_is_refused_at_once(void **state)
{
    struct buf text = BUF_INIT(1 << 16);
    buf_add_text(&text, "l0: &l0 [x, x]\n");
    for (int i = 1; i <= 12; i++) {
        buf_printf(&text, "l%d: &l%d [", i, i);
        for (int j = 0; j < 10; j++)
            buf_printf(&text, "*l%d%s", i - 1, j < 9 ? ", " : "]\n");
    }
    assert_complaint(*state, buf_text(&text), "an alias (*name)");
    buf_free(&text);
}

static void tags_are_refused(void **state)
{
    assert_complaint(*state, "a: 1\nb: !!int 3\n", "2: tags (!name)");
    assert_complaint(*state, "a: !custom x\n", "1: tags (!name)");
    assert_complaint(*state, "a: !mine {b: 1}\n", "1: tags (!name)");
}

static void a_second_document_is_refused(void **state)
{
    assert_complaint(*state, "a: 1\n---\nb: 2\n", "a second document");
    load(*state, "---\na: 1\n...\n"); /* one, with its marks */
}

static void deep_nesting_is_refused(void **state)
{
    char text[40000];
    memset(text, '[', sizeof text / 2);
    memset(text + sizeof text / 2, ']', sizeof text / 2);
    (void)complaint(*state, text, sizeof text);
    (void)complaint(*state, text, sizeof text / 2);
    assert_complaint(*state,
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "1: nested too deeply");
    load(*state, "[[[[[[[[[[1]]]]]]]]]]");
}

static void what_is_not_yaml_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } bad[] = {{"a: 1\n\tb: 2\n", 11}, {"a: [1, 2\n", 9}, {"a: \"x\n", 6}, {"a: \xff\xfe\xfa\n", 7},
        {"a: x\0y\n", 7}, {"a: \"x\\0y\"\n", 10}, {"? [complex]\n: 1\n", 16}, {"a: 1\n- b\n", 9}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        (void)complaint(*state, bad[i].text, bad[i].len);
    struct yaml *root;
    struct error err;
    assert_int_equal(yaml_load_file(*state, "/nonexistent/x.yaml", &root, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "/nonexistent/x.yaml: No such file"));
    assert_int_equal(yaml_load_file(*state, "/tmp", &root, &err), ERR_INVALID); /* a folder */
}

/* ── options ──────────────────────────────────────────────────────────────────────────────────── */

struct settings {
    const char *listen;
    int64_t count, drain_us, body;
    bool loud;
    struct text_list allow;
};

#define AT(member) offsetof(struct settings, member)
static const struct option options[] = {
    {"listen", OPTION_TEXT, AT(listen), "127.0.0.1:80", "Address"},
    {"count", OPTION_INT, AT(count), "3", "Number", 1, 10},
    {"drain_timeout", OPTION_DURATION, AT(drain_us), "10s", "Time", 0, 600 * US_PER_S},
    {"body_limit", OPTION_SIZE, AT(body), "1MiB", "Size"},
    {"loud", OPTION_BOOL, AT(loud), NULL, "Whether"},
    {"allow_target", OPTION_LIST, AT(allow), NULL, "List"},
};
#define OPTIONS options, ARRAY_LEN(options)

static void presets_are_values_as_they_would_be_written(void **state)
{
    struct settings s = {0};
    config_preset(*state, OPTIONS, &s);
    assert_string_equal(s.listen, "127.0.0.1:80");
    assert_int_equal(s.count, 3);
    assert_int_equal(s.drain_us, 10 * US_PER_S);
    assert_int_equal(s.body, 1 << 20);
    assert_false(s.loud);
    assert_int_equal(s.allow.count, 0);
}

static enum err_code from_yaml(struct arena *arena, const char *text, struct settings *s, struct error *err)
{
    static const char *const ignore[] = {"hooks", NULL};
    *s = (struct settings){0};
    return config_from_yaml(arena, OPTIONS, "f.yaml", load(arena, text), ignore, s, err);
}

static void a_file_sets_options(void **state)
{
    struct settings s;
    struct error err;
    must(from_yaml(*state,
             "listen: '[::1]:0'\ncount: 7\ndrain_timeout: 1500ms\nbody_limit: 64KiB\nloud: "
             "yes\nallow_target: [a, "
             "b]\nhooks: {x: 1}\n",
             &s, &err),
        &err);
    assert_string_equal(s.listen, "[::1]:0");
    assert_int_equal(s.count, 7);
    assert_int_equal(s.drain_us, 1500 * US_PER_MS);
    assert_int_equal(s.body, 64 << 10);
    assert_true(s.loud);
    assert_int_equal(s.allow.count, 2);
    assert_string_equal(s.allow.items[1], "b");
}

static void a_bad_line_is_named_with_its_reason(void **state)
{
    static const struct {
        const char *text, *complaint;
    } bad[] = {
        {"count: 1\nkount: 2\n", "f.yaml:2: unknown key 'kount'"},
        {"drain-timeout: 1s\n", "f.yaml:1: unknown key 'drain-timeout'"},
        {"\n\ncount: many\n", "f.yaml:3: 'count' must be a whole number"},
        {"count: 11\n", "f.yaml:1: 'count' must be from 1 to 10"},
        {"count: 0\n", "f.yaml:1: 'count' must be from 1 to 10"},
        {"count: [1]\n", "f.yaml:1: 'count' must be a single value"},
        {"count:\n", "f.yaml:1: 'count' must be a whole number"},
        {"count: 99999999999999999999\n", "f.yaml:1: 'count' must be a whole number"},
        {"drain_timeout: 5\n", "f.yaml:1: 'drain_timeout' must be a time such as"},
        {"drain_timeout: 5 s\n", "f.yaml:1: 'drain_timeout' must be a time such as"},
        {"drain_timeout: 5S\n", "f.yaml:1: 'drain_timeout' must be a time such as"},
        {"drain_timeout: -1s\n", "f.yaml:1: 'drain_timeout' must be from 0s to 10m"},
        {"drain_timeout: 999999999999h\n", "f.yaml:1: 'drain_timeout' must be a time such as"},
        {"body_limit: 1MB\n", "f.yaml:1: 'body_limit' must be a size such as"},
        {"loud: perhaps\n", "f.yaml:1: 'loud' must be yes or no"},
        {"allow_target: one\n", "f.yaml:1: 'allow_target' must be a list"},
        {"allow_target:\n  - a\n  - [b]\n", "f.yaml:3: 'allow_target' must be a list of words"},
        {"- a\n", "f.yaml:1: expected 'key: value' lines"},
        {"word\n", "f.yaml:1: expected 'key: value' lines"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct settings s;
        struct error err;
        assert_int_equal(from_yaml(*state, bad[i].text, &s, &err), ERR_INVALID);
        if (strncmp(err.text, bad[i].complaint, strlen(bad[i].complaint)) != 0)
            fail_msg("'%s' does not begin with '%s'", err.text, bad[i].complaint);
    }
}

struct flag_case {
    const char *argv[4];
    int argc, at_end;
    bool known;
    enum err_code code;
    const char *complaint;
};

static void flags_are_taken_from_the_command_line(void **state)
{
    static const struct flag_case cases[] = {
        {{"--count", "4"}, 2, 2, true, ERR_OK, NULL},
        {{"--count=4", "x"}, 2, 1, true, ERR_OK, NULL},
        {{"--drain-timeout", "2m"}, 2, 2, true, ERR_OK, NULL},
        {{"--drain_timeout=2m"}, 1, 1, true, ERR_OK, NULL},
        {{"--loud", "x"}, 2, 1, true, ERR_OK, NULL},
        {{"--loud=no"}, 1, 1, true, ERR_OK, NULL},
        {{"--listen="}, 1, 1, true, ERR_OK, NULL},
        {{"word"}, 1, 0, false, ERR_OK, NULL},
        {{"--"}, 1, 0, false, ERR_OK, NULL},
        {{"-c"}, 1, 0, false, ERR_OK, NULL},
        {{"--coun", "4"}, 2, 0, false, ERR_OK, NULL},
        {{"--counts", "4"}, 2, 0, false, ERR_OK, NULL},
        {{"--count"}, 1, 0, true, ERR_INVALID, "--count needs a value"},
        {{"--listen", "--count", "4"}, 3, 0, true, ERR_INVALID, "--listen needs a value"},
        {{"--listen", "--count=4"}, 2, 0, true, ERR_INVALID, "--listen needs a value"},
        {{"--listen=--count"}, 1, 1, true, ERR_OK, NULL},
        {{"--listen", "--other"}, 2, 2, true, ERR_OK, NULL},
        {{"--count", "x"}, 2, 0, true, ERR_INVALID, "--count: 'x' must be a whole number"},
        {{"--loud=maybe"}, 1, 0, true, ERR_INVALID, "--loud: 'maybe' must be yes or no"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct flag_case *c = &cases[i];
        char *argv[4] = {0};
        for (int j = 0; j < c->argc; j++)
            argv[j] = arena_strdup(*state, c->argv[j]);
        struct settings s = {0};
        struct error err = {0};
        int at = 0;
        bool known = false;
        assert_int_equal(config_from_flag(*state, OPTIONS, c->argc, argv, &at, &s, &known, &err), c->code);
        assert_int_equal(known, c->known);
        if (c->code)
            assert_string_equal(err.text, c->complaint);
        else
            assert_int_equal(at, c->at_end);
    }
}

static void each_use_of_a_list_flag_adds_one(void **state)
{
    char *argv[] = {arena_strdup(*state, "--allow-target"), arena_strdup(*state, "10.0.0.0/8"),
        arena_strdup(*state, "--allow-target=::1")};
    struct settings s = {0};
    struct error err = {0};
    bool known;
    for (int at = 0; at < 3;)
        must(config_from_flag(*state, OPTIONS, 3, argv, &at, &s, &known, &err), &err);
    assert_int_equal(s.allow.count, 2);
    assert_string_equal(s.allow.items[0], "10.0.0.0/8");
    assert_string_equal(s.allow.items[1], "::1");
}

static void durations_and_sizes_have_units(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } durations[] = {{"0s", 0}, {"7us", 7}, {"250ms", 250000}, {"5s", 5000000}, {"10m", 600000000}};
    static const struct {
        const char *text;
        int64_t bytes;
    } sizes[] = {{"512", 512}, {"1KiB", 1024}, {"1MiB", 1 << 20}, {"2GiB", (int64_t)2 << 30}};
    struct settings s = {0};
    struct error err = {0};
    for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
        must(from_yaml(*state, arena_printf(*state, "drain_timeout: %s\n", durations[i].text), &s, &err),
            &err);
        assert_int_equal(s.drain_us, durations[i].us);
    }
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        must(from_yaml(*state, arena_printf(*state, "body_limit: %s\n", sizes[i].text), &s, &err), &err);
        assert_true(s.body == sizes[i].bytes);
    }
}

static void help_names_every_flag(void **state)
{
    (void)state;
    struct buf text = BUF_INIT(1 << 16);
    config_help(OPTIONS, &text);
    assert_non_null(strstr(buf_text(&text), "--drain-timeout TIME"));
    assert_non_null(strstr(buf_text(&text), "(default: 10s; from 0s to 10m)"));
    assert_non_null(strstr(buf_text(&text), "--allow-target TEXT"));
    buf_free(&text);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_tree_knows_its_lines),
        WITH(an_empty_file_is_an_empty_map),
        WITH(duplicate_keys_are_refused),
        WITH(aliases_are_refused),
        WITH(a_tree_that_explodes_is_refused_at_once),
        WITH(tags_are_refused),
        WITH(a_second_document_is_refused),
        WITH(deep_nesting_is_refused),
        WITH(what_is_not_yaml_is_refused),
        WITH(presets_are_values_as_they_would_be_written),
        WITH(a_file_sets_options),
        WITH(a_bad_line_is_named_with_its_reason),
        WITH(flags_are_taken_from_the_command_line),
        WITH(each_use_of_a_list_flag_adds_one),
        WITH(durations_and_sizes_have_units),
        WITH(help_names_every_flag),
    };
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
