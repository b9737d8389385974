/* The normal form of one value, type by type: the table of docs/fields.md in code. Pure. */
#include "base/clock.h"
#include "crm/check.h"
#include "crm/decimal.h"
#include "crm/field_internal.h"
#include "crm/value_internal.h"
#include "net/url.h"

#include <inttypes.h>

#define TAG_MOST 100 /* characters */
#define PHONE_DIGITS_LEAST 3
#define PHONE_DIGITS_MOST 15 /* E.164 */

/* One value that is being looked at. */
struct check {
    struct arena *arena;
    const struct field *field;
    const json_t *given;
    const char *before; /* what is there now, in normal form; NULL: nothing */
    const char **json; /* the answer */
};

/* NULL, or what is wrong. Never called with null. */
typedef const char *check_fn(struct check *c);

static const char *accept_text(struct check *c, const char *text)
{
    *c->json = json_quoted(c->arena, text);
    return NULL;
}

/* Refuses what is below `min` or above `max`. */
static const char *accept_in_range(struct check *c, const char *json)
{
    const struct field_limits *limits = &c->field->limits;
    *c->json = json;
    if (limits->min && value_compare(c->field, json, limits->min) < 0)
        return arena_printf(c->arena, "The least is %s.", limits->min);
    if (limits->max && value_compare(c->field, json, limits->max) > 0)
        return arena_printf(c->arena, "The most is %s.", limits->max);
    return NULL;
}

/* ── texts ───────────────────────────────────────────────────────────────────────────────────── */

static const char *check_text(struct check *c)
{
    const struct field_limits *limits = &c->field->limits;
    if (!json_is_string(c->given))
        return "This must be a text.";
    const char *text = text_nfc(c->arena, json_string_value(c->given));
    int64_t chars = (int64_t)text_chars(text);
    if (chars == 0)
        return NULL;
    if (chars < limits->min_length || chars > limits->max_length)
        return arena_printf(c->arena,
            "This must have %" PRId64 " to %" PRId64 " characters; it has %" PRId64 ".", limits->min_length,
            limits->max_length, chars);
    return accept_text(c, text);
}

static const char *check_email_value(struct check *c)
{
    if (!json_is_string(c->given))
        return "This must be a text.";
    const char *text = text_nfc(c->arena, json_string_value(c->given));
    if (!*text)
        return NULL;
    return check_email(text) ? accept_text(c, text) : "This is not an email address.";
}

/* Digits, at most 15, a + before them if it was there; blanks, points, hyphens, slashes and brackets go. */
static const char *check_phone(struct check *c)
{
    if (!json_is_string(c->given))
        return "This must be a text.";
    const char *text = json_string_value(c->given);
    if (!*text)
        return NULL;
    char number[1 + PHONE_DIGITS_MOST + 1];
    size_t len = 0, digits = 0;
    const char *at = text + strspn(text, " ");
    if (*at == '+')
        number[len++] = *at++;
    for (; *at; at++) {
        if (strchr(" .-/()", *at))
            continue;
        if (*at < '0' || *at > '9' || digits == PHONE_DIGITS_MOST)
            return "A phone number has 3 to 15 digits, a + before them if it is international, and between "
                   "them "
                   "only blanks, points, hyphens, slashes and brackets.";
        number[len++] = *at;
        digits++;
    }
    number[len] = '\0';
    if (digits < PHONE_DIGITS_LEAST)
        return "A phone number has 3 digits at least.";
    if (number[0] == '+' && number[1] == '0')
        return "No country's code begins with 0.";
    return accept_text(c, number);
}

static const char *check_url(struct check *c)
{
    if (!json_is_string(c->given))
        return "This must be a text.";
    const char *text = json_string_value(c->given);
    struct url url;
    struct error err = {0};
    if (!*text)
        return NULL;
    if (url_parse(c->arena, text, &url, &err))
        return arena_strdup(c->arena, err.text);
    return accept_text(c, text);
}

static const char *check_tags(struct check *c)
{
    const char *wrong = "This must be an array of texts of 1 to 100 characters.";
    size_t count = json_array_size(c->given), kept = 0;
    if (!json_is_array(c->given))
        return wrong;
    if (count == 0)
        return NULL;
    const char **tags = ARENA_ARRAY(c->arena, const char *, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *given = json_array_get(c->given, i);
        const char *tag = json_is_string(given) ? text_nfc(c->arena, json_string_value(given)) : NULL;
        if (!tag || !check_name(tag, TAG_MOST))
            return wrong;
        size_t j = 0;
        while (j < kept && strcmp(tags[j], tag) != 0)
            j++;
        if (j < kept)
            continue;
        if ((int64_t)kept == c->field->limits.max_items)
            return arena_printf(c->arena, "At most %" PRId64 " are taken.", c->field->limits.max_items);
        tags[kept++] = tag;
    }
    *c->json = json_quoted_array(c->arena, tags, kept);
    return NULL;
}

