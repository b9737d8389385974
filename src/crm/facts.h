/*
 * What one worker remembers between requests: of those that log activities who a caller is, and Activity Objects with
 * their settings, fields and rules; of all, what a caller may. It saves the queries that are the same a thousand times a
 * second.
 *
 * An entry is of one settings_version of its Business, and may be out of date. So only that may rest on it which the
 * writer's transaction proves: it holds the version that was prepared under (struct log_unit) and refuses another one
 * (ERR_STALE), on whatever node the settings, the employee or the key were changed: revoking a key raises the version of
 * each Business in which it works. Whoever is refused so asks again with `fresh`. A key that has expired is not
 * remembered any more.
 *
 * One thread: each worker has its own. What it gives out lives as long as the arena that was named.
 */
#ifndef HERALD_CRM_FACTS_H
#define HERALD_CRM_FACTS_H

#include "crm/key_use.h"
#include "crm/object.h"
#include "crm/rule.h"

#define FACTS_AGE_US US_PER_S

struct facts;

struct facts *facts_new(void) __attribute__((returns_nonnull));
void facts_free(struct facts *facts);

/*
 * As actor_by_key. `fresh`: from the database, whatever is remembered; *remembered says when it was not. Nothing
 * may be told to a remembered actor but what a commit has proven.
 */
enum err_code facts_actor(struct facts *facts, struct db *db, struct arena *arena, const char *key,
    struct id business_id, struct id user_id, bool fresh, struct actor *actor, bool *remembered,
    struct error *err) MUST_CHECK;

/* Of this worker. */
struct key_uses *facts_key_uses(struct facts *facts);

/* As access_load, into actor->access; from the database if what is remembered is of another settings_version. */
enum err_code facts_access(struct facts *facts, struct db *db, struct arena *arena, struct actor *actor,
    struct error *err) MUST_CHECK;

/* All that logging an activity needs to know of its type. */
struct activity_type {
    struct activity_object object;
    struct field_set fields; /* empty if it has none that is not archived (object.field_count) */
    struct rule_set rules; /* over those fields */
};

/* Reads one, as object_read_open does. */
enum err_code activity_type_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    const char *api_name, struct activity_type *type, struct error *err) MUST_CHECK;

/* The same; from the database if what is remembered is of another settings_version than the actor. */
enum err_code facts_type(struct facts *facts, struct db *db, struct arena *arena, const struct actor *actor,
    struct id id, const char *api_name, const struct activity_type **type, struct error *err) MUST_CHECK;

#endif
