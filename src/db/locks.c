#include "db/locks.h"

#include "base/alloc.h"

#include <stdlib.h>

/* Each needs a place in the server's table of locks; beyond so many a batch relies on the deadlock detector. */
#define LOCKS_MOST 2000

void lock_list_add(struct lock_list *list, const void *bytes, size_t len, bool exclusive)
{
    int64_t number = 0;
    for (size_t at = 0; at < len; at += sizeof number) {
        int64_t word = 0;
        memcpy(&word, (const char *)bytes + at, len - at < sizeof word ? len - at : sizeof word);
        number ^= word;
    }
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->items = mem_realloc(list->items, list->room * sizeof *list->items);
    }
    list->items[list->count++] = (struct lock_key){number, exclusive};
}

/* What is wanted both ways is taken once, and exclusively. */
static int in_order(const void *a, const void *b)
{
    const struct lock_key *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return (int)y->exclusive - (int)x->exclusive;
}

static enum err_code take_one(struct db *db, const struct lock_key *key, struct error *err)
{
    return db_exec(db,
        key->exclusive ? "SELECT pg_advisory_xact_lock($1)" : "SELECT pg_advisory_xact_lock_shared($1)",
        DB_PARAMS(db_int(key->number)), NULL, err);
}

enum err_code locks_take(struct db *db, struct unit **units, size_t n, struct error *err)
{
    struct lock_list list = {0};
    enum err_code code = ERR_OK;
    if (db_engine_of(db) != DB_POSTGRES)
        return ERR_OK;
    for (size_t i = 0; i < n; i++)
        if (units[i]->kind->name_locks)
            units[i]->kind->name_locks(units[i], &list);
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, in_order);
    for (size_t i = 0, taken = 0; i < list.count && taken < LOCKS_MOST && !code; i++) {
        if (i > 0 && list.items[i - 1].number == list.items[i].number)
            continue;
        code = take_one(db, &list.items[i], err);
        taken++;
    }
    mem_free(list.items);
    return code;
}
