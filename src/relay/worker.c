#include "relay/worker_internal.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/guard.h"

#define WINDOW_MOST 1000 /* steps in memory, in all */
#define ANSWER_MOST 4096
#define CONNECT_US (5 * US_PER_S)
#define LOOKUPS_MOST 4

void worker_mark_unread(struct worker *worker, const struct relay_hook *hook, bool actions)
{
    for (size_t i = 0; i < worker->line_count; i++) {
        struct line *line = &worker->lines[i];
        if ((!hook || line->hook == hook) && (line->action != NULL) == actions)
            line->unread = true;
    }
}

/* ── the turns ───────────────────────────────────────────────────────────────────────────────── */

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
        line_turn_to_newest(line);
        line_wake_at(line, worker->loop, at);
        return false;
    }
    return true;
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
        step_start(line_pop(line));
}

/* Lines take turns, since those of fetches share one gate. */
void worker_pump(struct worker *worker)
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
    worker_pump(line->worker);
}

/* ── messages from other threads ─────────────────────────────────────────────────────────────── */

void worker_call_ended(struct worker *worker)
{
    if (!worker->stopping || worker->flying)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->is_drained = true;
    pthread_cond_signal(&worker->drained);
    pthread_mutex_unlock(&worker->lock);
}

static void wake(struct loop_task *task)
{
    struct worker *worker = CONTAINER_OF(task, struct worker, wake_task);
    atomic_store(&worker->woken, false);
    worker_mark_unread(worker, NULL, false);
    worker_pump(worker);
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
    worker_mark_unread(worker, NULL, false);
    worker_mark_unread(worker, NULL, true);
    worker_pump(worker);
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
    worker_call_ended(worker);
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

/* ── life ────────────────────────────────────────────────────────────────────────────────────── */

static enum err_code new_client(struct worker *worker, const struct guard *guard, int64_t timeout_us,
    size_t body_most, bool whole, struct http_client **client, struct error *err)
{
    struct http_limits limits = {.total_us = timeout_us,
        .connect_us = timeout_us < CONNECT_US ? timeout_us : CONNECT_US,
        .body_most = body_most,
        .fail_over_body = whole,
        .lookups_most = LOOKUPS_MOST,
        .ca_file = worker->config->ca_file};
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
    line->latest_us = worker->retry.cap_us + RETRY_AFTER_MOST;
    line->timer.run = line_due;
    line_init(line);
}

static enum err_code make_clients(struct worker *worker, struct error *err)
{
    /* Everything is allowed: the targets come from the operator's own file, not from users of the API. */
    static const char *anything[] = {"*"};
    const struct guard_lists lists = {.allow = {.items = anything, .count = 1}};
    const struct relay_fetch *fetch = &worker->config->fetch;
    const struct guard *guard;
    enum err_code code = guard_new(worker->arena, &lists, &guard, err);
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
