/*
 * The tail (crm/tail.h, T1 to T3) and its cursors, on SQLite always and on PostgreSQL if HERALD_TEST_POSTGRES names a
 * server (its schema `tail`).
 */
#include "crm/tail.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "crm/tail_rows.h"
#include "support.h"
#include "world.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define EVENTS_MOST 256

struct seen {
    enum tail_event_kind kind;
    struct id entry;
    char cursor[64];
};

/* A watcher that notes what it gets. */
struct listener {
    struct tail_watcher watcher; /* first */
    pthread_mutex_t lock;
    struct seen seen[EVENTS_MOST];
    size_t count, ended;
    const char *why;
    enum err_code permission;
    size_t asked, room;
    bool gone;
    size_t wanted; /* for wait_until, the test's own */
};

static enum err_code may_read(
    struct tail_watcher *watcher, struct db *db, struct arena *arena, struct error *err)
{
    struct listener *listener = CONTAINER_OF(watcher, struct listener, watcher);
    (void)db, (void)arena;
    pthread_mutex_lock(&listener->lock);
    listener->asked++;
    enum err_code code = listener->permission;
    pthread_mutex_unlock(&listener->lock);
    return code ? error_set(err, code, "no") : ERR_OK;
}

static bool give(struct tail_watcher *watcher, const struct tail_event *event)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct listener *listener = CONTAINER_OF(watcher, struct listener, watcher);
    pthread_mutex_lock(&listener->lock);
    assert_true(listener->count < EVENTS_MOST);
    struct seen *seen = &listener->seen[listener->count++];
    *seen = (struct seen){.kind = event->kind, .entry = event->entry_id};
    snprintf(seen->cursor, sizeof seen->cursor, "%s", timeline_cursor_text(arena, event->cursor));
    pthread_mutex_unlock(&listener->lock);
    return true;
}

static bool is_there(struct tail_watcher *watcher)
{
    struct listener *listener = CONTAINER_OF(watcher, struct listener, watcher);
    return !__atomic_load_n(&listener->gone, __ATOMIC_SEQ_CST);
}

static bool has_room(struct tail_watcher *watcher)
{
    struct listener *listener = CONTAINER_OF(watcher, struct listener, watcher);
    return listener->room == 0 || listener->count < listener->room;
}

static void ended(struct tail_watcher *watcher, const char *why)
{
    struct listener *listener = CONTAINER_OF(watcher, struct listener, watcher);
    pthread_mutex_lock(&listener->lock);
    listener->ended++;
    listener->why = why;
    pthread_mutex_unlock(&listener->lock);
}

static const struct tail_watcher_ops ops = {
    .may_read = may_read, .give = give, .is_there = is_there, .has_room = has_room, .end = ended};

/* ── fixture ───────────────────────────────────────────────────────────────────────────────────────────────── */

struct fixture {
    struct world world;
    struct tail *tail;
    int64_t check_us; /* 0: often */
    struct id type;
};

static int set_up(void **state)
{
    enum db_engine engine;
    if (!set_up_on(state, &engine))
        return 0;
    struct fixture *f = mem_zalloc(sizeof *f);
    world_open(&f->world, engine, "tail");
    world_start(&f->world, false);
    f->type = world_add_object(&f->world, "Sales Call", NULL).id;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (!f)
        return 0;
    tail_free(f->tail);
    world_close(&f->world);
    mem_free(f);
    return 0;
}

static void start_tail(struct fixture *f, int64_t resume_most)
{
    struct tail_config config = {.db = f->world.config,
        .sweep_us = 20 * US_PER_MS,
        .check_us = f->check_us ? f->check_us : 20 * US_PER_MS,
        .resume_most = resume_most};
    struct error err = {0};
    tail_free(f->tail);
    must(tail_start(&config, &f->tail, &err), &err);
}

static struct listener *listener_of(struct fixture *f, const char *cursor)
{
    struct listener *listener = ARENA_NEW(f->world.arena, struct listener);
    memset(listener, 0, sizeof *listener);
    pthread_mutex_init(&listener->lock, NULL);
    listener->watcher = (struct tail_watcher){.ops = &ops,
        .business_id = f->world.actor.business_id,
        .of = {.record_id = f->world.contact_id, .object_id = f->world.actor.contact_object_id}};
    if (cursor) {
        struct timeline_cursor *from = ARENA_NEW(f->world.arena, struct timeline_cursor);
        assert_true(timeline_cursor_parse(f->world.arena, cursor, from));
        listener->watcher.from = from;
    }
    return listener;
}

