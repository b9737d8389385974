/*
 * API keys and time (crm/key.h, crm/facts.h, crm/key_use.h): when one ends that is remembered, whether a write under way
 * notices, and how often a use is written down; on SQLite always and on PostgreSQL if HERALD_TEST_POSTGRES names a server
 * (its schema `key`).
 */
#include "crm/key.h"

#include "base/clock.h"
#include "crm/facts.h"
#include "support.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LIFE_US (3600 * US_PER_S)

static int set_up(void **state)
{
    return world_set_up(state, "key");
}

/* A key in the making, and made. */
struct making {
    struct world *world;
    struct new_key input;
    struct key key;
    const char *secret;
};

static enum err_code add(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct making *making = ctx;
    return key_add(w, making->world->user_id, &making->input, &making->key, &making->secret, list, err);
}

static enum err_code write_as(struct world *world, const struct actor *actor, write_fn *run, void *ctx)
{
    struct error err = {0};
    struct error_list list = {0};
    return crm_write(&world->crm, world->arena, actor, world->actor.business_id, run, ctx, &list, &err);
}

static struct making make_key(struct world *world, int64_t expires_at)
{
    struct making making = {.world = world, .input = {.name = "test", .expires_at = expires_at}};
    assert_int_equal(write_as(world, NULL, add, &making), ERR_OK);
    return making;
}

static enum err_code revoke(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    return key_revoke(w, ((struct making *)ctx)->key.id, err);
}

/* As a worker asks who calls; *remembered as facts_actor says. */
static enum err_code identify(
    struct world *world, struct facts *facts, const char *secret, struct actor *actor, bool *remembered)
{
    struct error err = {0};
    return facts_actor(facts, world->db, world->arena, secret, world->actor.business_id, world->user_id,
        false, actor, remembered, &err);
}

static void a_remembered_key_ends_at_its_moment(void **state)
{
    struct world *world = need(state);
    struct facts *facts = facts_new();
    struct actor actor;
    bool remembered;
    struct making making = make_key(world, clock_wall_us() + LIFE_US);
    clock_stop(); /* so that it is remembered for as long as its key lasts */
    assert_int_equal(identify(world, facts, making.secret, &actor, &remembered), ERR_OK);
    assert_false(remembered);
    clock_move_wall(LIFE_US - 60 * US_PER_S);
    assert_int_equal(identify(world, facts, making.secret, &actor, &remembered), ERR_OK);
    assert_true(remembered);
    clock_move_wall(60 * US_PER_S);
    assert_int_equal(identify(world, facts, making.secret, &actor, &remembered), ERR_UNAUTHENTICATED);
    assert_false(remembered);
    clock_move_wall(-LIFE_US);
    clock_go_on();
    facts_free(facts);
}

/* The writer holds another version than the one that was prepared under: whoever is remembered is asked again. */
static void a_revoked_key_is_not_believed_by_the_transaction(void **state)
{
    struct world *world = need(state);
    struct facts *facts = facts_new();
    struct error err = {0};
    struct actor actor;
    bool remembered;
    struct making making = make_key(world, 0);
    assert_int_equal(identify(world, facts, making.secret, &actor, &remembered), ERR_OK);
    assert_int_equal(actor_still_may(world->db, world->arena, &actor, &err), ERR_OK);
    assert_int_equal(write_as(world, NULL, revoke, &making), ERR_OK);
    struct actor now;
    assert_int_equal(actor_still_may(world->db, world->arena, &actor, &err), ERR_UNAUTHENTICATED);
    assert_int_equal(identify(world, facts, world->key, &now, &remembered), ERR_OK);
    assert_true(now.settings_version > actor.settings_version);
    facts_free(facts);
}

static void a_key_makes_none_that_is_stronger(void **state)
{
    struct world *world = need(state);
    struct actor actor = world->actor;
    int64_t end = clock_wall_us() + LIFE_US;
    actor.credential = (struct credential){
        .read_only = true, .expires_at = end, .business_id = actor.business_id, .key_id = id_new()};
    struct making making = {.world = world, .input = {.name = "test", .read_only = true}};
    assert_int_equal(write_as(world, &actor, add, &making), ERR_OK);
    assert_true(making.key.expires_at == end && id_equal(making.key.business_id, actor.business_id));
    making.input.read_only = false;
    assert_int_equal(write_as(world, &actor, add, &making), ERR_DENIED);
    making.input = (struct new_key){.name = "test", .read_only = true, .expires_at = end + 1};
    assert_int_equal(write_as(world, &actor, add, &making), ERR_DENIED);
    making.input = (struct new_key){.name = "test", .read_only = true, .business_id = id_new()};
    assert_int_equal(write_as(world, &actor, add, &making), ERR_DENIED);
}

/* ── the last use ─────────────────────────────────────────────────────────────────────────────────────────── */

static int64_t last_use(struct world *world)
{
    return ask(world->db, "SELECT coalesce(max(last_used_at), 0) FROM api_key");
}

static bool is_used(void *ctx)
{
    return last_use(ctx) > 0;
}

/* One call, as a worker that has just read who it is. Whatever it had written down is committed afterwards. */
static void use(struct world *world, struct key_uses *uses)
{
    struct error err = {0};
    struct actor actor;
    must(actor_by_key(
             world->db, world->arena, world->key, world->actor.business_id, world->user_id, &actor, &err),
        &err);
    key_use_note(uses, world->crm.writer, &actor);
    make_key(world, 0); /* rides with it */
}

static void a_use_is_written_down_once_a_minute(void **state)
{
    struct world *world = need(state);
    struct key_uses one = {0}, other = {0};
    use(world, &one);
    wait_until(is_used, world, "the first use is written down");
    int64_t first = last_use(world);
    clock_move_wall(59 * US_PER_S);
    clock_move(59 * US_PER_S);
    use(world, &one);
    use(world, &other); /* another worker */
    assert_true(last_use(world) == first);
    clock_move_wall(2 * US_PER_S);
    clock_move(2 * US_PER_S);
    use(world, &one);
    int64_t second = last_use(world);
    assert_true(second >= first + 60 * US_PER_S);
    use(world, &other);
    use(world, &one);
    assert_true(last_use(world) == second);
    clock_move_wall(-61 * US_PER_S);
}

#define ON(test, engine) ON_ENGINE(test, engine, set_up, world_tear_down)
#define ON_BOTH(test) ON(test, DB_SQLITE), ON(test, DB_POSTGRES)

int main(void)
{
    clock_take_over();
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_remembered_key_ends_at_its_moment),
        ON_BOTH(a_revoked_key_is_not_believed_by_the_transaction),
        ON_BOTH(a_key_makes_none_that_is_stronger),
        ON_BOTH(a_use_is_written_down_once_a_minute),
    };
    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
