#include "webhook/turns.h"

void turns_init(struct turns *turns)
{
    *turns = (struct turns){0};
    for (int i = 0; i < RING_COUNT; i++)
        turns->rings[i].tail = &turns->rings[i].head;
}

static void push(struct turns *turns, struct endpoint *endpoint, enum ring ring)
{
    endpoint->ring = ring;
    endpoint->ring_next = NULL;
    *turns->rings[ring].tail = endpoint;
    turns->rings[ring].tail = &endpoint->ring_next;
}

static struct endpoint *pop(struct turns *turns, enum ring ring)
{
    struct endpoint *endpoint = turns->rings[ring].head;
    if (!endpoint)
        return NULL;
    turns->rings[ring].head = endpoint->ring_next;
    if (!turns->rings[ring].head)
        turns->rings[ring].tail = &turns->rings[ring].head;
    endpoint->ring = RING_NONE;
    return endpoint;
}

/* Passes over those whose queue was emptied while they waited. */
static struct endpoint *pop_busy(struct turns *turns, enum ring ring)
{
    struct endpoint *endpoint = pop(turns, ring);
    while (endpoint && !endpoint->head)
        endpoint = pop(turns, ring);
    return endpoint;
}

void turns_enlist(struct turns *turns, struct endpoint *endpoint)
{
    if (endpoint->ring == RING_NONE && endpoint->head && endpoint->in_flight < endpoint->concurrency)
        push(turns, endpoint, endpoint->succeeded_last ? RING_HEALTHY : RING_TROUBLED);
}

static int places_for_troubled(int most)
{
    return most - most / 4;
}

bool turns_has_place(const struct endpoint *endpoint, int used, int most)
{
    return used < (endpoint->succeeded_last ? most : places_for_troubled(most));
}

struct endpoint *turns_next(struct turns *turns, int used, int most)
{
    bool troubled_too = used < places_for_troubled(most);
    enum ring first = turns->last == RING_HEALTHY && troubled_too ? RING_TROUBLED : RING_HEALTHY;
    enum ring second = first == RING_HEALTHY ? RING_TROUBLED : RING_HEALTHY;
    struct endpoint *endpoint = pop_busy(turns, first);
    turns->last = first;
    if (!endpoint && (second == RING_HEALTHY || troubled_too)) {
        endpoint = pop_busy(turns, second);
        turns->last = second;
    }
    return endpoint;
}

void turns_park(struct turns *turns, struct endpoint *endpoint)
{
    push(turns, endpoint, RING_PARKED);
}

void turns_unpark(struct turns *turns)
{
    for (struct endpoint *endpoint; (endpoint = pop(turns, RING_PARKED));)
        turns_enlist(turns, endpoint);
}

bool turns_is_parked(const struct turns *turns)
{
    return turns->rings[RING_PARKED].head != NULL;
}
