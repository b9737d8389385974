/*
 * The writer's promises (db/writer.h), on SQLite always and on PostgreSQL if HERALD_TEST_POSTGRES names a server; it
 * uses that server's schema `writer`. The units of these tests write rows of a table `note` that refuses 13.
 */
#include "db/writer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "support.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

#define LEASE_US (60 * US_PER_S)
#define BATCH 64
#define QUEUE 200
#define EVENTS_MOST 4096

/* What the writer told, in its order. */
struct event {
    bool is_range; /* read_again; else a row that was committed, or */
    int64_t lost; /* this lane to another node */
    struct lane_pos pos;
    struct lane_range range;
};

struct fixture {
    const struct db_config *config;
    struct db *side; /* somebody else's connection */
    struct writer *writer;
    struct id node;
    struct scratch_path commit, db_lost, statement; /* fault switches */
    /* shared, under lock */
    pthread_mutex_t lock;
    struct event events[EVENTS_MOST];
    size_t event_count;
};

/* ── units ────────────────────────────────────────────────────────────────────────────────────────────────── */

struct note {
    struct unit unit; /* first */
    int64_t value;
    bool refused;
    atomic_int runs, done;
};

static struct note *note_of(struct unit *unit)
{
    return CONTAINER_OF(unit, struct note, unit);
}

static enum err_code note_run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < n && !code; i++) {
        struct unit *unit = units[i];
        atomic_fetch_add(&note_of(unit)->runs, 1);
        if (note_of(unit)->refused)
            error_set(&unit->result, ERR_STALE, "not this one");
        else
            code = db_exec(db, "INSERT INTO note (lane, seq, value) VALUES ($1, $2, $3)",
                DB_PARAMS(db_int(unit->pos.lane), db_int(unit->pos.seq), db_int(note_of(unit)->value)), NULL,
                err);
    }
    return code;
}

static void add_event(struct fixture *f, struct event event)
{
    pthread_mutex_lock(&f->lock);
    if (f->event_count < EVENTS_MOST)
        f->events[f->event_count++] = event;
    pthread_mutex_unlock(&f->lock);
}

static void note_committed(struct unit **units, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add_event(units[i]->ctx, (struct event){.pos = units[i]->pos});
}

static void note_done(struct unit *unit)
{
    atomic_fetch_add(&note_of(unit)->done, 1);
}

static const struct unit_kind plain = {.name = "plain", .run = note_run, .committed = note_committed};
static const struct unit_kind kept = {
    .name = "kept", .run = note_run, .committed = note_committed, .keep = true};
static const struct unit_kind rider = {
    .name = "rider", .run = note_run, .committed = note_committed, .rides = true};

static enum err_code submit(
    struct fixture *f, struct note *note, const struct unit_kind *kind, int64_t value, struct error *err)
{
    note->unit = (struct unit){.kind = kind, .ctx = f, .done = note_done};
    note->value = value;
    return writer_submit(f->writer, &note->unit, err);
}

static void must_submit(struct fixture *f, struct note *note, const struct unit_kind *kind, int64_t value)
{
    struct error err = {0};
    must(submit(f, note, kind, value, &err), &err);
}

static bool is_done(void *ctx)
{
    return atomic_load(&((struct note *)ctx)->done) > 0;
}

static enum err_code wait_done(struct note *note)
{
    wait_until(is_done, note, "a unit was done");
    return note->unit.result.code;
}

static enum err_code write_note(struct fixture *f, struct note *note, int64_t value)
{
    must_submit(f, note, &plain, value);
    return wait_done(note);
}

static void assert_all_done(struct note *notes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        wait_done(&notes[i]);
        assert_int_equal(atomic_load(&notes[i].done), 1);
    }
}

/* ── holding the writer inside a transaction, so that what is submitted meanwhile is one batch ─────────────── */

struct gate {
    struct unit unit; /* first */
    sem_t entered, open;
    atomic_bool done;
};

static enum err_code gate_run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    (void)db;
    (void)n;
    (void)err;
    struct gate *gate = CONTAINER_OF(units[0], struct gate, unit);
    sem_post(&gate->entered);
    sem_wait(&gate->open);
    return ERR_OK;
}

static void gate_done(struct unit *unit)
{
    atomic_store(&CONTAINER_OF(unit, struct gate, unit)->done, true);
}

static void hold_writer(struct fixture *f, struct gate *gate)
{
    static const struct unit_kind kind = {.name = "gate", .run = gate_run};
    *gate = (struct gate){.unit = {.kind = &kind, .done = gate_done}};
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->open, 0, 0);
    struct error err = {0};
    must(writer_submit(f->writer, &gate->unit, &err), &err);
    sem_wait(&gate->entered);
}

static bool gate_is_done(void *ctx)
{
    return atomic_load(&((struct gate *)ctx)->done);
}

