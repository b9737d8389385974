#include "base/config.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {
    [OPTION_TEXT] = "TEXT",
    [OPTION_INT] = "NUMBER",
    [OPTION_BOOL] = "",
    [OPTION_DURATION] = "TIME",
    [OPTION_SIZE] = "SIZE",
    [OPTION_LIST] = "TEXT",
};

struct unit_name {
    const char *name;
    int64_t factor;
};

static const struct unit_name durations[] = {
    {"us", 1}, {"ms", US_PER_MS}, {"s", US_PER_S}, {"m", 60 * US_PER_S}, {"h", 3600 * US_PER_S}, {0}};
static const struct unit_name sizes[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {0}};
static const struct unit_name plain[] = {{"", 1}, {0}};

static bool parse_number(const char *text, const struct unit_name *units, int64_t *out)
{
    char *end;
    long long number = strtoll(text, &end, 10);
    if (end == text || number < -1000000000000LL || number > 1000000000000LL)
        return false;
    for (; units->name; units++)
        if (strcmp(end, units->name) == 0)
            return !__builtin_mul_overflow(number, units->factor, out);
    return false;
}

static bool parse_bool(const char *text, bool *out)
{
    *out = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;
    return *out || strcmp(text, "false") == 0 || strcmp(text, "no") == 0;
}

static void list_add(struct arena *arena, struct text_list *list, const char *text)
{
    const char **items = ARENA_ARRAY(arena, const char *, list->count + 1);
    if (list->count)
        memcpy(items, list->items, list->count * sizeof *items);
    items[list->count] = arena_strdup(arena, text);
    *list = (struct text_list){.items = items, .count = list->count + 1};
}

/* As it would be written, in the largest unit that gives a whole number. */
static const char *format_number(struct arena *arena, enum option_type type, int64_t number)
{
    const struct unit_name *units = type == OPTION_DURATION ? durations : type == OPTION_SIZE ? sizes : plain;
    const struct unit_name *best = units;
    for (; units->name; units++)
        if (number != 0 && number % units->factor == 0)
            best = units;
    if (number == 0 && type == OPTION_DURATION)
        return "0s";
    return arena_printf(arena, "%lld%s", (long long)(number / best->factor), best->name);
}

static bool has_limits(const struct option *option)
{
    return option->min || option->max;
}

static const char *limits(struct arena *arena, const struct option *option)
{
    return arena_printf(arena, "from %s to %s", format_number(arena, option->type, option->min),
        format_number(arena, option->type, option->max));
}

/* `why` is what a value must look like; NULL means that it was stored. */
static const char *store(struct arena *arena, const struct option *option, const char *text, void *settings)
{
    void *at = (char *)settings + option->offset;
    int64_t number = 0;
    switch (option->type) {
    case OPTION_TEXT:
        *(const char **)at = arena_strdup(arena, text);
        return NULL;
    case OPTION_LIST:
        list_add(arena, at, text);
        return NULL;
    case OPTION_BOOL:
        return parse_bool(text, at) ? NULL : "yes or no";
    case OPTION_INT:
        if (!parse_number(text, plain, &number))
            return "a whole number";
        break;
    case OPTION_DURATION:
        if (!parse_number(text, durations, &number))
            return "a time such as 250ms, 5s, 10m or 2h";
        break;
    case OPTION_SIZE:
        if (!parse_number(text, sizes, &number))
            return "a size such as 512, 64KiB, 1MiB or 2GiB";
        break;
    }
    if (has_limits(option) && (number < option->min || number > option->max))
        return limits(arena, option);
    *(int64_t *)at = number;
    return NULL;
}

void config_preset(struct arena *arena, const struct option *options, size_t count, void *settings)
{
    for (size_t i = 0; i < count; i++)
        if (options[i].preset)
            (void)store(arena, &options[i], options[i].preset, settings);
}

static const struct option *find(const struct option *options, size_t count, const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        const char *want = options[i].name;
        size_t n = 0;
        while (n < len && want[n] && (want[n] == name[n] || (want[n] == '_' && name[n] == '-')))
            n++;
        if (n == len && !want[n])
            return &options[i];
    }
    return NULL;
}

