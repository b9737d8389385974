/*
 * The guarded HTTP client: one request, its limits, its outcome. Upholds I5: the target guard judges every
 * address at the moment of connecting, no redirect is followed, no proxy is taken from the environment.
 *
 * On the loop's thread, but for http_client_new/free.
 */
#ifndef HERALD_NET_HTTP_H
#define HERALD_NET_HTTP_H

#include "base/arena.h"
#include "net/guard.h"
#include "net/loop.h"

struct http_client;

struct http_limits {
    int64_t total_us; /* whole request */
    int64_t connect_us; /* DNS, TCP and TLS */
    size_t body_most; /* bytes of the answer's body that are kept */
    /* A longer body is an error (HTTP_BODY_TOO_LARGE); else the rest is cut off and the request ends as answered. */
    bool fail_over_body;
    /* Name look-ups under way at once, in all; 0: no limit. One name is looked up at most twice at once. */
    int lookups_most;
    const char *
        ca_file; /* PEM: whom to trust besides the system's authorities; NULL: nobody. Must outlive the client */
};

/* Why there is no answer. Text for people comes with it in http_result.detail. */
enum http_error {
    HTTP_OK = 0,
    HTTP_BLOCKED, /* the target guard refused the address */
    HTTP_DNS, /* the name did not resolve */
    HTTP_REFUSED, /* no connection */
    HTTP_TIMEOUT, /* a limit passed */
    HTTP_TLS, /* handshake or certificate */
    HTTP_PROTOCOL, /* not HTTP, or cut off in the middle */
    HTTP_BODY_TOO_LARGE,
    HTTP_CANCELLED, /* Herald is stopping */
    HTTP_LOCAL, /* this machine's fault: no memory, no descriptors */
};
/* "blocked_target", "dns", "connection_refused", "timeout", "tls", "protocol", … as stored and shown. */
const char *http_error_name(enum http_error error);

struct http_timings { /* microseconds from the start, 0 if not reached */
    int64_t dns, connect, tls, first_byte, total;
};

struct http_result {
    enum http_error error;
    char detail[200]; /* one sentence for people, empty on HTTP_OK */
    /* 0 without an answer; 1xx never. With an error there can be one too: the answer did not end as it should. */
    int status;
    /* "name: value\n…", at most 4 KiB; bytes that are not printable ASCII are '?'. Lives until `done` returns. */
    const char *headers;
    const char *body; /* any bytes, NUL-terminated; likewise */
    size_t body_len;
    bool body_cut;
    int sends; /* how often the request went out on the wire: libcurl sends again when a kept connection is dead */
    int64_t retry_after_us; /* -1 without the header */
    struct http_timings timings;
};

struct http_request {
    /* set by the caller; texts are copied by http_send */
    const char *method; /* "GET", "POST" */
    const char *url; /* already checked by url_parse */
    const char *const *headers; /* "Name: value", NULL-terminated */
    const char *body; /* NULL: none */
    size_t body_len;
    void (*done)(void *ctx, const struct http_result *result);
    void *ctx;
};

struct http_call;

enum err_code http_client_new(struct loop *loop, const struct guard *guard, const struct http_limits *limits,
    struct http_client **client, struct error *err) MUST_CHECK;
/* After the loop has stopped, with no call under way. */
void http_client_free(struct http_client *client);

/*
 * Starts a request. On ERR_OK `done` is called exactly once, later, on the loop's thread, whatever happens; else it is
 * not called. ERR_BUSY: it would be one look-up too many, try again when a call has ended; names that were looked up
 * within the last minute need none. ERR_INVALID: a header has a line break. `call` may be NULL.
 */
enum err_code http_send(struct http_client *client, const struct http_request *request,
    struct http_call **call, struct error *err) MUST_CHECK;
/* Ends a call now: `done` is called with HTTP_CANCELLED before this returns. */
void http_cancel(struct http_call *call);

/* Name look-ups under way, or expected for calls that have just been sent. */
int http_lookups(const struct http_client *client);
int http_calls(const struct http_client *client);

#endif
