/*
 * Token buckets, one for each key that is seen: an API key, an address, an account. Owns a fixed number of them, so
 * that whoever invents keys takes no memory. When all places that a key could have are taken, the bucket that is
 * nearest to being full goes: full buckets first, the longest full of them, which says nothing that a new one would
 * not; and of those that owe something whoever owes least. Which places a key has depends on a random secret, so nobody
 * can choose keys that push out a certain other one.
 *
 * Any thread. An operation is one keyed hash and a look at one cache line or two under a lock of its own stripe;
 * nothing is allocated, and keys are not kept, only their hashes.
 *
 * NULL is the limiter that limits nothing. Times are whatever clock the caller uses, the same one always.
 */
#ifndef HERALD_BASE_LIMITER_H
#define HERALD_BASE_LIMITER_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limiter;

/*
 * Each bucket holds `most` units, at least one, and is full at first; an empty one is full again after fill_us. So a
 * rate r a second with a burst b is: most b, fill_us b / r seconds. `buckets` is rounded up to a power of two.
 */
struct limiter *limiter_new(int64_t most, int64_t fill_us, size_t buckets) __attribute__((returns_nonnull));
/* The same for `rate` a second, and `burst` at once; burst 0: as many as in a second. NULL for rate 0. */
struct limiter *limiter_by_rate(int64_t rate, int64_t burst, size_t buckets);
void limiter_free(struct limiter *limiter);

/*
 * Takes `cost` units; more than `most` count as `most`. False: there are not so many, nothing was taken, and there
 * will be after *retry_after_us, which is more than 0.
 */
bool limiter_take(struct limiter *limiter, const void *key, size_t len, int64_t cost, int64_t now_us,
    int64_t *retry_after_us) MUST_CHECK;

/* Whether limiter_take would be true; takes nothing, and makes no bucket. */
bool limiter_has(struct limiter *limiter, const void *key, size_t len, int64_t cost, int64_t now_us,
    int64_t *retry_after_us) MUST_CHECK;

/* Takes what there is of `cost`: for what has happened already. */
void limiter_charge(struct limiter *limiter, const void *key, size_t len, int64_t cost, int64_t now_us);

#endif