static bool has_wanted(void *ctx)
{
    struct listener *listener = ctx;
    pthread_mutex_lock(&listener->lock);
    bool there = listener->count >= listener->wanted;
    pthread_mutex_unlock(&listener->lock);
    return there;
}

static bool has_ended(void *ctx)
{
    struct listener *listener = ctx;
    pthread_mutex_lock(&listener->lock);
    bool over = listener->ended > 0;
    pthread_mutex_unlock(&listener->lock);
    return over;
}

/* What has come once there is so much of it. */
static const struct seen *wait_seen(struct listener *listener, size_t count)
{
    listener->wanted = count;
    wait_until(has_wanted, listener, "events");
    return listener->seen;
}

static struct listener *watch(struct fixture *f, const char *cursor)
{
    struct listener *listener = listener_of(f, cursor);
    assert_true(tail_watch(f->tail, &listener->watcher));
    return listener;
}

static void assert_event(const struct seen *seen, enum tail_event_kind kind, const struct logging *logging)
{
    assert_int_equal(seen->kind, kind);
    assert_true(id_equal(seen->entry, logging ? logging->log.activity.id : (struct id){0}));
}

static struct logging *commit(struct fixture *f, struct logging *logging)
{
    world_submit(&f->world, logging);
    assert_int_equal(world_wait(logging), ERR_OK);
    return logging;
}

static int64_t count_after(struct fixture *f, struct id id)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct error err = {0};
    enum err_code code = db_query(
        f->world.db, "SELECT count(*) FROM logged_activity WHERE id > $1", DB_PARAMS(db_id(id)), &rows, &err);
    must(code, &err);
    assert_true(db_next(rows, &code, &err));
    return db_col_int(rows, 0);
}

/* ── T1 ────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void t1_commits_that_overtake_each_other(void **state)
{
    struct fixture *f = need(state);
    start_tail(f, 0);
    struct logging *slow = world_prepare(&f->world, f->type), *quick = world_prepare(&f->world, f->type);
    assert_true(id_compare(slow->log.activity.id, quick->log.activity.id) < 0);
    struct listener *live = watch(f, NULL);
    assert_event(&wait_seen(live, 1)[0], TAIL_READY, NULL);
    commit(f, quick);
    assert_event(&wait_seen(live, 2)[1], TAIL_LOGGED, quick);
    commit(f, slow);
    /* Whoever asks for what is newer than the newest that it has loses one. */
    assert_int_equal(count_after(f, quick->log.activity.id), 0);
    assert_event(&wait_seen(live, 3)[2], TAIL_LOGGED, slow);
    /* Who was away since the first one gets it, too, and only that; another tail knows nothing of this one. */
    const char *cursor = live->seen[1].cursor, *end = live->seen[2].cursor;
    start_tail(f, 0);
    assert_int_equal(live->ended, 1);
    struct listener *again = watch(f, cursor);
    assert_event(&wait_seen(again, 2)[0], TAIL_LOGGED, slow);
    assert_event(&again->seen[1], TAIL_READY, NULL);
    assert_string_equal(again->seen[0].cursor, end);
    struct listener *done = watch(f, end);
    assert_event(&wait_seen(done, 1)[0], TAIL_READY, NULL);
}

/* A second node, with a writer and a lane of its own, commits while the first stands between id and commit. */
static void t1_nodes_that_overtake_each_other(void **state)
{
    struct fixture *f = need(state);
    start_tail(f, 0);
    struct listener *live = watch(f, NULL);
    wait_seen(live, 1);
    struct crm first = f->world.crm;
    struct writer_config config = {.db = f->world.config,
        .node = id_new(),
        .lease_us = 600 * US_PER_S,
        .batch_most = 256,
        .queue_most = 20000};
    struct error err = {0};
    struct crm second = first;
    must(writer_start(&config, &second.writer, &err), &err);
    struct logging *all[6];
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        all[i] = world_prepare(&f->world, f->type);
    for (size_t i = ARRAY_LEN(all); i-- > 0;) { /* the newest id first, by turns on either node */
        f->world.crm = i % 2 ? second : first;
        commit(f, all[i]);
    }
    f->world.crm = first;
    wait_seen(live, 1 + ARRAY_LEN(all));
    writer_stop(second.writer, 0);
    const char *middle = live->seen[3].cursor;
    struct listener *again = watch(f, middle);
    wait_seen(again, ARRAY_LEN(all) - 3 + 1);
    for (size_t i = 0; i < ARRAY_LEN(all);
         i++) { /* each is among the first three of the one, or with the other */
        size_t times = 0;
        for (size_t k = 1; k <= 3; k++)
            times += id_equal(live->seen[k].entry, all[i]->log.activity.id);
        for (size_t k = 0; k < again->count - 1; k++)
            times += id_equal(again->seen[k].entry, all[i]->log.activity.id);
        assert_int_equal(times, 1);
    }
    /* A cursor of before there was the second node's lane: that lane is read from its beginning. */
    struct listener *whole = watch(f, live->seen[0].cursor);
    assert_int_equal(wait_seen(whole, ARRAY_LEN(all) + 1)[ARRAY_LEN(all)].kind, TAIL_READY);
}

