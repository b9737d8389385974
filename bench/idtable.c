#include "idtable.h"

#include "base/alloc.h"

void idtable_init(struct idtable *table, size_t expected)
{
    table->size = 64;
    while (table->size < 2 * expected)
        table->size *= 2;
    table->used = 0;
    table->slots = mem_zalloc(table->size * sizeof table->slots[0]);
}

void idtable_free(struct idtable *table)
{
    mem_free(table->slots);
}

/* The end of an id is random (version 7); FNV mixes it for ids of any other make. */
static size_t hash(struct id id)
{
    uint64_t h = 14695981039346656037ULL;
    for (size_t i = 0; i < sizeof id.bytes; i++)
        h = (h ^ id.bytes[i]) * 1099511628211ULL;
    return (size_t)(h ^ h >> 32);
}

static struct idtable_entry *find(struct idtable *table, struct id id)
{
    size_t i = hash(id) & (table->size - 1);
    while (!id_is_nil(table->slots[i].id) && !id_equal(table->slots[i].id, id))
        i = (i + 1) & (table->size - 1);
    return &table->slots[i];
}

static void grow(struct idtable *table)
{
    struct idtable old = *table;
    idtable_init(table, old.size);
    table->used = old.used;
    for (size_t i = 0; i < old.size; i++)
        if (!id_is_nil(old.slots[i].id))
            *find(table, old.slots[i].id) = old.slots[i];
    mem_free(old.slots);
}

struct idtable_entry *idtable_get(struct idtable *table, struct id id)
{
    if (2 * table->used >= table->size)
        grow(table);
    struct idtable_entry *entry = find(table, id);
    if (id_is_nil(entry->id)) {
        entry->id = id;
        table->used++;
    }
    return entry;
}
