#include "base/json_read.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether an allocation of jansson's has failed on this thread, whatever it made of that. */
static _Thread_local bool starved;

static void *allocate(size_t size)
{
    void *memory = mem_try_alloc(size);
    starved = starved || !memory;
    return memory;
}

void json_use_our_memory(void)
{
    json_set_alloc_funcs(allocate, mem_free);
}

/* json_loadb, but all or nothing. */
static json_t *load(const char *text, size_t len, size_t flags, json_error_t *why)
{
    starved = false;
    json_t *root = json_loadb(text, len, flags, why);
    if (!starved)
        return root;
    json_decref(root);
    return NULL;
}

json_t *json_load(const char *text, size_t len)
{
    json_error_t why;
    return load(text, len, JSON_DECODE_ANY, &why);
}

#define NO_MEMORY "There is no memory for this JSON now."

/* The pass over the text. It believes nothing but strings, brackets, commas and numbers; grammar is jansson's. */
struct scan {
    const char *text, *at, *end;
    const struct json_limits *limits;
    int64_t depth, values;
    bool opened; /* the last token was an opening bracket */
    struct buf copy; /* the text up to `copied`, its numbers made readable; empty if none had to be */
    const char *copied;
    struct error *err;
};

static bool refuse(struct scan *scan, const char *at, const char *what)
{
    size_t line = 1, column = 1;
    for (const char *c = scan->text; c < at; c++) {
        column = *c == '\n' ? 1 : column + (((unsigned char)*c & 0xc0) != 0x80);
        line += *c == '\n';
    }
    error_set(scan->err, ERR_MALFORMED, "%s (line %zu, column %zu).", what, line, column);
    return false;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The UTF-16 unit of the \uXXXX at `at`; -1 if there is none. */
static int escaped_unit(const char *at, const char *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    int unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high_surrogate(int unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(int unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* At a backslash. What is no escape at all is left to jansson. */
static bool pass_escape(struct scan *scan)
{
    int unit = escaped_unit(scan->at, scan->end);
    if (unit == 0)
        return refuse(scan, scan->at, "A text must not contain the character U+0000");
    if (is_low_surrogate(unit) ||
        (is_high_surrogate(unit) && !is_low_surrogate(escaped_unit(scan->at + 6, scan->end))))
        return refuse(scan, scan->at, "An escape is half of a surrogate pair, which is no character");
    scan->at += is_high_surrogate(unit) ? 12 : 2;
    return true;
}

/* At the opening quote. */
static bool pass_string(struct scan *scan)
{
    for (scan->at++; scan->at < scan->end && *scan->at != '"';) {
        if (*scan->at == '\0')
            return refuse(scan, scan->at, "A text must not contain the character U+0000");
        if ((unsigned char)*scan->at < 0x20)
            return refuse(scan, scan->at, "A control character in a text must be escaped");
        if (*scan->at != '\\')
            scan->at++;
        else if (!pass_escape(scan))
            return false;
    }
    scan->at = scan->at < scan->end ? scan->at + 1 : scan->end;
    return true;
}

static bool fits_int64(const char *number, size_t len)
{
    char digits[24]; /* longer than any int64 */
    if (len >= sizeof digits)
        return false;
    memcpy(digits, number, len);
    digits[len] = '\0';
    errno = 0;
    (void)strtoll(digits, NULL, 10);
    return errno == 0;
}

static void pass_number(struct scan *scan)
{
    const char *start = scan->at;
    bool whole = true;
    for (; scan->at < scan->end && *scan->at && strchr("+-.0123456789eE", *scan->at); scan->at++)
        whole &= !strchr(".eE", *scan->at);
    if (!whole || fits_int64(start, (size_t)(scan->at - start)))
        return;
    buf_add(&scan->copy, scan->copied, (size_t)(scan->at - scan->copied));
    buf_add_text(&scan->copy, ".0");
    scan->copied = scan->at;
}

/* Whether one more value, and one more level, is within the limits. */
static bool within_limits(struct scan *scan)
{
    char what[96];
    if (scan->values > scan->limits->values_most)
        snprintf(
            what, sizeof what, "The JSON has more than %lld values", (long long)scan->limits->values_most);
    else if (scan->depth > scan->limits->depth_most)
        snprintf(
            what, sizeof what, "The JSON is nested more than %lld deep", (long long)scan->limits->depth_most);
    else
        return true;
    return refuse(scan, scan->at, what);
}

static bool pass_token(struct scan *scan)
{
    char c = *scan->at;
    bool closes = c == ']' || c == '}', opens = c == '[' || c == '{';
    scan->values += c == ',' || (scan->opened && !closes);
    scan->depth += opens - closes;
    scan->opened = opens;
    if (!within_limits(scan))
        return false;
    if (c == '\0')
        return refuse(scan, scan->at, "A NUL byte is not part of JSON");
    if (c == '"')
        return pass_string(scan);
    if (c == '-' || (c >= '0' && c <= '9'))
        pass_number(scan);
    else
        scan->at++;
    return true;
}

static bool pass_text(struct scan *scan)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t len = (size_t)(scan->end - scan->text);
    if (!text_is_utf8(scan->text, len))
        return refuse(scan, scan->text, "The JSON is not well-formed UTF-8");
    if (len >= 3 && memcmp(scan->text, mark, 3) == 0)
        return refuse(scan, scan->text, "The JSON begins with a byte order mark, which is not part of JSON");
    while (scan->at < scan->end) {
        char c = *scan->at;
        bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (blank)
            scan->at++;
        else if (!pass_token(scan))
            return false;
    }
    return true;
}

static const char *explained(const json_error_t *why)
{
    switch (json_error_code(why)) {
    case json_error_premature_end_of_input:
        return "The JSON ends too early";
    case json_error_end_of_input_expected:
        return "There is more after the end of the JSON";
    case json_error_duplicate_key:
        return "An object has the same member twice";
    case json_error_numeric_overflow:
        return "A number is too large for any number that programs hold";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "A text must not contain the character U+0000";
    default:
        return "This is not JSON";
    }
}

static enum err_code decode(const char *text, size_t len, json_t **root, struct error *err)
{
    json_error_t why;
    *root = load(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (*root)
        return ERR_OK;
    if (starved || json_error_code(&why) == json_error_out_of_memory)
        return error_set(err, ERR_UNAVAILABLE, NO_MEMORY);
    return error_set(err, ERR_MALFORMED, "%s (line %d, column %d).", explained(&why), why.line, why.column);
}

/* The text with its large numbers made readable. */
static enum err_code decode_copy(struct scan *scan, json_t **root, struct error *err)
{
    struct buf *copy = &scan->copy;
    buf_add(copy, scan->copied, (size_t)(scan->end - scan->copied));
    if (copy->overflow)
        return error_set(err, ERR_UNAVAILABLE, NO_MEMORY);
    return decode(buf_text(copy), copy->len, root, err);
}

enum err_code json_read(
    const char *text, size_t len, const struct json_limits *limits, json_t **root, struct error *err)
{
    struct scan scan = {.text = text,
        .at = text,
        .end = text + len,
        .limits = limits,
        .values = 1,
        .copy = BUF_INIT(2 * len), /* what is added is shorter than the number it is added to */
        .copied = text,
        .err = err};
    *root = NULL;
    if (len == 0)
        return error_set(err, ERR_MALFORMED, "There is no JSON here.");
    enum err_code code = ERR_MALFORMED;
    if (pass_text(&scan))
        code = scan.copied == text ? decode(text, len, root, err) : decode_copy(&scan, root, err);
    buf_free(&scan.copy);
    return code;
}