static void note(struct fixture *f, int64_t seq, int kind, struct id record, struct id entry)
{
    struct error err = {0};
    must(db_exec(f->world.db,
             "INSERT INTO timeline_change (lane, seq, record_id, business_id, kind, entry_id, created_at) "
             "VALUES ($1, $2, $3, $4, $5, $6, 0)",
             DB_PARAMS(db_int(1), db_int(seq), db_id(record), db_id(f->world.actor.business_id), db_int(kind),
                 db_id(entry)),
             NULL, &err),
        &err);
}

#define BEYOND ((int64_t)900 << LANE_SEQ_BITS) /* positions that the writer of this test does not reach */

static void t1_one_units_events_stay_together(void **state)
{
    struct fixture *f = need(state);
    start_tail(f, 0);
    struct listener *live = watch(f, NULL);
    wait_seen(live, 1);
    struct id one = id_new(), other = id_new(), record = f->world.contact_id;
    must(db_begin(f->world.db, NULL), NULL);
    note(f, BEYOND, TIMELINE_SCHEDULED_DELETED, record, one);
    note(f, BEYOND, TIMELINE_SCHEDULED_DELETED, record, other);
    note(f, BEYOND, TIMELINE_SCHEDULED_DELETED, id_new(), other);
    must(db_commit(f->world.db, NULL), NULL);
    wait_seen(live, 3);
    assert_string_equal(live->seen[1].cursor, live->seen[0].cursor);
    assert_string_not_equal(live->seen[2].cursor, live->seen[1].cursor);
    struct listener *again = watch(f, live->seen[1].cursor); /* cut off between the two */
    wait_seen(again, 3);
    assert_int_equal(again->seen[0].kind, TAIL_DELETED);
    assert_int_equal(again->seen[1].kind, TAIL_DELETED);
    assert_int_equal(again->seen[2].kind, TAIL_READY);
}

static void t1_what_is_about_all_records_of_an_object(void **state)
{
    struct fixture *f = need(state);
    start_tail(f, 0);
    struct listener *live = watch(f, NULL), *other = listener_of(f, NULL);
    other->watcher.of = (struct timeline_of){.record_id = id_new(), .object_id = id_new()};
    assert_true(tail_watch(f->tail, &other->watcher));
    wait_seen(live, 1);
    wait_seen(other, 1);
    struct id entry = id_new();
    note(f, BEYOND, TIMELINE_LOGGED_DELETED, f->world.actor.contact_object_id, entry);
    assert_true(id_equal(wait_seen(live, 2)[1].entry, entry));
    note(f, BEYOND + 1, TIMELINE_LOGGED_DELETED, other->watcher.of.record_id, entry);
    wait_seen(other, 2);
    assert_int_equal(live->count, 2);
}

static void t1_too_far_back_is_a_reset(void **state)
{
    struct fixture *f = need(state);
    start_tail(f, 5);
    struct listener *live = watch(f, NULL);
    wait_seen(live, 1);
    world_log(&f->world, f->type, 5);
    wait_seen(live, 6);
    struct listener *enough = watch(f, live->seen[0].cursor);
    assert_int_equal(wait_seen(enough, 6)[5].kind, TAIL_READY);
    world_log(&f->world, f->type, 1);
    struct listener *far = watch(f, live->seen[0].cursor);
    wait_seen(live, 7);
    for (size_t n = 1;; n++) {
        enum tail_event_kind kind = wait_seen(far, n)[n - 1].kind;
        if (kind == TAIL_LOGGED)
            continue;
        assert_int_equal(kind, TAIL_RESET);
        assert_int_equal(wait_seen(far, n + 1)[n].kind, TAIL_READY);
        assert_string_equal(far->seen[n].cursor, live->seen[6].cursor);
        break;
    }
}

