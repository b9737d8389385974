#include "api/body.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "base/text.h"

#include <strings.h>

static bool is_json(const struct exchange *exchange)
{
    static const char want[] = "application/json";
    const char *type = exchange_header(exchange, "Content-Type");
    if (!type || strncasecmp(type, want, sizeof want - 1) != 0)
        return false;
    char after = type[sizeof want - 1];
    return after == '\0' || after == ';' || after == ' ';
}

bool body_read(struct call *call, struct body *body)
{
    struct exchange *exchange = call->exchange;
    body->call = call;
    body->root = NULL;
    body->known_count = 0;
    error_list_clear(&body->errors);
    if (!is_json(exchange)) {
        exchange_reply_problem(
            exchange, 415, "The body must be JSON, with Content-Type: application/json.", NULL);
        return false;
    }
    struct error err;
    if (json_read(exchange->body, exchange->body_len, &call->api->config.json, &body->root, &err)) {
        call_fail(call, &err, NULL);
        return false;
    }
    if (json_is_object(body->root))
        return true;
    exchange_reply_problem(exchange, 400, "The body must be a JSON object.", NULL);
    json_decref(body->root);
    return false;
}

static bool is_known(const struct body *body, const char *name)
{
    for (size_t i = 0; i < body->known_count; i++)
        if (strcmp(body->known[i], name) == 0)
            return true;
    return false;
}

/* A member's name as a part of a JSON pointer. */
static const char *pointer_to(struct arena *arena, const char *name)
{
    struct buf pointer = BUF_INIT(96);
    buf_add_text(&pointer, "/");
    for (const char *c = name; *c; c++) {
        if (*c == '~' || *c == '/')
            buf_add_text(&pointer, *c == '~' ? "~0" : "~1");
        else
            buf_add(&pointer, c, 1);
    }
    const char *copy = arena_strdup(arena, buf_text(&pointer));
    buf_free(&pointer);
    return copy;
}

static void check_unknown(struct body *body)
{
    const char *name;
    json_t *value;
    json_object_foreach(body->root, name, value)
    {
        if (is_known(body, name))
            continue;
        bool wire = body->call->route->flags & ROUTE_WIRE;
        metric_add(wire ? METRIC_unknown_members_total : METRIC_refused_members_total, 1);
        if (!wire)
            error_list_add(
                &body->errors, pointer_to(body->call->arena, name), "This member is not known here.");
    }
}

void body_close(struct body *body)
{
    check_unknown(body);
    json_decref(body->root);
    body->root = NULL;
}

bool body_finish(struct body *body)
{
    body_close(body);
    if (body->errors.count)
        exchange_reply_problem(body->call->exchange, 422, body->errors.items[0].text, &body->errors);
    return body->errors.count == 0;
}

/* The member, or NULL when absent or null. */
static json_t *member(struct body *body, const char *name)
{
    if (!is_known(body, name) && body->known_count < BODY_MEMBERS_MOST)
        body->known[body->known_count++] = name;
    json_t *value = json_object_get(body->root, name);
    return value && !json_is_null(value) ? value : NULL;
}

static void complain(struct body *body, const char *name, const char *what)
{
    char pointer[96];
    snprintf(pointer, sizeof pointer, "/%s", name);
    error_list_add(&body->errors, pointer, "%s", what);
}

static void release_json(void *json)
{
    json_decref(json);
}

json_t *body_json(struct body *body, const char *name)
{
    json_t *value = member(body, name);
    if (value)
        arena_keep(body->call->arena, release_json, json_incref(value));
    return value;
}

json_t *body_array(struct body *body, const char *name)
{
    json_t *value = body_json(body, name);
    if (!value || json_is_array(value))
        return value;
    complain(body, name, "This must be an array.");
    return NULL;
}

json_t *body_object(struct body *body, const char *name)
{
    json_t *value = body_json(body, name);
    if (!value || json_is_object(value))
        return value;
    complain(body, name, "This must be an object.");
    return NULL;
}

bool body_has(struct body *body, const char *name)
{
    (void)member(body, name);
    return json_object_get(body->root, name) != NULL;
}

bool body_given(struct body *body, const char *name)
{
    return member(body, name) != NULL;
}

const char *body_text_or_null(struct body *body, const char *name, size_t min, size_t max)
{
    json_t *value = member(body, name);
    if (!value)
        return NULL;
    if (!json_is_string(value)) {
        complain(body, name, "This must be a text.");
        return NULL;
    }
    char *text = text_nfc(body->call->arena, json_string_value(value));
    size_t chars = text_chars(text);
    if (chars < min || chars > max)
        complain(body, name,
            arena_printf(
                body->call->arena, "This must have %zu to %zu characters; it has %zu.", min, max, chars));
    return text;
}

const char *body_text(struct body *body, const char *name, size_t min, size_t max)
{
    const char *text = body_text_or_null(body, name, min, max);
    if (!text && min > 0 && !member(body, name))
        complain(body, name, "This is required.");
    return text;
}

/* The nil one stands for what is not there, here within; from outside it names nothing. */
static bool read_id(const json_t *value, struct id *id)
{
    return json_is_string(value) && id_parse(json_string_value(value), json_string_length(value), id) &&
           !id_is_nil(*id);
}

struct id body_id(struct body *body, const char *name)
{
    struct id id = {0};
    json_t *value = member(body, name);
    if (value && !read_id(value, &id))
        complain(body, name, "This must be a UUID, and not the nil one.");
    return id;
}

bool body_time(struct body *body, const char *name, bool required, int64_t *us)
{
    json_t *value = member(body, name);
    if (value && json_is_string(value) && time_parse(json_string_value(value), json_string_length(value), us))
        return true;
    if (value)
        complain(body, name, "This must be a date and time such as 2026-11-24T09:00:00Z.");
    else if (required)
        complain(body, name, "This is required.");
    return false;
}

int64_t body_int(struct body *body, const char *name, int64_t min, int64_t max, int64_t preset)
{
    json_t *value = member(body, name);
    if (!value)
        return preset;
    int64_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= min && number <= max)
        return number;
    complain(body, name,
        arena_printf(body->call->arena, "This must be a whole number from %lld to %lld.", (long long)min,
            (long long)max));
    return preset;
}

bool body_bool(struct body *body, const char *name, bool preset)
{
    json_t *value = member(body, name);
    if (value && !json_is_boolean(value))
        complain(body, name, "This must be true or false.");
    return value ? json_is_true(value) : preset;
}

struct id *body_ids(struct body *body, const char *name, const char *in, size_t most, size_t *count)
{
    *count = 0;
    json_t *list = member(body, name);
    if (!list)
        return NULL;
    size_t size = json_array_size(list);
    if (!json_is_array(list) || size > most) {
        complain(body, name, arena_printf(body->call->arena, "This must be an array of at most %zu.", most));
        return NULL;
    }
    struct id *ids = ARENA_ARRAY(body->call->arena, struct id, size);
    *count = size;
    for (size_t i = 0; i < size; i++) {
        json_t *value = json_array_get(list, i);
        if (in)
            value = json_object_get(value, in);
        if (read_id(value, &ids[i]))
            continue;
        char pointer[96];
        snprintf(pointer, sizeof pointer, "/%s/%zu%s%s", name, i, in ? "/" : "", in ? in : "");
        error_list_add(&body->errors, pointer, "This must be a UUID, and not the nil one.");
    }
    return ids;
}
