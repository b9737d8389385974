/* writer_run: a function as a unit, and a thread that waits for it. Made of the public part of writer.h only. */
#include "db/writer.h"

struct call {
    struct unit unit; /* first */
    const struct writer_call *what;
    pthread_mutex_t lock;
    pthread_cond_t finished;
    bool is_finished;
};

static enum err_code call_run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < n && !code; i++) {
        const struct call *call = CONTAINER_OF(units[i], struct call, unit);
        code = call->what->run(db, call->unit.pos, call->what->ctx, err);
    }
    return code;
}

static enum err_code call_lock(struct db *db, struct unit **units, size_t n, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < n && !code; i++) {
        const struct writer_call *what = CONTAINER_OF(units[i], struct call, unit)->what;
        if (what->lock)
            code = what->lock(db, what->ctx, err);
    }
    return code;
}

static void call_name_locks(const struct unit *unit, struct lock_list *list)
{
    const struct writer_call *what = CONTAINER_OF(unit, const struct call, unit)->what;
    if (what->name_locks)
        what->name_locks(what->ctx, list);
}

static void call_done(struct unit *unit)
{
    struct call *call = CONTAINER_OF(unit, struct call, unit);
    pthread_mutex_lock(&call->lock);
    call->is_finished = true;
    pthread_cond_signal(&call->finished);
    pthread_mutex_unlock(&call->lock);
}

enum err_code writer_run_call(struct writer *writer, const struct writer_call *what, struct error *err)
{
    static const struct unit_kind kind = {
        .name = "call", .run = call_run, .lock = call_lock, .name_locks = call_name_locks};
    struct call call = {.unit = {.kind = &kind, .done = call_done},
        .what = what,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .finished = PTHREAD_COND_INITIALIZER};
    enum err_code code = writer_submit(writer, &call.unit, err);
    if (code)
        return code;
    pthread_mutex_lock(&call.lock);
    while (!call.is_finished)
        pthread_cond_wait(&call.finished, &call.lock);
    pthread_mutex_unlock(&call.lock);
    if (call.unit.result.code)
        *err = call.unit.result;
    return call.unit.result.code;
}

struct plain {
    enum err_code (*run)(struct db *db, void *ctx, struct error *err);
    void *ctx;
};

static enum err_code run_plain(struct db *db, struct lane_pos pos, void *ctx, struct error *err)
{
    (void)pos;
    const struct plain *plain = ctx;
    return plain->run(db, plain->ctx, err);
}

enum err_code writer_run(struct writer *writer,
    enum err_code (*run)(struct db *db, void *ctx, struct error *err), void *ctx, struct error *err)
{
    struct plain plain = {.run = run, .ctx = ctx};
    return writer_run_call(writer, &(struct writer_call){.run = run_plain, .ctx = &plain}, err);
}
