/* The limits of a field: read from a definition, stored as JSON, loaded again. */
#include "base/emit.h"
#include "crm/currency.h"
#include "crm/decimal.h"
#include "crm/field_internal.h"
#include "crm/value_internal.h"

#define RATING_MOST 10
#define RATING_PRESET 5
#define SCALE_PRESET 2
#define LIMITS_JSON_MOST 512

struct reading {
    struct arena *arena;
    const struct crm_limits *most;
    const json_t *json;
    struct field *field;
    struct error_list *list;
};

static void refuse(struct reading *r, const char *name, const char *what)
{
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/limits/%.40s", name);
    error_list_add(r->list, pointer, "%s", what);
}

static int64_t length_most(const struct crm_limits *most, enum field_type type)
{
    return type == FIELD_TEXT ? most->text_chars : most->long_text_chars;
}

static int64_t items_most(const struct crm_limits *most, enum field_type type)
{
    return type == FIELD_TAGS ? most->list_items : most->options;
}

void field_limits_preset(const struct crm_limits *most, struct field *field)
{
    unsigned has = field_kind_of(field->type)->limits;
    field->limits = (struct field_limits){0};
    if (has & LIMIT_LENGTH)
        field->limits.max_length = length_most(most, field->type);
    if (has & LIMIT_SCALE)
        field->limits.scale = SCALE_PRESET;
    if (has & LIMIT_RATING)
        field->limits.max_rating = RATING_PRESET;
    if (has & LIMIT_ITEMS)
        field->limits.max_items = items_most(most, field->type);
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

/* A whole number from `min` to `max`; `now` when it is not there. */
static int64_t read_number(struct reading *r, const char *name, int64_t min, int64_t max, int64_t now)
{
    const json_t *value = json_object_get(r->json, name);
    if (!value)
        return now;
    int64_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= min && number <= max)
        return number;
    refuse(r, name,
        arena_printf(
            r->arena, "This must be a whole number from %lld to %lld.", (long long)min, (long long)max));
    return now;
}

static void read_length(struct reading *r)
{
    struct field_limits *limits = &r->field->limits;
    int64_t most = length_most(r->most, r->field->type);
    limits->min_length = read_number(r, "min_length", 0, most, limits->min_length);
    limits->max_length = read_number(r, "max_length", 1, most, limits->max_length);
    if (limits->min_length > limits->max_length)
        refuse(r, "min_length", "This must not be greater than max_length.");
}

/* A new field's amounts have the digits of their currency; what is stored must stay exact. */
static void read_scale(struct reading *r, bool is_new)
{
    struct field_limits *limits = &r->field->limits;
    int least = is_new ? 0 : limits->scale;
    limits->scale = (int)read_number(r, "scale", least, DECIMAL_SCALE_MOST, limits->scale);
}

static void read_currency(struct reading *r)
{
    struct field_limits *limits = &r->field->limits;
    const json_t *value = json_object_get(r->json, "currency");
    const char *code = json_string_value(value);
    bool is_new = !*limits->currency;
    int scale;
    if (!value && !is_new)
        return;
    if (!code || !currency_find(code, &scale))
        refuse(r, "currency", "This must be the code of a currency (ISO 4217), such as USD.");
    else if (!is_new && strcmp(code, limits->currency) != 0)
        refuse(r, "currency", "The currency of a field stays: amounts that are stored would change.");
    else if (is_new) {
        snprintf(limits->currency, sizeof limits->currency, "%s", code);
        limits->scale = scale;
    }
}

static void read_bound(struct reading *r, const char *name, const char **bound)
{
    const json_t *value = json_object_get(r->json, name);
    if (!value)
        return;
    struct field bare = *r->field;
    bare.limits.min = bare.limits.max = NULL;
    const char *json = NULL, *wrong = value_normalise(r->arena, &bare, value, NULL, &json);
    if (wrong)
        refuse(r, name, wrong);
    else
        *bound = json;
}

static void read_range(struct reading *r)
{
    struct field_limits *limits = &r->field->limits;
    read_bound(r, "min", &limits->min);
    read_bound(r, "max", &limits->max);
    if (limits->min && limits->max && value_compare(r->field, limits->min, limits->max) > 0)
        refuse(r, "min", "This must not be greater than max.");
}

