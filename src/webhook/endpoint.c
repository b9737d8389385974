#include "webhook/endpoint.h"

#include "base/alloc.h"

#define BUCKETS_FIRST 64

struct endpoint_table {
    struct endpoint **buckets;
    size_t bucket_count, count;
};

struct endpoint_table *endpoint_table_new(void)
{
    struct endpoint_table *table = mem_zalloc(sizeof *table);
    table->bucket_count = BUCKETS_FIRST;
    table->buckets = mem_zalloc(table->bucket_count * sizeof *table->buckets);
    return table;
}

static void endpoint_free(struct endpoint *endpoint)
{
    for (struct delivery_job *job; (job = endpoint_pop(endpoint));)
        mem_free(job);
    while (endpoint->older) {
        struct feed *feed = endpoint->older;
        endpoint->older = feed->next;
        mem_free(feed);
    }
    mem_free(endpoint);
}

void endpoint_table_free(struct endpoint_table *table)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        for (struct endpoint *e = table->buckets[i], *next; e; e = next) {
            next = e->hash_next;
            endpoint_free(e);
        }
    }
    mem_free(table->buckets);
    mem_free(table);
}

/* The last eight bytes of an id are random. */
static size_t bucket_of(const struct endpoint_table *table, struct id id)
{
    uint64_t hash;
    memcpy(&hash, id.bytes + 8, sizeof hash);
    return hash % table->bucket_count;
}

static void grow(struct endpoint_table *table)
{
    struct endpoint **old = table->buckets;
    size_t old_count = table->bucket_count;
    table->bucket_count = 2 * old_count + 1;
    table->buckets = mem_zalloc(table->bucket_count * sizeof *table->buckets);
    for (size_t i = 0; i < old_count; i++) {
        for (struct endpoint *e = old[i], *next; e; e = next) {
            next = e->hash_next;
            struct endpoint **bucket = &table->buckets[bucket_of(table, e->object_id)];
            e->hash_next = *bucket;
            *bucket = e;
        }
    }
    mem_free(old);
}

struct endpoint *endpoint_get(struct endpoint_table *table, struct id object_id, struct feed live)
{
    for (struct endpoint *e = table->buckets[bucket_of(table, object_id)]; e; e = e->hash_next)
        if (id_equal(e->object_id, object_id))
            return e;
    if (table->count >= 2 * table->bucket_count)
        grow(table);
    struct endpoint *e = mem_zalloc(sizeof *e);
    e->object_id = object_id;
    e->tail = &e->head;
    e->concurrency = 1;
    e->live = live;
    struct endpoint **bucket = &table->buckets[bucket_of(table, object_id)];
    e->hash_next = *bucket;
    *bucket = e;
    table->count++;
    return e;
}

void endpoint_each(
    struct endpoint_table *table, void (*each)(void *ctx, struct endpoint *endpoint), void *ctx)
{
    for (size_t i = 0; i < table->bucket_count; i++)
        for (struct endpoint *e = table->buckets[i]; e; e = e->hash_next)
            each(ctx, e);
}

void endpoint_push(struct endpoint *endpoint, struct delivery_job *job)
{
    job->next = NULL;
    *endpoint->tail = job;
    endpoint->tail = &job->next;
    endpoint->queued++;
}

void endpoint_push_back(struct endpoint *endpoint, struct delivery_job *job)
{
    job->next = endpoint->head;
    if (!endpoint->head)
        endpoint->tail = &job->next;
    endpoint->head = job;
    endpoint->queued++;
}

struct delivery_job *endpoint_pop(struct endpoint *endpoint)
{
    struct delivery_job *job = endpoint->head;
    if (!job)
        return NULL;
    endpoint->head = job->next;
    if (!endpoint->head)
        endpoint->tail = &endpoint->head;
    endpoint->queued--;
    job->next = NULL;
    return job;
}

struct feed *endpoint_next_feed(struct endpoint *endpoint)
{
    if (endpoint->older)
        return endpoint->older;
    return endpoint->live.after < endpoint->live.upto ? &endpoint->live : NULL;
}

void endpoint_add_feed(struct endpoint *endpoint, struct feed range)
{
    struct feed *feed = mem_alloc(sizeof *feed);
    *feed = range;
    feed->next = endpoint->older;
    endpoint->older = feed;
}

void endpoint_trim_feeds(struct endpoint *endpoint)
{
    for (struct feed **at = &endpoint->older; *at;) {
        struct feed *feed = *at;
        if (feed->after < feed->upto) {
            at = &feed->next;
            continue;
        }
        *at = feed->next;
        mem_free(feed);
    }
}

size_t endpoint_forget_lane(struct endpoint *endpoint, int64_t lane)
{
    size_t dropped = 0;
    struct delivery_job *job = endpoint->head;
    endpoint->head = NULL;
    endpoint->tail = &endpoint->head;
    endpoint->queued = 0;
    for (struct delivery_job *next; job; job = next) {
        next = job->next;
        if (job->pos.lane != lane) {
            endpoint_push(endpoint, job);
            continue;
        }
        mem_free(job);
        dropped++;
    }
    for (struct feed *feed = endpoint->older; feed; feed = feed->next)
        if (feed->lane == lane)
            feed->upto = feed->after;
    return dropped;
}

void endpoint_succeeded(struct endpoint *endpoint)
{
    endpoint->succeeded_last = true;
    if (endpoint->concurrency < CONCURRENCY_MOST)
        endpoint->concurrency++;
}

void endpoint_failed(struct endpoint *endpoint)
{
    endpoint->succeeded_last = false;
    endpoint->concurrency = endpoint->concurrency > 1 ? endpoint->concurrency / 2 : 1;
}
