/*
 * Whose turn it is (I6). Endpoints that could send something wait in rings: those whose last attempt succeeded, the
 * others, and those put aside because too many names are being looked up. The two first take turns, and the last
 * quarter of all places is kept for endpoints whose last attempt succeeded.
 *
 * Owned by the dispatcher; the loop's thread only.
 */
#ifndef HERALD_WEBHOOK_TURNS_H
#define HERALD_WEBHOOK_TURNS_H

#include "webhook/endpoint.h"

struct turns {
    struct {
        struct endpoint *head, **tail;
    } rings[RING_COUNT];
    enum ring last;
};

void turns_init(struct turns *turns);

/* Puts an endpoint that could send something where its turn will come; otherwise, or if it is there, does nothing. */
void turns_enlist(struct turns *turns, struct endpoint *endpoint);

/* Takes out the one whose turn it is, when `used` of `most` places are taken. NULL: nobody's. */
struct endpoint *turns_next(struct turns *turns, int used, int most);

/* Whether this endpoint may take another of `most` places. */
bool turns_has_place(const struct endpoint *endpoint, int used, int most);

/* Puts one aside until turns_unpark. */
void turns_park(struct turns *turns, struct endpoint *endpoint);
void turns_unpark(struct turns *turns);
bool turns_is_parked(const struct turns *turns); /* whether there is any */

#endif
