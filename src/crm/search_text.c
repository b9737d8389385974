/* The pure half of search.h: how texts are folded, what of them is indexed, what of a search is looked for. */
#include "crm/search.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define SHORT_CHARS 2 /* a needle of more goes by its own trigrams */
#define SORT_KEY_MOST 800 /* bytes */
#define TEXT_MOST ((size_t)1 << 20) /* bytes; what is searched has limits far below */

/*
 * Before each beginning of a word. With one or two characters behind it, it makes trigrams of its own. No folded
 * text has it, since control characters are blanks there.
 */
#define MARK "\x02\x02"

/* ── folding ─────────────────────────────────────────────────────────────────────────────────── */

/* Directions and joins that nobody sees, and that come along when a text is copied. */
static bool is_invisible(ucs4_t c)
{
    return c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
           c == 0xfeff;
}

static bool is_blank(ucs4_t c)
{
    return c < 0x20 || c == 0x7f || uc_is_property_white_space(c);
}

static ucs4_t folded_char(ucs4_t c)
{
    if (c == 0x131) /* dotless i */
        return 'i';
    int digit = c > 0x7f ? uc_decimal_value(c) : -1;
    return digit >= 0 ? '0' + (ucs4_t)digit : c;
}

/* Folds what case folding leaves; in place, since it never becomes longer. */
static void fold_chars(char *text, size_t len)
{
    size_t out = 0;
    bool after_i = false;
    for (size_t at = 0; at < len;) {
        ucs4_t c;
        at += (size_t)u8_mbtouc(&c, (const uint8_t *)text + at, len - at);
        if (is_invisible(c) || (after_i && c == 0x307)) /* the dot that a folded I with a dot keeps */
            continue;
        bool blank = is_blank(c);
        if (blank && (out == 0 || text[out - 1] == ' '))
            continue;
        c = blank ? ' ' : folded_char(c);
        after_i = c == 'i';
        out += (size_t)u8_uctomb((uint8_t *)text + out, c, 4);
    }
    if (out > 0 && text[out - 1] == ' ')
        out--;
    text[out] = '\0';
}

char *search_fold(struct arena *arena, const char *text)
{
    size_t len = strlen(text), folded_len = 0;
    uint8_t *folded = u8_casefold((const uint8_t *)text, len, NULL, UNINORM_NFC, NULL, &folded_len);
    char *copy = folded ? arena_strndup(arena, (const char *)folded, folded_len)
                        : arena_strndup(arena, text, folded_len = len);
    mem_free(folded);
    fold_chars(copy, folded_len);
    return copy;
}

char *search_sort_key(struct arena *arena, const char *text)
{
    char *key = search_fold(arena, text);
    size_t len = strlen(key);
    if (len > SORT_KEY_MOST) {
        len = SORT_KEY_MOST;
        while (((unsigned char)key[len] & 0xc0) == 0x80)
            len--;
        key[len] = '\0';
    }
    return key;
}

/* ── phone numbers ───────────────────────────────────────────────────────────────────────────── */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

#define PHONE_CHARS "0123456789+-()./"

/* The digits among the first `len` bytes. In the arena. */
static char *digits_of(struct arena *arena, const char *text, size_t len)
{
    char *digits = arena_alloc(arena, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        if (is_digit(text[i]))
            digits[n++] = text[i];
    digits[n] = '\0';
    return digits;
}

/* ── what is indexed ─────────────────────────────────────────────────────────────────────────── */

/* A mark inside a word is part of its letter: vowel signs, accents that have no composed form. */
static bool is_word_char(ucs4_t c)
{
    return uc_is_alnum(c) || uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M);
}

static void add_word(struct buf *out, const char *word, size_t len)
{
    buf_add_text(out, MARK);
    buf_add(out, word, len);
}

/* The beginnings inside a word: of "o'brien-smith", those of "brien-smith" and "smith". */
static void add_beginnings(struct buf *out, const char *word, size_t len)
{
    bool before = true; /* its own beginning is marked already */
    for (size_t at = 0; at < len;) {
        ucs4_t c;
        size_t size = (size_t)u8_mbtouc(&c, (const uint8_t *)word + at, len - at);
        bool now = is_word_char(c);
        size_t next = at + size;
        if (now && !before) {
            size_t second = next < len ? (size_t)u8_mblen((const uint8_t *)word + next, len - next) : 0;
            add_word(out, word + at, size + second);
        }
        before = now;
        at = next;
    }
}

/* The digits of each run that looks like a phone number, so that a needle of digits is found in it. */
static void add_digits(struct buf *out, struct arena *arena, const char *word, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t run = strspn(word + at, PHONE_CHARS);
        if (run > len - at)
            run = len - at;
        const char *digits = digits_of(arena, word + at, run);
        if (*digits && strlen(digits) < run)
            add_word(out, digits, strlen(digits));
        at += run + (run == 0);
    }
}

static void add_text(struct buf *out, struct arena *arena, const char *text, bool by_digits)
{
    const char *word = search_fold(arena, text);
    while (*word) {
        size_t len = strcspn(word, " ");
        add_word(out, word, len);
        add_beginnings(out, word, len);
        if (by_digits)
            add_digits(out, arena, word, len);
        word += len + (word[len] == ' ');
    }
}

char *search_text(struct arena *arena, const struct search_source *source)
{
    struct buf out = BUF_INIT(TEXT_MOST);
    for (size_t i = 0; i < source->text_count; i++)
        if (source->texts[i])
            add_text(&out, arena, source->texts[i], source->by_digits);
    for (size_t i = 0; i < source->phone_count; i++) {
        if (!source->phones[i])
            continue;
        add_text(&out, arena, source->phones[i], source->by_digits);
        const char *phone = search_fold(arena, source->phones[i]);
        const char *digits = digits_of(arena, phone, strlen(phone));
        if (*digits)
            add_word(&out, digits, strlen(digits));
    }
    buf_add_text(&out, MARK); /* the end of the last word, for the sake of a text of one character */
    char *text = arena_strdup(arena, buf_text(&out));
    buf_free(&out);
    return text;
}

/* ── what is looked for ──────────────────────────────────────────────────────────────────────── */

static const char *needle_of(struct arena *arena, const char *word, size_t len, bool by_digits)
{
    const char *needle = arena_strndup(arena, word, len);
    if (by_digits && strspn(needle, PHONE_CHARS) == len) {
        const char *digits = digits_of(arena, needle, len);
        needle = *digits ? digits : needle;
    }
    return text_chars(needle) > SHORT_CHARS ? needle : arena_printf(arena, MARK "%s", needle);
}

bool search_needles(struct arena *arena, const char *search, bool by_digits, struct search_needles *needles)
{
    const char *word = search_fold(arena, search);
    needles->count = 0;
    while (*word) {
        if (needles->count == SEARCH_TERMS_MOST)
            return false;
        size_t len = strcspn(word, " ");
        needles->needles[needles->count++] = needle_of(arena, word, len, by_digits);
        word += len + (word[len] == ' ');
    }
    return true;
}
