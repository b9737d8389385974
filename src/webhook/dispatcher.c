#include "webhook/dispatcher.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/url.h"
#include "webhook/attempt.h"
#include "webhook/endpoint.h"
#include "webhook/feeder.h"
#include "webhook/held.h"
#include "webhook/turns.h"

#include <stdatomic.h>

#define WINDOW_MOST 20000 /* jobs in memory, in all */
#define LOAD_MOST 512 /* rows that a feed is asked for at once */
#define LOAD_LEAST 16 /* the same while the window is full and the endpoint has nothing */
#define OBJECTS_MOST 256 /* endpoints that the feeder names at once */
#define UNRECORDED_MOST 2000 /* outcomes that wait for the writer; beyond, nothing is started */
#define RESPONSE_KEPT 4096 /* bytes of an answer's body */
#define PAUSE_US (100 * US_PER_MS)

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

/* A request under way. */
struct flight {
    struct dispatcher *dispatcher;
    struct flight *next, **link;
    struct endpoint *endpoint;
    struct delivery_job *job;
    struct http_call *call;
    int64_t started_at;
    int64_t held_number; /* of the job's lane, when it was started */
};

static void pump(struct dispatcher *d);

/* ── feeds: what memory had no room for ──────────────────────────────────────────────────────── */

struct load {
    struct feed_request request; /* first */
    struct endpoint *endpoint;
    struct feed *feed;
};

static void rows_loaded(struct loop_task *task);

static void ask_for_more(struct dispatcher *d, struct endpoint *endpoint)
{
    struct feed *feed =
        endpoint->loading || endpoint->queued >= QUEUE_LOW ? NULL : endpoint_next_feed(endpoint);
    size_t most = d->queued < WINDOW_MOST ? LOAD_MOST : endpoint->queued == 0 ? LOAD_LEAST : 0;
    if (!feed || most == 0 || d->stopping)
        return;
    struct load *load = mem_zalloc(sizeof *load);
    load->endpoint = endpoint;
    load->feed = feed;
    load->request = (struct feed_request){
        .task.run = rows_loaded,
        .ctx = d,
        .what = FEED_ROWS,
        .range = {.lane = feed->lane,
            .first = feed->after + 1,
            .last = feed->upto,
            .left_over = feed->left_over},
        .object_id = endpoint->object_id,
        .most = most,
    };
    endpoint->loading = true;
    feeder_ask(d->feeder, &load->request);
}

static void set_queued(struct dispatcher *d, size_t queued)
{
    d->queued = queued;
    metric_set(METRIC_deliveries_queued, (int64_t)queued);
}

static void take_job(struct dispatcher *d, struct endpoint *endpoint, struct delivery_job *job)
{
    endpoint_push(endpoint, job);
    set_queued(d, d->queued + 1);
    turns_enlist(&d->turns, endpoint);
}

/* A new one has had nothing handed over; but something doubtful of it may lie in the table. */
static struct endpoint *endpoint_of(struct dispatcher *d, struct id object_id)
{
    struct feed live = {.lane = d->lane, .after = d->live_start, .upto = d->doubtful_upto};
    return endpoint_get(d->endpoints, object_id, live);
}

static void free_jobs(struct delivery_job *jobs)
{
    for (struct delivery_job *next; jobs; jobs = next) {
        next = jobs->next;
        mem_free(jobs);
    }
}

static void rows_loaded(struct loop_task *task)
{
    struct load *load = CONTAINER_OF(task, struct load, request.task);
    struct feed_request *request = &load->request;
    struct dispatcher *d = request->ctx;
    struct endpoint *endpoint = load->endpoint;
    endpoint->loading = false;
    bool forgotten = load->feed->lane != request->range.lane ||
                     load->feed->after + 1 != request->range.first || load->feed->upto < request->range.last;
    if (d->stopping || forgotten) {
        free_jobs(request->jobs);
    } else {
        if (request->range.left_over)
            metric_add(METRIC_deliveries_recovered_total, (int64_t)request->count);
        load->feed->after = request->range.last;
        for (struct delivery_job *job = request->jobs, *next; job; job = next) {
            next = job->next;
            if (!next && request->count == request->most)
                load->feed->after = job->pos.seq;
            take_job(d, endpoint, job);
        }
    }
    mem_free(load);
    endpoint_trim_feeds(endpoint);
    if (!d->stopping) {
        ask_for_more(d, endpoint);
        pump(d);
    }
}

