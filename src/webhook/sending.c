#include "webhook/dispatcher_internal.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/url.h"
#include "webhook/attempt.h"

#define UNRECORDED_MOST 2000 /* outcomes that wait for the writer; beyond, nothing is started */
#define PAUSE_US (100 * US_PER_MS)

static void wake_run(struct loop_task *task)
{
    struct dispatcher *d = CONTAINER_OF(task, struct dispatcher, wake);
    atomic_store(&d->wake_posted, false);
    sending_pump(d);
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

void sending_tell_if_idle(struct dispatcher *d)
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
    feeding_set_queued(d, d->queued + 1);
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
    sending_pump(d);
    sending_tell_if_idle(d);
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
    feeding_set_queued(d, d->queued - 1);
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
    sending_pump(CONTAINER_OF(timer, struct dispatcher, pause));
}

static void park_over(struct loop_timer *timer)
{
    struct dispatcher *d = CONTAINER_OF(timer, struct dispatcher, park);
    turns_unpark(&d->turns);
    sending_pump(d);
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
    feeding_ask(d, endpoint);
    if (code)
        pause_briefly(d);
    return !code;
}

void sending_pump(struct dispatcher *d)
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

void sending_init(struct dispatcher *d)
{
    d->wake.run = wake_run;
    d->pause.run = pause_over;
    d->park.run = park_over;
    turns_init(&d->turns);
}

void sending_end(struct dispatcher *d)
{
    loop_timer_cancel(d->loop, &d->pause);
    loop_timer_cancel(d->loop, &d->park);
}

void sending_cancel_all(struct dispatcher *d)
{
    while (d->flights)
        http_cancel(d->flights->call);
}
