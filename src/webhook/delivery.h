/*
 * Deliveries: the one webhook request that a Logged Activity causes. Owns the tables delivery and
 * delivery_attempt; upholds I1 (born pending in the transaction that logs) and I2 (pending ends only in the
 * transaction that stores the outcome).
 *
 *      ──log step──▶ pending ──outcome: 2xx──▶ delivered
 *                       └──────outcome: else──▶ failed (+ one notification, I4)
 */
#ifndef HERALD_WEBHOOK_DELIVERY_H
#define HERALD_WEBHOOK_DELIVERY_H

#include "crm/logged.h"

enum delivery_state { DELIVERY_PENDING = 0, DELIVERY_DELIVERED = 1, DELIVERY_FAILED = 2 };
const char *delivery_state_name(enum delivery_state state);
bool delivery_state_parse(const char *name, enum delivery_state *state) MUST_CHECK;

/* What is needed to send one. A block of its own; whoever holds it frees it with mem_free. */
struct delivery_job {
    struct delivery_job *next;
    struct id delivery_id, business_id, activity_id, object_id;
    struct lane_pos pos;
    int64_t created_at;
    int attempts; /* recorded before */
    bool recovered; /* left by a predecessor: it may have been sent already */
    char url[];
};

struct delivery_attempt {
    int number;
    int64_t started_at;
    bool succeeded;
    int status; /* 0: no answer */
    const char *error_class; /* NULL on success */
    const char *detail; /* one sentence, "" on success */
    bool recovered;
    int wire_sends;
    int64_t dns_us, connect_us, tls_us, first_byte_us, total_us;
    const char *response_headers, *response_body;
    bool response_body_cut;
};

/* Registers the log step. `handover` gets what was committed, in order of seq, on the writer's thread; it takes
 * the jobs over, a list. */
struct delivery_sink {
    void *ctx;
    void (*handover)(void *ctx, struct delivery_job *jobs);
};
void delivery_register(struct crm *crm, const struct delivery_sink *sink);

/* An attempt that was made, on its way into the table. */
struct outcome {
    struct unit unit; /* first */
    struct arena *arena; /* holds the attempt's texts; freed with the outcome */
    struct delivery_job *job; /* likewise */
    struct delivery_attempt attempt;
    struct id notification_id;
    int64_t finished_at;
    void (*recorded)(void *ctx, const struct error *result); /* on the writer's thread, before it is freed */
    void *ctx;
};

/*
 * Stores an outcome: state, attempt, and on failure the notification, in one transaction. Never dropped while
 * the database is away. Takes `outcome` over, also on failure.
 */
void outcome_record(struct writer *writer, struct outcome *outcome);
struct outcome *outcome_new(struct delivery_job *job) __attribute__((returns_nonnull));

struct delivery {
    struct id id, activity_id, object_id;
    const char *object_name, *url;
    enum delivery_state state;
    int64_t settings_version, created_at, finished_at;
    struct delivery_attempt *attempts;
    size_t attempt_count;
};

struct delivery_filter {
    struct id activity_id; /* nil: any */
    bool by_state;
    enum delivery_state state;
};

/*
 * A page, newest first: by their own ids if it is of those that are pending or failed, else by their activities' (see
 * delivery_key). Any thread, with a connection of its own.
 */
enum err_code delivery_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct delivery_filter *filter, struct page *page, struct delivery **list, size_t *count,
    struct error *err) MUST_CHECK;
/* Where one stands in such a list. */
struct id delivery_key(const struct delivery_filter *filter, const struct delivery *delivery);
/* ERR_NOT_FOUND. */
enum err_code delivery_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct delivery *delivery, struct error *err) MUST_CHECK;

/* ── for the outbox feeder ───────────────────────────────────────────────────────────────────── */

/* The first Activity Object above `after` that has something pending in the lane; nil at the end. */
enum err_code outbox_next_object(
    struct db *db, int64_t lane, struct id after, struct id *object, struct error *err) MUST_CHECK;
/* Pending deliveries of one object in a lane with after < seq <= upto, in order: a list of at most `most` jobs. */
enum err_code outbox_load(struct db *db, struct lane_pos after, int64_t upto, struct id object, size_t most,
    struct delivery_job **jobs, size_t *count, struct error *err) MUST_CHECK;

#endif
