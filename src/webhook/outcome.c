/* How an attempt's outcome gets into the tables (I2, I4): rows, coalesced by the writer into few statements. */
#include "base/alloc.h"
#include "webhook/delivery.h"
#include "webhook/notification.h"

static struct outcome *outcome_of(struct unit *unit)
{
    return CONTAINER_OF(unit, struct outcome, unit);
}

#define STATE_VALUES 5

static enum err_code end_pending(
    struct db *db, struct arena *arena, struct unit **units, size_t n, struct error *err)
{
    struct db_value *values = ARENA_ARRAY(arena, struct db_value, n * STATE_VALUES), *v = values;
    for (size_t i = 0; i < n; i++) {
        const struct outcome *o = outcome_of(units[i]);
        *v++ = db_int(o->attempt.succeeded ? DELIVERY_DELIVERED : DELIVERY_FAILED);
        *v++ = db_int(o->attempt.number);
        *v++ = db_int(o->finished_at);
        *v++ = db_id(o->job->delivery_id);
        *v++ = db_id(o->job->business_id);
    }
    return db_exec_many(db,
        "UPDATE delivery SET state = $1, attempts = $2, finished_at = $3 WHERE id = $4 AND business_id = $5 "
        "AND state = 0",
        values, STATE_VALUES, n, err);
}

static const char *const attempt_columns[] = {"delivery_id", "business_id", "number", "started_at",
    "succeeded", "status", "error_class", "detail", "recovered", "wire_sends", "dns_us", "connect_us",
    "tls_us", "first_byte_us", "total_us", "response_headers", "response_body", "response_body_cut"};
/* Run again after a COMMIT of unknown outcome, the row may be there. */
static const struct db_insert insert_attempt = {.table = "delivery_attempt",
    .columns = attempt_columns,
    .column_count = ARRAY_LEN(attempt_columns),
    .or_ignore = true};

static enum err_code insert_attempts(
    struct db *db, struct arena *arena, struct unit **units, size_t n, struct error *err)
{
    struct db_value *values = ARENA_ARRAY(arena, struct db_value, n * ARRAY_LEN(attempt_columns)),
                    *v = values;
    for (size_t i = 0; i < n; i++) {
        const struct outcome *o = outcome_of(units[i]);
        const struct delivery_attempt *a = &o->attempt;
        *v++ = db_id(o->job->delivery_id);
        *v++ = db_id(o->job->business_id);
        *v++ = db_int(a->number);
        *v++ = db_int(a->started_at);
        *v++ = db_int(a->succeeded);
        *v++ = a->status ? db_int(a->status) : db_null(DB_INT);
        *v++ = db_text(a->error_class);
        *v++ = db_text(a->detail);
        *v++ = db_int(a->recovered);
        *v++ = db_int(a->wire_sends);
        *v++ = db_int(a->dns_us);
        *v++ = db_int(a->connect_us);
        *v++ = db_int(a->tls_us);
        *v++ = db_int(a->first_byte_us);
        *v++ = db_int(a->total_us);
        *v++ = db_text(a->response_headers);
        *v++ = db_text(a->response_body);
        *v++ = db_int(a->response_body_cut);
    }
    return db_insert_many(db, &insert_attempt, values, n, err);
}

static enum err_code insert_notifications(
    struct db *db, struct arena *arena, struct unit **units, size_t n, struct error *err)
{
    struct notification *list = ARENA_ARRAY(arena, struct notification, n);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct outcome *o = outcome_of(units[i]);
        if (o->attempt.succeeded)
            continue;
        list[count++] = (struct notification){.id = o->notification_id,
            .business_id = o->job->business_id,
            .created_at = o->finished_at,
            .delivery_id = o->job->delivery_id,
            .attempt = o->attempt.number,
            .activity_id = o->job->activity_id,
            .object_id = o->job->object_id,
            .url = o->job->url,
            .status = o->attempt.status,
            .error_class = o->attempt.error_class,
            .detail = o->attempt.detail};
    }
    return notification_insert(db, arena, list, count, err);
}

static enum err_code outcome_run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    enum err_code code = end_pending(db, arena, units, n, err);
    if (!code)
        code = insert_attempts(db, arena, units, n, err);
    return code ? code : insert_notifications(db, arena, units, n, err);
}

static void outcome_free(struct outcome *outcome)
{
    mem_free(outcome->job);
    arena_free(outcome->arena);
}

static void outcome_done(struct unit *unit)
{
    struct outcome *outcome = outcome_of(unit);
    outcome->recorded(outcome->ctx, &unit->result);
    outcome_free(outcome);
}

struct outcome *outcome_new(struct delivery_job *job)
{
    struct arena *arena = arena_new();
    struct outcome *outcome = ARENA_NEW(arena, struct outcome);
    outcome->arena = arena;
    outcome->job = job;
    outcome->notification_id = id_new();
    return outcome;
}

void outcome_record(struct writer *writer, struct outcome *outcome)
{
    static const struct unit_kind kind = {.name = "outcome", .run = outcome_run, .keep = true, .rides = true};
    outcome->unit = (struct unit){.kind = &kind, .done = outcome_done};
    struct error err;
    if (writer_submit(writer, &outcome->unit, &err)) { /* stopping: it stays pending and is sent again */
        outcome->recorded(outcome->ctx, &err);
        outcome_free(outcome);
    }
}
