/* What a file of `herald admin apply` may look like, and how its nodes are read. */
#include "base/text.h"
#include "cli/apply_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* ── the table ───────────────────────────────────────────────────────────────────────────────── */

enum shape_kind {
    SHAPE_TEXT, /* or null */
    SHAPE_BOOL,
    SHAPE_TEXTS, /* a list of them */
    SHAPE_MAP, /* with `members` */
    SHAPE_THINGS, /* a list of maps with `members`, each with a `key` of its own */
    SHAPE_ANY, /* whoever takes it checks it */
};

struct shape {
    const char *name;
    enum shape_kind kind;
    const struct shape *members; /* a NULL name ends them */
    const char *key;
};

static const struct shape group_shape[] = {{"name", SHAPE_TEXT}, {"permissions", SHAPE_ANY}, {NULL}};
static const struct shape role_shape[] = {{"name", SHAPE_TEXT}, {"groups", SHAPE_TEXTS}, {NULL}};
static const struct shape employee_shape[] = {{"email", SHAPE_TEXT}, {"first_name", SHAPE_TEXT},
    {"last_name", SHAPE_TEXT}, {"groups", SHAPE_TEXTS}, {"roles", SHAPE_TEXTS}, {"active", SHAPE_BOOL},
    {NULL}};
static const struct shape field_shape[] = {{"name", SHAPE_TEXT}, {"display_name", SHAPE_TEXT},
    {"description", SHAPE_TEXT}, {"field_type", SHAPE_TEXT}, {"required", SHAPE_BOOL}, {"default", SHAPE_ANY},
    {"options", SHAPE_ANY}, {"limits", SHAPE_ANY}, {"target_object", SHAPE_TEXT}, {"bound_to", SHAPE_TEXT},
    {"archived", SHAPE_BOOL}, {NULL}};
static const struct shape record_object_shape[] = {{"api_name", SHAPE_TEXT}, {"name", SHAPE_TEXT},
    {"description", SHAPE_TEXT}, {"archived", SHAPE_BOOL}, {"fields", SHAPE_THINGS, field_shape, "name"},
    {NULL}};
static const struct shape sharing_shape[] = {
    {"everyone", SHAPE_BOOL}, {"roles", SHAPE_TEXTS}, {"employees", SHAPE_TEXTS}, {NULL}};
static const struct shape activity_object_shape[] = {{"api_name", SHAPE_TEXT}, {"name", SHAPE_TEXT},
    {"description", SHAPE_TEXT}, {"color", SHAPE_TEXT}, {"icon", SHAPE_TEXT},
    {"association_mode", SHAPE_TEXT}, {"association_objects", SHAPE_TEXTS},
    {"default_submission_action", SHAPE_TEXT}, {"redirect_url", SHAPE_TEXT}, {"webhook_url", SHAPE_TEXT},
    {"archived", SHAPE_BOOL}, {"fields", SHAPE_THINGS, field_shape, "name"}, {"rules", SHAPE_ANY},
    {"sharing", SHAPE_MAP, sharing_shape}, {NULL}};
static const struct shape business_shape[] = {{"name", SHAPE_TEXT},
    {"permission_groups", SHAPE_THINGS, group_shape, "name"}, {"roles", SHAPE_THINGS, role_shape, "name"},
    {"employees", SHAPE_THINGS, employee_shape, "email"},
    {"record_objects", SHAPE_THINGS, record_object_shape, "api_name"},
    {"activity_objects", SHAPE_THINGS, activity_object_shape, "api_name"}, {NULL}};
static const struct shape file_shape[] = {{"businesses", SHAPE_THINGS, business_shape, "name"}, {NULL}};

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

struct at apply_member(struct apply *apply, struct at at, const char *name)
{
    struct at member = {
        .node = yaml_get(at.node, name), .path = arena_printf(apply->arena, "%s/%s", at.path, name)};
    member.line = member.node ? member.node->line : at.line;
    return member;
}

struct at apply_item(struct apply *apply, struct at at, size_t i)
{
    const struct yaml *node = at.node->items[i];
    return (struct at){node, node->line, arena_printf(apply->arena, "%s/%zu", at.path, i)};
}

static bool is_null(const struct yaml *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};
    return node->kind == YAML_TEXT && node->plain && text_listed(words, node->text);
}

size_t apply_count(struct at list)
{
    return list.node && list.node->kind == YAML_LIST ? list.node->count : 0;
}

const char *apply_text(struct apply *apply, struct at at, const char *name)
{
    const struct yaml *node = yaml_get(at.node, name);
    return node && node->kind == YAML_TEXT && !is_null(node) ? text_nfc(apply->arena, node->text) : NULL;
}

const char *apply_word(struct apply *apply, struct at at)
{
    return text_nfc(apply->arena, at.node->text);
}

bool apply_has(struct at at, const char *name)
{
    return yaml_get(at.node, name) != NULL;
}

bool apply_bool(struct at at, const char *name)
{
    const struct yaml *node = yaml_get(at.node, name);
    return node && strcmp(node->text, "true") == 0;
}

/* ── as JSON ─────────────────────────────────────────────────────────────────────────────────── */

static bool is_whole_number(const char *text, json_int_t *number)
{
    const char *digits = text + (*text == '-');
    if (!*digits || digits[strspn(digits, "0123456789")] || (digits[0] == '0' && digits[1]))
        return false;
    errno = 0;
    *number = strtoll(text, NULL, 10);
    return errno == 0;
}