/* Names the endpoints of a lane that have something pending, a page at a time. */
struct naming {
    struct feed_request request; /* first */
    int64_t held_number; /* of the lane, when it was asked */
};

static void objects_loaded(struct loop_task *task)
{
    struct naming *naming = CONTAINER_OF(task, struct naming, request.task);
    struct feed_request *request = &naming->request;
    struct dispatcher *d = request->ctx;
    const struct lane_range *range = &request->range;
    bool go_on = !d->stopping && held_number(&d->held, range->lane) == naming->held_number;
    for (size_t i = 0; i < request->count && go_on; i++) {
        struct endpoint *endpoint = endpoint_of(d, request->objects[i]);
        struct feed feed = {
            .lane = range->lane, .after = range->first - 1, .upto = range->last, .left_over = true};
        if (range->left_over) /* else it lies in the live feed already */
            endpoint_add_feed(endpoint, feed);
        ask_for_more(d, endpoint);
    }
    bool more = request->count == request->most && go_on;
    if (more)
        request->object_id = request->objects[request->count - 1];
    mem_free(request->objects);
    request->objects = NULL;
    if (more)
        feeder_ask(d->feeder, request);
    else
        mem_free(naming);
}

static void ask_for_objects(struct dispatcher *d, const struct lane_range *range)
{
    struct naming *naming = mem_zalloc(sizeof *naming);
    naming->held_number = held_number(&d->held, range->lane);
    naming->request = (struct feed_request){
        .task.run = objects_loaded, .ctx = d, .what = FEED_OBJECTS, .range = *range, .most = OBJECTS_MOST};
    feeder_ask(d->feeder, &naming->request);
}

/* ── requests ────────────────────────────────────────────────────────────────────────────────── */

static void wake_run(struct loop_task *task)
{
    struct dispatcher *d = CONTAINER_OF(task, struct dispatcher, wake);
    atomic_store(&d->wake_posted, false);
    pump(d);
}

/* The writer's thread: an outcome is in the table. Wakes the loop if it had stopped for too many of them. */
static void outcome_recorded(void *ctx, const struct error *result)
{
    struct dispatcher *d = ctx;
    if (result->code)
        LOG(LOG_ERROR, "an outcome was not recorded; the delivery stays pending",
            F_TEXT("reason", result->text));
    int before = atomic_fetch_sub(&d->unrecorded, 1);
    if (before == UNRECORDED_MOST && !atomic_exchange(&d->wake_posted, true) && !loop_post(d->loop, &d->wake))
        atomic_store(&d->wake_posted, false);
}

static void tell_if_idle(struct dispatcher *d)
{
    if (!d->stopping || d->in_flight > 0)
        return;
    pthread_mutex_lock(&d->lock);
    d->idle = true;
    pthread_cond_signal(&d->idle_changed);
    pthread_mutex_unlock(&d->lock);
}

static void count_outcome(const struct outcome *outcome)
{
    const struct delivery_attempt *attempt = &outcome->attempt;
    metric_add(attempt->succeeded ? METRIC_deliveries_succeeded_total : METRIC_deliveries_failed_total, 1);
    histogram_observe(HISTOGRAM_delivery_request_seconds, attempt->total_us);
    histogram_observe(HISTOGRAM_delivery_lag_seconds, outcome->finished_at - outcome->job->created_at);
    if (!attempt->succeeded)
        LOG(LOG_WARN, "delivery failed", F_ID("delivery", outcome->job->delivery_id),
            F_ID("activity", outcome->job->activity_id), F_INT("status", attempt->status),
            F_TEXT("class", attempt->error_class), F_TEXT("detail", attempt->detail));
}

