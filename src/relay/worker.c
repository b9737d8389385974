#include "relay/worker.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/guard.h"
#include "relay/action.h"
#include "relay/queue.h"
#include "relay/retry.h"

#include <jansson.h>
#include <stdatomic.h>
#include <string.h>

#define WINDOW_MOST 1000 /* steps in memory, in all */
#define RECORD_MOST (64 << 20)
#define ANSWER_MOST 4096
#define EXCERPT_MOST 120
#define CONNECT_US (5 * US_PER_S)
#define LOOKUPS_MOST 4
#define TRY_AGAIN_US US_PER_S /* the database did not do what it should */

struct worker {
    /* set before start */
    const struct relay_config *config;
    struct arena *arena;
    struct loop *loop;
    struct retry_policy retry;
    const char *fetch_headers[5];
    struct line *lines;
    size_t line_count;
    /* any thread */
    atomic_bool woken;
    struct loop_task wake_task;
    /* shared, under lock */
    pthread_mutex_t lock;
    pthread_cond_t drained;
    bool is_drained;
    /* the loop's */
    struct db *db; /* reads */
    struct writer *writer; /* NULL: not begun */
    struct gate fetch_gate;
    struct budget failures;
    size_t turn; /* which line is asked first */
    int64_t flying; /* calls */
    bool stopping;
    int64_t drain_us;
    struct loop_task begin_task, drain_task;
    struct writer *begin_writer; /* handed over with begin_task */
    struct loop_timer drain_timer;
};

static void pump_all(struct worker *worker);
static void submit(struct job *job);

/* ── outcomes ── */

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

static void mark_unread(struct worker *worker, const struct relay_hook *hook, bool actions)
{
    for (size_t i = 0; i < worker->line_count; i++) {
        struct line *line = &worker->lines[i];
        if ((!hook || line->hook == hook) && (line->action != NULL) == actions)
            line->unread = true;
    }
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
    if (outcome->record)
        mark_unread(worker, line->hook, true);
    line->gate->busy--;
    line_drop(job);
    pump_all(worker);
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

/*
 * An attempt failed: decides what becomes of the step and records it. job->reason is what people see in the list
 * of dead letters; `reason` goes to the log and holds nothing that a peer sent.
 */
static void fail(struct job *job, enum verdict verdict, const struct http_result *result, const char *reason)
{
    struct line *line = job->line;
    struct worker *worker = line->worker;
    int64_t attempts = job->step.attempts + (verdict == VERDICT_LATER ? 0 : 1);
    bool dead = verdict == VERDICT_DEAD || attempts >= line->attempts_most;
    int64_t asked = result ? result->retry_after_us : -1;
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

/* ── what every call's end has in common ── */

static void signal_if_drained(struct worker *worker)
{
    if (!worker->stopping || worker->flying)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->is_drained = true;
    pthread_cond_signal(&worker->drained);
    pthread_mutex_unlock(&worker->lock);
}

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
    }
    return true;
}

/* ── the fetch ── */

static bool is_record_of(const struct http_result *result, struct id activity)
{
    json_t *json = json_loadb(result->body, result->body_len, JSON_ALLOW_NUL, NULL);
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

static void fetch_failed(struct job *job, enum verdict verdict, const struct http_result *result)
{
    result_describe(result, job->reason, sizeof job->reason);
    if (verdict == VERDICT_DONE)
        snprintf(job->reason, sizeof job->reason, "answered %d, but not with this activity's record",
            result->status);
    if (verdict == VERDICT_DEAD)
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
            succeed(job, result);
        } else {
            fetch_failed(job, verdict, result);
        }
        pump_all(worker);
    }
    signal_if_drained(worker);
}

static enum err_code start_fetch(struct job *job, struct error *err)
{
    struct worker *worker = job->line->worker;
    struct buf url = BUF_INIT(4096);
    buf_printf(
        &url, "%s/api/activities/logged/%s", worker->config->source.url, id_format(job->step.activity).text);
    struct http_request request = {.method = "GET",
        .url = buf_text(&url),
        .headers = worker->fetch_headers,
        .done = fetch_done,
        .ctx = job};
    enum err_code code = http_send(job->line->client, &request, &job->call, err);
    buf_free(&url);
    return code;
}

/* ── actions ── */

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
        pump_all(worker);
    }
    signal_if_drained(worker);
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
    json_t *json = code ? NULL : json_loadb(buf_text(&text), text.len, JSON_ALLOW_NUL, NULL);
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

