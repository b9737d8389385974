#include "base/limiter.h"

#include "base/alloc.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#define WAYS 8 /* places that a key can have: two cache lines */
#define STRIPES 64
#define NS_PER_US 1000

/* A bucket as the moment at which it will be full: it fills by itself, nobody has to count. */
struct bucket {
    uint64_t tag; /* the key's hash; 0: nobody's */
    int64_t full_ns;
};

struct set {
    struct bucket ways[WAYS];
};

/* A cache line each: threads meet only over keys that share one. */
struct stripe {
    pthread_mutex_t lock;
    char pad[64 - sizeof(pthread_mutex_t) % 64];
};

struct limiter {
    int64_t most;
    int64_t unit_ns; /* in which one unit comes back */
    unsigned char secret[crypto_shorthash_KEYBYTES];
    struct stripe stripes[STRIPES];
    size_t mask; /* the number of sets, a power of two, less one */
    struct set sets[];
};

struct limiter *limiter_new(int64_t most, int64_t fill_us, size_t buckets)
{
    size_t sets = 1;
    while (sets * WAYS < buckets)
        sets *= 2;
    struct limiter *limiter = mem_zalloc(sizeof *limiter + sets * sizeof(struct set));
    limiter->most = most > 0 ? most : 1;
    limiter->unit_ns = fill_us * NS_PER_US / limiter->most;
    if (limiter->unit_ns < 1)
        limiter->unit_ns = 1;
    limiter->mask = sets - 1;
    randombytes_buf(limiter->secret, sizeof limiter->secret);
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_init(&limiter->stripes[i].lock, NULL);
    return limiter;
}

struct limiter *limiter_by_rate(int64_t rate, int64_t burst, size_t buckets)
{
    int64_t most = burst > 0 ? burst : rate;
    return rate > 0 ? limiter_new(most, most * US_PER_S / rate, buckets) : NULL;
}

void limiter_free(struct limiter *limiter)
{
    if (!limiter)
        return;
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&limiter->stripes[i].lock);
    mem_free(limiter);
}

static uint64_t tag_of(const struct limiter *limiter, const void *key, size_t len)
{
    uint64_t tag;
    _Static_assert(sizeof tag == crypto_shorthash_BYTES, "a tag is a whole hash");
    crypto_shorthash((unsigned char *)&tag, key, len, limiter->secret);
    return tag ? tag : 1;
}

/* ── under the stripe's lock ─────────────────────────────────────────────────────────────────── */

static struct bucket *find(struct set *set, uint64_t tag)
{
    for (size_t i = 0; i < WAYS; i++)
        if (set->ways[i].tag == tag)
            return &set->ways[i];
    return NULL;
}

static struct bucket *find_or_replace(struct set *set, uint64_t tag)
{
    struct bucket *bucket = find(set, tag);
    if (bucket)
        return bucket;
    bucket = &set->ways[0];
    for (size_t i = 1; i < WAYS; i++)
        if (set->ways[i].full_ns < bucket->full_ns)
            bucket = &set->ways[i];
    *bucket = (struct bucket){.tag = tag};
    return bucket;
}

/* How long it takes until `cost` is there; 0: it is. *filled_ns: when the bucket would be full after that cost. */
static int64_t wait_ns(
    const struct limiter *limiter, int64_t full_ns, int64_t cost, int64_t now_ns, int64_t *filled_ns)
{
    int64_t from = full_ns > now_ns ? full_ns : now_ns;
    *filled_ns = from + cost * limiter->unit_ns;
    int64_t over = *filled_ns - now_ns - limiter->most * limiter->unit_ns;
    return over > 0 ? over : 0;
}

/* ── any thread ──────────────────────────────────────────────────────────────────────────────── */

enum taking { LOOK, TAKE, CHARGE };

static int64_t operate(
    struct limiter *limiter, const void *key, size_t len, int64_t cost, int64_t now_us, enum taking taking)
{
    if (cost > limiter->most)
        cost = limiter->most;
    uint64_t tag = tag_of(limiter, key, len);
    size_t at = tag & limiter->mask;
    struct set *set = &limiter->sets[at];
    pthread_mutex_t *lock = &limiter->stripes[at % STRIPES].lock;
    int64_t now_ns = now_us * NS_PER_US, filled_ns;
    pthread_mutex_lock(lock);
    struct bucket *bucket = taking == LOOK ? find(set, tag) : find_or_replace(set, tag);
    int64_t wait = wait_ns(limiter, bucket ? bucket->full_ns : 0, cost, now_ns, &filled_ns);
    if (bucket && taking == TAKE && !wait)
        bucket->full_ns = filled_ns;
    else if (bucket && taking == CHARGE)
        bucket->full_ns = filled_ns - wait;
    pthread_mutex_unlock(lock);
    return (wait + NS_PER_US - 1) / NS_PER_US;
}

bool limiter_take(struct limiter *limiter, const void *key, size_t len, int64_t cost, int64_t now_us,
    int64_t *retry_after_us)
{
    *retry_after_us = limiter ? operate(limiter, key, len, cost, now_us, TAKE) : 0;
    return *retry_after_us == 0;
}

bool limiter_has(struct limiter *limiter, const void *key, size_t len, int64_t cost, int64_t now_us,
    int64_t *retry_after_us)
{
    *retry_after_us = limiter ? operate(limiter, key, len, cost, now_us, LOOK) : 0;
    return *retry_after_us == 0;
}

void limiter_charge(struct limiter *limiter, const void *key, size_t len, int64_t cost, int64_t now_us)
{
    if (limiter)
        operate(limiter, key, len, cost, now_us, CHARGE);
}
