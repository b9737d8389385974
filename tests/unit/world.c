#include "world.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "crm/business.h"
#include "crm/employee.h"
#include "crm/key.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void drop(void *ctx, struct delivery_job *jobs)
{
    (void)ctx;
    while (jobs) {
        struct delivery_job *job = jobs;
        jobs = job->next;
        mem_free(job);
    }
}

struct contact_call {
    struct record_input input;
    struct record record;
};

static enum err_code add_contact(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct contact_call *call = ctx;
    struct record_object object;
    return record_add(w, CONTACT_API_NAME, &call->input, &object, &call->record, list, err);
}

struct id world_add_contact(
    struct world *world, struct id business, const char *first_name, const char *last_name, const char *email)
{
    struct error err = {0};
    struct error_list list;
    struct contact_call call = {.input = {.first_name = first_name, .last_name = last_name, .email = email}};
    must(crm_write(&world->crm, world->arena, NULL, business, add_contact, &call, &list, &err), &err);
    return call.record.id;
}

/* Runs it in the writer's transaction, in the Business of the world's actor. */
static void commit(struct world *world, write_fn *run, void *ctx)
{
    struct error err = {0};
    struct error_list list = {0};
    must(crm_write(&world->crm, world->arena, NULL, world->actor.business_id, run, ctx, &list, &err), &err);
}

static enum err_code add_alex(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct world *world = ctx;
    struct id employee;
    struct key key;
    struct new_employee alex = {.first_name = "Alex",
        .last_name = "Rivera",
        .email = "alex@example.com",
        .groups = &w->business_id, /* the owners */
        .group_count = 1};
    enum err_code code = employee_add(w, &alex, &world->user_id, &employee, list, err);
    return code ? code
                : key_add(w, world->user_id, &(struct new_key){.name = "test"}, &key, &world->key, list, err);
}

static void add_people(struct world *world)
{
    struct error err = {0};
    struct id business;
    must(business_add(&world->crm, "Rivera & Partners", &business, &err), &err);
    world->actor.business_id = business;
    commit(world, add_alex, world);
    world->contact_id = world_add_contact(world, business, "Maria", "Thompson", "maria@example.com");
    world_read_actor(world);
}

void world_open(struct world *world, enum db_engine engine, const char *name)
{
    struct error err = {0};
    *world = (struct world){.request_us = 60 * US_PER_S, .in_flight_most = 64, .arena = arena_new()};
    static const char *everything[] = {"*"};
    must(guard_new(world->arena, &(struct guard_lists){.allow = {everything, 1}}, &world->guard, &err), &err);
    world->node = id_new();
    world->config = fresh_database(engine, name);
    world->db = open_database(world->config, false);
    world_start(world, false);
    add_people(world);
    world_stop(world, 0);
}

void world_close(struct world *world)
{
    if (world->crm.writer)
        world_stop(world, 0);
    db_close(world->db);
    arena_free(world->arena);
}

static enum err_code start_dispatcher(struct world *world, struct error *err)
{
    struct dispatcher_config config = {.db = world->config,
        .guard = world->guard,
        .request_us = world->request_us,
        .connect_us = 5 * US_PER_S,
        .in_flight_most = world->in_flight_most,
        .lookups_most = 8};
    return dispatcher_start(&config, &world->dispatcher, err);
}

enum err_code world_try_start(struct world *world, bool sends, struct error *err)
{
    enum err_code code = sends ? start_dispatcher(world, err) : ERR_OK;
    if (code)
        return code;
    struct writer_config config = {.db = world->config,
        .node = world->node,
        .lease_us = 600 * US_PER_S,
        .batch_most = 256,
        .queue_most = 20000,
        .read_again = sends ? dispatcher_read_again : NULL,
        .lane_lost = sends ? dispatcher_lane_lost : NULL,
        .read_again_ctx = world->dispatcher};
    world->crm = (struct crm){0};
    code = writer_start(&config, &world->crm.writer, err);
    if (code) {
        world->crm.writer = NULL;
        if (sends)
            dispatcher_free(world->dispatcher);
        world->dispatcher = NULL;
        return code;
    }
    world->sink = sends ? dispatcher_sink(world->dispatcher) : (struct delivery_sink){.handover = drop};
    delivery_register(&world->crm, &world->sink);
    if (sends)
        dispatcher_attach(world->dispatcher, world->crm.writer);
    return ERR_OK;
}

