/*
 * Logging an activity (crm/logged.h) and what becomes of its delivery, on SQLite always and on PostgreSQL if
 * HERALD_TEST_POSTGRES names a server (its schema `logged`). I1 and I2 are tested at every statement.
 */
#include "crm/logged.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "crm/business.h"
#include "support.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int set_up(void **state)
{
    return world_set_up(state, "logged");
}

#define RECEIVER "https://example.com/hook"

static int64_t activities(struct world *world)
{
    return ask(world->db, "SELECT count(*) FROM logged_activity");
}

/* ── logging ──────────────────────────────────────────────────────────────────────────────────────────────── */

static void i1_an_activity_has_exactly_the_deliveries_of_its_type(void **state)
{
    struct world *world = need(state);
    struct id rings = world_add_object(world, "Sales Call", RECEIVER).id,
              silent = world_add_object(world, "Visit", NULL).id;
    world_log(world, rings, 7);
    world_log(world, silent, 5);
    assert_int_equal(activities(world), 12);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM delivery"), 7);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM delivery d JOIN logged_activity l ON l.id = "
                                    "d.activity_id AND l.delivery_id = d.id AND l.lane = d.lane AND l.seq = "
                                    "d.seq AND d.state = 0 AND d.attempts = 0"),
        7);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM activity_association"), 12);
}

static void what_was_logged_is_read_back(void **state)
{
    struct world *world = need(state);
    struct activity_object object = world_add_object(world, "Sales Call", RECEIVER);
    struct logging *logging = world_prepare(world, object.id);
    world_submit(world, logging);
    assert_int_equal(world_wait(logging), ERR_OK);
    struct logged_activity read;
    struct error err = {0};
    must(logged_read(world->db, world->arena, &world->actor, logging->log.activity.id, &read, &err), &err);
    assert_string_equal(read.notes, "They want the larger one.");
    assert_string_equal(read.mentions, "[]");
    assert_string_equal(read.logged_by.display_name, "Alex Rivera");
    assert_string_equal(read.object.api_name, "sales_call");
    assert_int_equal(read.associated_count, 1);
    assert_string_equal(read.associated[0].display_name, "Maria Thompson");
    assert_true(id_equal(read.associated[0].object_id, world->actor.contact_object_id));
    assert_true(read.logged_at == logging->log.activity.logged_at);
    assert_true(id_equal(read.delivery_id, logging->log.activity.delivery_id));
    assert_int_equal(read.completed_at, 0);
}

static void what_was_prepared_under_old_settings_is_refused(void **state)
{
    struct world *world = need(state);
    struct activity_object object = world_add_object(world, "Sales Call", RECEIVER);
    struct logging *stale = world_prepare(world, object.id);
    struct object_input input = {.has.webhook_url = true, .webhook_url = "https://example.com/other"};
    world_change_object(world, &object, &input);
    world_submit(world, stale);
    assert_int_equal(world_wait(stale), ERR_STALE);
    assert_int_equal(activities(world), 0);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM delivery"), 0);
    world_read_actor(world);
    struct logging *again = world_prepare(world, object.id);
    world_submit(world, again);
    assert_int_equal(world_wait(again), ERR_OK);
    assert_int_equal(activities(world), 1);
    assert_int_equal(
        ask(world->db, "SELECT count(*) FROM delivery WHERE url = 'https://example.com/other'"), 1);
    assert_int_equal(ask(world->db, "SELECT settings_version FROM delivery"), object.version);
}

static void a_stale_one_does_not_hinder_its_neighbours(void **state)
{
    struct world *world = need(state);
    struct id object = world_add_object(world, "Sales Call", RECEIVER).id;
    struct logging *all[6];
    for (int i = 0; i < 6; i++) {
        all[i] = world_prepare(world, object);
        all[i]->log.settings_version -= i % 2;
    }
    for (int i = 0; i < 6; i++)
        world_submit(world, all[i]);
    for (int i = 0; i < 6; i++)
        assert_int_equal(world_wait(all[i]), i % 2 ? ERR_STALE : ERR_OK);
    assert_int_equal(activities(world), 3);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM delivery"), 3);
}

static void i8_what_is_of_another_business_is_not_there(void **state)
{
    struct world *world = need(state);
    struct id object = world_add_object(world, "Sales Call", RECEIVER).id, other, contact;
    struct error err = {0};
    must(business_add(&world->crm, "Somebody else", &other, &err), &err);
    contact = world_add_contact(world, other, "Sam", "", NULL);
    struct id associated[] = {world->contact_id, contact}, mention = id_new();
    struct log_input input = {.object_id = object,
        .notes = "",
        .mentions = &mention,
        .mention_count = 1,
        .associated = associated,
        .associated_count = 2};
    struct log_unit log;
    struct error_list list = {0};
    assert_int_equal(
        logged_prepare(world->db, world->arena, &world->actor, &input, &log, &list, &err), ERR_INVALID);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].pointer, "/associated_entities/1/id");
    assert_string_equal(list.items[1].pointer, "/mentions/0");
    world->actor.business_id = other;
    struct logged_activity read;
    assert_int_equal(
        logged_read(world->db, world->arena, &world->actor, id_new(), &read, &err), ERR_NOT_FOUND);
}

