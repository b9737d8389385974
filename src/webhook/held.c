#include "webhook/held.h"

#include "base/alloc.h"

static struct held_lane *find(const struct held_lanes *held, int64_t lane)
{
    for (size_t i = 0; i < held->count; i++)
        if (held->list[i].lane == lane)
            return &held->list[i];
    return NULL;
}

void held_add(struct held_lanes *held, int64_t lane)
{
    held_remove(held, lane);
    if (held->count == held->room) {
        held->room = held->room ? 2 * held->room : 8;
        held->list = mem_realloc(held->list, held->room * sizeof *held->list);
    }
    held->list[held->count++] = (struct held_lane){.lane = lane, .number = ++held->last_number};
}

void held_remove(struct held_lanes *held, int64_t lane)
{
    struct held_lane *found = find(held, lane);
    if (found)
        *found = held->list[--held->count];
}

int64_t held_number(const struct held_lanes *held, int64_t lane)
{
    const struct held_lane *found = find(held, lane);
    return found ? found->number : 0;
}

void held_free(struct held_lanes *held)
{
    mem_free(held->list);
    *held = (struct held_lanes){0};
}