static void let_go(struct gate *gate)
{
    sem_post(&gate->open);
    wait_until(gate_is_done, gate, "the held transaction had ended");
    sem_destroy(&gate->entered);
    sem_destroy(&gate->open);
}

/* ── fixture ──────────────────────────────────────────────────────────────────────────────────────────────── */

static void read_again(void *ctx, const struct lane_range *range)
{
    add_event(ctx, (struct event){.is_range = true, .range = *range});
}

static void lane_lost(void *ctx, int64_t lane)
{
    add_event(ctx, (struct event){.lost = lane});
}

static void start_writer(struct fixture *f)
{
    struct writer_config config = {.db = f->config,
        .node = f->node,
        .lease_us = LEASE_US,
        .batch_most = BATCH,
        .queue_most = QUEUE,
        .read_again = read_again,
        .lane_lost = lane_lost,
        .read_again_ctx = f};
    struct error err = {0};
    must(writer_start(&config, &f->writer, &err), &err);
}

static void stop_writer(struct fixture *f, int64_t grace_us)
{
    writer_stop(f->writer, grace_us);
    f->writer = NULL;
}

static void set_switches(struct fixture *f)
{
    char text[512];
    f->commit = scratch_path("commit");
    f->db_lost = scratch_path("db_lost");
    f->statement = scratch_path("statement");
    snprintf(text, sizeof text, "commit=@%s,db_lost=@%s,statement=@%s", f->commit.text, f->db_lost.text,
        f->statement.text);
    faults_set(text);
}

static int set_up(void **state)
{
    enum db_engine engine;
    if (!set_up_on(state, &engine))
        return 0;
    struct fixture *f = mem_zalloc(sizeof *f);
    set_switches(f);
    pthread_mutex_init(&f->lock, NULL);
    f->node = id_new();
    f->config = fresh_database(engine, "writer");
    f->side = open_database(f->config, false);
    run_sql(f->side, "CREATE TABLE note (lane bigint NOT NULL, seq bigint NOT NULL, value bigint NOT NULL "
                     "CHECK (value <> 13), PRIMARY KEY (lane, seq))");
    start_writer(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (!f)
        return 0;
    clock_go_on();
    if (f->writer)
        stop_writer(f, 0);
    db_close(f->side);
    pthread_mutex_destroy(&f->lock);
    mem_free(f);
    return 0;
}

static int64_t rows(struct fixture *f)
{
    return ask(f->side, "SELECT count(*) FROM note");
}

/* ── W1 ───────────────────────────────────────────────────────────────────────────────────────────────────── */

#define POSTERS 4
#define EACH 100

struct poster {
    struct fixture *f;
    struct note notes[EACH];
    pthread_t thread;
};

static void *poster_main(void *arg)
{
    struct poster *poster = arg;
    struct error err;
    for (int i = 0; i < EACH; i++)
        while (submit(poster->f, &poster->notes[i], i % 3 ? &plain : &rider, i + 100, &err) == ERR_BUSY)
            clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 100000}, NULL);
    return NULL;
}