/* ── at every statement ───────────────────────────────────────────────────────────────────────────────────── */

#define POSITIONS_MOST 200

/* Passes the position on until it fires: it then had not fired before. */
static bool fault_is_unused(int passes)
{
    for (int i = 0; i < passes; i++)
        if (FAULT(statement))
            return true;
    return false;
}

static void assert_i1(struct world *world)
{
    int64_t due = ask(world->db, "SELECT count(*) FROM logged_activity l JOIN activity_object o ON o.id = "
                                 "l.activity_object_id WHERE o.submission_action = 1"),
            paired =
                ask(world->db, "SELECT count(*) FROM logged_activity l JOIN delivery d ON d.activity_id = "
                               "l.id AND d.id = l.delivery_id AND d.seq = l.seq");
    assert_int_equal(ask(world->db, "SELECT count(*) FROM delivery"), due);
    assert_int_equal(paired, due);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM activity_association"), activities(world));
}

static void set_statement_fault(int position)
{
    char text[32];
    snprintf(text, sizeof text, "statement=%d", position);
    faults_set(text);
}

/* Logs three with statement number `position` failing; returns how many answers said that it is committed. */
static int log_with_fault(struct world *world, struct id rings, struct id silent, int position, bool *unused)
{
    struct error err;
    struct logging *all[] = {
        world_prepare(world, rings), world_prepare(world, silent), world_prepare(world, rings)};
    set_statement_fault(position);
    if (!world_try_start(world, false, &err)) {
        for (size_t i = 0; i < ARRAY_LEN(all); i++)
            world_submit(world, all[i]);
        world_stop(world, 0);
    }
    *unused = fault_is_unused(position);
    faults_set("");
    int committed = 0;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        committed += all[i]->done && all[i]->code == ERR_OK;
    return committed;
}

static void i1_holds_whatever_statement_fails(void **state)
{
    struct world *world = need(state);
    struct id rings = world_add_object(world, "Sales Call", RECEIVER).id,
              silent = world_add_object(world, "Visit", NULL).id;
    world_stop(world, 0);
    int64_t answered = 0;
    bool unused = false;
    int position = 1;
    for (; !unused && position < POSITIONS_MOST; position++) {
        answered += log_with_fault(world, rings, silent, position, &unused);
        assert_i1(world);
        assert_int_equal(activities(world), answered);
    }
    assert_true(unused);
    assert_in_range(position, 8, POSITIONS_MOST - 1);
}

static void recorded(void *ctx, const struct error *result)
{
    *(enum err_code *)ctx = result->code;
}

static void record(struct world *world, const struct logging *logging, bool success, enum err_code *code)
{
    struct delivery_job *job = mem_zalloc(sizeof *job + 1);
    job->delivery_id = logging->log.activity.delivery_id;
    job->business_id = logging->log.business_id;
    job->activity_id = logging->log.activity.id;
    job->object_id = logging->log.activity.object.id;
    struct outcome *outcome = outcome_new(job);
    outcome->attempt = (struct delivery_attempt){.number = 1,
        .started_at = 1,
        .succeeded = success,
        .status = success ? 200 : 500,
        .error_class = success ? NULL : "status",
        .detail = "",
        .wire_sends = 1,
        .response_headers = "",
        .response_body = ""};
    outcome->finished_at = clock_wall_us();
    outcome->recorded = recorded;
    outcome->ctx = code;
    outcome_record(world->crm.writer, outcome);
}

/* A delivery has an outcome exactly if it is not pending, and a notification exactly if it failed. */
static void assert_i2(struct world *world)
{
    int64_t ended = ask(world->db, "SELECT count(*) FROM delivery WHERE state <> 0");
    assert_int_equal(ask(world->db, "SELECT count(*) FROM delivery_attempt"), ended);
    assert_int_equal(
        ask(world->db, "SELECT count(*) FROM delivery d JOIN delivery_attempt a ON a.delivery_id "
                       "= d.id WHERE d.state = 2 - a.succeeded AND d.attempts = 1"),
        ended);
    int64_t failed = ask(world->db, "SELECT count(*) FROM delivery WHERE state = 2");
    assert_int_equal(ask(world->db, "SELECT count(*) FROM notification"), failed);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM notification n JOIN delivery d ON d.id = "
                                    "n.delivery_id WHERE d.state = 2"),
        failed);
}

