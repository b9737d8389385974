/*
 * An inbox: many threads post items, one thread takes them, in the order of posting. The only way in which
 * threads of Herald hand work to each other. Items are intrusive; the inbox owns nothing.
 *
 * A taker that sleeps in a loop of its own (epoll) asks for an event descriptor, which becomes readable when
 * the inbox turns non-empty; others call inbox_take_wait.
 */
#ifndef HERALD_BASE_INBOX_H
#define HERALD_BASE_INBOX_H

#include "base/error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inbox_item {
    struct inbox_item *next;
};

struct inbox {
    /* set before start */
    int event_fd; /* -1 without */
    /* shared, under lock */
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct inbox_item *head, **tail;
    size_t count;
    bool closed;
    bool poked;
};

enum err_code inbox_init(struct inbox *inbox, bool with_event_fd, struct error *err) MUST_CHECK;
void inbox_destroy(struct inbox *inbox);

/* Any thread. False once the inbox is closed: the item stays the caller's. */
bool inbox_post(struct inbox *inbox, struct inbox_item *item) MUST_CHECK;

/* Any thread: nothing more is accepted; the taker gets what is there, then NULL. */
void inbox_close(struct inbox *inbox);

/* Any thread: a taker that waits returns now, as on time-out; the next wait, if none waits. */
void inbox_poke(struct inbox *inbox);

/* The taker. At most `most` items as a list, or NULL; never blocks. */
struct inbox_item *inbox_take(struct inbox *inbox, size_t most);

/* The taker. All items there are, as a list, or NULL; never blocks; clears the event descriptor. */
struct inbox_item *inbox_take_all(struct inbox *inbox);

/*
 * The taker(s). Blocks for at most timeout_us (<0: without limit) until there is an item; at most `most` of
 * them as a list. NULL on time-out and once closed and empty.
 */
struct inbox_item *inbox_take_wait(struct inbox *inbox, size_t most, int64_t timeout_us);

size_t inbox_count(struct inbox *inbox);
bool inbox_is_closed(struct inbox *inbox);

#endif
