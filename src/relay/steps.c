/* One attempt of a step: the request, the judgement of its answer, the outcome's way into the database (K1). */
#include "relay/worker_internal.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "relay/action.h"

#include <stdio.h>
#include <string.h>

#define EXCERPT_MOST 120
#define UNKNOWN_MOST 3 /* fetches until "no such activity" is believed */
#define REFUSED_BASES 30 /* waits that follow a refusal, in terms of retry_base */

static void submit(struct job *job);

/* ── outcomes ────────────────────────────────────────────────────────────────────────────────── */

/* On the writer's thread. If the loop has stopped, worker_free has the job. */
static void outcome_done(struct unit *unit)
{
    struct job *job = CONTAINER_OF(unit, struct job, outcome.unit);
    bool posted = loop_post(job->line->worker->loop, &job->recorded);
    (void)posted;
}

static void count_outcome(const struct line *line, const struct outcome *outcome)
{
    if (line->action && outcome->state == STEP_DONE)
        metric_add(METRIC_relay_actions_done_total, 1);
    else if (line->action && outcome->state == STEP_DEAD)
        metric_add(METRIC_relay_actions_dead_total, 1);
    else if (line->action)
        metric_add(METRIC_relay_actions_retried_total, 1);
    else if (outcome->state != STEP_DONE)
        metric_add(METRIC_relay_fetches_failed_total, 1);
}

static void try_again(struct loop_timer *timer)
{
    submit(CONTAINER_OF(timer, struct job, again));
}

static void submit_later(struct job *job)
{
    job->again.run = try_again;
    loop_timer_arm(job->line->worker->loop, &job->again, clock_boot_us() + TRY_AGAIN_US);
}

static void recorded(struct loop_task *task)
{
    struct job *job = CONTAINER_OF(task, struct job, recorded);
    struct line *line = job->line;
    struct worker *worker = line->worker;
    const struct outcome *outcome = &job->outcome;
    if (outcome->unit.result.code) { /* K1: it is not run again for want of a row, the row is tried again */
        LOG(LOG_ERROR, "outcome not recorded", F_ID("activity", job->step.activity),
            F_TEXT("step", line->step), F_TEXT("reason", outcome->unit.result.text));
        submit_later(job);
        return;
    }
    count_outcome(line, outcome);
    if (outcome->state == STEP_PENDING)
        line_wake_at(line, worker->loop, clock_boot_us() + outcome->next_at - clock_wall_us());
    if (outcome->state == STEP_DEAD)
        line->unread = true; /* Q3: it was held, and may have been revived meanwhile */
    if (outcome->record)
        worker_mark_unread(worker, line->hook, true);
    line->gate->busy--;
    line_drop(job);
    worker_pump(worker);
}

static void submit(struct job *job)
{
    struct error err;
    job->outcome.unit = (struct unit){.kind = &outcome_kind, .done = outcome_done};
    job->recorded.run = recorded;
    if (writer_submit(job->line->worker->writer, &job->outcome.unit, &err))
        submit_later(job);
}

static void log_failure(const struct job *job, const char *reason, int64_t ms)
{
    const struct outcome *outcome = &job->outcome;
    bool dead = outcome->state == STEP_DEAD, fetch = !job->line->action;
    const char *message = fetch  ? dead ? "fetch given up" : "fetch failed, will be tried again"
                          : dead ? "action given up"
                                 : "action failed, will be tried again";
    LOG(dead ? LOG_ERROR : LOG_WARN, message, F_ID("activity", job->step.activity),
        F_TEXT("hook", job->line->hook->path), F_TEXT("step", job->line->step),
        F_INT("status", outcome->status), F_INT("ms", ms), F_TEXT("reason", reason),
        F_INT("attempts", outcome->attempts),
        F_INT("again_in_ms", dead ? 0 : (outcome->next_at - clock_wall_us()) / US_PER_MS));
}

/* Enough was asked, and the last answer was the same: one 404 while a source starts up says nothing. */
static bool is_known_unknown(const struct job *job, int64_t attempts)
{
    return attempts >= UNKNOWN_MOST && status_is_unknown(job->step.status);
}

static int64_t within_cap(const struct worker *worker, int64_t delay_us)
{
    return delay_us < worker->retry.cap_us ? delay_us : worker->retry.cap_us;
}

/* What the jitter must not go below; -1: it may. */
static int64_t least_delay(const struct worker *worker, enum verdict verdict, int64_t attempts)
{
    if (verdict == VERDICT_UNKNOWN)
        return within_cap(worker, worker->retry.base_us * (attempts > 1 ? 5 : 1));
    if (verdict == VERDICT_REFUSED)
        return within_cap(worker, worker->retry.base_us * REFUSED_BASES);
    return -1;
}

/*
 * An attempt failed: decides what becomes of the step and records it. job->reason is what people see in the list
 * of dead letters; `reason` goes to the log and holds nothing that a peer sent.
 */
