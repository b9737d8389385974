/* Things by id and name, in a list that grows in an arena. One thread at a time. */
#ifndef HERALD_CRM_NAMED_H
#define HERALD_CRM_NAMED_H

#include "base/arena.h"
#include "base/id.h"

#include <string.h>

struct named {
    struct id id;
    const char *name;
};

struct named_list {
    struct named *items;
    size_t count;
};

static inline void named_add(struct arena *arena, struct named_list *list, struct id id, const char *name)
{
    if ((list->count & (list->count - 1)) == 0) { /* 0 and the powers of two: full */
        struct named *more = ARENA_ARRAY(arena, struct named, list->count ? 2 * list->count : 1);
        if (list->count)
            memcpy(more, list->items, list->count * sizeof *more);
        list->items = more;
    }
    list->items[list->count++] = (struct named){.id = id, .name = name};
}

/* NULL: none of that name. */
static inline const struct named *named_find(const struct named_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

#endif
