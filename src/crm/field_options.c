/* The options of a select: stable ids, names that may change, and none that was ever there is lost. */
#include "base/emit.h"
#include "crm/check.h"
#include "crm/field_internal.h"
#include "crm/value_internal.h"

#define STATUS_COLOR "#868e96"
#define OPTION_POINTER_MOST 96
#define OPTION_JSON_MOST(name_len) (6 * (name_len) + 128) /* with its id, colour and the names of members */

static bool is_color(const char *text)
{
    return text[0] == '#' && strlen(text) == 7 && strspn(text + 1, "0123456789abcdefABCDEF") == 6;
}

static struct field_option *find_by_name(struct field_option *options, size_t count, const char *name)
{
    struct field_option *archived = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].name, name) != 0)
            continue;
        if (!options[i].archived)
            return &options[i];
        archived = &options[i];
    }
    return archived;
}

struct reading {
    struct arena *arena;
    const struct crm_limits *most;
    struct field *field;
    struct field_option *options; /* the new ones */
    size_t count;
    size_t at; /* the index of the one that is being read */
    struct error_list *list;
};

static void refuse(struct reading *r, const char *member, const char *what)
{
    char pointer[OPTION_POINTER_MOST];
    snprintf(pointer, sizeof pointer, "/options/%zu%s%.40s", r->at, *member ? "/" : "", member);
    error_list_add(r->list, pointer, "%s", what);
}

/* The option that `json` means: one that is there, or a new one. False when it cannot be told. */
static bool identify(struct reading *r, const json_t *json, const char *name, struct field_option *option)
{
    const json_t *given = json_object_get(json, "id");
    if (!given || json_is_null(given)) {
        const struct field_option *same =
            name ? find_by_name(r->field->options, r->field->option_count, name) : NULL;
        *option = same ? *same : (struct field_option){.id = id_new()};
        option->archived = false;
        return true;
    }
    struct id id;
    const struct field_option *same =
        json_is_string(given) && id_parse(json_string_value(given), json_string_length(given), &id)
            ? field_option_by_id(r->field, id)
            : NULL;
    if (!same) {
        refuse(r, "id", "This field has no such option; leave the id out for a new one.");
        return false;
    }
    *option = *same;
    option->archived = false;
    return true;
}

static void read_color(struct reading *r, const json_t *json, struct field_option *option)
{
    const json_t *color = json_object_get(json, "color");
    if (color && !json_is_null(color) && (!json_is_string(color) || !is_color(json_string_value(color))))
        refuse(r, "color", "A colour is written like #1f6feb.");
    else if (color)
        option->color = json_is_null(color) ? NULL : arena_strdup(r->arena, json_string_value(color));
    if (!option->color && r->field->type == FIELD_STATUS)
        option->color = STATUS_COLOR;
}

static void read_archived(struct reading *r, const json_t *json, struct field_option *option)
{
    const json_t *archived = json_object_get(json, "archived");
    if (archived && !json_is_boolean(archived))
        refuse(r, "archived", "This must be true or false.");
    option->archived = json_is_true(archived);
}

static void refuse_unknown(struct reading *r, json_t *json)
{
    static const char *const known[] = {"id", "name", "color", "archived", NULL};
    const char *member;
    json_t *value;
    json_object_foreach(json, member, value)
    {
        if (!text_listed(known, member))
            refuse(r, member, "This member is not known here.");
    }
}

/* The name as it is given, NFC; NULL when there is none. */
static const char *read_name(struct reading *r, const json_t *json)
{
    const json_t *name = json_is_string(json) ? json : json_object_get(json, "name");
    if (!name)
        return NULL;
    const char *text = json_is_string(name) ? text_nfc(r->arena, json_string_value(name)) : NULL;
    if (text && check_name(text, (size_t)r->most->name_chars))
        return text;
    refuse(r, json_is_string(json) ? "" : "name",
        arena_printf(
            r->arena, "An option needs a name of 1 to %lld characters.", (long long)r->most->name_chars));
    return NULL;
}