static void fail(struct job *job, enum verdict verdict, const struct http_result *result, const char *reason)
{
    struct line *line = job->line;
    struct worker *worker = line->worker;
    bool counts = verdict != VERDICT_LATER && verdict != VERDICT_REFUSED;
    int64_t attempts = job->step.attempts + counts;
    bool dead = verdict == VERDICT_DEAD || attempts >= line->attempts_most ||
                (verdict == VERDICT_UNKNOWN && is_known_unknown(job, attempts));
    int64_t asked = result ? result->retry_after_us : -1, least = least_delay(worker, verdict, attempts);
    asked = asked > least ? asked : least;
    int64_t delay = retry_delay_us(&worker->retry, attempts > 0 ? attempts : 1, asked);
    job->outcome = (struct outcome){.inbox = job->step.inbox,
        .step = line->step,
        .state = dead ? STEP_DEAD : STEP_PENDING,
        .attempts = attempts,
        .next_at = clock_wall_us() + delay,
        .status = result ? result->status : 0,
        .reason = job->reason};
    log_failure(job, reason, result ? result->timings.total / US_PER_MS : 0);
    submit(job);
}

static void succeed(struct job *job, const struct http_result *result)
{
    struct line *line = job->line;
    job->outcome = (struct outcome){.inbox = job->step.inbox,
        .step = line->step,
        .state = STEP_DONE,
        .attempts = job->step.attempts + 1,
        .next_at = clock_wall_us(),
        .status = result->status,
        .record = job->record,
        .hook = line->hook};
    submit(job);
    LOG(LOG_INFO, line->action ? "action done" : "record fetched", F_ID("activity", job->step.activity),
        F_TEXT("hook", line->hook->path), F_TEXT("step", line->step), F_INT("status", result->status),
        F_INT("ms", result->timings.total / US_PER_MS), F_INT("attempt", job->outcome.attempts));
}

/* What the peer said, behind the reason, made safe for a terminal. */
static void add_excerpt(char reason[static REASON_MOST], const struct http_result *result)
{
    if (result->error || !result->body_len)
        return;
    char excerpt[EXCERPT_MOST + 1];
    size_t len = 0;
    for (; len < EXCERPT_MOST && len < result->body_len; len++) {
        char c = result->body[len];
        excerpt[len] = c >= ' ' && c <= '~' ? c : ' ';
    }
    excerpt[len] = '\0';
    size_t at = strlen(reason);
    snprintf(reason + at, REASON_MOST - at, ": %s", excerpt);
}

/* ── what every call's end has in common ─────────────────────────────────────────────────────── */

/* False: the call was cut off by the stop, and the step stays pending (K2). */
static bool call_ended(struct job *job, const struct http_result *result)
{
    struct worker *worker = job->line->worker;
    struct gate *gate = job->line->gate;
    job->call = NULL;
    worker->flying--;
    if (result->error == HTTP_CANCELLED) {
        gate->busy--;
        line_drop(job);
        return false;
    }
    if (result->status == 429) {
        int64_t asked = result->retry_after_us < RETRY_AFTER_MOST ? result->retry_after_us : RETRY_AFTER_MOST;
        int64_t pause = asked > worker->retry.base_us ? asked : worker->retry.base_us;
        gate->paused_until_boot_us = clock_boot_us() + pause;
    } else if (result_is_unsent(result)) {
        gate->paused_until_boot_us = clock_boot_us() + worker->retry.base_us;
    }
    return true;
}

/* ── the fetch ───────────────────────────────────────────────────────────────────────────────── */

static bool is_record_of(const struct http_result *result, struct id activity)
{
    json_t *json = record_parse(result->body, result->body_len);
    const char *text = json_string_value(json_object_get(json, "id"));
    struct id id;
    bool same = text && id_parse(text, strlen(text), &id) && id_equal(id, activity);
    json_decref(json);
    return same;
}

static void say_how_to_help(const struct http_result *result)
{
    if (result->status == 401 || result->status == 403)
        LOG(LOG_ERROR,
            "the source refuses the relay's credentials: check api_key, business_id and user_id under "
            "'source', "
            "and that this user may see the activity; what waits is fetched as soon as they are right",
            F_INT("status", result->status));
    else if (result->status >= 300 && result->status < 400)
        LOG(LOG_ERROR,
            "the source redirects, which the relay does not follow: put its final address into 'source.url'",
            F_INT("status", result->status));
}

/* The source is left alone, longer each time until it gives something; what was in flight with it counts once. */
static void pause_source(struct worker *worker, struct gate *gate)
{
    int64_t now = clock_boot_us(), most = within_cap(worker, worker->retry.base_us * REFUSED_BASES);
    if (now < gate->paused_until_boot_us)
        return;
    int64_t pause = retry_ceiling_us(&worker->retry, ++gate->refusals);
    gate->paused_until_boot_us = now + (pause < most ? pause : most);
}

