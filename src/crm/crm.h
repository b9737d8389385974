/*
 * The domain's context: where its rows go, and what else must happen in the transaction that logs an activity.
 * crm knows no HTTP, no JSON text, no sockets, and none of the steps that higher modules register.
 */
#ifndef HERALD_CRM_CRM_H
#define HERALD_CRM_CRM_H

#include "db/writer.h"

struct log_unit;

/*
 * A step of the transaction that logs (I1). `run` writes for all units of a batch, in their transaction;
 * `committed` hears of those that were committed, in the order of seq. Both on the writer's thread.
 */
struct log_step {
    void *ctx;
    enum err_code (*run)(void *ctx, struct db *db, struct log_unit **units, size_t n, struct error *err);
    void (*committed)(void *ctx, struct log_unit **units, size_t n);
};

#define LOG_STEPS_MOST 4

struct crm {
    /* set before start */
    struct writer *writer;
    struct log_step steps[LOG_STEPS_MOST];
    size_t step_count;
};

/* Before the first activity is logged. */
void crm_add_log_step(struct crm *crm, struct log_step step);

#endif
