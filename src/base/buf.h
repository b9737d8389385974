/*
 * A string that is being built, with a cap. Invariants: `data` is always NUL-terminated once anything was
 * added; `len` <= `cap`; once `overflow` is set nothing more is added and the content is a prefix.
 * The text may hold any byte; binary lengths are in `len`.
 *
 * One thread at a time.
 */
#ifndef HERALD_BASE_BUF_H
#define HERALD_BASE_BUF_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data; /* NULL until the first addition */
    size_t len;
    size_t size; /* allocated */
    size_t cap; /* most bytes that it may hold */
    bool overflow; /* over the cap, or no memory */
};

#define BUF_INIT(max_bytes) ((struct buf){.cap = (max_bytes)})

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Room for `len` more bytes, from mem_alloc: for text whose size Herald itself chooses, which then cannot overflow. */
void buf_reserve(struct buf *buf, size_t len);

/* The text so far, "" if none. Valid until the next addition. */
const char *buf_text(const struct buf *buf);

/* Hands the allocation over (mem_free it) and leaves the buf empty. Never NULL. */
char *buf_take(struct buf *buf) __attribute__((returns_nonnull));

void buf_reset(struct buf *buf); /* keeps the allocation */
void buf_free(struct buf *buf);

#endif
