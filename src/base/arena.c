#include "base/arena.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define BLOCK_SIZE 0 /* each allocation in a block of its own */
#else
#define BLOCK_SIZE 4000
#endif

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(max_align_t) char data[];
};

struct kept {
    struct kept *next;
    void (*release)(void *thing);
    void *thing;
};

struct arena {
    struct block *head;
    struct kept *kept;
};

struct arena *arena_new(void)
{
    return mem_zalloc(sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct kept *kept = arena->kept; kept; kept = kept->next)
        kept->release(kept->thing);
    for (struct block *block = arena->head, *next; block; block = next) {
        next = block->next;
        mem_free(block);
    }
    mem_free(arena);
}

void arena_free_ptr(struct arena **arena)
{
    arena_free(*arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    size = (size + align - 1) / align * align;
    struct block *block = arena->head;
    if (!block || block->size - block->used < size) {
        size_t block_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        block = mem_alloc(sizeof *block + block_size);
        *block = (struct block){.next = arena->head, .size = block_size};
        arena->head = block;
    }
    void *ptr = block->data + block->used;
    block->used += size;
    return memset(ptr, 0, size);
}

void arena_keep(struct arena *arena, void (*release)(void *thing), void *thing)
{
    struct kept *kept = ARENA_NEW(arena, struct kept);
    *kept = (struct kept){.next = arena->kept, .release = release, .thing = thing};
    arena->kept = kept;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_alloc(arena, len + 1);
    memcpy(copy, text, len);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = arena_alloc(arena, (size_t)(len < 0 ? 0 : len) + 1);
    vsnprintf(text, (size_t)(len < 0 ? 0 : len) + 1, fmt, again);
    va_end(again);
    return text;
}