void world_start(struct world *world, bool sends)
{
    struct error err = {0};
    must(world_try_start(world, sends, &err), &err);
}

void world_stop(struct world *world, int64_t drain_us)
{
    if (world->dispatcher)
        dispatcher_drain(world->dispatcher, drain_us);
    writer_stop(world->crm.writer, drain_us);
    if (world->dispatcher)
        dispatcher_free(world->dispatcher);
    world->dispatcher = NULL;
    world->crm.writer = NULL;
}

void world_read_actor(struct world *world)
{
    struct error err = {0};
    struct id business = world->actor.business_id;
    must(actor_by_key(world->db, world->arena, world->key, business, world->user_id, &world->actor, &err),
        &err);
    must(access_load(world->db, world->arena, &world->actor, &world->actor.access, &err), &err);
}

struct object_call {
    struct object_input input;
    struct activity_object object;
};

static enum err_code add_object(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct object_call *call = ctx;
    return object_add(w, &call->input, &call->object, list, err);
}

struct activity_object world_add_object(struct world *world, const char *name, const char *url)
{
    struct object_call call = {.input = {.name = name,
                                   .has = {.action = url != NULL, .webhook_url = url != NULL},
                                   .action = SUBMIT_TRIGGER_WEBHOOK,
                                   .webhook_url = url}};
    commit(world, add_object, &call);
    world_read_actor(world);
    return call.object;
}

static enum err_code change_object(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct object_call *call = ctx;
    return object_change(w, call->object.id, call->object.version, &call->input, &call->object, list, err);
}

void world_change_object(
    struct world *world, struct activity_object *object, const struct object_input *input)
{
    struct object_call call = {.input = *input, .object = *object};
    commit(world, change_object, &call);
    *object = call.object;
}

static void logging_done(struct log_unit *log, const struct error *result)
{
    struct logging *logging = log->owner;
    logging->code = result->code;
    __atomic_add_fetch(&logging->done, 1, __ATOMIC_SEQ_CST);
}

struct logging *world_prepare(struct world *world, struct id object_id)
{
    struct error err = {0};
    struct error_list list = {0};
    struct logging *logging = ARENA_NEW(world->arena, struct logging);
    struct log_input input = {.object_id = object_id,
        .notes = "They want the larger one.",
        .associated = &world->contact_id,
        .associated_count = 1};
    must(logged_prepare(world->db, world->arena, &world->actor, &input, &logging->log, &list, &err), &err);
    logging->log.done = logging_done;
    logging->log.owner = logging;
    return logging;
}

void world_submit(struct world *world, struct logging *logging)
{
    struct error err = {0};
    must(logged_submit(&world->crm, &logging->log, &err), &err);
}

static bool is_done(void *ctx)
{
    return __atomic_load_n(&((struct logging *)ctx)->done, __ATOMIC_SEQ_CST) > 0;
}

enum err_code world_wait(struct logging *logging)
{
    wait_until(is_done, logging, "the activity was committed or refused");
    return logging->code;
}

void world_log(struct world *world, struct id object_id, int n)
{
    struct logging **all = ARENA_ARRAY(world->arena, struct logging *, (size_t)n);
    for (int i = 0; i < n; i++) {
        all[i] = world_prepare(world, object_id);
        world_submit(world, all[i]);
    }
    for (int i = 0; i < n; i++)
        assert_int_equal(world_wait(all[i]), ERR_OK);
}

int world_set_up(void **state, const char *name)
{
    enum db_engine engine;
    if (!set_up_on(state, &engine))
        return 0;
    struct world *world = mem_zalloc(sizeof *world);
    faults_set("");
    world_open(world, engine, name);
    world_start(world, false);
    *state = world;
    return 0;
}

int world_tear_down(void **state)
{
    struct world *world = *state;
    if (!world)
        return 0;
    world_close(world);
    mem_free(world);
    return 0;
}
