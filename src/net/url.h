/*
 * Webhook URLs: what may be configured, and the exact request that each makes (M5). Parsed, never guessed:
 * http or https, a host, no credentials, no fragment, at most 2,048 bytes, printable ASCII; path and query are
 * kept byte for byte.
 *
 * Any thread.
 */
#ifndef HERALD_NET_URL_H
#define HERALD_NET_URL_H

#include "base/arena.h"
#include "base/error.h"

#define URL_MOST 2048

struct url {
    const char *scheme, *host; /* lower case; an IPv6 host without its brackets */
    int port; /* the scheme's own if none is written */
    const char *target; /* path and query as they go into the request line */
    bool host_is_address; /* needs no name look-up */
};

/* ERR_INVALID with the reason. */
enum err_code url_parse(struct arena *arena, const char *text, struct url *out, struct error *err) MUST_CHECK;

/* url_parse, and refuses a query that already has a parameter `name`, also percent-encoded. */
enum err_code url_check_without(
    struct arena *arena, const char *text, const char *name, struct error *err) MUST_CHECK;

/* `text` with name=value at the end of its query; what was there is kept byte for byte. value is a plain token. */
char *url_with_parameter(struct arena *arena, const char *text, const char *name, const char *value)
    __attribute__((returns_nonnull));

#endif
