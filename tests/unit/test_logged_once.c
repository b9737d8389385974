/*
 * What the transaction that logs decides by itself (crm/logged.h): who was first under a key, and who completed a
 * Scheduled Activity; on SQLite always and on PostgreSQL if HERALD_TEST_POSTGRES names a server (its schema `once`).
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "crm/logged.h"
#include "support.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct id none;

#define DAY_US (24 * 3600 * US_PER_S)
#define POSITIONS_MOST 200

static int set_up(void **state)
{
    return world_set_up(state, "once");
}

static void change(struct world *world, const char *sql, struct db_params params)
{
    struct error err = {0};
    must(db_exec(world->db, sql, params, NULL, &err), &err);
}

static struct id schedule(struct world *world, struct id object)
{
    struct id id = id_new();
    change(world,
        "INSERT INTO scheduled_activity (id, business_id, activity_object_id, scheduled_by, created_at, "
        "due_at, original_due_at, note, mentions, notify_mentioned) VALUES ($1, $2, $3, $4, 1, 1, 1, '', "
        "'[]', 0)",
        DB_PARAMS(
            db_id(id), db_id(world->actor.business_id), db_id(object), db_id(world->actor.employee.id)));
    return id;
}

/* An activity that is ready to be submitted; `key` NULL: without one, `scheduled` nil: completes nothing. */
static struct logging *prepare(struct world *world, struct id object, const char *key, struct id scheduled)
{
    struct logging *logging = world_prepare(world, object);
    struct log_unit *log = &logging->log;
    if (!id_is_nil(scheduled)) {
        log->activity.scheduled_activity_id = scheduled;
        log->activity.completed_at = log->activity.logged_at;
        log->activity.completed_by = world->actor.employee;
    }
    if (!key)
        return logging;
    struct idempotency *idempotency = ARENA_NEW(world->arena, struct idempotency);
    *idempotency = (struct idempotency){.business_id = world->actor.business_id,
        .key = idempotency_hash_key(&world->actor, key),
        .request = idempotency_hash_request("/", "{}", 2),
        .now = clock_wall_us(),
        .keep_us = DAY_US};
    log->idempotency = idempotency;
    log->answer = arena_printf(world->arena, "answer of %s", id_format(log->activity.id).text);
    return logging;
}

static enum err_code log_one(struct world *world, struct logging *logging)
{
    world_submit(world, logging);
    return world_wait(logging);
}

/* ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_repeat_is_told_the_first_answer(void **state)
{
    struct world *world = need(state);
    struct id object = world_add_object(world, "Visit", NULL).id;
    struct logging *first = prepare(world, object, "a", none), *again = prepare(world, object, "a", none),
                   *other = prepare(world, object, "b", none);
    assert_int_equal(log_one(world, first), ERR_OK);
    assert_int_equal(log_one(world, again), ERR_CONFLICT);
    assert_string_equal(again->log.first.text, first->log.answer);
    assert_true(id_equal(again->log.first.activity_id, first->log.activity.id));
    assert_int_equal(log_one(world, other), ERR_OK);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM logged_activity"), 2);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM idempotency"), 2);
}

static void another_request_under_a_key_is_refused(void **state)
{
    struct world *world = need(state);
    struct id object = world_add_object(world, "Visit", NULL).id;
    assert_int_equal(log_one(world, prepare(world, object, "a", none)), ERR_OK);
    struct logging *other = prepare(world, object, "a", none);
    struct idempotency changed = *other->log.idempotency;
    changed.request = idempotency_hash_request("/", "[]", 2);
    other->log.idempotency = &changed;
    assert_int_equal(log_one(world, other), ERR_INVALID);
    assert_null(other->log.first.text);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM logged_activity"), 1);
}

static void age(struct world *world, int64_t us)
{
    change(world, "UPDATE idempotency SET created_at = created_at - $1", DB_PARAMS(db_int(us)));
}

static void a_key_is_kept_for_its_time_and_no_longer(void **state)
{
    struct world *world = need(state);
    struct id object = world_add_object(world, "Visit", NULL).id;
    assert_int_equal(log_one(world, prepare(world, object, "a", none)), ERR_OK);
    age(world, DAY_US - 60 * US_PER_S);
    assert_int_equal(log_one(world, prepare(world, object, "a", none)), ERR_CONFLICT);
    age(world, 120 * US_PER_S);
    struct logging *anew = prepare(world, object, "a", none), *again = prepare(world, object, "a", none);
    assert_int_equal(log_one(world, anew), ERR_OK);
    assert_int_equal(log_one(world, again), ERR_CONFLICT);
    assert_string_equal(again->log.first.text, anew->log.answer);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM logged_activity"), 2);
}

static void expired_keys_go_in_passing(void **state)
{
    struct world *world = need(state);
    struct id object = world_add_object(world, "Visit", NULL).id;
    for (int i = 0; i < 9; i++)
        assert_int_equal(
            log_one(world, prepare(world, object, arena_printf(world->arena, "old %d", i), none)), ERR_OK);
    age(world, 2 * DAY_US);
    assert_int_equal(log_one(world, prepare(world, object, NULL, none)), ERR_OK);
    assert_int_equal(
        ask(world->db, "SELECT count(*) FROM idempotency"), 9); /* only who uses them cleans up */
    for (int left = 7; left > 0; left -= 2) {
        const char *key = arena_printf(world->arena, "new %d", left);
        assert_int_equal(log_one(world, prepare(world, object, key, none)), ERR_OK);
        assert_int_equal(
            ask(world->db, "SELECT count(*) FROM idempotency WHERE answer <> '' AND created_at < "
                           "(SELECT max(created_at) FROM idempotency) - 86400000000"),
            left);
    }
}