static bool has_limit(unsigned has, const char *name)
{
    static const struct {
        const char *name;
        unsigned where;
    } limits[] = {{"min", LIMIT_RANGE}, {"max", LIMIT_RANGE | LIMIT_RATING}, {"min_length", LIMIT_LENGTH},
        {"max_length", LIMIT_LENGTH}, {"scale", LIMIT_SCALE}, {"currency", LIMIT_CURRENCY},
        {"max_items", LIMIT_ITEMS}};
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        if (strcmp(limits[i].name, name) == 0)
            return (limits[i].where & has) != 0;
    return false;
}

static void refuse_unknown(struct reading *r, unsigned has)
{
    void *at = json_object_iter((json_t *)r->json);
    for (; at; at = json_object_iter_next((json_t *)r->json, at))
        if (!has_limit(has, json_object_iter_key(at)))
            refuse(r, json_object_iter_key(at),
                arena_printf(
                    r->arena, "A field of the type %s has no such limit.", field_type_name(r->field->type)));
}

void field_limits_read(struct arena *arena, const struct crm_limits *most, const json_t *json,
    struct field *field, struct error_list *list)
{
    if (json && !json_is_object(json)) {
        error_list_add(list, "/limits", "This must be an object.");
        return;
    }
    struct reading r = {.arena = arena, .most = most, .json = json, .field = field, .list = list};
    unsigned has = field_kind_of(field->type)->limits;
    bool is_new = id_is_nil(field->id);
    refuse_unknown(&r, has);
    if (has & LIMIT_LENGTH)
        read_length(&r);
    if (has & LIMIT_CURRENCY)
        read_currency(&r);
    if (has & LIMIT_SCALE)
        read_scale(&r, is_new);
    if (has & LIMIT_RATING)
        field->limits.max_rating = (int)read_number(&r, "max", 1, RATING_MOST, field->limits.max_rating);
    if (has & LIMIT_ITEMS)
        field->limits.max_items =
            read_number(&r, "max_items", 1, items_most(most, field->type), field->limits.max_items);
    if (has & LIMIT_RANGE)
        read_range(&r);
}

/* ── storing ─────────────────────────────────────────────────────────────────────────────────── */

const char *field_limits_json(struct arena *arena, const struct field *field)
{
    unsigned has = field_kind_of(field->type)->limits;
    const struct field_limits *limits = &field->limits;
    struct buf text = BUF_INIT(LIMITS_JSON_MOST);
    struct json json = JSON_INTO(&text);
    buf_reserve(&text, LIMITS_JSON_MOST);
    emit_object(&json, NULL);
    if (has & LIMIT_RANGE) {
        emit_raw(&json, "min", limits->min ? limits->min : "null");
        emit_raw(&json, "max", limits->max ? limits->max : "null");
    }
    if (has & LIMIT_LENGTH) {
        emit_int(&json, "min_length", limits->min_length);
        emit_int(&json, "max_length", limits->max_length);
    }
    if (has & LIMIT_SCALE)
        emit_int(&json, "scale", limits->scale);
    if (has & LIMIT_CURRENCY)
        emit_text(&json, "currency", limits->currency);
    if (has & LIMIT_RATING)
        emit_int(&json, "max", limits->max_rating);
    if (has & LIMIT_ITEMS)
        emit_int(&json, "max_items", limits->max_items);
    emit_object_end(&json);
    char *copy = arena_strdup(arena, buf_text(&text));
    buf_free(&text);
    return copy;
}

static const char *load_bound(struct arena *arena, const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);
    return value && !json_is_null(value) ? json_text(arena, value) : NULL;
}

bool field_limits_load(struct arena *arena, const char *stored, struct field *field)
{
    unsigned has = field_kind_of(field->type)->limits;
    if (!has)
        return true;
    const json_t *json = json_tree(arena, stored);
    struct field_limits *limits = &field->limits;
    if (!json)
        return false;
    if (has & LIMIT_RANGE) {
        limits->min = load_bound(arena, json, "min");
        limits->max = load_bound(arena, json, "max");
    }
    limits->min_length = json_integer_value(json_object_get(json, "min_length"));
    limits->max_length = json_integer_value(json_object_get(json, "max_length"));
    limits->scale = (int)json_integer_value(json_object_get(json, "scale"));
    limits->max_items = json_integer_value(json_object_get(json, "max_items"));
    if (has & LIMIT_RATING)
        limits->max_rating = (int)json_integer_value(json_object_get(json, "max"));
    if (has & LIMIT_CURRENCY)
        snprintf(limits->currency, sizeof limits->currency, "%s",
            json_string_value(json_object_get(json, "currency")));
    return true;
}