static void t1_no_room_for_what_was_missed_is_a_reset(void **state)
{
    struct fixture *f = need(state);
    start_tail(f, 0);
    struct listener *live = watch(f, NULL);
    wait_seen(live, 1);
    world_log(&f->world, f->type, 10);
    wait_seen(live, 11);
    struct listener *small = listener_of(f, live->seen[0].cursor);
    small->room = 3;
    assert_true(tail_watch(f->tail, &small->watcher));
    wait_seen(small, 5);
    assert_int_equal(small->seen[2].kind, TAIL_LOGGED);
    assert_int_equal(small->seen[3].kind, TAIL_RESET);
    assert_int_equal(small->seen[4].kind, TAIL_READY);
}

static void t1_a_cursor_of_elsewhere_is_a_reset(void **state)
{
    struct fixture *f = need(state);
    start_tail(f, 0);
    struct lane_pos lanes[] = {{1, BEYOND}, {77, 1}};
    for (size_t i = 0; i < ARRAY_LEN(lanes);
         i++) { /* one that is ahead of all that is there, and an unknown lane */
        struct timeline_cursor cursor = {&lanes[i], 1};
        struct listener *listener = watch(f, timeline_cursor_text(f->world.arena, &cursor));
        wait_seen(listener, 2);
        assert_int_equal(listener->seen[0].kind, TAIL_RESET);
        assert_int_equal(listener->seen[1].kind, TAIL_READY);
    }
}

static void t1_a_unit_with_more_rows_than_are_read_at_once(void **state)
{
    struct fixture *f = need(state);
    struct id record = f->world.contact_id;
    must(db_begin(f->world.db, NULL), NULL);
    note(f, BEYOND, TIMELINE_SCHEDULED_DELETED, record, id_new());
    for (int i = 0; i < 50; i++)
        note(f, BEYOND + 1, TIMELINE_SCHEDULED_DELETED, record, id_new());
    note(f, BEYOND + 2, TIMELINE_SCHEDULED_DELETED, record, id_new());
    must(db_commit(f->world.db, NULL), NULL);
    static const size_t expected[] = {1, 51};
    struct tail_rows rows;
    struct error err = {0};
    int64_t after = BEYOND - 1;
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        must(tail_rows_read(f->world.db, f->world.arena, 1, after, INT64_MAX, 8, &rows, &err), &err);
        assert_int_equal(rows.count, expected[i]);
        assert_true(rows.more == (i == 0));
        after = rows.items[0].seq;
    }
}

/* ── T2, T3 ────────────────────────────────────────────────────────────────────────────────────────────────── */

static void set_permission(struct listener *listener, enum err_code code)
{
    pthread_mutex_lock(&listener->lock);
    listener->permission = code;
    pthread_mutex_unlock(&listener->lock);
}

static void t2_nothing_is_given_after_a_revocation(void **state)
{
    struct fixture *f = need(state);
    start_tail(f, 0);
    struct listener *live = watch(f, NULL), *other = watch(f, NULL);
    wait_seen(live, 1);
    wait_seen(other, 1);
    set_permission(live, ERR_UNAUTHENTICATED);
    world_log(&f->world, f->type, 3);
    wait_seen(other, 4);
    wait_until(has_ended, live, "the watcher was ended");
    assert_int_equal(live->count, 1);
    assert_non_null(live->why);
}

static size_t questions(struct listener *listener)
{
    pthread_mutex_lock(&listener->lock);
    size_t asked = listener->asked;
    pthread_mutex_unlock(&listener->lock);
    return asked;
}

static bool was_asked(void *ctx)
{
    struct listener *listener = ctx;
    return questions(listener) >= listener->wanted;
}

static void t2_who_is_idle_is_asked_too(void **state)
{
    struct fixture *f = need(state);
    start_tail(f, 0);
    struct listener *live = watch(f, NULL);
    wait_seen(live, 1);
    set_permission(live, ERR_UNAVAILABLE); /* nobody knows: it stays */
    live->wanted = questions(live) + 3;
    wait_until(was_asked, live, "questions");
    assert_false(has_ended(live));
    set_permission(live, ERR_DENIED);
    wait_until(has_ended, live, "the watcher was ended");
    assert_non_null(live->why);
}

/* By whatever node: a key that is revoked, an employee who has left. */
static void t2_who_is_idle_is_asked_when_settings_change(void **state)
{
    struct fixture *f = need(state);
    f->check_us = 3600 * US_PER_S;
    start_tail(f, 0);
    struct listener *live = watch(f, NULL);
    wait_seen(live, 1);
    live->wanted = 1;
    wait_until(was_asked, live, "the first question");
    set_permission(live, ERR_DENIED);
    run_sql(f->world.db, "UPDATE business SET settings_version = settings_version + 1");
    wait_until(has_ended, live, "the watcher was ended");
    assert_non_null(live->why);
}