static void w1_done_is_called_once(void **state)
{
    struct fixture *f = need(state);
    struct poster *posters = mem_zalloc(POSTERS * sizeof *posters);
    for (int i = 0; i < POSTERS; i++) {
        posters[i].f = f;
        assert_int_equal(pthread_create(&posters[i].thread, NULL, poster_main, &posters[i]), 0);
    }
    for (int i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
    stop_writer(f, 0); /* nothing can come after this */
    for (int i = 0; i < POSTERS; i++)
        for (int j = 0; j < EACH; j++) {
            assert_int_equal(atomic_load(&posters[i].notes[j].done), 1);
            assert_int_equal(posters[i].notes[j].unit.result.code, ERR_OK);
        }
    assert_int_equal(rows(f), POSTERS * EACH);
    mem_free(posters);
}

/* ── W2 ───────────────────────────────────────────────────────────────────────────────────────────────────── */

static void w2_numbers_grow_in_the_order_of_commits(void **state)
{
    struct fixture *f = need(state);
    enum { N = 150 }; /* several batches */
    struct note notes[N] = {0};
    for (int i = 0; i < N; i++)
        must_submit(f, &notes[i], &plain, i == 77 ? 13 : i + 100);
    assert_all_done(notes, N);
    stop_writer(f, 0);
    for (int i = 1; i < N; i++)
        assert_true(notes[i].unit.pos.seq > notes[i - 1].unit.pos.seq);
    struct lane_pos last = {0};
    for (size_t i = 0; i < f->event_count; i++) {
        struct event *event = &f->events[i];
        if (event->is_range)
            continue;
        assert_true(event->pos.seq > last.seq);
        last = event->pos;
    }
    assert_int_equal(rows(f), N - 1);
}

static void w2_numbers_of_an_earlier_run_are_below(void **state)
{
    struct fixture *f = need(state);
    struct note first = {0}, second = {0};
    assert_int_equal(write_note(f, &first, 1), ERR_OK);
    stop_writer(f, 0);
    start_writer(f);
    assert_int_equal(write_note(f, &second, 2), ERR_OK);
    assert_int_equal(second.unit.pos.lane, first.unit.pos.lane);
    assert_true(lane_epoch_of(second.unit.pos.seq) > lane_epoch_of(first.unit.pos.seq));
}

/* ── W4, refusals ─────────────────────────────────────────────────────────────────────────────────────────── */

static void w4_a_bad_unit_fails_alone(void **state)
{
    struct fixture *f = need(state);
    enum { N = BATCH, BAD = 41 };
    struct note notes[N] = {0};
    struct gate gate;
    int64_t retried = metric_get(METRIC_batches_retried_total);
    hold_writer(f, &gate);
    for (int i = 0; i < N; i++)
        must_submit(f, &notes[i], &plain, i == BAD ? 13 : i + 100);
    let_go(&gate);
    assert_all_done(notes, N);
    for (int i = 0; i < N; i++)
        assert_int_equal(notes[i].unit.result.code, i == BAD ? ERR_INVALID : ERR_OK);
    assert_int_equal(rows(f), N - 1);
    assert_int_equal(metric_get(METRIC_batches_retried_total) - retried, 6); /* 64, 32, 16, 8, 4, 2 */
}

static void w4_a_broken_statement_ends_with_its_units(void **state)
{
    struct fixture *f = need(state);
    struct note notes[5] = {0}, after = {0};
    struct gate gate;
    hold_writer(f, &gate);
    for (int i = 0; i < 5; i++)
        must_submit(f, &notes[i], &plain, i);
    fault_file_on(f->statement.text);
    let_go(&gate);
    assert_all_done(notes, 5);
    fault_file_off(f->statement.text);
    for (int i = 0; i < 5; i++)
        assert_int_equal(notes[i].unit.result.code, ERR_INTERNAL);
    assert_int_equal(write_note(f, &after, 1), ERR_OK);
    assert_int_equal(rows(f), 1);
}

static void a_refused_unit_leaves_the_others_alone(void **state)
{
    struct fixture *f = need(state);
    struct note notes[4] = {0};
    struct gate gate;
    hold_writer(f, &gate);
    notes[2].refused = true;
    for (int i = 0; i < 4; i++)
        must_submit(f, &notes[i], &plain, i);
    let_go(&gate);
    assert_all_done(notes, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(notes[i].unit.result.code, i == 2 ? ERR_STALE : ERR_OK);
    stop_writer(f, 0);
    size_t committed = 0;
    for (size_t i = 0; i < f->event_count; i++)
        committed += !f->events[i].is_range;
    assert_int_equal(committed, 3);
    assert_int_equal(rows(f), 3);
}

/* ── W5 ───────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool is_unhealthy(void *ctx)
{
    return !writer_is_healthy(ctx);
}

static bool is_healthy(void *ctx)
{
    return writer_is_healthy(ctx);
}

static void survives(struct fixture *f, const char *switch_path)
{
    struct note waits = {0}, told = {0};
    fault_file_on(switch_path);
    must_submit(f, &waits, &kept, 1);
    assert_int_equal(write_note(f, &told, 2), ERR_UNAVAILABLE);
    wait_until(is_unhealthy, f->writer, "the writer says that the database is away");
    assert_int_equal(atomic_load(&waits.done), 0);
    fault_file_off(switch_path);
    assert_int_equal(wait_done(&waits), ERR_OK);
    wait_until(is_healthy, f->writer, "the writer says that the database is back");
    stop_writer(f, 0);
    assert_int_equal(atomic_load(&waits.done), 1);
    assert_int_equal(rows(f), 1);
    assert_int_equal(ask(f->side, "SELECT value FROM note"), 1);
}

static void w5_kept_units_survive_a_full_disk(void **state)
{
    struct fixture *f = need(state);
    survives(f, f->commit.text);
}

static void w5_kept_units_survive_a_lost_database(void **state)
{
    struct fixture *f = need(state);
    survives(f, f->db_lost.text);
}

static void w5_kept_units_are_given_up_only_when_time_is_up(void **state)
{
    struct fixture *f = need(state);
    struct note waits[3] = {0};
    fault_file_on(f->db_lost.text);
    for (int i = 0; i < 3; i++)
        must_submit(f, &waits[i], &kept, i);
    stop_writer(f, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(atomic_load(&waits[i].done), 1);
        assert_int_equal(waits[i].unit.result.code, ERR_UNAVAILABLE);
    }
    fault_file_off(f->db_lost.text);
    assert_int_equal(rows(f), 0);
}

/* While the database is away, what comes meanwhile does not make the kept ones try again and again. */
static void w5_kept_units_have_a_pace_of_their_own(void **state)
{
    struct fixture *f = need(state);
    struct note waits = {0}, told[20] = {0};
    fault_file_on(f->commit.text);
    must_submit(f, &waits, &kept, 1);
    assert_int_equal(write_note(f, &told[0], 2), ERR_UNAVAILABLE);
    clock_stop(); /* the next try of the kept one does not come */
    assert_int_equal(write_note(f, &told[1], 2), ERR_UNAVAILABLE);
    int64_t runs = atomic_load(&waits.runs);
    for (int i = 2; i < 20; i++)
        assert_int_equal(write_note(f, &told[i], 2), ERR_UNAVAILABLE);
    assert_int_equal(atomic_load(&waits.runs), runs);
    fault_file_off(f->commit.text);
    struct note works = {0};
    assert_int_equal(write_note(f, &works, 3), ERR_OK);
    assert_int_equal(wait_done(&waits), ERR_OK); /* the database is back: at once */
    assert_int_equal(rows(f), 2);
}

static void w5_many_kept_units_do_not_starve_others(void **state)
{
    struct fixture *f = need(state);
    enum { N = 3 * BATCH };
    struct note waits[N] = {0}, other = {0};
    fault_file_on(f->commit.text);
    for (int i = 0; i < N; i++)
        must_submit(f, &waits[i], &kept, i + 100);
    assert_int_equal(write_note(f, &other, 1), ERR_UNAVAILABLE);
    fault_file_off(f->commit.text);
    assert_all_done(waits, N);
    assert_int_equal(rows(f), N);
}

/* ── limits ───────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_full_queue_refuses(void **state)
{
    struct fixture *f = need(state);
    struct note notes[QUEUE] = {0}, one_more = {0}, keeps = {0};
    struct error err = {0};
    struct gate gate;
    hold_writer(f, &gate);
    for (int i = 0; i < QUEUE; i++)
        must_submit(f, &notes[i], &plain, i + 100);
    assert_int_equal(submit(f, &one_more, &plain, 1, &err), ERR_BUSY);
    assert_true(strlen(err.text) > 0);
    must_submit(f, &keeps, &kept, 1); /* never dropped */
    let_go(&gate);
    assert_all_done(notes, QUEUE);
    assert_int_equal(wait_done(&keeps), ERR_OK);
    assert_int_equal(atomic_load(&one_more.done), 0);
    assert_int_equal(write_note(f, &one_more, 1), ERR_OK);
    assert_int_equal(rows(f), QUEUE + 2);
}

/* ── I11 ──────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool told_of(struct fixture *f, struct lane_range want)
{
    bool found = false;
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->event_count; i++) {
        const struct lane_range *r = &f->events[i].range;
        found = found || (f->events[i].is_range && r->lane == want.lane && r->first == want.first &&
                             r->last == want.last && r->own == want.own && r->left_over == want.left_over);
    }
    pthread_mutex_unlock(&f->lock);
    return found;
}

/* As a node does when this one's lease has run out. */
static void take_over_lane(struct fixture *f, struct id node)
{
    struct error err = {0};
    int64_t lane = 0;
    run_sql(f->side, "UPDATE lane SET expires_at = 0");
    must(db_begin(f->side, &err), &err);
    must(lane_adopt(f->side, node, LEASE_US, &lane, &err), &err);
    must(db_commit(f->side, &err), &err);
    assert_int_not_equal(lane, 0);
}

static void i11_a_fenced_writer_goes_to_a_new_lane(void **state)
{
    struct fixture *f = need(state);
    struct note before = {0}, after[3] = {0};
    struct gate gate;
    assert_int_equal(write_note(f, &before, 1), ERR_OK);
    take_over_lane(f, id_new());
    hold_writer(f, &gate);
    for (int i = 0; i < 3; i++)
        must_submit(f, &after[i], &plain, i + 2);
    let_go(&gate);
    assert_all_done(after, 3);
    int64_t lane = after[0].unit.pos.lane;
    assert_int_not_equal(lane, before.unit.pos.lane);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(after[i].unit.result.code, ERR_OK);
        assert_int_equal(after[i].unit.pos.lane, lane);
    }
    assert_int_equal(ask(f->side, "SELECT count(*) FROM note WHERE lane = 1"), 1);
    assert_int_equal(ask(f->side, "SELECT count(*) FROM note"), 4);
    assert_true(told_of(f, (struct lane_range){.lane = lane,
                               .last = (lane_epoch_of(after[0].unit.pos.seq) << LANE_SEQ_BITS) - 1,
                               .own = true,
                               .left_over = true}));
}

