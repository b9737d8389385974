#include "relay/inbox.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <string.h>

#define SCHEMA_VERSION 1

/*
 * `lane` is the writer's (db/lane.h), with the columns that it has in Herald's own schema. Ids grow with time, so
 * the tables grow at their right edge; the index of what is due holds pending steps only.
 */
static const char *const schema[] = {
    ("CREATE TABLE IF NOT EXISTS relay_schema (version {int} NOT NULL PRIMARY KEY){strict}"),
    ("CREATE TABLE IF NOT EXISTS lane (id {int} NOT NULL PRIMARY KEY, writer_node {id}, "
     "writer_epoch {int} NOT NULL, dispatch_node {id} NOT NULL, dispatch_epoch {int} NOT NULL, "
     "expires_at {int} NOT NULL){strict}"),
    ("CREATE TABLE IF NOT EXISTS relay_inbox (id {id} NOT NULL PRIMARY KEY, hook {text} NOT NULL, "
     "activity {id} NOT NULL, received_at {int} NOT NULL, delivery {id}, attempt {int}, fetched_at {int}, "
     "record {text}, UNIQUE (activity, hook)){strict}"),
    ("CREATE TABLE IF NOT EXISTS relay_action (inbox {id} NOT NULL, position {int} NOT NULL, "
     "hook {text} NOT NULL, step {text} NOT NULL, state {int} NOT NULL, attempts {int} NOT NULL, "
     "next_at {int} NOT NULL, status {int} NOT NULL, last_error {text}, changed_at {int} NOT NULL, "
     "PRIMARY KEY (inbox, step)){clustered}"),
    ("CREATE INDEX IF NOT EXISTS relay_action_due ON relay_action (hook, step, next_at, inbox) WHERE state = "
     "0"),
    ("CREATE INDEX IF NOT EXISTS relay_action_dead ON relay_action (inbox) WHERE state = 2"),
};

static const char *const state_names[] = {
    [STEP_PENDING] = "pending", [STEP_DONE] = "done", [STEP_DEAD] = "dead"};

const char *step_state_name(enum step_state state)
{
    return state_names[state];
}

bool step_state_parse(const char *name, enum step_state *state)
{
    for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
        if (strcmp(state_names[i], name) == 0) {
            *state = (enum step_state)i;
            return true;
        }
    }
    return false;
}

struct db_config inbox_db_config(const char *data, struct arena *arena)
{
    return (struct db_config){.engine = DB_SQLITE, .path = arena_printf(arena, "%s/inbox.db", data)};
}

struct id inbox_node(void)
{
    return (struct id){.bytes = "the one relay"};
}

/* ── schema ──────────────────────────────────────────────────────────────────────────────────── */

static enum err_code check_version(struct db *db, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    int64_t version = 0;
    enum err_code code =
        db_query(db, "SELECT coalesce(max(version), 0) FROM relay_schema", DB_NO_PARAMS, &rows, err);
    if (!code && db_next(rows, &code, err))
        version = db_col_int(rows, 0);
    if (!code && version > SCHEMA_VERSION)
        code = error_set(err, ERR_INVALID,
            "the inbox has version %lld, this program knows %d: start the newer program", (long long)version,
            SCHEMA_VERSION);
    return code;
}

enum err_code inbox_migrate(struct db *db, struct error *err)
{
    enum err_code code = db_begin(db, err);
    if (code)
        return code;
    for (size_t i = 0; i < ARRAY_LEN(schema) && !code; i++)
        code = db_exec(db, schema[i], DB_NO_PARAMS, NULL, err);
    if (!code)
        code = check_version(db, err);
    if (!code)
        code = db_exec(db, "INSERT INTO relay_schema (version) VALUES ($1) ON CONFLICT DO NOTHING",
            DB_PARAMS(db_int(SCHEMA_VERSION)), NULL, err);
    if (!code)
        return db_commit(db, err);
    db_rollback(db);
    return code;
}

