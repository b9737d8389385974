#include "base/text.h"

#include "base/alloc.h"

#include <string.h>
#include <strings.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

bool text_is_utf8(const char *text, size_t len)
{
    return u8_check((const uint8_t *)text, len) == NULL;
}

size_t text_chars(const char *text)
{
    return u8_mbsnlen((const uint8_t *)text, strlen(text));
}

bool text_is_blank(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    for (ucs4_t c; (at = u8_next(&c, at));)
        if (!uc_is_property_white_space(c))
            return false;
    return true;
}

/* Which is in every normal form already. */
static bool is_ascii(const char *text, size_t len)
{
    unsigned char all = 0;
    for (size_t i = 0; i < len; i++)
        all |= (unsigned char)text[i];
    return all < 0x80;
}

/* What libunistring made of `text` (NULL: nothing, for want of memory), in the arena. */
static char *taken(struct arena *arena, const char *text, uint8_t *made, size_t made_len)
{
    char *copy = made ? arena_strndup(arena, (const char *)made, made_len) : arena_strdup(arena, text);
    mem_free(made);
    return copy;
}

char *text_nfc(struct arena *arena, const char *text)
{
    size_t len = strlen(text);
    if (is_ascii(text, len))
        return arena_strndup(arena, text, len);
    uint8_t *made = u8_normalize(UNINORM_NFC, (const uint8_t *)text, len, NULL, &len);
    return taken(arena, text, made, len);
}

char *text_fold(struct arena *arena, const char *text)
{
    size_t len = 0;
    uint8_t *made = u8_casefold((const uint8_t *)text, strlen(text), NULL, UNINORM_NFC, NULL, &len);
    return taken(arena, text, made, len);
}

/* The bytes of the character at `at` that a JSON string can hold as they are; 0: it must be escaped or replaced. */
static size_t plain_size(const char *at)
{
    unsigned char c = (unsigned char)*at;
    if (c < 0x80)
        return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
    int size = u8_mblen((const uint8_t *)at, strnlen(at, 4));
    return size > 0 ? (size_t)size : 0;
}

void text_json_quote(struct buf *out, const char *text)
{
    buf_add(out, "\"", 1);
    const char *run = text;
    for (const char *at = text;;) {
        size_t size = plain_size(at);
        if (size > 0) {
            at += size;
            continue;
        }
        buf_add(out, run, (size_t)(at - run));
        unsigned char c = (unsigned char)*at;
        if (c == '\0')
            break;
        if (c >= 0x80)
            buf_add_text(out, replacement);
        else if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else
            buf_printf(out, "\\u%04x", c);
        run = ++at;
    }
    buf_add(out, "\"", 1);
}

char *text_cleaned(struct arena *arena, const char *text, size_t len)
{
    if (memchr(text, 0, len) == NULL && text_is_utf8(text, len))
        return arena_strndup(arena, text, len);
    char *out = arena_alloc(arena, 3 * len + 1);
    size_t n = 0;
    for (size_t at = 0; at < len;) {
        int size = text[at] ? u8_mblen((const uint8_t *)text + at, len - at) : -1;
        const char *from = size > 0 ? text + at : replacement;
        size_t count = size > 0 ? (size_t)size : sizeof replacement - 1;
        memcpy(out + n, from, count);
        n += count;
        at += size > 0 ? (size_t)size : 1;
    }
    out[n] = '\0';
    return out;
}

/* Without capitals, ligatures and the marks of letters: "decision" from "Décision". */
static char *plain_letters(struct arena *arena, const char *name)
{
    size_t len = 0, n = 0;
    uint8_t *made = u8_casefold((const uint8_t *)name, strlen(name), NULL, UNINORM_NFKD, NULL, &len);
    char *out = taken(arena, name, made, len);
    ucs4_t c;
    for (const uint8_t *at = (const uint8_t *)out, *next; (next = u8_next(&c, at)); at = next) {
        if (uc_is_general_category(c, UC_MARK))
            continue;
        memmove(out + n, at, (size_t)(next - at));
        n += (size_t)(next - at);
    }
    out[n] = '\0';
    return out;
}

char *text_api_name(struct arena *arena, const char *name)
{
    char *out = plain_letters(arena, name);
    size_t n = 0;
    for (const char *at = out; *at; at++) {
        char c = *at;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[n++] = c;
        else if (n > 0 && out[n - 1] != '_')
            out[n++] = '_';
    }
    while (n > 0 && out[n - 1] == '_')
        n--;
    out[n] = '\0';
    return out;
}

bool text_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool text_equal_nocase(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

bool text_listed(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}
