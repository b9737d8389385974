/*
 * How often somebody may ask: each key, and each address with wrong credentials. (All that an address asks is limited
 * by the server itself, before it reads the body: server_config.addresses.) Owns the token buckets; any thread.
 *
 * An address that has used up its wrong credentials is refused before anything is looked up, whatever it presents. Only
 * what was right a short time ago is looked at all the same, so that one bad neighbour behind the same address shuts
 * nobody out; that something was right once does not say that it is still.
 */
#ifndef HERALD_API_LIMITS_H
#define HERALD_API_LIMITS_H

#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>

struct call;
struct limits;

struct limits_config {
    int64_t key_rate,
        key_burst; /* requests of a key: a second, at once; 0: without limit, as many as in a second */
    int64_t address_rate, address_burst; /* the same of an address */
    int64_t credential_failures; /* of an address in a minute; 0: without limit */
};

struct limits *limits_new(const struct limits_config *config) __attribute__((returns_nonnull));
void limits_free(struct limits *limits);
/* For server_config.addresses; NULL: without limit. */
struct limiter *limits_addresses(const struct limits *limits);

/* Where clients have no address (a unix socket) nothing below is limited by it: they would all be one. */

/* Before the credential (a key, or a session's) is looked at. False: the call was answered with a 429. */
bool limits_admit(struct call *call, const char *credential) MUST_CHECK;
/* What came of it. Once after each limits_admit; not if the database could not tell. */
void limits_learn(struct call *call, const char *credential, bool right);

/* Before a new password is asked for, which sends an email to whomever the caller names. False as above. */
bool limits_admit_reset(struct call *call) MUST_CHECK;

#endif
