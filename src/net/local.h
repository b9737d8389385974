/*
 * Blocking HTTP requests to servers on this machine: how `herald admin` reaches the server that has its data
 * folder, and how `herald demo` passes on what it shows. Not for addresses that users configure: no target guard
 * judges them (net/http.h has it).
 *
 * Any thread that may wait.
 */
#ifndef HERALD_NET_LOCAL_H
#define HERALD_NET_LOCAL_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

struct local_request {
    const char *socket_path; /* of a unix socket; NULL: TCP, to */
    const char *address; /* "127.0.0.1:8080" */
    const char *method, *target; /* as they go into the request line */
    const char *const
        *headers; /* "Name: value", NULL-terminated; Host and Content-Length come by themselves */
    const char *body; /* NULL: none */
    size_t body_len;
    int64_t timeout_us;
};

/* The caller gives both buffers their caps, and frees them, also after an error. */
struct local_answer {
    int status;
    struct buf headers; /* "Name: value\n…"; what is over its cap is left out */
    struct buf body; /* over its cap: an error */
};

/* ERR_NOT_FOUND: nobody listens there; ERR_UNAVAILABLE: no answer in time, or not in HTTP. */
enum err_code local_send(
    const struct local_request *request, struct local_answer *answer, struct error *err) MUST_CHECK;

/* POSTs JSON over a unix socket; *status and the answer's body. */
enum err_code local_post(const char *socket_path, const char *path, const char *body, int *status,
    struct buf *answer, struct error *err) MUST_CHECK;

#endif
