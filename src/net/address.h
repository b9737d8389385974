/* Addresses of peers, as text and as what limits go by. Owns nothing; any thread. */
#ifndef HERALD_NET_ADDRESS_H
#define HERALD_NET_ADDRESS_H

#include "base/macros.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* One of either family. */
union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* False: of another family. An IPv4 address inside an IPv6 one (::ffff:1.2.3.4) becomes that. */
bool address_of(const struct sockaddr *from, union address *out) MUST_CHECK;

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80"; the port is left out. */
bool address_parse(const char *text, size_t len, union address *out) MUST_CHECK;

struct address_text {
    char text[INET6_ADDRSTRLEN];
};
/* Without a port; "" for NULL, which is the peer of a unix socket. */
struct address_text address_format(const struct sockaddr *address);

/*
 * Who a limit is about: all of an IPv4 address, the first 64 bits of an IPv6 address, which is what one customer has
 * at least. NULL, the peer of a unix socket, has no bytes: it tells nobody from another.
 */
struct address_key {
    unsigned char bytes[8];
    size_t len;
};
struct address_key address_key(const struct sockaddr *address);

#endif
