/*
 * Work that takes long: on a thread of its own (base/executor.h), while the connection is suspended and the worker is
 * free. And what goes with it, since such work is done on behalf of people who guess passwords: the throttle.
 */
#ifndef HERALD_API_ASIDE_H
#define HERALD_API_ASIDE_H

#include "api/call.h"
#include "api/throttle.h"
#include "crm/password.h"

#define ASIDE_WAITING_MOST 32 /* beyond it, 503 */

/*
 * The handler's last act, like call_write: `work` goes on with the call on the other thread, and replies there or calls
 * call_write. It has no database: call->db is the worker's. `late`, if it has a code: the request has waited beyond its
 * deadline, and nothing is to be done for it but to reply that. On ERR_BUSY (too many wait) or ERR_UNAVAILABLE (the server is
 * stopping) the call is still the handler's, to be replied to.
 */
enum err_code call_aside(struct call *call,
    void (*work)(struct call *call, void *ctx, const struct error *late), void *ctx,
    struct error *err) MUST_CHECK;

/* The same for what sets a password: `then` gets its hash. 503 by itself when too many wait or memory is short. */
void call_with_password_hash(struct call *call, const char *password,
    void (*then)(struct call *call, const struct password_hash *hash, void *ctx), void *ctx);

/* Whether a proof for this account may be tried now, from where the call comes. False, and replied: 429. */
bool call_may_try(struct call *call, const char *account, struct throttle_attempt *attempt) MUST_CHECK;

#endif
