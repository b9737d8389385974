/*
 * The target guard (I5): which addresses Herald may connect to. By default it refuses everything that is not
 * a public unicast address; the operator allows ranges (CIDR). Judged at connect time, on the address itself,
 * so that nothing DNS says later matters.
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

/* `allow`: CIDRs or single addresses, IPv4 or IPv6; "*" allows everything. ERR_INVALID names the bad one. */
enum err_code guard_new(struct arena *arena, const struct text_list *allow, const struct guard **guard,
    struct error *err) MUST_CHECK;

/* True if a connection to it is permitted; else `why` names the kind: "loopback address 127.0.0.1". */
bool guard_permits(const struct guard *guard, const struct sockaddr *addr, char why[static 96]);

/* One CIDR, for other lists of networks (behind_proxy). */
struct cidr {
    unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    int bits; /* of 128 */
};
bool cidr_parse(const char *text, struct cidr *out) MUST_CHECK;
bool cidr_contains(const struct cidr *cidr, const struct sockaddr *addr);

#endif
