/*
 * When an API key was used last, to the minute: written by units that nobody waits for. Owns api_key.last_used_at.
 *
 * Each worker has a struct key_uses of its own, of constant size: so that of a key's many requests in the moment before
 * the write is done only one asks for it. Two keys that share a place in it cost a write too many, nothing else.
 */
#ifndef HERALD_CRM_KEY_USE_H
#define HERALD_CRM_KEY_USE_H

#include "base/clock.h"
#include "crm/crm.h"

#define KEY_USE_EVERY_US (60 * US_PER_S)
#define KEY_USES 64 /* a power of two */

struct key_uses {
    struct {
        struct id key_id;
        int64_t boot_us;
    } noted[KEY_USES];
};

/* Has it written down that the actor's key was used now, unless that was done within the minute. The worker's thread. */
void key_use_note(struct key_uses *uses, struct writer *writer, const struct actor *actor);

#endif
