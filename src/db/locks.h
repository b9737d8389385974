/*
 * The order in which batches lock. Two nodes on one PostgreSQL whose batches touched the same rows in different orders
 * would wait for each other until the deadlock detector ends one of them, a second later, again and again. So a batch
 * first takes a lock for each thing that its units name, in one order for all nodes, and holds them until its end:
 * advisory locks, so that a thing need not be there yet. On SQLite there is one writer, and nothing to lock.
 *
 * The writer's thread.
 */
#ifndef HERALD_DB_LOCKS_H
#define HERALD_DB_LOCKS_H

#include "db/writer.h"

struct lock_key {
    int64_t number;
    bool exclusive;
};

struct lock_list {
    struct lock_key *items;
    size_t count, room;
};

/* Names a thing by its id, or by a hash of it; `exclusive`: nobody else may name it at the same time. */
void lock_list_add(struct lock_list *list, const void *bytes, size_t len, bool exclusive);

/* Takes what the kinds of these units name, in the open transaction. ERR_BUSY: somebody holds one for too long. */
enum err_code locks_take(struct db *db, struct unit **units, size_t n, struct error *err) MUST_CHECK;

#endif
