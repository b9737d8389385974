/*
 * The HTTP server: libmicrohttpd behind one small interface. A request is read whole on the HTTP thread, judged
 * strictly, then handed to a worker; whoever has the answer gives it, on any thread, at any time. Meanwhile the
 * connection is suspended and holds no thread.
 *
 * What a strict server must refuse and libmicrohttpd does not is refused here, before any handler: two
 * Content-Length, two Host, Transfer-Encoding with Content-Length, folded headers, repeated credentials, a Host
 * that is not on the list, a body over the limit, a method that is not known, a target that is no path, has an
 * encoded slash or is not UTF-8. What libmicrohttpd refuses by itself (no Host, an unreadable Content-Length, a
 * header without a colon, too long headers) gets a page of its own, not a problem document; so be it.
 *
 * Life of an exchange (one request and its answer)
 *      reading ──whole──▶ suspended, with a worker ──exchange_reply──▶ resumed, answered ──▶ freed
 *         │   │                    └── deadline ──▶ answered 503, kept until exchange_reply is called after all
 *         │   └── refused ──▶ answered, connection closed
 *         └── request_us, or others need the room of its body ──▶ 408 if that can be sent, connection closed
 *
 * Invariants
 *  S1  Every exchange that the handler got is replied to exactly once (exchange_reply), even after its deadline
 *      or when the client has gone; it may not be touched afterwards.
 *  S2  A suspended connection is in one registry with a deadline, and is resumed exactly once.
 *  S3  server_stop resumes and answers all that is suspended before the daemon stops.
 *  S4  Whatever clients send and however slowly, what they make the server hold is bounded: in time by
 *      request_us and idle_s, in memory by bodies_most, by connections_most, and for streams by streams_most times
 *      stream_buffer_most.
 *
 * Instead of one reply an exchange may be answered by a stream (exchange_stream_start): text of unknown length that
 * comes over time. It is a connection like the others, suspended as long as there is nothing to send; libmicrohttpd
 * has one daemon a port, so streams have no daemon of their own but a cap.
 *      suspended, with a worker ──exchange_stream_start──▶ stream ──stream_end──▶ the rest is sent, closed
 *                                                            ├── server_stop: farewell, closed
 *                                                            └── client gone, or too slow: cut off
 *  S5  Who started a stream holds the exchange until stream_end, once, whatever became of the client. There is no
 *      call-back when a client goes: stream_write and stream_is_open tell, so nobody is told of a stream that
 *      another thread is just ending.
 */
#ifndef HERALD_NET_SERVER_H
#define HERALD_NET_SERVER_H

#include "base/arena.h"
#include "base/config.h"
#include "base/error.h"
#include "base/id.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct server;
struct reply;

struct exchange {
    /* set by the server, constant for the handler; all of it is a copy that lives until exchange_reply, even if
     * the deadline has passed and the connection is gone */
    struct id request_id;
    const char *method; /* "GET" */
    const char *target; /* path and query as sent */
    const char *version; /* "HTTP/1.1" */
    const char *path; /* decoded, without the query; "/api/…" */
    const char *body; /* NUL-terminated; "" without a body */
    size_t body_len;
    bool https; /* as far as the client's side goes: this server's own TLS, or that of a proxy it believes */
    int64_t started_boot_us;
    struct arena *arena; /* the handler's, freed with the exchange */
    void *server_ctx; /* server_config.ctx */
    /* for the handler's own use */
    void *user;
};

/* Given with 200 by the HTTP thread itself. */
struct instant_answer {
    const char *path, *content_type, *body;
};

/* Texts and lists must outlive the server. */
struct server_config {
    const char *name; /* for logs: "api" */
    const char *listen; /* "127.0.0.1:8080", "[::1]:0", "unix:/run/herald/admin.sock" */
    const char *listen_option; /* where a person changes it, for the error: "--listen"; NULL: nowhere */
    struct text_list hosts; /* accepted in Host, besides the listen address and, on loopback, localhost */
    /*
     * Networks (CIDR) of proxies: what they say in X-Forwarded-For and X-Forwarded-Proto is believed, nobody else. Off
     * loopback and without TLS, whoever is not in them is refused.
     */
    struct text_list behind_proxy;
    struct limiter
        *addresses; /* takes one for each request of a client's address, or it is a 429; NULL: no limit */
    struct tls *tls; /* net/tls.h; speaks nothing but TLS then; NULL: plain HTTP. Must outlive the server */
    size_t body_most; /* bytes; more is a 413 */
    /* Bytes of all bodies that are being read or are with the handler. For one that would go over it, those that
     * have waited longest for their rest are cut off; if the handler's leave no room, it is a 503.
     * 0: 64 MiB, or body_most if that is more. */
    size_t bodies_most;
    unsigned connections_most;
    unsigned idle_s; /* a connection without a request, or on which nothing happens, is closed */
    int64_t request_us; /* from a request's first byte to the whole of it; 0: 30 s */
    int64_t deadline_us; /* from the whole request to its reply; then the client gets a 503 */
    unsigned workers; /* threads that run `handle`; at least one */
    unsigned streams_most; /* at once; 0: none */
    size_t stream_buffer_most; /* bytes that wait for a slow reader; beyond it, it is cut off; 0: 256 KiB */
    int64_t stream_beat_us; /* a stream on which nothing was sent for so long gets its `beat`; 0: 15 s */
    /* Headers that may stand once at most, besides the server's own list; NULL-terminated. */
    const char *const *single_headers;
    /* Answers to GET and HEAD without a query that need no worker, so that they come even if all are stuck. */
    const struct instant_answer *instant;
    size_t instant_count;
    /*
     * The same for what is a choice: on the HTTP thread, for GET and HEAD, and it must not wait for anything. True with
     * `reply` filled in, of which what is not `body` lives as long as the exchange; false: it is for `handle`. May be
     * NULL.
     */
    bool (*at_once)(const struct exchange *exchange, struct reply *reply);
    void *ctx;
    void (*ctx_free)(void *ctx); /* once, with the last of the server, or of a failed start; may be NULL */
    void (*handle)(struct exchange *exchange, void *worker); /* on a worker's thread */
    void *(*worker_start)(void *ctx); /* on the worker's thread; may be NULL */
    void (*worker_stop)(void *ctx, void *worker); /* likewise */
};

