/*
 * What the files of the dispatcher share; nobody else includes it.
 *      dispatcher.c  messages from other threads, lanes, start and stop
 *      feeding.c     jobs into memory: what was committed, and what memory had no room for
 *      sending.c     whose turn it is, requests, outcomes
 *
 * All of it runs on the loop's thread, but for what is marked otherwise.
 */
#ifndef HERALD_WEBHOOK_DISPATCHER_INTERNAL_H
#define HERALD_WEBHOOK_DISPATCHER_INTERNAL_H

#include "net/http.h"
#include "webhook/dispatcher.h"
#include "webhook/feeder.h"
#include "webhook/held.h"
#include "webhook/turns.h"

#include <stdatomic.h>

#define WINDOW_MOST 20000 /* jobs in memory, in all */

struct dispatcher {
    /* set before start */
    struct dispatcher_config config;
    struct loop *loop;
    struct http_client *client;
    struct feeder *feeder;
    /* shared */
    atomic_int unrecorded;
    atomic_bool wake_posted;
    atomic_int lane_news; /* posted, and not yet taken in by the loop */
    struct loop_task wake;
    pthread_mutex_t lock;
    pthread_cond_t idle_changed;
    bool idle; /* under lock: stopping, and nothing is in flight */
    /* owned by the loop's thread */
    struct writer *writer;
    bool stopping;
    int64_t lane, live_start; /* own lane, and the last seq before this epoch */
    int64_t doubtful_upto; /* last seq of this epoch whose COMMIT had an unknown outcome; else live_start */
    struct held_lanes held;
    struct endpoint_table *endpoints;
    struct turns turns;
    size_t queued;
    int in_flight;
    struct flight *flights;
    struct loop_timer pause, park;
    int64_t held_until_boot_us; /* nothing is started before: this machine had no means to */
};

/* A request under way; sending.c */
struct flight {
    struct dispatcher *dispatcher;
    struct flight *next, **link;
    struct endpoint *endpoint;
    struct delivery_job *job;
    struct http_call *call;
    int64_t started_at;
    int64_t held_number; /* of the job's lane, when it was started */
};

/* feeding.c */
void feeding_set_queued(struct dispatcher *d, size_t queued);
/* Into its endpoint's queue. */
void feeding_take_job(struct dispatcher *d, struct endpoint *endpoint, struct delivery_job *job);
/* The endpoint of an Activity Object, made if it is new. */
struct endpoint *feeding_endpoint(struct dispatcher *d, struct id object_id);
/* Asks the feeder for rows, if this endpoint has a feed and room. */
void feeding_ask(struct dispatcher *d, struct endpoint *endpoint);
/* Asks which endpoints have something pending in a lane, and then for their rows. */
void feeding_ask_objects(struct dispatcher *d, const struct lane_range *range);
void feeding_free_jobs(struct delivery_job *jobs);

/* sending.c */
void sending_init(struct dispatcher *d);
/* Starts what may be started. */
void sending_pump(struct dispatcher *d);
/* Ends the timers; for the stop. */
void sending_end(struct dispatcher *d);
void sending_cancel_all(struct dispatcher *d);
/* Wakes whoever waits for the last request to end. */
void sending_tell_if_idle(struct dispatcher *d);

#endif
