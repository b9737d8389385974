/*
 * A Business with an employee and a contact, and the parts of a node that log activities for it: what cli/node.c puts
 * together, in pieces that a test can start and stop one by one. One thread.
 */
#ifndef HERALD_TESTS_WORLD_H
#define HERALD_TESTS_WORLD_H

#include "crm/logged.h"
#include "webhook/dispatcher.h"

struct world {
    /* set by the test before world_start */
    int64_t request_us;
    int in_flight_most;
    /* made by world_open */
    const struct db_config *config;
    struct arena *arena;
    struct db *db; /* for reading, and for SQL by the side */
    struct id node, user_id, contact_id;
    const char *key;
    struct actor actor;
    const struct guard *guard;
    /* made by world_start */
    struct crm crm;
    struct delivery_sink sink;
    struct dispatcher *dispatcher; /* NULL: what is committed is handed to nobody */
};

/* On a fresh database (see support.h); nothing is started afterwards. */
void world_open(struct world *world, enum db_engine engine, const char *name);
void world_close(struct world *world);

/* For tests that run once an engine (support.h): a started world that hands nothing over, on a database of that name. */
int world_set_up(void **state, const char *name);
int world_tear_down(void **state);

enum err_code world_try_start(struct world *world, bool sends, struct error *err);
void world_start(struct world *world, bool sends);
void world_stop(struct world *world, int64_t drain_us);

/* While it is started. `url` NULL: a redirect to nowhere, without a webhook. */
struct activity_object world_add_object(struct world *world, const char *name, const char *url);
struct id world_add_contact(struct world *world, struct id business, const char *first_name,
    const char *last_name, const char *email);
void world_change_object(
    struct world *world, struct activity_object *object, const struct object_input *input);
/* The actor as the next request would see it. */
void world_read_actor(struct world *world);

/* An activity on its way; in the world's arena. */
struct logging {
    struct log_unit log;
    int done;
    enum err_code code;
};
struct logging *world_prepare(struct world *world, struct id object_id);
void world_submit(struct world *world, struct logging *logging);
enum err_code world_wait(struct logging *logging);

/* Logs `n` of them at once and waits until all are committed. */
void world_log(struct world *world, struct id object_id, int n);

#endif