static void i2_holds_whatever_statement_fails(void **state)
{
    struct world *world = need(state);
    struct id object = world_add_object(world, "Sales Call", RECEIVER).id;
    int64_t ended = 0;
    bool unused = false;
    int position = 1;
    for (; !unused && position < POSITIONS_MOST; position++) {
        struct logging *all[] = {world_prepare(world, object), world_prepare(world, object)};
        enum err_code codes[] = {ERR_INTERNAL, ERR_INTERNAL};
        struct error err;
        for (int i = 0; i < 2; i++)
            world_submit(world, all[i]);
        for (int i = 0; i < 2; i++)
            assert_int_equal(world_wait(all[i]), ERR_OK);
        world_stop(world, 0);
        set_statement_fault(position);
        if (!world_try_start(world, false, &err)) {
            for (int i = 0; i < 2; i++)
                record(world, all[i], i == 0, &codes[i]);
            world_stop(world, 0);
        }
        unused = fault_is_unused(position);
        faults_set("");
        ended += (codes[0] == ERR_OK) + (codes[1] == ERR_OK);
        assert_int_equal(ask(world->db, "SELECT count(*) FROM delivery WHERE state <> 0"), ended);
        assert_i2(world);
        world_start(world, false);
    }
    assert_true(unused);
    assert_in_range(position, 8, POSITIONS_MOST - 1);
}

static void i2_an_outcome_is_recorded_once(void **state)
{
    struct world *world = need(state);
    struct logging *logging = world_prepare(world, world_add_object(world, "Sales Call", RECEIVER).id);
    world_submit(world, logging);
    assert_int_equal(world_wait(logging), ERR_OK);
    enum err_code first = ERR_INTERNAL, second = ERR_INTERNAL;
    record(world, logging, true, &first);
    world_stop(world, 0);
    world_start(world, false);
    record(world, logging, false, &second); /* as after a COMMIT whose answer was lost */
    world_stop(world, 0);
    assert_int_equal(first, ERR_OK);
    assert_int_equal(second, ERR_OK);
    assert_int_equal(ask(world->db, "SELECT state FROM delivery"), DELIVERY_DELIVERED);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM delivery_attempt"), 1);
}

/* Two nodes sent it, after a take-over: the first outcome counts, whatever the second is. */
static void i4_a_second_outcome_makes_no_notification(void **state)
{
    struct world *world = need(state);
    struct id object = world_add_object(world, "Sales Call", RECEIVER).id;
    for (int i = 0; i < 3; i++) {
        struct logging *logging = world_prepare(world, object);
        world_submit(world, logging);
        assert_int_equal(world_wait(logging), ERR_OK);
        enum err_code codes[2] = {ERR_INTERNAL, ERR_INTERNAL};
        record(world, logging, i == 1,
            &codes[0]); /* failed twice, delivered then failed, failed then delivered */
        world_stop(world, 0);
        world_start(world, false);
        record(world, logging, i == 2, &codes[1]);
        world_stop(world, 0);
        world_start(world, false);
        assert_int_equal(codes[0], ERR_OK);
        assert_int_equal(codes[1], ERR_OK);
        assert_i2(world);
    }
    assert_int_equal(ask(world->db, "SELECT count(*) FROM delivery WHERE state = 2"), 2);
    assert_int_equal(ask(world->db, "SELECT count(*) FROM notification WHERE attempt = 1"), 2);
    int64_t kept = ask(world->db, "SELECT count(*) FROM delivery_attempt WHERE succeeded = 0");
    assert_int_equal(kept, 2);
}

#define ON(test, engine) ON_ENGINE(test, engine, set_up, world_tear_down)
#define ON_BOTH(test) ON(test, DB_SQLITE), ON(test, DB_POSTGRES)

int main(void)
{
#ifndef HERALD_FAULTS
    return 77; /* meson: skipped */
#endif
    const struct CMUnitTest tests[] = {
        ON_BOTH(i1_an_activity_has_exactly_the_deliveries_of_its_type),
        ON_BOTH(what_was_logged_is_read_back),
        ON_BOTH(what_was_prepared_under_old_settings_is_refused),
        ON_BOTH(a_stale_one_does_not_hinder_its_neighbours),
        ON_BOTH(i8_what_is_of_another_business_is_not_there),
        ON_BOTH(i1_holds_whatever_statement_fails),
        ON_BOTH(i2_holds_whatever_statement_fails),
        ON_BOTH(i2_an_outcome_is_recorded_once),
        ON_BOTH(i4_a_second_outcome_makes_no_notification),
    };
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
