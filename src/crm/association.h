/*
 * What an activity is about, as its type wants it: nothing, records of chosen objects, or every record of one object,
 * which is one entity whose id is the object's. Any thread, with a connection of its own.
 */
#ifndef HERALD_CRM_ASSOCIATION_H
#define HERALD_CRM_ASSOCIATION_H

#include "crm/logged.h"

/*
 * The entities of what was asked for, in the arena, each once. `object` is NULL where the type is not known; nil
 * ids were refused before. What the type
 * does not take, or is not there, is added to `list` as /associated_entities/N/id; the code tells of the database only.
 */
enum err_code associations_check(struct db *db, struct arena *arena, const struct actor *actor,
    const struct activity_object *object, const struct id *ids, size_t count,
    struct associated_entity **entities, size_t *entity_count, struct error_list *list,
    struct error *err) MUST_CHECK;

#endif
