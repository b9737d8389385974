/*
 * Text at the borders: UTF-8, NFC, lengths in characters, quoting. Any thread.
 */
#ifndef HERALD_BASE_TEXT_H
#define HERALD_BASE_TEXT_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 (no surrogates, nothing over U+10FFFF, no overlong form). */
bool text_is_utf8(const char *text, size_t len) MUST_CHECK;

/* Whether there is nothing in well-formed UTF-8 but white space (Unicode's property White_Space). */
bool text_is_blank(const char *text);

/* Characters (code points) in well-formed UTF-8. */
size_t text_chars(const char *text);

/* Normalised to NFC, in the arena. The input must be well-formed. */
char *text_nfc(struct arena *arena, const char *text) __attribute__((returns_nonnull));

/* For comparing without regard to case: NFC, full case folding (Unicode), of no language. In the arena. */
char *text_fold(struct arena *arena, const char *text) __attribute__((returns_nonnull));

/*
 * Appends `text` as a JSON string with its quotes. Always valid JSON: a byte that is no UTF-8, as of a character that
 * a message with a limit cut in two, becomes U+FFFD.
 */
void text_json_quote(struct buf *out, const char *text);

/* What may be stored as text: NUL and bytes that are not UTF-8 become U+FFFD. In the arena. */
char *text_cleaned(struct arena *arena, const char *text, size_t len) __attribute__((returns_nonnull));

/*
 * "sales_call" from "Sales Call": lower-case ASCII letters and digits, letters with marks without them, others become
 * one underscore. "" if nothing is left. In the arena. The input must be well-formed.
 */
char *text_api_name(struct arena *arena, const char *name) __attribute__((returns_nonnull));

/* Whether `name` is one of `names`, which NULL ends; no names (NULL) are none. */
bool text_listed(const char *const *names, const char *name);

/* Whether both are there and equal, or neither is. */
bool text_same(const char *a, const char *b);

/* ASCII case-insensitive equality, for header names and hosts. */
bool text_equal_nocase(const char *a, const char *b);

#endif
