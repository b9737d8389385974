#include "base/retry.h"

#include <sodium.h>

#define ONE_MICRO 1000000LL

int64_t retry_ceiling_us(const struct retry_policy *policy, int64_t attempts)
{
    int64_t ceiling = policy->base_us;
    for (int64_t n = 1; n < attempts && ceiling < policy->cap_us; n++)
        ceiling *= 2;
    return ceiling < policy->cap_us ? ceiling : policy->cap_us;
}

/* The ceiling may be more microseconds than randombytes_uniform counts. */
static int64_t random_up_to(int64_t most_us)
{
    int64_t ms = most_us / US_PER_MS;
    if (ms < 1000)
        return (int64_t)randombytes_uniform((uint32_t)most_us + 1);
    return (int64_t)randombytes_uniform((uint32_t)(ms < UINT32_MAX ? ms + 1 : UINT32_MAX)) * US_PER_MS;
}

int64_t retry_delay_us(const struct retry_policy *policy, int64_t attempts, int64_t retry_after_us)
{
    int64_t delay = random_up_to(retry_ceiling_us(policy, attempts));
    int64_t asked = retry_after_us < RETRY_AFTER_MOST ? retry_after_us : RETRY_AFTER_MOST;
    return delay > asked ? delay : asked;
}

void budget_init(struct budget *budget, int64_t per_minute, int64_t now_boot_us)
{
    *budget = (struct budget){
        .per_minute = per_minute, .left_micro = per_minute * ONE_MICRO, .filled_boot_us = now_boot_us};
}

static void refill(struct budget *budget, int64_t now_boot_us)
{
    int64_t passed = now_boot_us - budget->filled_boot_us;
    int64_t minute = 60 * US_PER_S, full = budget->per_minute * ONE_MICRO;
    int64_t more = passed >= minute ? full : passed * budget->per_minute / 60;
    budget->left_micro = more > full - budget->left_micro ? full : budget->left_micro + more;
    budget->filled_boot_us = now_boot_us;
}

bool budget_take(struct budget *budget, int64_t now_boot_us, int64_t *at)
{
    refill(budget, now_boot_us);
    if (budget->left_micro < ONE_MICRO) {
        *at = now_boot_us + (ONE_MICRO - budget->left_micro) * 60 / budget->per_minute + 1;
        return false;
    }
    budget->left_micro -= ONE_MICRO;
    return true;
}

void budget_give_back(struct budget *budget)
{
    int64_t full = budget->per_minute * ONE_MICRO;
    budget->left_micro = budget->left_micro + ONE_MICRO < full ? budget->left_micro + ONE_MICRO : full;
}
