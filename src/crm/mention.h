/* Mentions of employees in notes. Any thread, with a connection of its own. */
#ifndef HERALD_CRM_MENTION_H
#define HERALD_CRM_MENTION_H

#include "crm/actor.h"

/*
 * As they are stored: a JSON array of ids, in the arena. Whoever is not an employee of the actor's Business is
 * added to `list` as /mentions/N; the code tells of the database only.
 */
enum err_code mentions_check(struct db *db, struct arena *arena, const struct actor *actor,
    const struct id *mentions, size_t count, const char **json, struct error_list *list,
    struct error *err) MUST_CHECK;

/* Of those who are mentioned (JSON) the ones whom the actor may know of: all employees, or themselves. */
const char *mentions_seen(const struct actor *actor, const char *json, struct arena *arena);

#endif
