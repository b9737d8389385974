#include "api/aside.h"

#include "base/clock.h"
#include "base/executor.h"
#include "base/fault.h"
#include "base/metrics.h"

#include <time.h>

struct aside {
    struct executor_job job; /* first */
    struct call *call;
    void (*work)(struct call *call, void *ctx, const struct error *late);
    void *ctx;
};

static void run_aside(struct executor_job *job)
{
    struct aside *aside = CONTAINER_OF(job, struct aside, job);
    struct call *call = aside->call;
    while (FAULT(aside))
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 1000000}, NULL);
    struct error late = {0};
    if (clock_boot_us() - call->exchange->started_boot_us >= call->api->config.deadline_us)
        error_set(
            &late, ERR_BUSY, "The server was too busy to begin with the request in time; nothing was done.");
    aside->work(call, aside->ctx, &late);
}

enum err_code call_aside(struct call *call,
    void (*work)(struct call *call, void *ctx, const struct error *late), void *ctx, struct error *err)
{
    struct aside *aside = ARENA_NEW(call->arena, struct aside);
    *aside = (struct aside){.job.run = run_aside, .call = call, .work = work, .ctx = ctx};
    return executor_submit(call->api->aside, &aside->job, err);
}

/* ── passwords ───────────────────────────────────────────────────────────────────────────────── */

struct hashing {
    const char *password;
    struct password_hash hash;
    void (*then)(struct call *call, const struct password_hash *hash, void *ctx);
    void *ctx;
};

static void make_hash(struct call *call, void *ctx, const struct error *late)
{
    struct hashing *hashing = ctx;
    struct error err = *late;
    if (err.code || password_hash(hashing->password, &hashing->hash, &err))
        call_fail(call, &err, NULL);
    else
        hashing->then(call, &hashing->hash, hashing->ctx);
}

void call_with_password_hash(struct call *call, const char *password,
    void (*then)(struct call *call, const struct password_hash *hash, void *ctx), void *ctx)
{
    struct hashing *hashing = ARENA_NEW(call->arena, struct hashing);
    *hashing = (struct hashing){.password = password, .then = then, .ctx = ctx};
    struct error err = {0};
    if (call_aside(call, make_hash, hashing, &err))
        call_fail(call, &err, NULL);
}

bool call_may_try(struct call *call, const char *account, struct throttle_attempt *attempt)
{
    int64_t wait = throttle_begin(
        call->api->throttle, account, exchange_client(call->exchange), clock_boot_us(), attempt);
    if (!wait)
        return true;
    metric_add(METRIC_sign_ins_throttled_total, 1);
    exchange_reply_limited(call->exchange,
        "There were too many attempts that failed, for this account or from this address. Wait, and try "
        "again.",
        wait);
    return false;
}