static json_t *scalar(struct apply *apply, const struct yaml *node)
{
    json_int_t number;
    if (is_null(node))
        return json_null();
    if (node->plain && (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0))
        return json_boolean(node->text[0] == 't');
    if (node->plain && is_whole_number(node->text, &number))
        return json_integer(number);
    return json_string(text_nfc(apply->arena, node->text));
}

static json_t *tree(struct apply *apply, const struct yaml *node)
{
    if (node->kind == YAML_TEXT)
        return scalar(apply, node);
    json_t *json = node->kind == YAML_LIST ? json_array() : json_object();
    for (size_t i = 0; i < node->count; i++) {
        json_t *item = tree(apply, node->items[i]);
        if (node->kind == YAML_LIST)
            json_array_append_new(json, item);
        else
            json_object_set_new(json, node->keys[i], item);
    }
    return json;
}

static void release_json(void *json)
{
    json_decref(json);
}

json_t *apply_json(struct apply *apply, const struct yaml *node)
{
    json_t *json = tree(apply, node);
    arena_keep(apply->arena, release_json, json);
    return json;
}

/* ── checking ────────────────────────────────────────────────────────────────────────────────── */

static void check_map(struct apply *apply, struct at at, const struct shape *members);

static bool is_bool(const struct yaml *node)
{
    return node->kind == YAML_TEXT && node->plain &&
           (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0);
}

static void check_texts(struct apply *apply, struct at at)
{
    bool list = at.node->kind == YAML_LIST;
    for (size_t i = 0; list && i < at.node->count; i++)
        if (at.node->items[i]->kind != YAML_TEXT || is_null(at.node->items[i]))
            apply_complain(apply, apply_item(apply, at, i), "This must be a text.");
    if (!list)
        apply_complain(apply, at, "This must be a list of texts, such as [a, b].");
}

/* The place of the first one with the same key among those before. */
static size_t first_with_key(
    struct apply *apply, struct at list, size_t before, const char *key_name, const char *key)
{
    for (size_t i = 0; i < before; i++) {
        const char *other = apply_text(apply, apply_item(apply, list, i), key_name);
        if (other && strcmp(other, key) == 0)
            return i;
    }
    return before;
}

static void check_thing(struct apply *apply, struct at list, size_t i, const struct shape *shape)
{
    struct at at = apply_item(apply, list, i);
    if (at.node->kind != YAML_MAP) {
        apply_complain(apply, at, "This must be a map with members, beginning with %s.", shape->key);
        return;
    }
    check_map(apply, at, shape->members);
    const char *key = apply_text(apply, at, shape->key);
    size_t first = key ? first_with_key(apply, list, i, shape->key, key) : i;
    if (!key || !*key)
        apply_complain(
            apply, apply_member(apply, at, shape->key), "This is required: by it the thing is found.");
    else if (first < i)
        apply_complain(apply, apply_member(apply, at, shape->key),
            "'%.80s' stands here a second time; first in line %d.", key, list.node->items[first]->line);
}

static void check_member(struct apply *apply, struct at at, const struct shape *shape)
{
    switch (shape->kind) {
    case SHAPE_TEXT:
        if (at.node->kind != YAML_TEXT)
            apply_complain(apply, at, "This must be a text.");
        return;
    case SHAPE_BOOL:
        if (!is_bool(at.node))
            apply_complain(apply, at, "This must be true or false.");
        return;
    case SHAPE_TEXTS:
        check_texts(apply, at);
        return;
    case SHAPE_MAP:
        if (at.node->kind == YAML_MAP)
            check_map(apply, at, shape->members);
        else
            apply_complain(apply, at, "This must be a map with members.");
        return;
    case SHAPE_THINGS:
        if (at.node->kind != YAML_LIST)
            apply_complain(apply, at, "This must be a list.");
        for (size_t i = 0; i < apply_count(at); i++)
            check_thing(apply, at, i, shape);
        return;
    case SHAPE_ANY:
        return;
    }
}

static const char *names_of(struct apply *apply, const struct shape *members)
{
    const char *names = members->name;
    for (const struct shape *m = members + 1; m->name; m++)
        names = arena_printf(apply->arena, "%s, %s", names, m->name);
    return names;
}

static void check_map(struct apply *apply, struct at at, const struct shape *members)
{
    for (size_t i = 0; i < at.node->count; i++) {
        const struct shape *shape = members;
        while (shape->name && strcmp(shape->name, at.node->keys[i]) != 0)
            shape++;
        struct at member = {at.node->items[i], at.node->key_lines[i],
            arena_printf(apply->arena, "%s/%.40s", at.path, at.node->keys[i])};
        if (shape->name)
            check_member(apply, member, shape);
        else
            apply_complain(
                apply, member, "This member is not known here; known are %s.", names_of(apply, members));
    }
}

void apply_check_shape(struct apply *apply)
{
    struct at root = {apply->root, apply->root->line, ""};
    if (root.node->kind != YAML_MAP)
        apply_complain(apply, root, "The file must be a map with the member businesses.");
    else if (!apply_has(root, "businesses"))
        apply_complain(apply, root, "There is no list 'businesses'; the file says nothing.");
    if (root.node->kind == YAML_MAP)
        check_map(apply, root, file_shape);
}
