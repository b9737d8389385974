/*
 * The one allocator. Every allocation of Herald's own code passes here, so that a fault switch
 * (`alloc`, see fault.h) can fail any of them.
 *
 * Two kinds, because two things can be too large:
 *  - mem_*      sizes that Herald itself chooses. If these fail the machine is out of memory and the process
 *               ends; Herald is built to be killed (I1, I2, I10), so this loses nothing.
 *  - mem_try_*  sizes that a peer chooses (bodies, answers). They return NULL and the caller refuses that one
 *               peer (HTTP 503), nobody else.
 *
 * Any thread. Everything is released with mem_free, which accepts NULL.
 */
#ifndef HERALD_BASE_ALLOC_H
#define HERALD_BASE_ALLOC_H

#include "base/macros.h"

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *ptr, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *text) __attribute__((malloc, returns_nonnull));

void *mem_try_alloc(size_t size) MUST_CHECK;
void *mem_try_realloc(void *ptr, size_t size) MUST_CHECK;

void mem_free(void *ptr);

/* For CLEANUP(mem_free_ptr) on a `char *` or `void *` variable. */
void mem_free_ptr(void *ptr_to_ptr);

#endif
