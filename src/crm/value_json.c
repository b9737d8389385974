/* JSON text of values, in one form, so that equal values are equal texts. */
#include "base/json_read.h"
#include "base/text.h"
#include "crm/value_internal.h"

#include <inttypes.h>

#define QUOTED_MOST(len) (6 * (len) + 3) /* every byte escaped, the quotes, a comma */

static const char *taken(struct arena *arena, struct buf *text)
{
    const char *copy = arena_strndup(arena, buf_text(text), text->len);
    buf_free(text);
    return copy;
}

const char *json_quoted(struct arena *arena, const char *text)
{
    struct buf json = BUF_INIT(SIZE_MAX);
    buf_reserve(&json, QUOTED_MOST(strlen(text)));
    text_json_quote(&json, text);
    return taken(arena, &json);
}

const char *json_quoted_array(struct arena *arena, const char *const *texts, size_t n)
{
    struct buf text = BUF_INIT(SIZE_MAX);
    struct json json = JSON_INTO(&text);
    size_t most = 2;
    for (size_t i = 0; i < n; i++)
        most += QUOTED_MOST(strlen(texts[i]));
    buf_reserve(&text, most);
    emit_array(&json, NULL);
    for (size_t i = 0; i < n; i++)
        emit_text(&json, NULL, texts[i]);
    emit_array_end(&json);
    return taken(arena, &text);
}

/* What is stored of a value: a text, a whole number, true, false, or an array of texts. */
const char *json_text(struct arena *arena, const json_t *json)
{
    if (json_is_string(json))
        return json_quoted(arena, json_string_value(json));
    if (json_is_integer(json))
        return arena_printf(arena, "%" PRId64, (int64_t)json_integer_value(json));
    if (json_is_boolean(json))
        return json_is_true(json) ? "true" : "false";
    if (!json_is_array(json))
        return NULL;
    size_t n = json_array_size(json), count = 0;
    const char **texts = ARENA_ARRAY(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        if (json_is_string(json_array_get(json, i)))
            texts[count++] = json_string_value(json_array_get(json, i));
    return json_quoted_array(arena, texts, count);
}

static void release_tree(void *tree)
{
    json_decref(tree);
}

json_t *json_tree(struct arena *arena, const char *text)
{
    json_t *tree = json_load(text, strlen(text));
    if (tree)
        arena_keep(arena, release_tree, tree);
    return tree;
}
