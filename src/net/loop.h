/*
 * The network loop: one thread, one epoll, one libcurl multi handle. Everything that sends HTTP requests runs
 * here: the dispatcher's scheduling and the relay's. Whoever owns state on this loop touches it only from
 * functions that the loop calls.
 */
#ifndef HERALD_NET_LOOP_H
#define HERALD_NET_LOOP_H

#include "base/inbox.h"

#include <curl/curl.h>

struct loop;

/* Once a process, before the first thread and after the last one. */
bool loop_global_init(void) MUST_CHECK;
void loop_global_cleanup(void);

/* A message to the loop: `run` is called on the loop's thread, in the order of posting. */
struct loop_task {
    struct inbox_item item; /* first */
    void (*run)(struct loop_task *task);
};

/* A one-shot timer, owned by its user, used on the loop's thread only. Zero-initialise. */
struct loop_timer {
    int64_t due_boot_us;
    void (*run)(struct loop_timer *timer);
    size_t slot; /* 0: not armed; else its place in the loop's heap, from 1 */
};

enum err_code loop_start(const char *name, struct loop **loop, struct error *err) MUST_CHECK;

/* Any thread. False once the loop stops: the task stays the caller's. */
bool loop_post(struct loop *loop, struct loop_task *task) MUST_CHECK;

/* On the loop's thread. Re-arming moves the timer. */
void loop_timer_arm(struct loop *loop, struct loop_timer *timer, int64_t due_boot_us);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* On the loop's thread: `done` gets the handle back, removed from the multi handle. */
enum err_code loop_add_transfer(struct loop *loop, CURL *easy,
    void (*done)(void *ctx, CURL *easy, CURLcode result), void *ctx, struct error *err) MUST_CHECK;
/* On the loop's thread: removes a transfer before it is done; `done` is not called. */
void loop_remove_transfer(struct loop *loop, CURL *easy);

/* Any thread but the loop's: ends the thread. Transfers must be gone by then; tasks that wait are run first. */
void loop_stop(struct loop *loop);

#endif
