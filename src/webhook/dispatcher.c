#include "webhook/dispatcher_internal.h"

#include "base/alloc.h"
#include "base/clock.h"

#define RESPONSE_KEPT 4096 /* bytes of an answer's body */

/* ── messages from other threads ─────────────────────────────────────────────────────────────── */

struct message {
    struct loop_task task; /* first */
    struct dispatcher *dispatcher;
    struct delivery_job *jobs;
    struct lane_range range;
    struct writer *writer;
};

static void post(struct dispatcher *d, struct message message)
{
    struct message *copy = mem_alloc(sizeof *copy);
    *copy = message;
    copy->dispatcher = d;
    if (!loop_post(d->loop, &copy->task)) { /* stopping: the jobs stay in the outbox */
        feeding_free_jobs(copy->jobs);
        mem_free(copy);
    }
}

/* A committed job goes into memory if nothing of its endpoint is left in the table before it; else into the feed. */
static void hand_over_one(struct dispatcher *d, struct delivery_job *job)
{
    struct endpoint *endpoint = feeding_endpoint(d, job->object_id);
    struct feed *live = &endpoint->live;
    int64_t seq = job->pos.seq;
    bool room = endpoint->queued < QUEUE_MOST && d->queued < WINDOW_MOST;
    if (room && !endpoint->loading && !endpoint_next_feed(endpoint)) {
        live->after = live->upto = seq;
        feeding_take_job(d, endpoint, job);
        return;
    }
    live->upto = seq;
    mem_free(job);
    feeding_ask(d, endpoint);
}

static void hand_over(struct loop_task *task)
{
    struct message *message = CONTAINER_OF(task, struct message, task);
    struct dispatcher *d = message->dispatcher;
    for (struct delivery_job *job = message->jobs, *next; job; job = next) {
        next = job->next;
        hand_over_one(d, job);
    }
    mem_free(message);
    sending_pump(d);
}

static void sink_handover(void *ctx, struct delivery_job *jobs)
{
    post(ctx, (struct message){.task.run = hand_over, .jobs = jobs});
}

struct delivery_sink dispatcher_sink(struct dispatcher *dispatcher)
{
    return (struct delivery_sink){.ctx = dispatcher, .handover = sink_handover};
}

static void forget_in_endpoint(void *ctx, struct endpoint *endpoint)
{
    const struct message *message = ctx;
    struct dispatcher *d = message->dispatcher;
    feeding_set_queued(d, d->queued - endpoint_forget_lane(endpoint, message->range.lane));
}

/* What is left of it is its new owner's; or all of it comes from the table again. */
static void forget_lane(struct dispatcher *d, int64_t lane)
{
    endpoint_each(d->endpoints, forget_in_endpoint, &(struct message){.dispatcher = d, .range.lane = lane});
    held_remove(&d->held, lane);
}

static void move_to_lane(void *ctx, struct endpoint *endpoint)
{
    struct dispatcher *d = ctx;
    endpoint->live = (struct feed){.lane = d->lane, .after = d->live_start, .upto = d->live_start};
}

/* Forgetting may have emptied a queue that had been too full to load what lies in another feed. */
static void ask_again(void *ctx, struct endpoint *endpoint)
{
    feeding_ask(ctx, endpoint);
}

static void extend_live(void *ctx, struct endpoint *endpoint)
{
    const struct message *message = ctx;
    if (endpoint->live.lane == message->range.lane && endpoint->live.upto < message->range.last)
        endpoint->live.upto = message->range.last;
    feeding_ask(message->dispatcher, endpoint);
}

static void read_again(struct loop_task *task)
{
    struct message *message = CONTAINER_OF(task, struct message, task);
    struct dispatcher *d = message->dispatcher;
    const struct lane_range *range = &message->range;
    atomic_fetch_sub(&d->lane_news, 1);
    if (d->stopping) {
        mem_free(message);
        return;
    }
    if (range->left_over) {
        forget_lane(d, range->own ? d->lane : range->lane);
        held_add(&d->held, range->lane);
    }
    if (range->own && range->left_over) {
        d->lane = range->lane;
        d->live_start = d->doubtful_upto = range->last;
        endpoint_each(d->endpoints, move_to_lane, d);
    } else if (range->own) {
        d->doubtful_upto = range->last;
        endpoint_each(d->endpoints, extend_live, message);
    }
    feeding_ask_objects(d, range);
    if (range->left_over)
        endpoint_each(d->endpoints, ask_again, d);
    mem_free(message);
    sending_pump(d);
}

