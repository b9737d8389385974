#include "webhook/attempt.h"

#include "base/clock.h"
#include "base/text.h"
#include "net/url.h"

#define HEADER_LEN 80

enum err_code attempt_send(struct http_client *client, const struct delivery_job *job,
    void (*done)(void *ctx, const struct http_result *result), void *ctx, struct http_call **call,
    struct error *err)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    char delivery[HEADER_LEN], attempt[HEADER_LEN];
    snprintf(delivery, sizeof delivery, "X-Herald-Delivery: %s", id_format(job->delivery_id).text);
    snprintf(attempt, sizeof attempt, "X-Herald-Attempt: %d", job->attempts + 1);
    const char *headers[] = {"Content-Type: application/json", "X-Herald-Event: activity.logged", delivery,
        attempt, job->recovered ? "X-Herald-Recovered: 1" : NULL, NULL};
    struct http_request request = {.method = "GET",
        .url = url_with_parameter(arena, job->url, ACTIVITY_PARAMETER, id_format(job->activity_id).text),
        .headers = headers,
        .done = done,
        .ctx = ctx};
    return http_send(client, &request, call, err);
}

static void explain(struct arena *arena, const struct http_result *result, struct delivery_attempt *attempt)
{
    attempt->detail = "";
    if (attempt->succeeded)
        return;
    if (result->error) {
        attempt->error_class = http_error_name(result->error);
        attempt->detail = text_cleaned(arena, result->detail, strlen(result->detail));
        return;
    }
    attempt->error_class = "status";
    attempt->detail =
        result->status >= 300 && result->status < 400
            ? arena_printf(arena, "The receiver answered %d; redirects are not followed.", result->status)
            : arena_printf(arena, "The receiver answered %d; only 2xx is success.", result->status);
}

struct outcome *attempt_outcome(
    struct delivery_job *job, int64_t started_at, const struct http_result *result)
{
    struct outcome *outcome = outcome_new(job);
    struct arena *arena = outcome->arena;
    const char *headers = result->headers ? result->headers : "";
    outcome->finished_at = clock_wall_us();
    outcome->attempt = (struct delivery_attempt){
        .number = job->attempts + 1,
        .started_at = started_at,
        .succeeded = !result->error && result->status >= 200 && result->status < 300,
        .status = result->status,
        .recovered = job->recovered,
        .wire_sends = result->sends,
        .dns_us = result->timings.dns,
        .connect_us = result->timings.connect,
        .tls_us = result->timings.tls,
        .first_byte_us = result->timings.first_byte,
        .total_us = result->timings.total,
        .response_headers = text_cleaned(arena, headers, strlen(headers)),
        .response_body = text_cleaned(arena, result->body ? result->body : "", result->body_len),
        .response_body_cut = result->body_cut,
    };
    explain(arena, result, &outcome->attempt);
    return outcome;
}
