/* One blocking HTTP request over a unix socket: how `herald admin` talks to the server on this machine. */
#ifndef HERALD_NET_LOCAL_H
#define HERALD_NET_LOCAL_H

#include "base/buf.h"
#include "base/error.h"

/* POSTs JSON; *status and the answer's body. ERR_UNAVAILABLE when nobody listens at `socket_path`. */
enum err_code local_post(const char *socket_path, const char *path, const char *body, int *status,
    struct buf *answer, struct error *err) MUST_CHECK;

#endif
