#include "base/executor.h"

#include "base/alloc.h"
#include "base/thread.h"

#include <string.h>

struct executor {
    /* set before start */
    const char *name;
    size_t queue_most;
    pthread_t thread;
    /* shared */
    struct inbox inbox;
};

static void *executor_main(void *arg)
{
    struct executor *executor = arg;
    thread_begin(executor->name, THREAD_AFTER);
    struct inbox_item *item;
    while ((item = inbox_take_wait(&executor->inbox, 1, -1))) {
        struct executor_job *job = CONTAINER_OF(item, struct executor_job, item);
        job->run(job);
    }
    return NULL;
}

enum err_code executor_start(
    const char *name, size_t queue_most, struct executor **executor, struct error *err)
{
    struct executor *e = mem_zalloc(sizeof *e);
    e->name = name;
    e->queue_most = queue_most;
    enum err_code code = inbox_init(&e->inbox, false, err);
    if (code) {
        mem_free(e);
        return code;
    }
    int rc = pthread_create(&e->thread, NULL, executor_main, e);
    if (rc) {
        inbox_destroy(&e->inbox);
        mem_free(e);
        return error_set(err, ERR_UNAVAILABLE, "cannot start a thread: %s", strerror(rc));
    }
    *executor = e;
    return ERR_OK;
}

enum err_code executor_submit(struct executor *executor, struct executor_job *job, struct error *err)
{
    /* Two at once may both find the last place free: the bound is exact enough. */
    if (inbox_count(&executor->inbox) >= executor->queue_most)
        return error_set(err, ERR_BUSY, "Too many such requests wait already; try again in a moment.");
    if (!inbox_post(&executor->inbox, &job->item))
        return error_set(err, ERR_UNAVAILABLE, "The server is stopping.");
    return ERR_OK;
}

void executor_stop(struct executor *executor)
{
    if (!executor)
        return;
    inbox_close(&executor->inbox);
    pthread_join(executor->thread, NULL);
    inbox_destroy(&executor->inbox);
    mem_free(executor);
}
