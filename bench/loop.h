/*
 * A minimal event loop: level-triggered epoll and one timer. A source is embedded in what it
 * belongs to. There is one event a source and turn, so `ready` may close and free what it belongs to, but
 * nothing else's.
 *
 * One thread.
 */
#ifndef HERALD_BENCH_LOOP_H
#define HERALD_BENCH_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct source {
    int fd;
    void (*ready)(struct loop *loop, struct source *source);
};

struct loop {
    int epoll_fd;
    int timer_fd;
    int64_t timer_us; /* when the timer is set to go off, clock_boot_us; 0: not set */
};

void loop_init(struct loop *loop);
void loop_destroy(struct loop *loop);

/* Watches source->fd for reading. */
void loop_add(struct loop *loop, struct source *source);

/* Waits until a source is ready or the time `until_us` (clock_boot_us) has come, and calls what is ready. */
void loop_turn(struct loop *loop, int64_t until_us);

#endif
