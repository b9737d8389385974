#include "base/alloc.h"

#include "base/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_die(void *ptr, size_t size)
{
    if (!ptr) {
        fprintf(stderr, "herald: out of memory (%zu bytes); ending, the next start resumes\n", size);
        abort();
    }
    return ptr;
}

void *mem_alloc(size_t size)
{
    return or_die(malloc(size ? size : 1), size);
}

void *mem_zalloc(size_t size)
{
    return or_die(calloc(1, size ? size : 1), size);
}

void *mem_realloc(void *ptr, size_t size)
{
    return or_die(realloc(ptr, size ? size : 1), size);
}

char *mem_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(mem_alloc(size), text, size);
}

void *mem_try_alloc(size_t size)
{
    return FAULT(alloc) ? NULL : malloc(size ? size : 1);
}

void *mem_try_realloc(void *ptr, size_t size)
{
    return FAULT(alloc) ? NULL : realloc(ptr, size ? size : 1);
}

void mem_free(void *ptr)
{
    free(ptr);
}

void mem_free_ptr(void *ptr_to_ptr)
{
    free(*(void **)ptr_to_ptr);
}