static void i11_an_epoch_of_its_own_node_fences_too(void **state)
{
    struct fixture *f = need(state);
    struct note before = {0}, after = {0};
    assert_int_equal(write_note(f, &before, 1), ERR_OK);
    run_sql(f->side, "UPDATE lane SET writer_epoch = writer_epoch + 5");
    assert_int_equal(write_note(f, &after, 2), ERR_OK);
    assert_int_equal(after.unit.pos.lane, before.unit.pos.lane);
    assert_int_equal(lane_epoch_of(after.unit.pos.seq), lane_epoch_of(before.unit.pos.seq) + 6);
    assert_int_equal(rows(f), 2);
}

static bool lane_was_renewed(void *ctx)
{
    struct fixture *f = ctx;
    return ask(f->side, "SELECT count(*) FROM lane WHERE expires_at > 0") == 1;
}

static void i11_the_lease_is_renewed_in_time(void **state)
{
    struct fixture *f = need(state);
    struct note notes[2] = {0};
    assert_int_equal(write_note(f, &notes[0], 1), ERR_OK);
    if (f->config->engine == DB_POSTGRES) {
        int64_t left = writer_lease_until(f->writer) - clock_boot_us();
        assert_true(left > 0 && left <= LEASE_US);
    } else {
        assert_true(writer_lease_until(f->writer) == INT64_MAX); /* nobody else can have the file */
    }
    run_sql(f->side, "UPDATE lane SET expires_at = 0");
    clock_move(LEASE_US / 2);
    assert_int_equal(write_note(f, &notes[1], 2), ERR_OK); /* the writer looks at the clock again */
    wait_until(lane_was_renewed, f, "the lane was renewed");
    assert_int_equal(notes[1].unit.pos.lane, notes[0].unit.pos.lane);
}