/* ── the turns ── */

static bool may_start(struct line *line)
{
    struct worker *worker = line->worker;
    int64_t now = clock_boot_us(), at;
    if (line->gate->busy >= line->gate->most)
        return false;
    if (now < line->gate->paused_until_boot_us) {
        line_wake_at(line, worker->loop, line->gate->paused_until_boot_us);
        return false;
    }
    if (!line->action && !budget_take(&worker->failures, now, &at)) { /* K3 */
        line_wake_at(line, worker->loop, at);
        return false;
    }
    return true;
}

static void start(struct job *job)
{
    struct line *line = job->line;
    struct error err;
    line->gate->busy++;
    enum err_code code = line->action ? start_action(job, &err) : start_fetch(job, &err);
    if (code) {
        snprintf(job->reason, sizeof job->reason, "could not be sent: %s", err.text);
        bool local = code == ERR_UNAVAILABLE || code == ERR_BUSY; /* no fault of the step's: does not count */
        fail(job, local ? VERDICT_LATER : VERDICT_RETRY, NULL, job->reason);
        return;
    }
    line->worker->flying++;
}

static void pump(struct line *line)
{
    struct worker *worker = line->worker;
    struct error err;
    if (line_refill(line, worker->loop, worker->db, &err)) {
        LOG(LOG_WARN, "the inbox cannot be read", F_TEXT("step", line->step), F_TEXT("reason", err.text));
        line_wake_at(line, worker->loop, clock_boot_us() + TRY_AGAIN_US);
    }
    while (line->ready && may_start(line))
        start(line_pop(line));
}

/* Lines take turns, since those of fetches share one gate. */
static void pump_all(struct worker *worker)
{
    if (worker->stopping || !worker->writer)
        return;
    worker->turn++;
    for (size_t i = 0; i < worker->line_count; i++)
        pump(&worker->lines[(worker->turn + i) % worker->line_count]);
}

static void line_due(struct loop_timer *timer)
{
    struct line *line = CONTAINER_OF(timer, struct line, timer);
    line->unread = true;
    pump_all(line->worker);
}

/* ── messages from other threads ── */

static void wake(struct loop_task *task)
{
    struct worker *worker = CONTAINER_OF(task, struct worker, wake_task);
    atomic_store(&worker->woken, false);
    mark_unread(worker, NULL, false);
    pump_all(worker);
}

void worker_wake(struct worker *worker)
{
    if (atomic_exchange(&worker->woken, true))
        return;
    bool posted = loop_post(worker->loop, &worker->wake_task);
    (void)posted; /* stopping: what is new is read at the next start */
}

static void begin(struct loop_task *task)
{
    struct worker *worker = CONTAINER_OF(task, struct worker, begin_task);
    worker->writer = worker->begin_writer;
    mark_unread(worker, NULL, false);
    mark_unread(worker, NULL, true);
    pump_all(worker);
}

void worker_begin(struct worker *worker, struct writer *writer)
{
    worker->begin_writer = writer;
    worker->begin_task.run = begin;
    bool posted = loop_post(worker->loop, &worker->begin_task);
    (void)posted; /* it does not stop before worker_free */
}

static struct job *any_in_flight(struct worker *worker)
{
    for (size_t i = 0; i < worker->line_count; i++)
        for (size_t j = 0; j < worker->lines[i].held_count; j++)
            if (worker->lines[i].held[j]->call)
                return worker->lines[i].held[j];
    return NULL;
}

static void cut_off(struct loop_timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, drain_timer);
    for (struct job *job = any_in_flight(worker); job; job = any_in_flight(worker))
        http_cancel(job->call);
}

static void begin_drain(struct loop_task *task)
{
    struct worker *worker = CONTAINER_OF(task, struct worker, drain_task);
    worker->stopping = true;
    worker->drain_timer.run = cut_off;
    if (worker->flying)
        loop_timer_arm(worker->loop, &worker->drain_timer, clock_boot_us() + worker->drain_us);
    signal_if_drained(worker);
}

void worker_drain(struct worker *worker, int64_t drain_us)
{
    worker->drain_us = drain_us;
    worker->drain_task.run = begin_drain;
    if (!loop_post(worker->loop, &worker->drain_task))
        return;
    pthread_mutex_lock(&worker->lock);
    while (!worker->is_drained)
        pthread_cond_wait(&worker->drained, &worker->lock);
    pthread_mutex_unlock(&worker->lock);
}

/* ── life ── */