/* ── numbers ─────────────────────────────────────────────────────────────────────────────────── */

static const char *check_integer(struct check *c)
{
    if (!json_is_integer(c->given))
        return "This must be a whole number.";
    return accept_in_range(c, arena_printf(c->arena, "%" PRId64, (int64_t)json_integer_value(c->given)));
}

static const char *check_rating(struct check *c)
{
    int64_t most = c->field->limits.max_rating, number = json_integer_value(c->given);
    if (!json_is_integer(c->given) || number < 1 || number > most)
        return arena_printf(c->arena, "This must be a whole number from 1 to %" PRId64 ".", most);
    *c->json = arena_printf(c->arena, "%" PRId64, number);
    return NULL;
}

/* A text of digits, or a whole number. What JSON calls a real is not exact, so it is refused. */
static const char *check_decimal(struct check *c)
{
    int scale = c->field->limits.scale;
    const char *text = json_is_integer(c->given)
                           ? arena_printf(c->arena, "%" PRId64, (int64_t)json_integer_value(c->given))
                           : json_string_value(c->given);
    if (text && !*text)
        return NULL;
    struct decimal decimal;
    switch (text ? decimal_parse(text, scale, &decimal) : DECIMAL_NO_NUMBER) {
    case DECIMAL_NO_NUMBER:
        return "This must be a number as a text, such as \"-12.50\".";
    case DECIMAL_TOO_FINE:
        return arena_printf(c->arena, "At most %d digits are taken after the point.", scale);
    case DECIMAL_TOO_LARGE:
        return "This number is too large: without its point it must be one of 64 bits.";
    case DECIMAL_OK:
        break;
    }
    return accept_in_range(c, json_quoted(c->arena, decimal_format(decimal).text));
}

static const char *check_yes_no(struct check *c)
{
    if (!json_is_boolean(c->given))
        return "This must be true or false.";
    *c->json = json_is_true(c->given) ? "true" : "false";
    return NULL;
}

/* ── times ───────────────────────────────────────────────────────────────────────────────────── */

static const char *check_date(struct check *c)
{
    static const char wrong[] = "This must be a date such as \"2026-11-24\".";
    const char *text = json_string_value(c->given);
    if (!text)
        return wrong;
    if (!*text)
        return NULL;
    char time[] = "YYYY-MM-DDT00:00:00Z";
    int64_t us;
    if (strlen(text) != 10)
        return wrong;
    memcpy(time, text, 10);
    return time_parse(time, sizeof time - 1, &us) ? accept_in_range(c, json_quoted(c->arena, text)) : wrong;
}

static const char *check_datetime(struct check *c)
{
    const char *text = json_string_value(c->given);
    if (text && !*text)
        return NULL;
    int64_t us;
    if (!text || !time_parse(text, strlen(text), &us))
        return "This must be a date and time such as \"2026-11-24T09:00:00Z\".";
    return accept_in_range(c, json_quoted(c->arena, time_format(us).text));
}

/* ── what is chosen ──────────────────────────────────────────────────────────────────────────── */

/* As a text, or as the object that is shown. NULL: neither. */
static const char *chosen_text(const json_t *given)
{
    return json_string_value(json_is_object(given) ? json_object_get(given, "id") : given);
}

static const struct field_option *option_by_name(const struct field *field, const char *name)
{
    for (size_t i = 0; i < field->option_count; i++)
        if (!field->options[i].archived && strcmp(field->options[i].name, name) == 0)
            return &field->options[i];
    return NULL;
}

/* An option by its id or its name; what is wrong is in *wrong. */
static const struct field_option *choose(struct check *c, const json_t *given, const char **wrong)
{
    const char *text = chosen_text(given);
    struct id id;
    if (!text) {
        *wrong = "This must be an option of the field: its id or its name.";
        return NULL;
    }
    const struct field_option *option =
        id_parse(text, strlen(text), &id) ? field_option_by_id(c->field, id) : NULL;
    if (!option)
        option = option_by_name(c->field, text_nfc(c->arena, text));
    if (!option)
        *wrong = arena_printf(c->arena, "'%.60s' is no option of this field.", text);
    else if (option->archived && !(c->before && strstr(c->before, id_format(option->id).text)))
        *wrong = arena_printf(c->arena, "The option '%.60s' is archived.", option->name);
    return option;
}