/* A lane that another node left, and that this one or a third has adopted. */
static int64_t add_lane(struct fixture *f, struct id sender)
{
    struct error err = {0};
    int64_t lane = ask(f->side, "SELECT max(id) + 1 FROM lane");
    must(db_exec(f->side,
             "INSERT INTO lane (id, writer_epoch, dispatch_node, dispatch_epoch, expires_at) "
             "VALUES ($1, 2, $2, 2, 0)",
             DB_PARAMS(db_int(lane), db_id(sender)), NULL, &err),
        &err);
    return lane;
}

static void give_lane(struct fixture *f, int64_t lane, struct id sender)
{
    struct error err = {0};
    must(db_exec(f->side,
             "UPDATE lane SET dispatch_node = $2, dispatch_epoch = dispatch_epoch + 1 WHERE id = $1",
             DB_PARAMS(db_int(lane), db_id(sender)), NULL, &err),
        &err);
}

static size_t times_given(struct fixture *f, int64_t lane)
{
    size_t n = 0;
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->event_count; i++)
        n += f->events[i].is_range && f->events[i].range.left_over && f->events[i].range.lane == lane;
    pthread_mutex_unlock(&f->lock);
    return n;
}

static size_t times_lost(struct fixture *f, int64_t lane)
{
    size_t n = 0;
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->event_count; i++)
        n += f->events[i].lost == lane;
    pthread_mutex_unlock(&f->lock);
    return n;
}

struct expired {
    struct fixture *f;
    int64_t until;
};

static bool was_renewed(void *ctx)
{
    struct expired *e = ctx;
    return ask(e->f->side, "SELECT count(*) FROM lane WHERE expires_at = 1") == 0;
}

/* Lets the writer renew, which it has done for all that it sends when this returns, a row later. */
static void renew(struct fixture *f, int64_t after_us)
{
    struct note notes[2] = {0};
    struct error err = {0};
    must(db_exec(f->side, "UPDATE lane SET expires_at = 1 WHERE dispatch_node = $1",
             DB_PARAMS(db_id(f->node)), NULL, &err),
        &err);
    clock_move(after_us);
    assert_int_equal(write_note(f, &notes[0], 1), ERR_OK); /* it looks at the clock again */
    wait_until(was_renewed, &(struct expired){.f = f}, "the lanes were renewed");
    assert_int_equal(write_note(f, &notes[1], 1), ERR_OK);
}

static void i11_adopted_lanes_are_announced_at_the_start(void **state)
{
    struct fixture *f = need(state);
    stop_writer(f, 0);
    int64_t lane = add_lane(f, f->node), other = add_lane(f, id_new());
    start_writer(f);
    assert_int_equal(times_given(f, lane), 1);
    assert_int_equal(times_given(f, other), 0);
    renew(f, LEASE_US / 2);
    assert_int_equal(times_given(f, lane), 1);
    assert_int_equal(times_lost(f, lane), 0);
}