/* ── units ───────────────────────────────────────────────────────────────────────────────────── */

static enum err_code add_step(struct db *db, struct id inbox, int64_t position, const char *hook,
    const char *step, int64_t now, struct error *err)
{
    return db_exec(db,
        "INSERT INTO relay_action (inbox, position, hook, step, state, attempts, next_at, status, "
        "last_error, "
        "changed_at) VALUES ($1, $2, $3, $4, 0, 0, $5, 0, $6, $5) ON CONFLICT DO NOTHING",
        DB_PARAMS(
            db_id(inbox), db_int(position), db_text(hook), db_text(step), db_int(now), db_null(DB_TEXT)),
        NULL, err);
}

/* A webhook that comes again proves nothing, but is a reason to ask again about a record that was given up. */
static enum err_code revive_fetch(
    struct db *db, const struct receipt *receipt, int64_t now, int64_t *revived, struct error *err)
{
    return db_exec(db,
        "UPDATE relay_action SET state = 0, attempts = 0, next_at = $1, changed_at = $1 WHERE state = 2 "
        "AND step = $2 AND inbox = (SELECT id FROM relay_inbox WHERE activity = $3 AND hook = $4)",
        DB_PARAMS(db_int(now), db_text(FETCH_STEP), db_id(receipt->activity), db_text(receipt->hook)),
        revived, err);
}

static enum err_code store_receipt(struct db *db, struct receipt *receipt, struct error *err)
{
    int64_t now = clock_wall_us(), added = 0;
    struct id inbox = id_new();
    enum err_code code = db_exec(db,
        "INSERT INTO relay_inbox (id, hook, activity, received_at, delivery, attempt) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        DB_PARAMS(db_id(inbox), db_text(receipt->hook), db_id(receipt->activity), db_int(now),
            db_id_or_null(receipt->delivery), receipt->attempt ? db_int(receipt->attempt) : db_null(DB_INT)),
        &added, err);
    if (!code && added)
        code = add_step(db, inbox, 0, receipt->hook, FETCH_STEP, now, err);
    else if (!code)
        code = revive_fetch(db, receipt, now, &added, err);
    receipt->duplicate = added == 0;
    return code;
}

static enum err_code run_receipts(struct db *db, struct unit **units, size_t n, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < n && !code; i++)
        code = store_receipt(db, CONTAINER_OF(units[i], struct receipt, unit), err);
    return code;
}

static void count_receipts(struct unit **units, size_t n)
{
    for (size_t i = 0; i < n; i++)
        metric_add(CONTAINER_OF(units[i], struct receipt, unit)->duplicate ? METRIC_relay_duplicates_total
                                                                           : METRIC_relay_received_total,
            1);
}

const struct unit_kind receipt_kind = {
    .name = "relay receipt", .run = run_receipts, .committed = count_receipts};

static enum err_code store_record(
    struct db *db, const struct outcome *outcome, int64_t now, struct error *err)
{
    enum err_code code = db_exec(db, "UPDATE relay_inbox SET record = $2, fetched_at = $3 WHERE id = $1",
        DB_PARAMS(db_id(outcome->inbox), db_text(outcome->record), db_int(now)), NULL, err);
    const struct relay_hook *hook = outcome->hook;
    for (size_t i = 0; i < hook->action_count && !code; i++)
        code = add_step(db, outcome->inbox, (int64_t)i + 1, hook->path, hook->actions[i].name, now, err);
    return code;
}

/* Nobody needs the record any more: it is other people's data, and goes. */
static enum err_code drop_record(struct db *db, struct id inbox, struct error *err)
{
    return db_exec(db,
        "UPDATE relay_inbox SET record = $2 WHERE id = $1 AND NOT EXISTS "
        "(SELECT 1 FROM relay_action WHERE inbox = $1 AND state <> 1)",
        DB_PARAMS(db_id(inbox), db_null(DB_TEXT)), NULL, err);
}

