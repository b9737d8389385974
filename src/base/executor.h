/*
 * An executor: one thread of its own for work that takes long (a password's hash: tens of milliseconds, 64 MiB), so
 * that no worker, loop or writer does it. One job at a time, in the order of submission, so what the work needs of the
 * machine is bounded too. Jobs are intrusive; the executor owns nothing of them.
 */
#ifndef HERALD_BASE_EXECUTOR_H
#define HERALD_BASE_EXECUTOR_H

#include "base/inbox.h"

struct executor;

struct executor_job {
    struct inbox_item item; /* first */
    /* On the executor's thread, exactly once for each job that was accepted, also while it stops. The job is not
     * touched afterwards: `run` may free it. */
    void (*run)(struct executor_job *job);
};

/* At most queue_most jobs wait. `name` is the thread's, for logs and debuggers: at most 15 characters, lasting. */
enum err_code executor_start(
    const char *name, size_t queue_most, struct executor **executor, struct error *err) MUST_CHECK;

/* Any thread. ERR_BUSY: too many wait; ERR_UNAVAILABLE: it is stopping. The job is the caller's then. */
enum err_code executor_submit(
    struct executor *executor, struct executor_job *job, struct error *err) MUST_CHECK;

/* Refuses new jobs, runs those that wait, ends the thread. Accepts NULL. Not from a job. */
void executor_stop(struct executor *executor);

#endif