static void i11_the_loss_of_an_adopted_lane_is_told(void **state)
{
    struct fixture *f = need(state);
    stop_writer(f, 0);
    int64_t lost = add_lane(f, f->node), kept_one = add_lane(f, f->node);
    start_writer(f);
    give_lane(f, lost, id_new());
    renew(f, LEASE_US / 2);
    assert_int_equal(times_lost(f, lost), 1);
    assert_int_equal(times_lost(f, kept_one), 0);
    give_lane(f, lost, f->node); /* and back */
    renew(f, LEASE_US / 2);
    assert_int_equal(times_given(f, lost), 2);
    assert_int_equal(times_given(f, kept_one), 1);
}

static void i11_a_fenced_writer_announces_adopted_lanes_once(void **state)
{
    struct fixture *f = need(state);
    struct note after = {0};
    stop_writer(f, 0);
    int64_t kept_one = add_lane(f, f->node), lost = add_lane(f, f->node);
    start_writer(f);
    give_lane(f, lost, id_new());
    run_sql(f->side, "UPDATE lane SET writer_node = NULL, writer_epoch = writer_epoch + 1, "
                     "dispatch_epoch = 100 WHERE id = 1");
    give_lane(f, 1, id_new());
    assert_int_equal(write_note(f, &after, 2), ERR_OK);
    assert_int_not_equal(after.unit.pos.lane, 1);
    assert_int_equal(times_given(f, kept_one), 1);
    assert_int_equal(times_lost(f, kept_one), 0);
    assert_int_equal(times_given(f, lost), 1);
    assert_int_equal(times_lost(f, lost), 1);
}

static void i11_only_a_steady_node_adopts(void **state)
{
    struct fixture *f = need(state);
    if (f->config->engine == DB_SQLITE)
        skip(); /* no other node has the file */
    int64_t lane = add_lane(f, id_new());
    for (int i = 0; i < 2; i++) { /* two thirds of a lease */
        renew(f, LEASE_US / 3);
        assert_int_equal(times_given(f, lane), 0);
    }
    renew(f, LEASE_US); /* nobody could renew for so long: all leases may have run out */
    for (int i = 0; i < 2; i++) {
        renew(f, LEASE_US / 3);
        assert_int_equal(times_given(f, lane), 0);
    }
    renew(f, 2 * LEASE_US / 5);
    assert_int_equal(times_given(f, lane), 1);
    renew(f, LEASE_US / 3);
    assert_int_equal(times_given(f, lane), 1);
}

static void a_lane_is_taken_only_with_its_commit(void **state)
{
    struct fixture *f = need(state);
    struct note notes[2] = {0};
    run_sql(f->side, "UPDATE lane SET writer_epoch = writer_epoch + 5");
    fault_file_on(f->commit.text);
    assert_int_equal(write_note(f, &notes[0], 1), ERR_UNAVAILABLE);
    assert_int_equal(times_given(f, 1), 1); /* at the start */
    fault_file_off(f->commit.text);
    assert_int_equal(write_note(f, &notes[1], 2), ERR_OK);
    assert_int_equal(times_given(f, 1), 2);
}

struct starter {
    const struct db_config *config;
    pthread_t thread;
    struct writer *writer;
    struct error err;
};

static void *starter_main(void *arg)
{
    struct starter *starter = arg;
    struct writer_config config = {.db = starter->config,
        .node = id_new(),
        .lease_us = LEASE_US,
        .batch_most = BATCH,
        .queue_most = QUEUE};
    return writer_start(&config, &starter->writer, &starter->err) ? starter : NULL;
}

static void i11_nodes_that_start_at_once_get_a_lane_each(void **state)
{
    struct fixture *f = need(state);
    struct starter starters[8] = {0};
    for (int i = 0; i < 8; i++) {
        starters[i].config = f->config;
        assert_int_equal(pthread_create(&starters[i].thread, NULL, starter_main, &starters[i]), 0);
    }
    int failed = 0;
    for (int i = 0; i < 8; i++) {
        void *without;
        pthread_join(starters[i].thread, &without);
        if (starters[i].writer)
            writer_stop(starters[i].writer, 0);
        if (without)
            print_error("%s\n", starters[i].err.text);
        failed += without != NULL;
    }
    assert_int_equal(failed, 0);
    assert_int_equal(ask(f->side, "SELECT count(DISTINCT writer_node) FROM lane"), 9);
}

static void the_lane_is_given_back(void **state)
{
    struct fixture *f = need(state);
    assert_int_equal(ask(f->side, "SELECT count(*) FROM lane WHERE expires_at > {now}"), 1);
    stop_writer(f, 0);
    assert_int_equal(ask(f->side, "SELECT count(*) FROM lane WHERE expires_at > {now}"), 0);
    assert_int_equal(ask(f->side, "SELECT count(*) FROM lane"), 1);
}

