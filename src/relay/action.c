#include "relay/action.h"

#include "net/url.h"

#include <stdio.h>
#include <string.h>

static const struct action_kind *const kinds[] = {&action_slack, &action_http};

const struct action_kind *action_kind_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

void action_kind_names(struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        buf_printf(out, "%s%s", i ? ", " : "", kinds[i]->name);
}

enum err_code action_url(
    struct arena *arena, const char *path, const struct yaml *map, const char **url, struct error *err)
{
    const struct yaml *node = yaml_get(map, "url");
    if (!node)
        return error_set(err, ERR_INVALID, "%s:%d: the action needs 'url'", path, map->line);
    if (node->kind != YAML_TEXT)
        return error_set(err, ERR_INVALID, "%s:%d: 'url' must be a single value", path, node->line);
    struct url parsed;
    struct error why;
    if (url_parse(arena, node->text, &parsed, &why))
        return error_set(err, ERR_INVALID, "%s:%d: 'url': %s", path, node->line, why.text);
    *url = node->text;
    return ERR_OK;
}

json_t *record_parse(const char *text, size_t len)
{
    return json_loadb(text, len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
}

static bool is_success(int status)
{
    return status >= 200 && status < 300;
}

bool status_is_unknown(int64_t status)
{
    return status == 404 || status == 410;
}

static bool is_transient(int status)
{
    return status == 408 || status == 425 || status >= 500;
}

bool result_is_unsent(const struct http_result *result)
{
    return result->error == HTTP_LOCAL && result->sends == 0;
}

enum verdict action_judge(const struct http_result *result)
{
    if (result->error)
        return result_is_unsent(result) ? VERDICT_LATER : VERDICT_RETRY;
    if (is_success(result->status))
        return VERDICT_DONE;
    if (result->status == 429)
        return VERDICT_LATER;
    return is_transient(result->status) ? VERDICT_RETRY : VERDICT_DEAD;
}

/* Nothing is final here but "no such activity", said again. The rest may be put right by its operator or ours. */
enum verdict fetch_judge(const struct http_result *result)
{
    if (result->error)
        return result_is_unsent(result) ? VERDICT_LATER : VERDICT_RETRY;
    if (is_success(result->status))
        return VERDICT_DONE;
    if (result->status == 429)
        return VERDICT_LATER;
    if (result->status == 401 || result->status == 403)
        return VERDICT_REFUSED;
    return status_is_unknown(result->status) ? VERDICT_UNKNOWN : VERDICT_RETRY;
}

void result_describe(const struct http_result *result, char *out, size_t size)
{
    if (!result->error)
        snprintf(out, size, "answered %d", result->status);
    else if (result->detail[0])
        snprintf(out, size, "%s: %s", http_error_name(result->error), result->detail);
    else
        snprintf(out, size, "%s", http_error_name(result->error));
}
