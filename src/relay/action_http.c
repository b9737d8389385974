/* Posts the record, as it was fetched, to a URL: the way into other workflows, external systems and analytics. */
#include "relay/action.h"

#include "base/text.h"

#include <string.h>

#define HEADERS_MOST 32

struct http_action {
    const char *url;
    const char **headers; /* "Name: value", NULL-terminated */
};

static const char *const own_keys[] = {"url", "headers", NULL};

/* These are the client's own; a second one would make the request ambiguous. */
static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {
        "Connection", "Content-Length", "Content-Type", "Expect", "Host", "Transfer-Encoding", "Upgrade"};
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
        if (text_equal_nocase(reserved[i], name))
            return true;
    return false;
}

static bool is_token(const char *name)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *name && name[strspn(name, allowed)] == '\0';
}

static bool is_header_value(const char *value)
{
    for (; *value; value++)
        if ((unsigned char)*value < ' ' || *value == 0x7f)
            return false;
    return true;
}

static const char *complaint_about(const char *name, const struct yaml *value)
{
    if (!is_token(name))
        return "is not a header's name";
    if (is_reserved(name))
        return "is set by the relay itself";
    if (value->kind != YAML_TEXT || !*value->text || !is_header_value(value->text))
        return "must be one line of text";
    return NULL;
}

static enum err_code read_headers(struct arena *arena, const char *path, const struct yaml *map,
    struct http_action *action, struct error *err)
{
    size_t count = map ? map->count : 0;
    if (map && map->kind != YAML_MAP)
        return error_set(err, ERR_INVALID, "%s:%d: 'headers' must be 'Name: value' lines", path, map->line);
    if (count > HEADERS_MOST)
        return error_set(err, ERR_INVALID, "%s:%d: more than %d headers", path, map->line, HEADERS_MOST);
    action->headers = ARENA_ARRAY(arena, const char *, count + 2);
    action->headers[0] = "Content-Type: application/json";
    for (size_t i = 0; i < count; i++) {
        const char *why = complaint_about(map->keys[i], map->items[i]);
        if (why)
            return error_set(
                err, ERR_INVALID, "%s:%d: header '%.60s' %s", path, map->key_lines[i], map->keys[i], why);
        action->headers[i + 1] = arena_printf(arena, "%s: %s", map->keys[i], map->items[i]->text);
    }
    return ERR_OK;
}

static enum err_code configure(
    struct arena *arena, const char *path, const struct yaml *map, const void **settings, struct error *err)
{
    struct http_action *action = ARENA_NEW(arena, struct http_action);
    *settings = action;
    enum err_code code = action_url(arena, path, map, &action->url, err);
    return code ? code : read_headers(arena, path, yaml_get(map, "headers"), action, err);
}

static enum err_code build(const void *settings, const struct record *record, struct arena *arena UNUSED,
    struct buf *body UNUSED, struct http_request *request, struct error *err UNUSED)
{
    const struct http_action *action = settings;
    request->url = action->url;
    request->headers = action->headers;
    request->body = record->text;
    request->body_len = record->len;
    return ERR_OK;
}

const struct action_kind action_http = {"http", own_keys, configure, build};
