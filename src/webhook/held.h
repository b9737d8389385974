/*
 * The lanes that this node sends from, and a number for each time that one was given to it: what was asked, or sent,
 * under another number belongs to a lane that was lost since, even if it has come back (I11).
 *
 * Owned by the dispatcher; the loop's thread only.
 */
#ifndef HERALD_WEBHOOK_HELD_H
#define HERALD_WEBHOOK_HELD_H

#include <stddef.h>
#include <stdint.h>

struct held_lanes {
    struct held_lane {
        int64_t lane, number;
    } * list;
    size_t count, room;
    int64_t last_number;
};

/* Given to this node, anew if it has it. */
void held_add(struct held_lanes *held, int64_t lane);
void held_remove(struct held_lanes *held, int64_t lane); /* nothing if it is not there */
int64_t held_number(const struct held_lanes *held, int64_t lane); /* 0: not this node's */
void held_free(struct held_lanes *held);

#endif