/* ── riders ───────────────────────────────────────────────────────────────────────────────────────────────── */

static void riders_share_the_next_transaction(void **state)
{
    struct fixture *f = need(state);
    struct note rides = {0}, goes = {0};
    clock_stop(); /* their time does not come */
    int64_t commits = metric_get(METRIC_batches_committed_total);
    must_submit(f, &rides, &rider, 1);
    must_submit(f, &goes, &plain, 2);
    assert_int_equal(wait_done(&goes), ERR_OK);
    assert_int_equal(wait_done(&rides), ERR_OK);
    assert_int_equal(metric_get(METRIC_batches_committed_total) - commits, 1);
    assert_int_equal(rides.unit.pos.seq, goes.unit.pos.seq + 1);
    assert_int_equal(rows(f), 2);
}

static void riders_go_alone_when_their_time_has_come(void **state)
{
    struct fixture *f = need(state);
    struct note rides = {0};
    clock_stop();
    must_submit(f, &rides, &rider, 1);
    clock_move(WRITER_RIDE_US); /* before or after the writer saw it: from then on once more at most */
    clock_go_on();
    assert_int_equal(wait_done(&rides), ERR_OK);
    assert_int_equal(rows(f), 1);
}

static void many_riders_do_not_wait(void **state)
{
    struct fixture *f = need(state);
    struct note rides[BATCH] = {0};
    clock_stop();
    for (int i = 0; i < BATCH; i++)
        must_submit(f, &rides[i], &rider, i + 100);
    for (int i = 0; i < BATCH / 2; i++)
        assert_int_equal(wait_done(&rides[i]), ERR_OK);
    clock_go_on();
    assert_all_done(rides, BATCH);
}

/* ── stopping ─────────────────────────────────────────────────────────────────────────────────────────────── */

static void *stop_main(void *arg)
{
    writer_stop(arg, 0);
    return NULL;
}

struct late {
    struct fixture *f;
    struct note notes[2000];
    size_t accepted;
    enum err_code refused_with;
};

static bool is_refused(void *ctx)
{
    struct late *late = ctx;
    struct error err;
    if (late->accepted == ARRAY_LEN(late->notes))
        return true;
    late->refused_with = submit(late->f, &late->notes[late->accepted], &kept, 1000, &err);
    late->accepted += late->refused_with == ERR_OK;
    return late->refused_with != ERR_OK;
}

static void stop_runs_what_waits(void **state)
{
    struct fixture *f = need(state);
    struct note notes[50] = {0}, rides[5] = {0};
    struct late *late = mem_zalloc(sizeof *late);
    struct gate gate;
    pthread_t stopper;
    late->f = f;
    hold_writer(f, &gate);
    for (int i = 0; i < 50; i++)
        must_submit(f, &notes[i], &plain, i + 100);
    for (int i = 0; i < 5; i++)
        must_submit(f, &rides[i], &rider, i + 200);
    assert_int_equal(pthread_create(&stopper, NULL, stop_main, f->writer), 0);
    wait_until(is_refused, late, "the stopping writer refused a unit");
    assert_int_equal(late->refused_with, ERR_UNAVAILABLE);
    sem_post(&gate.open);
    pthread_join(stopper, NULL);
    f->writer = NULL;
    assert_true(atomic_load(&gate.done));
    assert_all_done(notes, 50);
    assert_all_done(rides, 5);
    assert_all_done(late->notes, late->accepted);
    assert_int_equal(rows(f), 55 + (int64_t)late->accepted);
    mem_free(late);
}

/* ── a COMMIT of unknown outcome ──────────────────────────────────────────────────────────────────────────── */

struct commit_doubt {
    struct fixture *f;
    int64_t seq; /* of a unit that may be committed or not */
    size_t range_at, commit_at; /* events; EVENTS_MOST: not seen */
};

static bool doubt_was_announced(void *ctx)
{
    struct commit_doubt *doubt = ctx;
    struct fixture *f = doubt->f;
    doubt->range_at = doubt->commit_at = EVENTS_MOST;
    pthread_mutex_lock(&f->lock);
    for (size_t i = f->event_count; i-- > 0;) {
        const struct event *event = &f->events[i];
        if (!event->is_range && event->pos.seq > doubt->seq)
            doubt->commit_at = i;
        else if (event->is_range && event->range.own && !event->range.left_over &&
                 event->range.first <= doubt->seq && event->range.last >= doubt->seq)
            doubt->range_at = i;
    }
    pthread_mutex_unlock(&f->lock);
    return doubt->range_at < EVENTS_MOST;
}