static void t3_all_are_ended_once(void **state)
{
    struct fixture *f = need(state);
    start_tail(f, 0);
    struct listener *left = watch(f, NULL), *stays = watch(f, NULL);
    wait_seen(left, 1);
    wait_seen(stays, 1);
    __atomic_store_n(&left->gone, true, __ATOMIC_SEQ_CST);
    wait_until(has_ended, left, "the watcher was ended");
    tail_close(f->tail);
    assert_int_equal(left->ended, 1);
    assert_int_equal(stays->ended, 1);
    struct listener *late = listener_of(f, NULL);
    assert_false(tail_watch(f->tail, &late->watcher));
    tail_wake(f->tail, 1);
    assert_int_equal(late->ended, 0);
}

/* ── cursors ───────────────────────────────────────────────────────────────────────────────────────────────── */

static void cursors_come_back_from_their_text(void **state)
{
    struct fixture *f = need(state);
    struct arena *arena = f->world.arena;
    struct lane_pos lanes[] = {{1, 0}, {2, ((int64_t)3 << LANE_SEQ_BITS) + 77}, {900, INT64_MAX}};
    for (size_t n = 0; n <= ARRAY_LEN(lanes); n++) {
        struct timeline_cursor cursor = {lanes, n}, read;
        assert_true(timeline_cursor_parse(arena, timeline_cursor_text(arena, &cursor), &read));
        assert_int_equal(read.count, n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(read.lanes[i].lane, lanes[i].lane);
            assert_int_equal(read.lanes[i].seq, lanes[i].seq);
        }
    }
    static const char *const bad[] = {
        "", "A", "AQ=", "Ag", "AQEB", "AQABAQ", "AQEBBQ!", "AQH_____________AQ", "null", "AQEB____________"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct timeline_cursor read;
        if (timeline_cursor_parse(arena, bad[i], &read))
            fail_msg("\"%s\" is read as a cursor", bad[i]);
    }
}

#define ON(test, engine) ON_ENGINE(test, engine, set_up, tear_down)
#define ON_BOTH(test) ON(test, DB_SQLITE), ON(test, DB_POSTGRES)

/* What was removed before this node read it: whoever watches reads anew, and goes on from there. */
static void t1_changes_removed_unread_are_a_reset(void **state)
{
    struct fixture *f = need(state);
    start_tail(f, 0);
    struct listener *live = watch(f, NULL);
    assert_event(&wait_seen(live, 1)[0], TAIL_READY, NULL);
    struct logging *first = commit(f, world_prepare(&f->world, f->type));
    assert_event(&wait_seen(live, 2)[1], TAIL_LOGGED, first);
    CLEANUP(db_close_ptr) struct db *db = open_database(f->world.config, false);
    struct error err = {0};
    must(db_begin(db, &err), &err);
    must(db_exec(db, "INSERT INTO timeline_floor (lane, seq) VALUES ($1, $2)",
             DB_PARAMS(db_int(first->log.unit.pos.lane), db_int(first->log.unit.pos.seq + 1)), NULL, &err),
        &err);
    must(db_commit(db, &err), &err);
    assert_event(&wait_seen(live, 3)[2], TAIL_RESET, NULL);
    commit(f, world_prepare(&f->world, f->type)); /* at the floor: it is on the page that is read anew */
    struct logging *third = commit(f, world_prepare(&f->world, f->type));
    assert_event(&wait_seen(live, 4)[3], TAIL_LOGGED, third);
    struct listener *again = watch(f, live->seen[2].cursor);
    assert_event(&wait_seen(again, 2)[0], TAIL_LOGGED, third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(t1_commits_that_overtake_each_other),
        ON(t1_nodes_that_overtake_each_other, DB_POSTGRES),
        ON_BOTH(t1_one_units_events_stay_together),
        ON_BOTH(t1_what_is_about_all_records_of_an_object),
        ON_BOTH(t1_too_far_back_is_a_reset),
        ON_BOTH(t1_no_room_for_what_was_missed_is_a_reset),
        ON_BOTH(t1_a_cursor_of_elsewhere_is_a_reset),
        ON_BOTH(t1_changes_removed_unread_are_a_reset),
        ON_BOTH(t1_a_unit_with_more_rows_than_are_read_at_once),
        ON_BOTH(t2_nothing_is_given_after_a_revocation),
        ON_BOTH(t2_who_is_idle_is_asked_too),
        ON_BOTH(t2_who_is_idle_is_asked_when_settings_change),
        ON_BOTH(t3_all_are_ended_once),
        ON_BOTH(cursors_come_back_from_their_text),
    };
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
