/*
 * Who has failed to prove who they are, too often: so that passwords cannot be guessed through the front door. Counts
 * by account (whatever email was typed, whether or not somebody has it) and by address, in the memory of this node, in
 * a table of fixed size whose least recent entries make room.
 *
 *      free failures ──one more──▶ blocked 1 minute ──failure──▶ 2 ──▶ 4 ──▶ 8 ──▶ 15 minutes
 *           ▲                                                                        │
 *           └────────────── a proof that is good, or an hour without a failure ◀─────┘
 *
 * An account cannot be locked out by others: an address from which it was signed in before has a count of its own, and
 * the others' failures do not matter to it. Whoever else tries waits 15 minutes at most.
 *
 * An attempt counts as failed when it begins, so that many at once are not free; throttle_succeeded takes it back.
 * What is blocked is not tried and does not count. Keys are digests under a key of this process: no email is kept, and
 * nobody can aim at an entry. Addresses of IPv6 count by their /64.
 *
 * Any thread; one lock, held for a few comparisons.
 */
#ifndef HERALD_API_THROTTLE_H
#define HERALD_API_THROTTLE_H

#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct throttle;

#define THROTTLE_ACCOUNT_FREE 5 /* failures in a row before the first wait */
#define THROTTLE_ADDRESS_FREE 20 /* more: an office may have one address */
#define THROTTLE_FIRST_US (60 * US_PER_S)
#define THROTTLE_MOST_US (15 * 60 * US_PER_S)
#define THROTTLE_FORGET_US (3600 * US_PER_S)

struct throttle *throttle_new(void) __attribute__((returns_nonnull));
void throttle_free(struct throttle *throttle);

/* One attempt; filled in by throttle_begin, for throttle_succeeded or throttle_withdrawn. */
struct throttle_attempt {
    uint64_t account, address, pair; /* digests */
    bool known; /* the address is one of the account's own */
};

/*
 * Before an attempt, at boot_us by the boot clock: 0, and it counts as failed from now on; or how long to wait, in
 * microseconds, and nothing is counted. `account`: the email as it is compared (email_key); `address`: the client's,
 * NULL on a unix socket: then only the account counts.
 */
int64_t throttle_begin(struct throttle *throttle, const char *account, const struct sockaddr *address,
    int64_t boot_us, struct throttle_attempt *attempt) MUST_CHECK;

/* It was good: the account starts anew, and this address is one of its own from now on. */
void throttle_succeeded(struct throttle *throttle, const struct throttle_attempt *attempt, int64_t boot_us);

/* It came to no result (the database was away, too many waited): it does not count. */
void throttle_withdrawn(struct throttle *throttle, const struct throttle_attempt *attempt);

#endif