static enum err_code take_list(struct arena *arena, const struct option *option, const char *path,
    const struct yaml *value, void *settings, struct error *err)
{
    struct text_list *list = (void *)((char *)settings + option->offset);
    *list = (struct text_list){0};
    for (size_t i = 0; i < value->count; i++) {
        if (value->items[i]->kind != YAML_TEXT)
            return error_set(err, ERR_INVALID, "%s:%d: '%s' must be a list of words", path,
                value->items[i]->line, option->name);
        list_add(arena, list, value->items[i]->text);
    }
    return ERR_OK;
}

enum err_code config_from_yaml(struct arena *arena, const struct option *options, size_t count,
    const char *path, const struct yaml *map, const char *const *ignore, void *settings, struct error *err)
{
    if (map->kind != YAML_MAP)
        return error_set(err, ERR_INVALID, "%s:%d: expected 'key: value' lines here", path, map->line);
    for (size_t i = 0; i < map->count; i++) {
        if (text_listed(ignore, map->keys[i]))
            continue;
        const struct option *option = find(options, count, map->keys[i], strlen(map->keys[i]));
        const struct yaml *value = map->items[i];
        if (!option || strchr(map->keys[i], '-'))
            return error_set(
                err, ERR_INVALID, "%s:%d: unknown key '%s'", path, map->key_lines[i], map->keys[i]);
        if (option->type == OPTION_LIST && value->kind == YAML_LIST) {
            enum err_code code = take_list(arena, option, path, value, settings, err);
            if (code)
                return code;
            continue;
        }
        const char *why = value->kind == YAML_TEXT && option->type != OPTION_LIST
                              ? store(arena, option, value->text, settings)
                          : option->type == OPTION_LIST ? "a list"
                                                        : "a single value";
        if (why)
            return error_set(
                err, ERR_INVALID, "%s:%d: '%s' must be %s", path, value->line, option->name, why);
    }
    return ERR_OK;
}

/* Such a word was hardly meant as a value; --flag=VALUE takes any. */
static bool is_flag(const struct option *options, size_t count, const char *word)
{
    return strncmp(word, "--", 2) == 0 && find(options, count, word + 2, strcspn(word + 2, "="));
}

enum err_code config_from_flag(struct arena *arena, const struct option *options, size_t count, int argc,
    char **argv, int *at, void *settings, bool *known, struct error *err)
{
    const char *word = argv[*at];
    *known = false;
    if (strncmp(word, "--", 2) != 0 || !word[2])
        return ERR_OK;
    const char *eq = strchr(word, '=');
    size_t len = eq ? (size_t)(eq - word) - 2 : strlen(word) - 2;
    const struct option *option = find(options, count, word + 2, len);
    if (!option)
        return ERR_OK;
    *known = true;
    const char *value = eq                                                          ? eq + 1
                        : option->type == OPTION_BOOL                               ? "true"
                        : *at + 1 < argc && !is_flag(options, count, argv[*at + 1]) ? argv[++*at]
                                                                                    : NULL;
    if (!value)
        return error_set(err, ERR_INVALID, "--%.*s needs a value", (int)len, word + 2);
    const char *why = store(arena, option, value, settings);
    if (why)
        return error_set(err, ERR_INVALID, "--%.*s: '%s' must be %s", (int)len, word + 2, value, why);
    ++*at;
    return ERR_OK;
}

static void help_one(struct arena *arena, const struct option *option, struct buf *out)
{
    char *flag = arena_strdup(arena, option->name);
    for (char *c = flag; *c; c++)
        *c = *c == '_' ? '-' : *c;
    buf_printf(out, "  --%s%s%s%s\n        %s%s", flag, *type_names[option->type] ? " " : "",
        type_names[option->type], option->required ? "  (required)" : "", option->help,
        option->type == OPTION_LIST ? " (may be given several times)" : "");
    if (option->preset && *option->preset)
        buf_printf(out, " (default: %s%s%s)", option->preset, has_limits(option) ? "; " : "",
            has_limits(option) ? limits(arena, option) : "");
    buf_add_text(out, "\n");
}

void config_help(const struct option *options, size_t count, struct buf *out)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    for (size_t i = 0; i < count; i++)
        if (options[i].help)
            help_one(arena, &options[i], out);
}