static void lane_lost(struct loop_task *task)
{
    struct message *message = CONTAINER_OF(task, struct message, task);
    struct dispatcher *d = message->dispatcher;
    atomic_fetch_sub(&d->lane_news, 1);
    forget_lane(d, message->range.lane);
    endpoint_each(d->endpoints, ask_again, d);
    mem_free(message);
    sending_pump(d);
}

/* Counted before the writer lets the lease grow, so that nothing is started under it before they are taken in. */
static void post_news(struct dispatcher *d, struct message message)
{
    atomic_fetch_add(&d->lane_news, 1);
    post(d, message);
}

void dispatcher_read_again(void *dispatcher, const struct lane_range *range)
{
    post_news(dispatcher, (struct message){.task.run = read_again, .range = *range});
}

void dispatcher_lane_lost(void *dispatcher, int64_t lane)
{
    post_news(dispatcher, (struct message){.task.run = lane_lost, .range.lane = lane});
}

static void attach(struct loop_task *task)
{
    struct message *message = CONTAINER_OF(task, struct message, task);
    struct dispatcher *d = message->dispatcher;
    d->writer = message->writer;
    mem_free(message);
    sending_pump(d);
}

void dispatcher_attach(struct dispatcher *dispatcher, struct writer *writer)
{
    post(dispatcher, (struct message){.task.run = attach, .writer = writer});
}

/* ── life ────────────────────────────────────────────────────────────────────────────────────── */

void dispatcher_free(struct dispatcher *d)
{
    if (d->feeder)
        feeder_stop(d->feeder);
    if (d->loop)
        loop_stop(d->loop);
    if (d->client)
        http_client_free(d->client);
    endpoint_table_free(d->endpoints);
    held_free(&d->held);
    pthread_cond_destroy(&d->idle_changed);
    pthread_mutex_destroy(&d->lock);
    mem_free(d);
}

static struct dispatcher *dispatcher_new(const struct dispatcher_config *config)
{
    struct dispatcher *d = mem_zalloc(sizeof *d);
    d->config = *config;
    sending_init(d);
    d->endpoints = endpoint_table_new();
    pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&d->idle_changed, &attr);
    pthread_condattr_destroy(&attr);
    return d;
}

enum err_code dispatcher_start(
    const struct dispatcher_config *config, struct dispatcher **dispatcher, struct error *err)
{
    struct dispatcher *d = dispatcher_new(config);
    struct http_limits limits = {.total_us = config->request_us,
        .connect_us = config->connect_us,
        .body_most = RESPONSE_KEPT,
        .lookups_most = config->lookups_most};
    enum err_code code = loop_start("dispatcher", &d->loop, err);
    if (!code)
        code = http_client_new(d->loop, config->guard, &limits, &d->client, err);
    if (!code)
        code = feeder_start(config->db, d->loop, &d->feeder, err);
    if (code) {
        dispatcher_free(d);
        return code;
    }
    *dispatcher = d;
    return ERR_OK;
}

static void stop_starting(struct loop_task *task)
{
    struct message *message = CONTAINER_OF(task, struct message, task);
    struct dispatcher *d = message->dispatcher;
    d->stopping = true;
    sending_end(d);
    mem_free(message);
    sending_tell_if_idle(d);
}

static void cancel_all(struct loop_task *task)
{
    struct message *message = CONTAINER_OF(task, struct message, task);
    struct dispatcher *d = message->dispatcher;
    sending_cancel_all(d);
    mem_free(message);
    sending_tell_if_idle(d);
}

static void wait_idle(struct dispatcher *d, int64_t most_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += most_us / US_PER_S;
    until.tv_nsec += most_us % US_PER_S * 1000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&d->lock);
    for (int rc = 0; !d->idle && rc == 0;)
        rc = pthread_cond_timedwait(&d->idle_changed, &d->lock, &until);
    pthread_mutex_unlock(&d->lock);
}

/* All requests are ended by then: only the loop's turn is waited for. */
static void wait_ended(struct dispatcher *d)
{
    pthread_mutex_lock(&d->lock);
    while (!d->idle)
        pthread_cond_wait(&d->idle_changed, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

void dispatcher_drain(struct dispatcher *dispatcher, int64_t drain_us)
{
    post(dispatcher, (struct message){.task.run = stop_starting});
    wait_idle(dispatcher, drain_us);
    post(dispatcher, (struct message){.task.run = cancel_all});
    wait_ended(dispatcher);
}