static enum err_code store_outcome(struct db *db, const struct outcome *outcome, struct error *err)
{
    int64_t now = clock_wall_us();
    enum err_code code = db_exec(db,
        "UPDATE relay_action SET state = $3, attempts = $4, next_at = $5, status = $6, last_error = $7, "
        "changed_at = $8 WHERE inbox = $1 AND step = $2",
        DB_PARAMS(db_id(outcome->inbox), db_text(outcome->step), db_int(outcome->state),
            db_int(outcome->attempts), db_int(outcome->next_at), db_int(outcome->status),
            db_text(outcome->reason), db_int(now)),
        NULL, err);
    if (code || outcome->state != STEP_DONE)
        return code;
    return outcome->record ? store_record(db, outcome, now, err) : drop_record(db, outcome->inbox, err);
}

static enum err_code run_outcomes(struct db *db, struct unit **units, size_t n, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < n && !code; i++)
        code = store_outcome(db, CONTAINER_OF(units[i], struct outcome, unit), err);
    return code;
}

/* Kept while the database is away: an action that succeeded must not run again for want of a row. */
const struct unit_kind outcome_kind = {.name = "relay outcome", .run = run_outcomes, .keep = true};

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static struct due_step read_due(struct db_rows *rows)
{
    return (struct due_step){.inbox = db_col_id(rows, 0),
        .activity = db_col_id(rows, 1),
        .attempts = db_col_int(rows, 2),
        .next_at = db_col_int(rows, 3),
        .status = db_col_int(rows, 4)};
}

#define PENDING_STEPS                                                                                        \
    "SELECT a.inbox, i.activity, a.attempts, a.next_at, a.status FROM relay_action a "                       \
    "JOIN relay_inbox i ON i.id = a.inbox WHERE a.hook = $1 AND a.step = $2 AND a.state = 0 "

/* Steps that would be due later than anything is ever put off: the wall clock was set back since. */
static enum err_code read_stranded(struct db *db, const char *hook, const char *step,
    const struct due_times *times, struct due_list *list, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, PENDING_STEPS "AND a.next_at > $3 ORDER BY a.next_at, a.inbox LIMIT $4",
        DB_PARAMS(
            db_text(hook), db_text(step), db_int(times->now + times->latest), db_int((int64_t)list->most)),
        &rows, err);
    while (!code && list->count < list->most && db_next(rows, &code, err)) {
        list->steps[list->count] = read_due(rows);
        list->steps[list->count++].next_at = times->now;
    }
    return code;
}

enum err_code inbox_due(struct db *db, const char *hook, const char *step, const struct due_times *times,
    struct due_list *list, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    list->count = 0;
    enum err_code code = read_stranded(db, hook, step, times, list, err);
    if (!code)
        code = db_query(db, PENDING_STEPS "AND a.next_at <= $3 ORDER BY a.next_at, a.inbox LIMIT $4",
            DB_PARAMS(db_text(hook), db_text(step), db_int(times->now + times->latest),
                db_int((int64_t)list->most)),
            &rows, err);
    bool go_on = true;
    while (!code && go_on && list->count < list->most && db_next(rows, &code, err)) {
        struct due_step *due = &list->steps[list->count++];
        *due = read_due(rows);
        go_on = due->next_at <= times->now;
    }
    return code;
}

enum err_code inbox_newest(
    struct db *db, const char *hook, const char *step, int64_t now, struct due_list *list, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    list->count = 0;
    enum err_code code = db_query(db,
        PENDING_STEPS "AND a.next_at <= $3 AND a.attempts = 0 ORDER BY a.next_at DESC, a.inbox DESC LIMIT $4",
        DB_PARAMS(db_text(hook), db_text(step), db_int(now), db_int((int64_t)list->most)), &rows, err);
    while (!code && list->count < list->most && db_next(rows, &code, err))
        list->steps[list->count++] = read_due(rows);
    return code;
}