static const char *check_select(struct check *c)
{
    const char *wrong = NULL;
    if (json_is_string(c->given) && !*json_string_value(c->given))
        return NULL;
    const struct field_option *option = choose(c, c->given, &wrong);
    return wrong ? wrong : accept_text(c, id_format(option->id).text);
}

static const char *check_multi_select(struct check *c)
{
    size_t count = json_array_size(c->given), kept = 0;
    if (!json_is_array(c->given))
        return "This must be an array of options of the field: their ids or their names.";
    if (count == 0)
        return NULL;
    const char **ids = ARENA_ARRAY(c->arena, const char *, c->field->option_count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *wrong = NULL;
        const struct field_option *option = choose(c, json_array_get(c->given, i), &wrong);
        if (wrong)
            return wrong;
        const char *id = arena_strdup(c->arena, id_format(option->id).text);
        size_t j = 0;
        while (j < kept && strcmp(ids[j], id) != 0)
            j++;
        if (j == kept)
            ids[kept++] = id;
    }
    if ((int64_t)kept > c->field->limits.max_items)
        return arena_printf(c->arena, "At most %" PRId64 " are taken.", c->field->limits.max_items);
    *c->json = json_quoted_array(c->arena, ids, kept);
    return NULL;
}

/* Whether it is there is looked up later (value_look_up). */
static const char *check_reference(struct check *c)
{
    const char *text = chosen_text(c->given);
    struct id id;
    if (text && !*text)
        return NULL;
    if (!text || !id_parse(text, strlen(text), &id))
        return c->field->type == FIELD_RECORD ? "This must be the id of a record."
                                              : "This must be the id of an employee.";
    return accept_text(c, id_format(id).text);
}

/* ── all of them ─────────────────────────────────────────────────────────────────────────────── */

static check_fn *const checks[FIELD_TYPES] = {
    [FIELD_TEXT] = check_text,
    [FIELD_LONG_TEXT] = check_text,
    [FIELD_INTEGER] = check_integer,
    [FIELD_DECIMAL] = check_decimal,
    [FIELD_MONEY] = check_decimal,
    [FIELD_YES_NO] = check_yes_no,
    [FIELD_DATE] = check_date,
    [FIELD_DATETIME] = check_datetime,
    [FIELD_SINGLE_SELECT] = check_select,
    [FIELD_MULTI_SELECT] = check_multi_select,
    [FIELD_STATUS] = check_select,
    [FIELD_RATING] = check_rating,
    [FIELD_EMAIL] = check_email_value,
    [FIELD_PHONE] = check_phone,
    [FIELD_URL] = check_url,
    [FIELD_TEAM_MEMBER] = check_reference,
    [FIELD_RECORD] = check_reference,
    [FIELD_TAGS] = check_tags,
};

const char *value_normalise(struct arena *arena, const struct field *field, const json_t *given,
    const char *before, const char **json)
{
    *json = NULL;
    if (!given || json_is_null(given))
        return NULL;
    struct check check = {.arena = arena, .field = field, .given = given, .before = before, .json = json};
    return checks[field->type](&check);
}

/* ── their order ─────────────────────────────────────────────────────────────────────────────── */

/* A decimal in normal form; it may have been stored under a smaller scale than the field has now. */
static struct decimal decimal_of(const char *json)
{
    char text[DECIMAL_TEXT_MOST];
    struct decimal decimal = {0};
    snprintf(text, sizeof text, "%.*s", (int)strcspn(json + 1, "\""), json + 1);
    const char *point = strchr(text, '.');
    if (decimal_parse(text, point ? (int)strlen(point + 1) : 0, &decimal) != DECIMAL_OK)
        return (struct decimal){0};
    return decimal;
}

static int compare_integers(const char *a, const char *b)
{
    int64_t x = strtoll(a, NULL, 10), y = strtoll(b, NULL, 10);
    return x < y ? -1 : x > y;
}

int value_compare(const struct field *field, const char *a, const char *b)
{
    switch (field->type) {
    case FIELD_INTEGER:
    case FIELD_RATING:
        return compare_integers(a, b);
    case FIELD_DECIMAL:
    case FIELD_MONEY:
        return decimal_compare(decimal_of(a), decimal_of(b));
    default:
        return strcmp(a, b);
    }
}
