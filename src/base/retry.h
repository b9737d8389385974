/*
 * When to try again: exponential back-off with full jitter, and what the peer asked for.
 *
 * Any thread.
 */
#ifndef HERALD_BASE_RETRY_H
#define HERALD_BASE_RETRY_H

#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>

/* A Retry-After beyond this is not believed. */
#define RETRY_AFTER_MOST (3600 * US_PER_S)

struct retry_policy {
    int64_t base_us, cap_us;
};

/* The most that may pass before the next attempt after `attempts` (at least 1) that failed. */
int64_t retry_ceiling_us(const struct retry_policy *policy, int64_t attempts);

/* Anything from 0 to the ceiling, but no less than `retry_after_us` (-1: not asked for), within its cap. */
int64_t retry_delay_us(const struct retry_policy *policy, int64_t attempts, int64_t retry_after_us);

/*
 * How many things may fail in a minute. Whoever begins one takes from it, and gives back if it did not fail, so
 * that success costs nothing. Starts full. One thread at a time.
 */
struct budget {
    int64_t per_minute;
    int64_t left_micro; /* millionths */
    int64_t filled_boot_us;
};

void budget_init(struct budget *budget, int64_t per_minute, int64_t now_boot_us);
/* False: nothing left; *at is when it is worth asking again. */
bool budget_take(struct budget *budget, int64_t now_boot_us, int64_t *at) MUST_CHECK;
void budget_give_back(struct budget *budget);

#endif