enum err_code inbox_record(struct db *db, struct id inbox, struct buf *record, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, "SELECT record FROM relay_inbox WHERE id = $1", DB_PARAMS(db_id(inbox)), &rows, err);
    if (code)
        return code;
    const char *text = db_next(rows, &code, err) ? db_col_text(rows, 0) : NULL;
    if (code)
        return code;
    if (!text)
        return error_set(err, ERR_NOT_FOUND, "the fetched record is not in the inbox");
    buf_add_text(record, text);
    return record->overflow ? error_set(err, ERR_BUSY, "no memory for the record") : ERR_OK;
}

static bool has_step(const struct relay_config *config, const char *path, const char *step)
{
    const struct relay_hook *hook = relay_config_hook(config, path);
    if (!hook || strcmp(step, FETCH_STEP) == 0)
        return hook != NULL;
    for (size_t i = 0; i < hook->action_count; i++)
        if (strcmp(hook->actions[i].name, step) == 0)
            return true;
    return false;
}

enum err_code inbox_strays(
    struct db *db, const struct relay_config *config, int64_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *count = 0;
    enum err_code code =
        db_query(db, "SELECT hook, step, count(*) FROM relay_action WHERE state = 0 GROUP BY hook, step",
            DB_NO_PARAMS, &rows, err);
    while (!code && db_next(rows, &code, err))
        if (!has_step(config, db_col_text(rows, 0), db_col_text(rows, 1)))
            *count += db_col_int(rows, 2);
    return code;
}

static struct step_line read_line(struct db_rows *rows)
{
    const char *reason = db_col_text(rows, 8);
    return (struct step_line){.activity = db_col_id(rows, 0),
        .hook = db_col_text(rows, 1),
        .step = db_col_text(rows, 2),
        .state = (enum step_state)db_col_int(rows, 3),
        .attempts = db_col_int(rows, 4),
        .received_at = db_col_int(rows, 5),
        .next_at = db_col_int(rows, 6),
        .status = db_col_int(rows, 7),
        .reason = reason ? reason : ""};
}

enum err_code inbox_list(struct db *db, const enum step_state *state,
    void (*line)(void *ctx, const struct step_line *step), void *ctx, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    int64_t from = state ? (int64_t)*state : STEP_PENDING, to = state ? (int64_t)*state : STEP_DEAD;
    enum err_code code = db_query(db,
        "SELECT i.activity, i.hook, a.step, a.state, a.attempts, i.received_at, a.next_at, a.status, "
        "a.last_error "
        "FROM relay_inbox i JOIN relay_action a ON a.inbox = i.id WHERE a.state BETWEEN $1 AND $2 "
        "ORDER BY i.id, a.position",
        DB_PARAMS(db_int(from), db_int(to)), &rows, err);
    while (!code && db_next(rows, &code, err)) {
        struct step_line step = read_line(rows);
        line(ctx, &step);
    }
    return code;
}

static enum err_code replay(struct db *db, struct id activity, int64_t now, int64_t *steps, struct error *err)
{
    if (id_is_nil(activity))
        return db_exec(db,
            "UPDATE relay_action SET state = 0, attempts = 0, next_at = $1, changed_at = $1 WHERE state = 2",
            DB_PARAMS(db_int(now)), steps, err);
    return db_exec(db,
        "UPDATE relay_action SET state = 0, attempts = 0, next_at = $1, changed_at = $1 WHERE state = 2 "
        "AND inbox IN (SELECT id FROM relay_inbox WHERE activity = $2)",
        DB_PARAMS(db_int(now), db_id(activity)), steps, err);
}

enum err_code inbox_replay(struct db *db, struct id activity, int64_t now, int64_t *steps, struct error *err)
{
    enum err_code code = db_begin(db, err);
    if (code)
        return code;
    code = replay(db, activity, now, steps, err);
    if (!code)
        return db_commit(db, err);
    db_rollback(db);
    return code;
}
