/*
 * The target guard (I5): whom Herald may connect to. By default it refuses every address that is not a public unicast
 * one; the operator allows and denies ranges (CIDR) and names. Judged at connect time, on the address itself, so that
 * nothing DNS says later matters.
 *
 *      denied by a range or a name     refused, whatever is allowed
 *      allowed by a range or a name    permitted, whatever kind of address it is
 *      "*" is denied                   refused: then only what is allowed is
 *      anything else                   public unicast addresses only
 *
 * Any thread; immutable once built.
 */
#ifndef HERALD_NET_GUARD_H
#define HERALD_NET_GUARD_H

#include "base/arena.h"
#include "base/config.h"
#include "base/error.h"

#include <sys/socket.h>

struct guard;

struct guard_lists {
    /*
     * CIDRs or single addresses, IPv4 or IPv6; names, in any case: "hooks.example.com", or "*.example.com" for all below
     * it; "*" for everything.
     */
    struct text_list allow, deny;
};

/* ERR_INVALID names the entry that is neither a range nor a name. The lists may go afterwards. */
enum err_code guard_new(struct arena *arena, const struct guard_lists *lists, const struct guard **guard,
    struct error *err) MUST_CHECK;

/*
 * True if a connection to it is permitted; else `why` names the kind: "loopback address 127.0.0.1". `host` is what the URL
 * says, a name or an address as text.
 */
bool guard_permits(
    const struct guard *guard, const char *host, const struct sockaddr *addr, char why[static 96]);

/* One CIDR, for other lists of networks (behind_proxy). */
struct cidr {
    unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    int bits; /* of 128 */
};
bool cidr_parse(const char *text, struct cidr *out) MUST_CHECK;
bool cidr_contains(const struct cidr *cidr, const struct sockaddr *addr);

#endif
