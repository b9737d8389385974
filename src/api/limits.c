#include "api/limits.h"

#include "api/call.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/limiter.h"
#include "base/metrics.h"
#include "net/address.h"

#include <string.h>

#define ADDRESSES 65536 /* 16 bytes each */
#define CREDENTIALS 16384
#define FAILURES_US (60 * US_PER_S)
#define RESETTERS 4096
#define RESETS_MOST 20 /* an office may have one address */
#define RESETS_US (3600 * US_PER_S)
#define RIGHT_US (10 * 60 * US_PER_S) /* how long it is known that a credential was right */

struct limits {
    struct limiter *keys, *addresses, *failures;
    /* Credentials that were right, as buckets for one unit that is taken each time: who has not got it back is known. */
    struct limiter *right;
    struct limiter *resets;
};

struct limits *limits_new(const struct limits_config *config)
{
    struct limits *limits = mem_alloc(sizeof *limits);
    bool fails = config->credential_failures > 0;
    *limits = (struct limits){
        .keys = limiter_by_rate(config->key_rate, config->key_burst, CREDENTIALS),
        .addresses = limiter_by_rate(config->address_rate, config->address_burst, ADDRESSES),
        .failures = fails ? limiter_new(config->credential_failures, FAILURES_US, ADDRESSES) : NULL,
        .right = fails ? limiter_new(1, RIGHT_US, CREDENTIALS) : NULL,
        .resets = limiter_new(RESETS_MOST, RESETS_US, RESETTERS),
    };
    return limits;
}

void limits_free(struct limits *limits)
{
    limiter_free(limits->keys);
    limiter_free(limits->addresses);
    limiter_free(limits->failures);
    limiter_free(limits->right);
    limiter_free(limits->resets);
    mem_free(limits);
}

struct limiter *limits_addresses(const struct limits *limits)
{
    return limits->addresses;
}

static bool was_right(struct limits *limits, const char *credential, int64_t now)
{
    int64_t wait;
    return !limiter_has(limits->right, credential, strlen(credential), 1, now, &wait);
}

/* A call that comes again, because what it was prepared by has changed, is no further request. */
static bool comes_again(const struct call *call)
{
    return call->exchange->user != NULL;
}

bool limits_admit(struct call *call, const char *credential)
{
    struct limits *limits = call->api->limits;
    struct address_key address = address_key(exchange_client(call->exchange));
    int64_t now = clock_boot_us(), wait;
    if (comes_again(call))
        return true;
    if (address.len > 0 && !limiter_has(limits->failures, address.bytes, address.len, 1, now, &wait) &&
        !was_right(limits, credential, now)) {
        metric_add(METRIC_credentials_throttled_total, 1);
        exchange_reply_limited(call->exchange,
            "Too many wrong credentials came from this address; nothing is looked up for it until later.",
            wait);
        return false;
    }
    if (limiter_take(limits->keys, credential, strlen(credential), 1, now, &wait))
        return true;
    metric_add(METRIC_requests_limited_total, 1);
    exchange_reply_limited(call->exchange, "There are too many requests with this key.", wait);
    return false;
}

void limits_learn(struct call *call, const char *credential, bool right)
{
    struct limits *limits = call->api->limits;
    int64_t now = clock_boot_us();
    if (right) {
        limiter_charge(limits->right, credential, strlen(credential), 1, now);
        return;
    }
    struct address_key address = address_key(exchange_client(call->exchange));
    if (address.len > 0)
        limiter_charge(limits->failures, address.bytes, address.len, 1, now);
    metric_add(METRIC_credentials_wrong_total, 1);
}

bool limits_admit_reset(struct call *call)
{
    struct address_key address = address_key(exchange_client(call->exchange));
    int64_t wait;
    if (comes_again(call) || address.len == 0 ||
        limiter_take(call->api->limits->resets, address.bytes, address.len, 1, clock_boot_us(), &wait))
        return true;
    metric_add(METRIC_requests_limited_total, 1);
    exchange_reply_limited(
        call->exchange, "Too many passwords were asked for from this address: try again later.", wait);
    return false;
}