static void flight_end(struct flight *flight)
{
    struct dispatcher *d = flight->dispatcher;
    *flight->link = flight->next;
    if (flight->next)
        flight->next->link = flight->link;
    flight->endpoint->in_flight--;
    d->in_flight--;
    metric_set(METRIC_deliveries_in_flight, d->in_flight);
    mem_free(flight);
}

/* The loop comes back to everything that could not be started now. */
static void pause_briefly(struct dispatcher *d)
{
    loop_timer_arm(d->loop, &d->pause, clock_boot_us() + PAUSE_US);
}

static void record(struct dispatcher *d, struct endpoint *endpoint, struct outcome *outcome)
{
    (outcome->attempt.succeeded ? endpoint_succeeded : endpoint_failed)(endpoint);
    count_outcome(outcome);
    outcome->recorded = outcome_recorded;
    outcome->ctx = d;
    atomic_fetch_add(&d->unrecorded, 1);
    outcome_record(d->writer, outcome);
}

/* This machine could not even ask (no descriptor, no memory): not the receiver's failure, so it is tried again. */
static void take_back(
    struct dispatcher *d, struct endpoint *endpoint, struct delivery_job *job, const char *why)
{
    LOG(LOG_WARN, "a webhook could not be sent yet", F_ID("delivery", job->delivery_id),
        F_TEXT("reason", why));
    endpoint_push_back(endpoint, job);
    set_queued(d, d->queued + 1);
    d->held_until_boot_us = clock_boot_us() + PAUSE_US;
    pause_briefly(d);
}

static void answered(void *ctx, const struct http_result *result)
{
    struct flight *flight = ctx;
    struct dispatcher *d = flight->dispatcher;
    struct endpoint *endpoint = flight->endpoint;
    struct delivery_job *job = flight->job;
    int64_t started_at = flight->started_at;
    bool lane_is_held = held_number(&d->held, job->pos.lane) == flight->held_number;
    FAULT_KILL(after_send);
    flight_end(flight);
    bool not_sent = result->error == HTTP_LOCAL && result->sends == 0;
    if (result->error == HTTP_CANCELLED || (not_sent && !lane_is_held)) /* stays pending */
        mem_free(job);
    else if (not_sent)
        take_back(d, endpoint, job, result->detail);
    else
        record(d, endpoint, attempt_outcome(job, started_at, result));
    turns_enlist(&d->turns, endpoint);
    pump(d);
    tell_if_idle(d);
}

/* ERR_BUSY: as many names as may be are being looked up. */
static enum err_code start_request(struct dispatcher *d, struct endpoint *endpoint)
{
    struct flight *flight = mem_zalloc(sizeof *flight);
    struct error err;
    *flight = (struct flight){.dispatcher = d,
        .endpoint = endpoint,
        .job = endpoint->head,
        .started_at = clock_wall_us(),
        .held_number = held_number(&d->held, endpoint->head->pos.lane),
        .next = d->flights,
        .link = &d->flights};
    enum err_code code = attempt_send(d->client, flight->job, answered, flight, &flight->call, &err);
    if (code) {
        if (code != ERR_BUSY)
            LOG(LOG_ERROR, "cannot start a request, trying again", F_TEXT("reason", err.text));
        mem_free(flight);
        return code;
    }
    (void)endpoint_pop(endpoint);
    if (d->flights)
        d->flights->link = &flight->next;
    d->flights = flight;
    endpoint->in_flight++;
    d->in_flight++;
    set_queued(d, d->queued - 1);
    metric_set(METRIC_deliveries_in_flight, d->in_flight);
    return ERR_OK;
}

static bool needs_lookup(struct endpoint *endpoint)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct url url;
    struct error err;
    return !url_parse(arena, endpoint->head->url, &url, &err) && !url.host_is_address;
}

static bool within_lease(const struct dispatcher *d)
{
    int64_t until = writer_lease_until(d->writer); /* first: it grows after news were posted */
    return atomic_load(&d->lane_news) == 0 && clock_boot_us() + d->config.request_us <= until;
}

static void pause_over(struct loop_timer *timer)
{
    pump(CONTAINER_OF(timer, struct dispatcher, pause));
}

