/*
 * Counters, gauges and histograms, one table line each; /metrics (Prometheus text) comes from the tables.
 * Names end in the unit. Any thread; all are atomic and none ever blocks.
 */
#ifndef HERALD_BASE_METRICS_H
#define HERALD_BASE_METRICS_H

#include "base/buf.h"

#include <stdint.h>

#define METRIC_LIST(X)                                                                                       \
    X(activities_logged_total, COUNTER, "Logged Activities committed")                                       \
    X(batches_committed_total, COUNTER, "Transactions committed by the writer")                              \
    X(batches_retried_total, COUNTER, "Batches rolled back and run again in halves")                         \
    X(credentials_throttled_total, COUNTER,                                                                  \
        "Requests refused because of wrong credentials from their address")                                  \
    X(credentials_wrong_total, COUNTER, "Requests with wrong credentials")                                   \
    X(deliveries_failed_total, COUNTER, "Deliveries that ended without a 2xx")                               \
    X(deliveries_in_flight, GAUGE, "Webhook requests under way")                                             \
    X(deliveries_queued, GAUGE, "Pending deliveries held in memory")                                         \
    X(deliveries_recovered_total, COUNTER, "Deliveries found pending after a restart")                       \
    X(deliveries_succeeded_total, COUNTER, "Deliveries answered with a 2xx")                                 \
    X(http_connections, GAUGE, "Open connections to the API")                                                \
    X(http_requests_total, COUNTER, "Requests answered by the API")                                          \
    X(http_refused_total, COUNTER, "Requests refused before routing: ambiguous, oversized, wrong Host")      \
    X(http_4xx_total, COUNTER, "Requests answered with a 4xx")                                               \
    X(http_5xx_total, COUNTER, "Requests answered with a 5xx")                                               \
    X(refused_members_total, COUNTER,                                                                        \
        "JSON members that do not exist, or that callers may not set, refused")                              \
    X(mails_dead_total, COUNTER, "Emails refused for good, or tried for too long")                           \
    X(mails_retried_total, COUNTER, "Attempts to send an email that will be made again")                     \
    X(mails_sent_total, COUNTER, "Emails that the SMTP server has taken")                                    \
    X(relay_actions_dead_total, COUNTER, "Relay actions given up")                                           \
    X(relay_actions_done_total, COUNTER, "Relay actions that succeeded")                                     \
    X(relay_actions_retried_total, COUNTER, "Relay action attempts that will be tried again")                \
    X(relay_duplicates_total, COUNTER, "Webhooks that named an activity already in the inbox")               \
    X(relay_fetches_failed_total, COUNTER, "Record fetches that failed")                                     \
    X(relay_received_total, COUNTER, "Webhooks stored in the relay's inbox")                                 \
    X(relay_refused_total, COUNTER, "Webhooks refused as malformed")                                         \
    X(requests_limited_total, COUNTER, "Requests refused because their key or address asks too often")       \
    X(sign_ins_failed_total, COUNTER,                                                                        \
        "Sign-ins that were refused: wrong password, unknown email, used link")                              \
    X(sign_ins_throttled_total, COUNTER, "Passwords that were not tried, after too many failures")           \
    X(sign_ins_total, COUNTER, "People who signed in")                                                       \
    X(statements_total, COUNTER, "SQL statements run by the writer")                                         \
    X(streams, GAUGE, "Open live streams")                                                                   \
    X(streams_cut_total, COUNTER, "Live streams cut off because their client did not keep up")               \
    X(streams_refused_total, COUNTER, "Live streams refused because there were too many")                    \
    X(unknown_members_total, COUNTER, "JSON members and parameters that wire endpoints ignored")             \
    X(unknown_outcomes_held, GAUGE, "Outcomes that wait in memory for the database")

#define HISTOGRAM_LIST(X)                                                                                    \
    X(http_request_seconds, "From the first byte of a request to its answer")                                \
    X(commit_seconds, "Duration of a writer transaction, commit included")                                   \
    X(delivery_lag_seconds, "From the commit of an activity to its webhook's answer")                        \
    X(delivery_request_seconds, "Duration of one webhook request")

enum metric_id {
#define METRIC_ENUM(name, kind, help) METRIC_##name,
    METRIC_LIST(METRIC_ENUM)
#undef METRIC_ENUM
        METRIC_COUNT
};

enum histogram_id {
#define HISTOGRAM_ENUM(name, help) HISTOGRAM_##name,
    HISTOGRAM_LIST(HISTOGRAM_ENUM)
#undef HISTOGRAM_ENUM
        HISTOGRAM_COUNT
};

void metric_add(enum metric_id id, int64_t n);
void metric_set(enum metric_id id, int64_t value);
int64_t metric_get(enum metric_id id);
void histogram_observe(enum histogram_id id, int64_t us);

/* The whole exposition, names prefixed with "herald_". */
void metrics_render(struct buf *out);

#endif
