#include "api/throttle.h"

#include "base/alloc.h"
#include "net/address.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#define SETS 512 /* a power of two */
#define WAYS 8

struct entry {
    uint64_t about; /* a digest; 0: free */
    int64_t last_boot_us;
    int64_t blocked_until_boot_us;
    int failures; /* in a row */
};

struct table {
    struct entry entries[SETS][WAYS];
};

struct throttle {
    /* set before start */
    unsigned char key[crypto_shorthash_KEYBYTES];
    pthread_mutex_t lock;
    /* shared, under lock */
    struct table failed; /* accounts and addresses; whoever fails gets an entry */
    struct table known; /* accounts with addresses of their own; only who signed in gets one */
};

struct throttle *throttle_new(void)
{
    struct throttle *throttle = mem_zalloc(sizeof *throttle);
    crypto_shorthash_keygen(throttle->key);
    pthread_mutex_init(&throttle->lock, NULL);
    return throttle;
}

void throttle_free(struct throttle *throttle)
{
    if (!throttle)
        return;
    pthread_mutex_destroy(&throttle->lock);
    mem_free(throttle);
}

/* ── what an entry is about ──────────────────────────────────────────────────────────────────── */

static uint64_t digest(const struct throttle *throttle, const void *bytes, size_t len)
{
    uint64_t out;
    _Static_assert(sizeof out == crypto_shorthash_BYTES, "a digest is one number");
    crypto_shorthash((unsigned char *)&out, bytes, len, throttle->key);
    return out ? out : 1;
}

static struct throttle_attempt attempt_of(
    const struct throttle *throttle, const char *account, const struct sockaddr *address)
{
    struct address_key place = address_key(address);
    struct throttle_attempt attempt = {.account = digest(throttle, account, strlen(account)),
        .address = place.len > 0 ? digest(throttle, place.bytes, place.len) : 0};
    uint64_t both[] = {attempt.account, attempt.address};
    attempt.pair = digest(throttle, both, sizeof both);
    return attempt;
}

/* ── entries; under lock ─────────────────────────────────────────────────────────────────────── */

static struct entry *find(struct table *table, uint64_t about)
{
    struct entry *set = table->entries[about & (SETS - 1)];
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].about == about)
            return &set[i];
    return NULL;
}

/* The entry, or a new one in the place of the one that was longest without news. */
static struct entry *find_or_make(struct table *table, uint64_t about)
{
    struct entry *set = table->entries[about & (SETS - 1)], *oldest = set;
    struct entry *entry = find(table, about);
    if (entry)
        return entry;
    for (size_t i = 0; i < WAYS && oldest->about; i++)
        if (!set[i].about || set[i].last_boot_us < oldest->last_boot_us)
            oldest = &set[i];
    *oldest = (struct entry){.about = about};
    return oldest;
}

static int64_t wait_after(int failures, int free)
{
    int64_t wait = THROTTLE_FIRST_US;
    for (int i = free; i < failures && wait < THROTTLE_MOST_US; i++)
        wait *= 2;
    return failures < free ? 0 : wait < THROTTLE_MOST_US ? wait : THROTTLE_MOST_US;
}

static int64_t left(struct table *table, uint64_t about, int64_t now)
{
    const struct entry *entry = find(table, about);
    return entry && entry->blocked_until_boot_us > now ? entry->blocked_until_boot_us - now : 0;
}

static void count_failure(struct table *table, uint64_t about, int free, int64_t now)
{
    struct entry *entry = find_or_make(table, about);
    if (now - entry->last_boot_us >= THROTTLE_FORGET_US)
        entry->failures = 0;
    entry->failures++;
    entry->last_boot_us = now;
    entry->blocked_until_boot_us = now + wait_after(entry->failures, free);
}

static void take_back(struct table *table, uint64_t about, int count)
{
    struct entry *entry = find(table, about);
    if (!entry)
        return;
    entry->failures = entry->failures > count ? entry->failures - count : 0;
    entry->blocked_until_boot_us = 0;
}

/* ── attempts ────────────────────────────────────────────────────────────────────────────────── */

static int64_t begin(struct throttle *throttle, struct throttle_attempt *attempt, int64_t now)
{
    attempt->known = attempt->address && find(&throttle->known, attempt->pair) != NULL;
    if (attempt->known) {
        int64_t wait = left(&throttle->known, attempt->pair, now);
        if (!wait)
            count_failure(&throttle->known, attempt->pair, THROTTLE_ACCOUNT_FREE, now);
        return wait;
    }
    int64_t account = left(&throttle->failed, attempt->account, now);
    int64_t address = attempt->address ? left(&throttle->failed, attempt->address, now) : 0;
    if (account || address)
        return account > address ? account : address;
    count_failure(&throttle->failed, attempt->account, THROTTLE_ACCOUNT_FREE, now);
    if (attempt->address)
        count_failure(&throttle->failed, attempt->address, THROTTLE_ADDRESS_FREE, now);
    return 0;
}

int64_t throttle_begin(struct throttle *throttle, const char *account, const struct sockaddr *address,
    int64_t boot_us, struct throttle_attempt *attempt)
{
    *attempt = attempt_of(throttle, account, address);
    pthread_mutex_lock(&throttle->lock);
    int64_t wait = begin(throttle, attempt, boot_us);
    pthread_mutex_unlock(&throttle->lock);
    return wait;
}

void throttle_succeeded(struct throttle *throttle, const struct throttle_attempt *attempt, int64_t boot_us)
{
    pthread_mutex_lock(&throttle->lock);
    if (!attempt->known) {
        take_back(&throttle->failed, attempt->account, INT32_MAX);
        /* One only: an account of one's own must not buy guesses at those of others. */
        take_back(&throttle->failed, attempt->address, 1);
    }
    struct entry *own = find_or_make(&throttle->known, attempt->pair);
    *own = (struct entry){.about = attempt->pair, .last_boot_us = boot_us};
    pthread_mutex_unlock(&throttle->lock);
}

void throttle_withdrawn(struct throttle *throttle, const struct throttle_attempt *attempt)
{
    pthread_mutex_lock(&throttle->lock);
    if (attempt->known) {
        take_back(&throttle->known, attempt->pair, 1);
    } else {
        take_back(&throttle->failed, attempt->account, 1);
        take_back(&throttle->failed, attempt->address, 1);
    }
    pthread_mutex_unlock(&throttle->lock);
}
