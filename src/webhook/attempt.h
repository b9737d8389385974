/* One attempt: the request of M5 to the letter, and the outcome that its answer makes. The loop's thread only. */
#ifndef HERALD_WEBHOOK_ATTEMPT_H
#define HERALD_WEBHOOK_ATTEMPT_H

#include "net/http.h"
#include "webhook/delivery.h"

enum err_code attempt_send(struct http_client *client, const struct delivery_job *job,
    void (*done)(void *ctx, const struct http_result *result), void *ctx, struct http_call **call,
    struct error *err) MUST_CHECK;

/* Takes the job over. `started_at` is wall time. */
struct outcome *attempt_outcome(struct delivery_job *job, int64_t started_at,
    const struct http_result *result) __attribute__((returns_nonnull));

#endif
