/*
 * What is known of each activity: when it was acknowledged, when its webhook first arrived, and how often.
 * An open hash table that never shrinks; owns its entries. Times are clock_boot_us, 0: not yet.
 *
 * One thread.
 */
#ifndef HERALD_BENCH_IDTABLE_H
#define HERALD_BENCH_IDTABLE_H

#include "base/id.h"

struct idtable_entry {
    struct id id; /* nil: free slot */
    int64_t acked_us;
    int64_t arrived_us;
    uint32_t arrivals;
};

struct idtable {
    struct idtable_entry *slots;
    size_t size; /* a power of two */
    size_t used;
};

void idtable_init(struct idtable *table, size_t expected);
void idtable_free(struct idtable *table);

/* The entry of `id`, made if there is none. Valid until the next call. */
struct idtable_entry *idtable_get(struct idtable *table, struct id id);

#endif