static enum err_code new_client(struct worker *worker, const struct guard *guard, int64_t timeout_us,
    size_t body_most, bool whole, struct http_client **client, struct error *err)
{
    struct http_limits limits = {.total_us = timeout_us,
        .connect_us = timeout_us < CONNECT_US ? timeout_us : CONNECT_US,
        .body_most = body_most,
        .fail_over_body = whole,
        .lookups_most = LOOKUPS_MOST};
    return http_client_new(worker->loop, guard, &limits, client, err);
}

static void init_line(struct worker *worker, struct line *line, const struct relay_hook *hook,
    const struct relay_action *action)
{
    line->worker = worker;
    line->hook = hook;
    line->action = action;
    line->step = action ? action->name : FETCH_STEP;
    line->attempts_most = action ? action->attempts_most : worker->config->fetch.attempts_most;
    line->gate = action ? &line->own_gate : &worker->fetch_gate;
    if (action)
        line->own_gate.most = action->concurrency;
    size_t share = WINDOW_MOST / worker->line_count, least = 2 * (size_t)line->gate->most;
    line->most = share > least ? share : least;
    line->timer.run = line_due;
    line_init(line);
}

static enum err_code make_clients(struct worker *worker, struct error *err)
{
    /* Everything is allowed: the targets come from the operator's own file, not from users of the API. */
    static const char *anything[] = {"*"};
    const struct text_list allow = {.items = anything, .count = 1};
    const struct relay_fetch *fetch = &worker->config->fetch;
    const struct guard *guard;
    enum err_code code = guard_new(worker->arena, &allow, &guard, err);
    for (size_t i = 0; i < worker->line_count && !code; i++) {
        struct line *line = &worker->lines[i];
        if (line->action)
            code =
                new_client(worker, guard, line->action->timeout_us, ANSWER_MOST, false, &line->client, err);
        else
            code = new_client(
                worker, guard, fetch->timeout_us, (size_t)fetch->body_most, true, &line->client, err);
    }
    return code;
}

static void make_lines(struct worker *worker)
{
    const struct relay_config *config = worker->config;
    for (size_t i = 0; i < config->hook_count; i++)
        worker->line_count += 1 + config->hooks[i].action_count;
    worker->lines = ARENA_ARRAY(worker->arena, struct line, worker->line_count);
    struct line *line = worker->lines;
    for (size_t i = 0; i < config->hook_count; i++) {
        const struct relay_hook *hook = &config->hooks[i];
        init_line(worker, line++, hook, NULL);
        for (size_t j = 0; j < hook->action_count; j++)
            init_line(worker, line++, hook, &hook->actions[j]);
    }
}

static void make_headers(struct worker *worker)
{
    const struct relay_source *source = &worker->config->source;
    worker->fetch_headers[0] = "Accept: application/json";
    worker->fetch_headers[1] = arena_printf(worker->arena, "X-API-KEY: %s", source->api_key);
    worker->fetch_headers[2] = arena_printf(worker->arena, "X-BUSINESS-ID: %s", source->business_id);
    worker->fetch_headers[3] = arena_printf(worker->arena, "X-USER-ID: %s", source->user_id);
}

enum err_code worker_new(
    const struct relay_config *config, const struct db_config *db, struct worker **worker, struct error *err)
{
    struct worker *w = mem_zalloc(sizeof *w);
    w->config = config;
    w->arena = arena_new();
    w->retry = (struct retry_policy){.base_us = config->retry_base_us, .cap_us = config->retry_cap_us};
    w->fetch_gate.most = config->fetch.concurrency;
    w->wake_task.run = wake;
    budget_init(&w->failures, config->fetch.failures_per_minute, clock_boot_us());
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->drained, NULL);
    make_headers(w);
    make_lines(w);
    enum err_code code = db_open(db, true, &w->db, err);
    if (!code)
        code = loop_start("relay", &w->loop, err);
    if (!code)
        code = make_clients(w, err);
    if (code) {
        worker_free(w);
        return code;
    }
    *worker = w;
    return ERR_OK;
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    if (worker->loop)
        loop_stop(worker->loop);
    for (size_t i = 0; i < worker->line_count; i++) {
        if (worker->lines[i].client)
            http_client_free(worker->lines[i].client);
        line_free(&worker->lines[i]);
    }
    db_close(worker->db);
    pthread_cond_destroy(&worker->drained);
    pthread_mutex_destroy(&worker->lock);
    arena_free(worker->arena);
    mem_free(worker);
}