enum err_code server_start(
    const struct server_config *config, struct server **server, struct error *err) MUST_CHECK;

/* "127.0.0.1:41234": where it really listens. Lives as long as the server. */
const char *server_address(const struct server *server);

/* Whether only this machine can reach it: a unix socket, the name localhost, or a loopback address as a number.
 * No other name is looked up or believed. */
bool server_address_is_loopback(const char *listen);

/* ERR_INVALID with what it must look like, or with why its host's name has no address. Opens nothing. */
enum err_code server_address_check(const char *listen, struct error *err) MUST_CHECK;

/*
 * Stops accepting, and answers 503 to what comes on open connections; requests that are with the handler may
 * finish for the first three quarters of drain_us at least, then S3; answers may take the rest to reach slow clients.
 * All of it takes no longer than drain_us, unless `handle` does not return: the workers are waited for. The
 * server is freed, but who still has an exchange may, and must, reply to it later (S1). Not from a thread of the
 * server.
 */
void server_stop(struct server *server, int64_t drain_us);

/* A header's value, or NULL. Names in any case. Handler side, until the reply. */
const char *exchange_header(const struct exchange *exchange, const char *name);
/* The i-th header as it was sent, in order; false past the end. */
bool exchange_header_at(const struct exchange *exchange, size_t i, const char **name, const char **value);

/* How often a header was sent. */
size_t exchange_header_count(const struct exchange *exchange, const char *name);

/* The decoded value of the first query parameter of that name ("" without '='), or NULL. */
const char *exchange_query(const struct exchange *exchange, const char *name);
/* The i-th query parameter in order; false past the end. */
bool exchange_query_at(const struct exchange *exchange, size_t i, const char **name, const char **value);

/*
 * The client's address, without a port's meaning: the peer's; or if that is in behind_proxy, the last address in
 * X-Forwarded-For that is not. NULL on a unix socket. As text: net/address.h.
 */
const struct sockaddr *exchange_client(const struct exchange *exchange);

/* A cookie's value, or NULL. */
const char *exchange_cookie(const struct exchange *exchange, const char *name);

struct reply_header {
    const char *name, *value;
};

struct reply {
    int status;
    const char *content_type; /* NULL: no body */
    const struct reply_header *headers;
    size_t header_count;
    char *body; /* malloc'ed (buf_take); the server frees it */
    const char *static_body; /* or a text that lives for ever */
    size_t body_len;
    bool close; /* end the connection after it */
};

/* Any thread, exactly once (S1). Takes reply.body; everything else is copied. */
void exchange_reply(struct exchange *exchange, const struct reply *reply);

/* Any thread, instead of exchange_reply: `handle` is called with it once more, from the beginning. */
void exchange_again(struct exchange *exchange);

struct stream_start {
    const char *content_type;
    const struct reply_header *headers;
    size_t header_count;
    const char *beat; /* sent when there is nothing else, to keep proxies from closing; lives for ever */
    const char *farewell; /* the last that is sent when the server stops; lives for ever */
};

/*
 * A worker's thread, instead of exchange_reply: status 200, and from now on a stream (S5). On an error the exchange
 * waits for its reply as before: ERR_BUSY, there are streams_most already; ERR_UNAVAILABLE, the server is stopping or
 * the deadline has passed.
 */
enum err_code exchange_stream_start(
    struct exchange *exchange, const struct stream_start *start, struct error *err) MUST_CHECK;

/*
 * One thread at a time, like stream_end. All of `data` is sent in the end, or false: the stream is over. When nothing
 * else waits, `data` may be larger than stream_buffer_most.
 */
bool stream_write(struct exchange *exchange, const char *data, size_t len) MUST_CHECK;
bool stream_is_open(struct exchange *exchange);
/* Bytes that may still be written before the client counts as too slow. */
size_t stream_room(struct exchange *exchange);

/* The stream is over when what was written has been sent. The exchange may not be touched afterwards. */
void stream_end(struct exchange *exchange);

/*
 * A problem document (RFC 9457) for an error: status from its code, detail from its text, errors[] from `list`
 * (may be NULL); 503 carries Retry-After. The second form chooses the status itself.
 */
void exchange_reply_error(struct exchange *exchange, const struct error *err, const struct error_list *list);
void exchange_reply_problem(
    struct exchange *exchange, int status, const char *detail, const struct error_list *list);
/* 429 with Retry-After, in whole seconds, rounded up: for whoever asks too often (base/limiter.h). */
void exchange_reply_limited(struct exchange *exchange, const char *detail, int64_t retry_after_us);
/* The status of an error code: ERR_INVALID → 422. */
int error_http_status(enum err_code code);

#endif