static void fetch_failed(struct job *job, enum verdict verdict, const struct http_result *result)
{
    struct worker *worker = job->line->worker;
    if (verdict == VERDICT_REFUSED)
        pause_source(worker, job->line->gate);
    if (result_is_unsent(result))
        budget_give_back(&worker->failures);
    result_describe(result, job->reason, sizeof job->reason);
    if (verdict == VERDICT_DONE)
        snprintf(job->reason, sizeof job->reason, "answered %d, but not with this activity's record",
            result->status);
    if (verdict == VERDICT_UNKNOWN)
        snprintf(job->reason, sizeof job->reason,
            "answered %d: the source knows no such activity (deleted, or the id is forged)", result->status);
    say_how_to_help(result);
    fail(job, verdict == VERDICT_DONE ? VERDICT_RETRY : verdict, result, job->reason);
}

static void fetch_done(void *ctx, const struct http_result *result)
{
    struct job *job = ctx;
    struct worker *worker = job->line->worker;
    if (call_ended(job, result)) {
        enum verdict verdict = fetch_judge(result);
        if (verdict == VERDICT_DONE && is_record_of(result, job->step.activity))
            job->record = mem_try_alloc(result->body_len + 1);
        if (job->record) {
            memcpy(job->record, result->body, result->body_len);
            job->record[result->body_len] = '\0';
            budget_give_back(&worker->failures);
            job->line->gate->refusals = 0;
            succeed(job, result);
        } else {
            fetch_failed(job, verdict, result);
        }
        worker_pump(worker);
    }
    worker_call_ended(worker);
}

static enum err_code start_fetch(struct job *job, struct error *err)
{
    struct worker *worker = job->line->worker;
    struct arena *arena = arena_new();
    struct http_request request = {.method = "GET",
        .url = arena_printf(arena, "%s/api/activities/logged/%s", worker->config->source.url,
            id_format(job->step.activity).text),
        .headers = worker->fetch_headers,
        .done = fetch_done,
        .ctx = job};
    enum err_code code = http_send(job->line->client, &request, &job->call, err);
    arena_free(arena);
    return code;
}

/* ── actions ─────────────────────────────────────────────────────────────────────────────────── */

static void action_done(void *ctx, const struct http_result *result)
{
    struct job *job = ctx;
    struct worker *worker = job->line->worker;
    if (call_ended(job, result)) {
        enum verdict verdict = action_judge(result);
        if (verdict == VERDICT_DONE) {
            FAULT_KILL(after_relay_post);
            succeed(job, result);
        } else {
            char reason[REASON_MOST];
            result_describe(result, reason, sizeof reason);
            memcpy(job->reason, reason, sizeof reason);
            add_excerpt(job->reason, result);
            fail(job, verdict, result, reason);
        }
        worker_pump(worker);
    }
    worker_call_ended(worker);
}

static enum err_code send_action(struct job *job, const struct record *record, struct error *err)
{
    const struct relay_action *action = job->line->action;
    struct buf body = BUF_INIT(RECORD_MOST);
    struct arena *arena = arena_new();
    struct http_request request = {.method = "POST", .done = action_done, .ctx = job};
    enum err_code code = action->kind->build(action->settings, record, arena, &body, &request, err);
    if (!code)
        code = http_send(job->line->client, &request, &job->call, err);
    arena_free(arena);
    buf_free(&body);
    return code;
}

static enum err_code start_action(struct job *job, struct error *err)
{
    struct buf text = BUF_INIT(RECORD_MOST);
    enum err_code code = inbox_record(job->line->worker->db, job->step.inbox, &text, err);
    json_t *json = code ? NULL : record_parse(buf_text(&text), text.len);
    if (!code && !json)
        code = error_set(err, ERR_INTERNAL, "the stored record is not JSON");
    if (!code) {
        struct record record = {.text = buf_text(&text), .len = text.len, .json = json};
        code = send_action(job, &record, err);
    }
    json_decref(json);
    buf_free(&text);
    return code;
}

void step_start(struct job *job)
{
    struct line *line = job->line;
    struct error err;
    line->gate->busy++;
    enum err_code code = line->action ? start_action(job, &err) : start_fetch(job, &err);
    if (code) {
        snprintf(job->reason, sizeof job->reason, "could not be sent: %s", err.text);
        bool local = code == ERR_UNAVAILABLE || code == ERR_BUSY; /* no fault of the step's: does not count */
        if (local && !line->action)
            budget_give_back(&line->worker->failures);
        bool hopeless = code == ERR_INVALID && line->action; /* this record will never make this message */
        fail(job, local ? VERDICT_LATER : hopeless ? VERDICT_DEAD : VERDICT_RETRY, NULL, job->reason);
        return;
    }
    line->worker->flying++;
}
