/*
 * Ids are UUIDs of version 7 (RFC 9562) in 16 bytes: they sort by the time they were made, so tables that are
 * keyed by them grow at their right edge. Their order is for display only; (lane, seq) is the commit order.
 *
 * Any thread.
 */
#ifndef HERALD_BASE_ID_H
#define HERALD_BASE_ID_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ID_TEXT_LEN 36

struct id {
    uint8_t bytes[16];
};

struct id_text {
    char text[ID_TEXT_LEN + 1];
};

/*
 * A new id: UUIDv7 whose 12 bits after the milliseconds are a fraction of one (RFC 9562, method 3), so that ids of
 * different threads are in the order of their moments, too, to a microsecond. Strictly increasing per thread.
 */
struct id id_new(void);

/* Accepts the 36-character form in either case; anything else is false and leaves `out` alone. */
bool id_parse(const char *text, size_t len, struct id *out) MUST_CHECK;

/* Lower case, with hyphens. By value: id_format(id).text lives to the end of the full expression. */
struct id_text id_format(struct id id);

static inline bool id_equal(struct id a, struct id b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static inline int id_compare(struct id a, struct id b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes);
}

static inline bool id_is_nil(struct id id)
{
    return id_equal(id, (struct id){0});
}

#endif
