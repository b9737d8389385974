/*
 * A bump allocator: everything in it lives until the arena is reset or freed, all at once. One per HTTP
 * request and one per delivery; only results leave it, by an explicit copy. Under AddressSanitizer each
 * allocation is a malloc of its own, so that overruns show.
 *
 * One thread at a time.
 */
#ifndef HERALD_BASE_ARENA_H
#define HERALD_BASE_ARENA_H

#include "base/macros.h"

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);
void arena_free_ptr(struct arena **arena);

/* Zeroed, aligned for any type; never NULL. Sizes that a peer chooses do not belong here: see mem_try_alloc. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *arena, const char *text, size_t len) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *arena, const char *text) __attribute__((returns_nonnull));
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3)
    __attribute__((returns_nonnull));

/* Has `release(thing)` called when the arena is freed, before its memory goes; the latest first. */
void arena_keep(struct arena *arena, void (*release)(void *thing), void *thing);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, n) ((type *)arena_alloc((arena), sizeof(type) * (n)))

#endif
