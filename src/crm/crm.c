#include "crm/crm.h"

#include "base/clock.h"
#include "crm/business.h"
#include "db/locks.h"

#include <assert.h>

const struct crm_limits crm_limits_preset = {
    .name_chars = 100,
    .notes_chars = 10000,
    .list_items = 100,
    .fields = 200,
    .options = 500,
    .rules = 100,
    .conditions = 50,
    .text_chars = 1000,
    .long_text_chars = 20000,
    .idempotency_us = 48 * 3600 * US_PER_S,
    .session_us = 12 * 3600 * US_PER_S,
    .session_idle_us = 2 * 3600 * US_PER_S,
};

void crm_add_log_step(struct crm *crm, struct log_step step)
{
    assert(crm->step_count < LOG_STEPS_MOST);
    crm->steps[crm->step_count++] = step;
}

const struct crm_limits *crm_limits(const struct crm *crm)
{
    return crm->limits.name_chars ? &crm->limits : &crm_limits_preset;
}

struct write_call {
    struct write write;
    struct write_scope scope;
    bool alone; /* of its kind */
    write_fn *run;
    void *ctx;
    struct error_list *list;
};

static enum err_code run_write(struct db *db, struct lane_pos pos, void *ctx, struct error *err)
{
    struct write_call *call = ctx;
    call->write.db = db;
    call->write.pos = pos;
    call->write.now = clock_wall_us();
    call->write.accounted = false;
    error_list_clear(call->list);
    return call->run(&call->write, call->ctx, call->list, err);
}

static enum err_code lock_scope(struct db *db, void *ctx, struct error *err)
{
    const struct write_call *call = ctx;
    return business_lock(db, call->scope.ids, call->scope.count, err);
}

static void name_scope(void *ctx, struct lock_list *list)
{
    static const char over_all[] = "over all Businesses";
    const struct write_call *call = ctx;
    for (size_t i = 0; i < call->scope.count; i++)
        lock_list_add(list, call->scope.ids[i].bytes, sizeof call->scope.ids[i].bytes, true);
    if (call->alone)
        lock_list_add(list, over_all, sizeof over_all, true);
}

static enum err_code wait_for(struct crm *crm, struct write_call *call, struct error *err)
{
    return writer_run_call(crm->writer,
        &(struct writer_call){.run = run_write, .lock = lock_scope, .name_locks = name_scope, .ctx = call},
        err);
}

enum err_code crm_write(struct crm *crm, struct arena *arena, const struct actor *actor,
    struct id business_id, write_fn *run, void *ctx, struct error_list *list, struct error *err)
{
    struct write_call call = {.write = {.crm = crm,
                                  .arena = arena,
                                  .actor = actor,
                                  .business_id = business_id,
                                  .origin = {.via = crm->operators_via}},
        .scope = {.ids = &business_id, .count = id_is_nil(business_id) ? 0 : 1},
        .run = run,
        .ctx = ctx,
        .list = list};
    return wait_for(crm, &call, err);
}

enum err_code crm_write_all(struct crm *crm, struct arena *arena, struct write_scope scope, write_fn *run,
    void *ctx, struct error_list *list, struct error *err)
{
    struct write_call call = {.write = {.crm = crm, .arena = arena, .origin = {.via = crm->operators_via}},
        .scope = scope,
        .alone = true,
        .run = run,
        .ctx = ctx,
        .list = list};
    return wait_for(crm, &call, err);
}