static void park_over(struct loop_timer *timer)
{
    struct dispatcher *d = CONTAINER_OF(timer, struct dispatcher, park);
    turns_unpark(&d->turns);
    pump(d);
}

/* Too many names are being looked up: this endpoint waits, the others go on. */
static void park(struct dispatcher *d, struct endpoint *endpoint)
{
    if (!turns_is_parked(&d->turns))
        loop_timer_arm(d->loop, &d->park, clock_boot_us() + PAUSE_US);
    turns_park(&d->turns, endpoint);
}

/* False: nothing more can be started now. */
static bool start_next(struct dispatcher *d)
{
    struct endpoint *endpoint = turns_next(&d->turns, d->in_flight, d->config.in_flight_most);
    if (!endpoint)
        return false;
    bool has_place = turns_has_place(endpoint, http_lookups(d->client), d->config.lookups_most);
    enum err_code code = has_place || !needs_lookup(endpoint) ? start_request(d, endpoint) : ERR_BUSY;
    if (code == ERR_BUSY) {
        park(d, endpoint);
        return true;
    }
    turns_enlist(&d->turns, endpoint);
    ask_for_more(d, endpoint);
    if (code)
        pause_briefly(d);
    return !code;
}

static void pump(struct dispatcher *d)
{
    if (!d->writer || d->stopping)
        return;
    while (d->in_flight < d->config.in_flight_most && atomic_load(&d->unrecorded) < UNRECORDED_MOST) {
        if (!within_lease(d) || clock_boot_us() < d->held_until_boot_us) {
            pause_briefly(d);
            return;
        }
        if (!start_next(d))
            return;
    }
}

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
        free_jobs(copy->jobs);
        mem_free(copy);
    }
}

/* A committed job goes into memory if nothing of its endpoint is left in the table before it; else into the feed. */
static void hand_over_one(struct dispatcher *d, struct delivery_job *job)
{
    struct endpoint *endpoint = endpoint_of(d, job->object_id);
    struct feed *live = &endpoint->live;
    int64_t seq = job->pos.seq;
    bool room = endpoint->queued < QUEUE_MOST && d->queued < WINDOW_MOST;
    if (room && !endpoint->loading && !endpoint_next_feed(endpoint)) {
        live->after = live->upto = seq;
        take_job(d, endpoint, job);
        return;
    }
    live->upto = seq;
    mem_free(job);
    ask_for_more(d, endpoint);
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
    pump(d);
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
    set_queued(d, d->queued - endpoint_forget_lane(endpoint, message->range.lane));
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
    ask_for_more(ctx, endpoint);
}

static void extend_live(void *ctx, struct endpoint *endpoint)
{
    const struct message *message = ctx;
    if (endpoint->live.lane == message->range.lane && endpoint->live.upto < message->range.last)
        endpoint->live.upto = message->range.last;
    ask_for_more(message->dispatcher, endpoint);
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
    ask_for_objects(d, range);
    if (range->left_over)
        endpoint_each(d->endpoints, ask_again, d);
    mem_free(message);
    pump(d);
}

static void lane_lost(struct loop_task *task)
{
    struct message *message = CONTAINER_OF(task, struct message, task);
    struct dispatcher *d = message->dispatcher;
    atomic_fetch_sub(&d->lane_news, 1);
    forget_lane(d, message->range.lane);
    endpoint_each(d->endpoints, ask_again, d);
    mem_free(message);
    pump(d);
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
    pump(d);
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
    d->wake.run = wake_run;
    d->pause.run = pause_over;
    d->park.run = park_over;
    d->endpoints = endpoint_table_new();
    turns_init(&d->turns);
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
    loop_timer_cancel(d->loop, &d->pause);
    loop_timer_cancel(d->loop, &d->park);
    mem_free(message);
    tell_if_idle(d);
}

static void cancel_all(struct loop_task *task)
{
    struct message *message = CONTAINER_OF(task, struct message, task);
    struct dispatcher *d = message->dispatcher;
    while (d->flights)
        http_cancel(d->flights->call);
    mem_free(message);
    tell_if_idle(d);
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
