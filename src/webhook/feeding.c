#include "webhook/dispatcher_internal.h"

#include "base/alloc.h"
#include "base/metrics.h"

#define LOAD_MOST 512 /* rows that a feed is asked for at once */
#define LOAD_LEAST 16 /* the same while the window is full and the endpoint has nothing */
#define OBJECTS_MOST 256 /* endpoints that the feeder names at once */

struct load {
    struct feed_request request; /* first */
    struct endpoint *endpoint;
    struct feed *feed;
};

static void rows_loaded(struct loop_task *task);

void feeding_ask(struct dispatcher *d, struct endpoint *endpoint)
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

void feeding_set_queued(struct dispatcher *d, size_t queued)
{
    d->queued = queued;
    metric_set(METRIC_deliveries_queued, (int64_t)queued);
}

void feeding_take_job(struct dispatcher *d, struct endpoint *endpoint, struct delivery_job *job)
{
    endpoint_push(endpoint, job);
    feeding_set_queued(d, d->queued + 1);
    turns_enlist(&d->turns, endpoint);
}

/* A new one has had nothing handed over; but something doubtful of it may lie in the table. */
struct endpoint *feeding_endpoint(struct dispatcher *d, struct id object_id)
{
    struct feed live = {.lane = d->lane, .after = d->live_start, .upto = d->doubtful_upto};
    return endpoint_get(d->endpoints, object_id, live);
}

void feeding_free_jobs(struct delivery_job *jobs)
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
        feeding_free_jobs(request->jobs);
    } else {
        if (request->range.left_over)
            metric_add(METRIC_deliveries_recovered_total, (int64_t)request->count);
        load->feed->after = request->range.last;
        for (struct delivery_job *job = request->jobs, *next; job; job = next) {
            next = job->next;
            if (!next && request->count == request->most)
                load->feed->after = job->pos.seq;
            feeding_take_job(d, endpoint, job);
        }
    }
    mem_free(load);
    endpoint_trim_feeds(endpoint);
    if (!d->stopping) {
        feeding_ask(d, endpoint);
        sending_pump(d);
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
        struct endpoint *endpoint = feeding_endpoint(d, request->objects[i]);
        struct feed feed = {
            .lane = range->lane, .after = range->first - 1, .upto = range->last, .left_over = true};
        if (range->left_over) /* else it lies in the live feed already */
            endpoint_add_feed(endpoint, feed);
        feeding_ask(d, endpoint);
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

void feeding_ask_objects(struct dispatcher *d, const struct lane_range *range)
{
    struct naming *naming = mem_zalloc(sizeof *naming);
    naming->held_number = held_number(&d->held, range->lane);
    naming->request = (struct feed_request){
        .task.run = objects_loaded, .ctx = d, .what = FEED_OBJECTS, .range = *range, .most = OBJECTS_MOST};
    feeder_ask(d->feeder, &naming->request);
}