static void an_unknown_outcome_is_announced_before_what_comes_later(void **state)
{
    struct fixture *f = need(state);
    struct note doubtful = {0}, later = {0};
    fault_file_on(f->commit.text);
    assert_int_equal(write_note(f, &doubtful, 1), ERR_UNAVAILABLE);
    struct commit_doubt doubt = {.f = f, .seq = doubtful.unit.pos.seq};
    fault_file_off(f->commit.text);
    assert_int_equal(write_note(f, &later, 2), ERR_OK);
    wait_until(doubt_was_announced, &doubt, "the doubtful range was announced");
    assert_true(doubt.commit_at < EVENTS_MOST);
    assert_true(doubt.range_at < doubt.commit_at);
    assert_true(later.unit.pos.seq > f->events[doubt.range_at].range.last);
}

static void an_unknown_outcome_is_announced_without_further_work(void **state)
{
    struct fixture *f = need(state);
    struct note doubtful = {0};
    fault_file_on(f->commit.text);
    assert_int_equal(write_note(f, &doubtful, 1), ERR_UNAVAILABLE);
    fault_file_off(f->commit.text);
    wait_until(doubt_was_announced, &(struct commit_doubt){.f = f, .seq = doubtful.unit.pos.seq},
        "the doubtful range was announced");
}

/* ── functions as units ───────────────────────────────────────────────────────────────────────────────────── */

static enum err_code insert_then(struct db *db, void *ctx, struct error *err)
{
    enum err_code code =
        db_exec(db, "INSERT INTO note (lane, seq, value) VALUES (0, 0, 1)", DB_NO_PARAMS, NULL, err);
    const enum err_code *then = ctx;
    return code || !*then ? code : error_set(err, *then, "after all: no");
}

static void a_function_is_committed_or_leaves_nothing(void **state)
{
    struct fixture *f = need(state);
    struct error err = {0};
    enum err_code no = ERR_NOT_FOUND, yes = ERR_OK;
    assert_int_equal(writer_run(f->writer, insert_then, &no, &err), ERR_NOT_FOUND);
    assert_string_equal(err.text, "after all: no");
    assert_int_equal(rows(f), 0);
    must(writer_run(f->writer, insert_then, &yes, &err), &err);
    assert_int_equal(rows(f), 1);
    assert_int_equal(writer_run(f->writer, insert_then, &yes, &err), ERR_CONFLICT);
    assert_int_equal(rows(f), 1);
}

#define ON(test, engine) ON_ENGINE(test, engine, set_up, tear_down)
#define ON_BOTH(test) ON(test, DB_SQLITE), ON(test, DB_POSTGRES)

int main(void)
{
#ifndef HERALD_FAULTS
    return 77; /* meson: skipped */
#endif
    const struct CMUnitTest tests[] = {
        ON_BOTH(w1_done_is_called_once),
        ON_BOTH(w2_numbers_grow_in_the_order_of_commits),
        ON_BOTH(w2_numbers_of_an_earlier_run_are_below),
        ON_BOTH(w4_a_bad_unit_fails_alone),
        ON_BOTH(w4_a_broken_statement_ends_with_its_units),
        ON_BOTH(a_refused_unit_leaves_the_others_alone),
        ON_BOTH(w5_kept_units_survive_a_full_disk),
        ON_BOTH(w5_kept_units_survive_a_lost_database),
        ON_BOTH(w5_kept_units_are_given_up_only_when_time_is_up),
        ON_BOTH(w5_kept_units_have_a_pace_of_their_own),
        ON_BOTH(w5_many_kept_units_do_not_starve_others),
        ON_BOTH(a_full_queue_refuses),
        ON_BOTH(i11_a_fenced_writer_goes_to_a_new_lane),
        ON_BOTH(i11_an_epoch_of_its_own_node_fences_too),
        ON_BOTH(i11_the_lease_is_renewed_in_time),
        ON_BOTH(i11_adopted_lanes_are_announced_at_the_start),
        ON_BOTH(i11_the_loss_of_an_adopted_lane_is_told),
        ON_BOTH(i11_a_fenced_writer_announces_adopted_lanes_once),
        ON_BOTH(i11_only_a_steady_node_adopts),
        ON_BOTH(a_lane_is_taken_only_with_its_commit),
        ON_BOTH(i11_nodes_that_start_at_once_get_a_lane_each),
        ON_BOTH(the_lane_is_given_back),
        ON_BOTH(riders_share_the_next_transaction),
        ON_BOTH(riders_go_alone_when_their_time_has_come),
        ON_BOTH(many_riders_do_not_wait),
        ON_BOTH(stop_runs_what_waits),
        ON_BOTH(an_unknown_outcome_is_announced_before_what_comes_later),
        ON_BOTH(an_unknown_outcome_is_announced_without_further_work),
        ON_BOTH(a_function_is_committed_or_leaves_nothing),
    };
    clock_take_over();
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