static void keys_are_what_they_may_be(void **state)
{
    (void)state;
    char key[IDEMPOTENCY_KEY_MOST + 2];
    memset(key, 'k', sizeof key);
    key[sizeof key - 1] = '\0';
    assert_false(idempotency_key_is_valid(key));
    key[IDEMPOTENCY_KEY_MOST] = '\0';
    assert_true(idempotency_key_is_valid(key));
    assert_true(idempotency_key_is_valid("!~"));
    assert_false(idempotency_key_is_valid(""));
    assert_false(idempotency_key_is_valid("a b"));
    assert_false(idempotency_key_is_valid("a\x7f"));
    assert_false(idempotency_key_is_valid("\xc3\xa9"));
}

/* ── at every statement ───────────────────────────────────────────────────────────────────────────────────── */

/* A repeat and a second completion beside the first ones, all in one batch if it comes to that. */
struct attempt {
    struct logging *keyed, *repeat, *completing, *second;
};

static bool is_committed(const struct logging *logging)
{
    return logging->done && logging->code == ERR_OK;
}

/* Passes the position on until it fires: it then had not fired before. */
static bool fault_is_unused(int passes)
{
    for (int i = 0; i < passes; i++)
        if (FAULT(statement))
            return true;
    return false;
}

static void attempt_with_fault(struct world *world, struct attempt *attempt, int position, bool *unused)
{
    struct error err;
    char text[32];
    snprintf(text, sizeof text, "statement=%d", position);
    faults_set(text);
    if (!world_try_start(world, false, &err)) {
        struct logging *all[] = {attempt->keyed, attempt->completing, attempt->repeat, attempt->second};
        for (size_t i = 0; i < ARRAY_LEN(all); i++)
            world_submit(world, all[i]);
        world_stop(world, 0);
    }
    *unused = fault_is_unused(position);
    faults_set("");
}

static void assert_once(struct world *world, int64_t keyed, int64_t completed)
{
    assert_int_equal(ask(world->db, "SELECT count(*) FROM logged_activity"), keyed + completed);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM idempotency i JOIN logged_activity l ON l.id = "
                                    "i.activity_id AND l.scheduled_activity_id IS NULL"),
        keyed);
    assert_int_equal(
        ask(world->db, "SELECT count(*) FROM scheduled_activity s JOIN logged_activity l ON l.id = "
                       "s.logged_activity_id AND l.scheduled_activity_id = s.id "
                       "AND l.completed_at = s.completed_at"),
        completed);
    assert_int_equal(
        ask(world->db, "SELECT count(*) FROM scheduled_activity WHERE completed_at IS NOT NULL"), completed);
    /* Who lost a completion is not remembered under its key; who won is. */
    assert_int_equal(ask(world->db, "SELECT count(*) FROM idempotency i WHERE NOT EXISTS (SELECT 1 FROM "
                                    "logged_activity l WHERE l.id = i.activity_id)"),
        0);
}

static void each_is_done_once_whatever_statement_fails(void **state)
{
    struct world *world = need(state);
    struct id object = world_add_object(world, "Visit", NULL).id;
    world_stop(world, 0);
    int64_t keyed = 0, completed = 0;
    bool unused = false;
    int position = 1;
    for (; !unused && position < POSITIONS_MOST; position++) {
        struct id scheduled = schedule(world, object);
        const char *key = arena_printf(world->arena, "key %d", position),
                   *loser = arena_printf(world->arena, "loser %d", position);
        struct attempt attempt = {.keyed = prepare(world, object, key, none),
            .repeat = prepare(world, object, key, none),
            .completing = prepare(world, object, NULL, scheduled),
            .second = prepare(world, object, loser, scheduled)};
        attempt_with_fault(world, &attempt, position, &unused);
        assert_false(is_committed(attempt.keyed) && is_committed(attempt.repeat));
        assert_false(is_committed(attempt.completing) && is_committed(attempt.second));
        keyed += is_committed(attempt.keyed) + is_committed(attempt.repeat);
        completed += is_committed(attempt.completing) + is_committed(attempt.second);
        assert_once(world, keyed, completed);
    }
    assert_true(unused);
    assert_in_range(position, 8, POSITIONS_MOST - 1);
}

#define ON(test, engine) ON_ENGINE(test, engine, set_up, world_tear_down)
#define ON_BOTH(test) ON(test, DB_SQLITE), ON(test, DB_POSTGRES)

int main(void)
{
#ifndef HERALD_FAULTS
    return 77; /* meson: skipped */
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_what_they_may_be),
        ON_BOTH(a_repeat_is_told_the_first_answer),
        ON_BOTH(another_request_under_a_key_is_refused),
        ON_BOTH(a_key_is_kept_for_its_time_and_no_longer),
        ON_BOTH(expired_keys_go_in_passing),
        ON_BOTH(each_is_done_once_whatever_statement_fails),
    };
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
