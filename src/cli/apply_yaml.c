#include "cli/apply_yaml.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#define LINE_MOST 90 /* bytes of what stands on one line */
#define INDENT 2

/* ── single values ───────────────────────────────────────────────────────────────────────────── */

/* Whether it is read as this text without quotes, whatever YAML the reader speaks. */
static bool is_plain(const char *text)
{
    static const char *const meanings[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", NULL};
    size_t len = strlen(text);
    if (len == 0 || text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-. @")])
        return false;
    bool letter_first = (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z');
    if (!letter_first || text[len - 1] == ' ')
        return false;
    for (const char *const *word = meanings; *word; word++)
        if (text_equal_nocase(text, *word))
            return false;
    return true;
}

/* A character of well-formed UTF-8, and how many bytes it has. */
static uint32_t character(const char *at, size_t *len)
{
    const unsigned char *c = (const unsigned char *)at;
    *len = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = c[0] & masks[*len];
    for (size_t i = 1; i < *len; i++)
        code = code << 6 | (c[i] & 0x3f);
    return code;
}

/* What YAML does not take as it is, or takes for the end of a line. */
static bool needs_escape(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe ||
           c == 0xffff;
}

static void write_quoted(struct buf *out, const char *text)
{
    size_t len;
    buf_add_text(out, "\"");
    for (const char *at = text; *at; at += len) {
        uint32_t c = character(at, &len);
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", (int)c);
        else if (c == '\n')
            buf_add_text(out, "\\n");
        else if (needs_escape(c))
            buf_printf(out, "\\u%04" PRIx32, c);
        else
            buf_add(out, at, len);
    }
    buf_add_text(out, "\"");
}

static bool is_single(const json_t *value)
{
    return !json_is_array(value) && !json_is_object(value);
}

static void write_single(struct buf *out, const json_t *value)
{
    if (json_is_integer(value))
        buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        buf_add_text(out, json_is_true(value) ? "true" : "false");
    else if (!json_is_string(value))
        buf_add_text(out, "null");
    else if (is_plain(json_string_value(value)))
        buf_add_text(out, json_string_value(value));
    else
        write_quoted(out, json_string_value(value));
}

/* ── lists and maps ──────────────────────────────────────────────────────────────────────────── */

static size_t count_of(const json_t *tree)
{
    return json_is_array(tree) ? json_array_size(tree) : json_object_size(tree);
}

/* On one line: [a, {b: c}]. */
static void write_flow(struct buf *out, const json_t *tree)
{
    size_t i;
    const char *name, *comma = "";
    json_t *value;
    if (is_single(tree)) {
        write_single(out, tree);
    } else if (json_is_array(tree)) {
        buf_add_text(out, "[");
        json_array_foreach((json_t *)tree, i, value)
        {
            buf_add_text(out, i ? ", " : "");
            write_flow(out, value);
        }
        buf_add_text(out, "]");
    } else {
        buf_add_text(out, "{");
        json_object_foreach((json_t *)tree, name, value)
        {
            buf_printf(out, "%s%s: ", comma, name);
            write_flow(out, value);
            comma = ", ";
        }
        buf_add_text(out, "}");
    }
}

/* Whether it holds single values, or lists of them. */
static bool is_flat(const json_t *tree)
{
    size_t i;
    const char *name;
    json_t *value;
    json_array_foreach((json_t *)tree, i, value)
    {
        if (!is_single(value))
            return false;
    }
    json_object_foreach((json_t *)tree, name, value)
    {
        if (json_is_object(value) || !is_flat(value))
            return false;
    }
    return true;
}

/* Empty ones always do. Maps with a name are things: they have their lines. */
static bool fits_a_line(const json_t *tree, bool in_list)
{
    if (is_single(tree) || count_of(tree) == 0)
        return true;
    if (!is_flat(tree) || (in_list && json_object_get(tree, "match")))
        return false;
    struct buf line = BUF_INIT(LINE_MOST + 1);
    write_flow(&line, tree);
    bool fits = !line.overflow;
    buf_free(&line);
    return fits;
}

static void write_block(struct buf *out, const json_t *tree, int indent, bool first_is_indented);

/* After "name:" or "-". */
static void write_value(struct buf *out, const json_t *value, int indent, bool in_list)
{
    if (fits_a_line(value, in_list)) {
        buf_add_text(out, " ");
        write_flow(out, value);
        buf_add_text(out, "\n");
    } else if (in_list && json_is_object(value)) {
        buf_add_text(out, " ");
        write_block(out, value, indent, true);
    } else {
        buf_add_text(out, "\n");
        write_block(out, value, indent, false);
    }
}

static void write_block(struct buf *out, const json_t *tree, int indent, bool first_is_indented)
{
    size_t i;
    const char *name;
    json_t *value;
    json_array_foreach((json_t *)tree, i, value)
    {
        buf_printf(out, "%*s-", indent, "");
        write_value(out, value, indent + INDENT, true);
    }
    json_object_foreach((json_t *)tree, name, value)
    {
        buf_printf(out, "%*s%s:", first_is_indented ? 0 : indent, "", name);
        write_value(out, value, indent + INDENT, false);
        first_is_indented = false;
    }
}

void yaml_write(struct buf *out, const json_t *tree)
{
    write_block(out, tree, 0, false);
}