static void read_option(struct reading *r, json_t *json)
{
    if (!json_is_string(json) && !json_is_object(json)) {
        refuse(r, "", "An option is an object with a name, or just its name.");
        return;
    }
    size_t before = r->list->count;
    const char *name = read_name(r, json);
    struct field_option option;
    if (r->list->count > before || !identify(r, json, name, &option))
        return;
    if (name)
        option.name = name;
    if (!option.name) {
        refuse(r, "name", "This is required.");
        return;
    }
    read_color(r, json, &option);
    read_archived(r, json, &option);
    refuse_unknown(r, json);
    for (size_t i = 0; i < r->count; i++)
        if (id_equal(r->options[i].id, option.id) ||
            (!option.archived && !r->options[i].archived && strcmp(r->options[i].name, option.name) == 0)) {
            refuse(r, "", "This option is there twice.");
            return;
        }
    r->options[r->count++] = option;
}

/* What was there and is not in the new list stays, archived. */
static void keep_left_out(struct reading *r)
{
    size_t named = r->count;
    for (size_t i = 0; i < r->field->option_count; i++) {
        const struct field_option *old = &r->field->options[i];
        bool found = false;
        for (size_t j = 0; j < named && !found; j++)
            found = id_equal(r->options[j].id, old->id);
        if (found)
            continue;
        r->options[r->count] = *old;
        r->options[r->count++].archived = true;
    }
}

static void put_archived_last(struct reading *r)
{
    struct field_option *sorted = ARENA_ARRAY(r->arena, struct field_option, r->count + 1);
    size_t n = 0;
    for (int archived = 0; archived <= 1; archived++)
        for (size_t i = 0; i < r->count; i++)
            if (r->options[i].archived == (archived == 1))
                sorted[n++] = r->options[i];
    r->options = sorted;
}

void field_options_read(struct arena *arena, const struct crm_limits *most, const json_t *json,
    struct field *field, struct error_list *list)
{
    size_t given = json_array_size(json);
    if (!json_is_array(json) || given == 0 || (int64_t)given > most->options) {
        error_list_add(
            list, "/options", "This must be an array of 1 to %lld options.", (long long)most->options);
        return;
    }
    size_t refused = list->count;
    struct reading r = {.arena = arena, .most = most, .field = field, .list = list};
    r.options = ARENA_ARRAY(arena, struct field_option, given + field->option_count);
    for (; r.at < given; r.at++)
        read_option(&r, json_array_get(json, r.at));
    keep_left_out(&r);
    if ((int64_t)r.count > most->options)
        error_list_add(list, "/options", "With the archived ones these are %zu options; %lld are the most.",
            r.count, (long long)most->options);
    put_archived_last(&r);
    if (list->count == refused && r.options[0].archived)
        error_list_add(list, "/options", "One option at least must not be archived.");
    field->options = r.options;
    field->option_count = r.count;
}

const char *field_options_json(struct arena *arena, const struct field *field)
{
    struct buf text = BUF_INIT(SIZE_MAX);
    struct json json = JSON_INTO(&text);
    size_t most = 2;
    for (size_t i = 0; i < field->option_count; i++)
        most += OPTION_JSON_MOST(strlen(field->options[i].name));
    buf_reserve(&text, most); /* so that nothing can be missing for want of memory */
    emit_array(&json, NULL);
    for (size_t i = 0; i < field->option_count; i++) {
        const struct field_option *option = &field->options[i];
        emit_object(&json, NULL);
        emit_id(&json, "id", option->id);
        emit_text(&json, "name", option->name);
        emit_text(&json, "color", option->color);
        emit_bool(&json, "archived", option->archived);
        emit_object_end(&json);
    }
    emit_array_end(&json);
    char *copy = arena_strdup(arena, buf_text(&text));
    buf_free(&text);
    return copy;
}

bool field_options_load(struct arena *arena, const char *stored, struct field *field)
{
    if (!field_type_has_options(field->type))
        return true;
    json_t *all = json_tree(arena, stored), *one;
    size_t i;
    if (!all)
        return false;
    field->options = ARENA_ARRAY(arena, struct field_option, json_array_size(all));
    json_array_foreach(all, i, one)
    {
        struct field_option *option = &field->options[field->option_count];
        const char *id = json_string_value(json_object_get(one, "id"));
        if (!id || !id_parse(id, strlen(id), &option->id))
            continue;
        option->name = json_string_value(json_object_get(one, "name"));
        option->color = json_string_value(json_object_get(one, "color"));
        option->archived = json_is_true(json_object_get(one, "archived"));
        field->option_count++;
    }
    return true;
}
