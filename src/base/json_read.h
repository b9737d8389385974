/*
 * JSON from outside: read by jansson, after one pass over the text that bounds the work and the memory it can cost,
 * and explained in sentences of our own. What Herald writes itself is base/emit.h.
 *
 * Any thread.
 */
#ifndef HERALD_BASE_JSON_READ_H
#define HERALD_BASE_JSON_READ_H

#include "base/error.h"

#include <jansson.h>
#include <stdint.h>

struct json_limits {
    int64_t depth_most; /* arrays and objects within each other; 1 for [] */
    int64_t values_most; /* members and elements on all levels together, with the outermost value */
};

/*
 * The value in `text`, which need not end in NUL; the caller json_decref()s it. ERR_MALFORMED with a sentence that
 * says what is wrong and where: no UTF-8, a byte order mark, no JSON, text after it, over a limit, a member that is
 * there twice, U+0000, half of a surrogate pair, a number that no double holds. ERR_UNAVAILABLE: no memory.
 *
 * A whole number that int64 cannot hold becomes a real one, so that the field that it is for can say what it takes.
 */
enum err_code json_read(const char *text, size_t len, const struct json_limits *limits, json_t **root,
    struct error *err) MUST_CHECK;

/*
 * JSON of our own, as it was stored; NULL: no memory, or it is no JSON. Use this, not json_loads: jansson passes over a
 * byte for which it finds no memory, and the text that comes out is not the one that went in.
 */
json_t *json_load(const char *text, size_t len) MUST_CHECK;

/* Makes jansson allocate as Herald does. Before threads start, and before anything is read. */
void json_use_our_memory(void);

#endif
