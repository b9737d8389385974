#include "webhook/feeder.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/thread.h"

#include <stdatomic.h>

#define RETRY_US (200 * US_PER_MS)

struct feeder {
    /* set before start */
    struct loop *loop;
    struct db_config config;
    pthread_t thread;
    /* shared */
    struct inbox inbox;
    /* owned by the feeder's thread */
    struct db *db;
};

static enum err_code load_objects(struct feeder *feeder, struct feed_request *request, struct error *err)
{
    enum err_code code = ERR_OK;
    struct id object = request->object_id;
    mem_free(request->objects);
    request->objects = mem_alloc(request->most * sizeof *request->objects);
    request->count = 0;
    while (request->count < request->most) {
        code = outbox_next_object(feeder->db, request->range.lane, object, &object, err);
        if (code || id_is_nil(object))
            break;
        request->objects[request->count++] = object;
    }
    return code;
}

static enum err_code load_rows(struct feeder *feeder, struct feed_request *request, struct error *err)
{
    struct lane_pos after = {.lane = request->range.lane, .seq = request->range.first - 1};
    enum err_code code = outbox_load(feeder->db, after, request->range.last, request->object_id,
        request->most, &request->jobs, &request->count, err);
    for (struct delivery_job *job = request->jobs; !code && job; job = job->next)
        job->recovered = request->range.left_over;
    return code;
}

static enum err_code answer(struct feeder *feeder, struct feed_request *request, struct error *err)
{
    enum err_code code = feeder->db ? ERR_OK : db_open(&feeder->config, true, &feeder->db, err);
    if (code)
        return code;
    return request->what == FEED_OBJECTS ? load_objects(feeder, request, err)
                                         : load_rows(feeder, request, err);
}

static void serve(struct feeder *feeder, struct feed_request *request)
{
    struct error err;
    while (answer(feeder, request, &err)) {
        request->count = 0;
        if (inbox_is_closed(&feeder->inbox))
            break;
        LOG(LOG_WARN, "cannot read the outbox, trying again", F_TEXT("reason", err.text));
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = RETRY_US * 1000}, NULL);
    }
    /* The loop outlives the feeder: it is stopped after it. */
    if (!loop_post(feeder->loop, &request->task))
        LOG(LOG_ERROR, "the loop ended before the feeder");
}

static void *feeder_main(void *arg)
{
    struct feeder *feeder = arg;
    thread_begin("feeder", THREAD_AFTER);
    for (struct inbox_item *item; (item = inbox_take_wait(&feeder->inbox, 1, -1));)
        serve(feeder, CONTAINER_OF(item, struct feed_request, item));
    return NULL;
}

enum err_code feeder_start(
    const struct db_config *db, struct loop *loop, struct feeder **feeder, struct error *err)
{
    struct feeder *f = mem_zalloc(sizeof *f);
    f->loop = loop;
    f->config = *db;
    enum err_code code = inbox_init(&f->inbox, false, err);
    if (!code && pthread_create(&f->thread, NULL, feeder_main, f) != 0)
        code = error_set(err, ERR_UNAVAILABLE, "cannot start the feeder's thread");
    if (code) {
        mem_free(f);
        return code;
    }
    *feeder = f;
    return ERR_OK;
}

void feeder_ask(struct feeder *feeder, struct feed_request *request)
{
    request->count = 0;
    if (!inbox_post(&feeder->inbox, &request->item) && !loop_post(feeder->loop, &request->task))
        LOG(LOG_ERROR, "the loop ended before the feeder");
}

void feeder_stop(struct feeder *feeder)
{
    inbox_close(&feeder->inbox);
    pthread_join(feeder->thread, NULL);
    db_close(feeder->db);
    inbox_destroy(&feeder->inbox);
    mem_free(feeder);
}
