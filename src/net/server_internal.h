/*
 * What the files of the HTTP server share; nobody else includes it.
 *      server.c    the daemon, its threads, start and stop
 *      clients.c   connections: how long they may be without a request, or take to send one (the HTTP thread)
 *      intake.c    libmicrohttpd's callbacks: reads a request, hands it over, sends its answer (the HTTP thread)
 *      bodies.c    what all bodies take of the memory, and who is cut off for it
 *      forwarded.c who a request comes from, if a proxy handed it on
 *      strict.c    what is refused, and the parsing of the target, the query and Host
 *      tls.c       certificates, and what libmicrohttpd must know of them
 *      registry.c  who holds an exchange, deadlines, resuming (S1, S2)
 *      exchange.c  accessors and replies (any thread)
 *      stream.c    answers that come over time: buffers, heartbeats, who is cut off (any thread)
 *      listen.c    the listening socket
 *
 * Who holds a request: the connection (until libmicrohttpd says that it is through with it) and, from the
 * hand-over to exchange_reply, the handler. Whoever lets go last frees it. While the handler holds it,
 * nothing of it refers to libmicrohttpd's memory: what a handler can read was copied into the arena, because
 * after a deadline the connection may be gone.
 *
 * The HTTP thread runs libmicrohttpd by MHD_run from a loop of its own. libmicrohttpd's own thread must not
 * be used with epoll: when exactly 128 descriptors are ready it waits again, for as long as the idle time,
 * before it serves them (0.9.75, found under load).
 *
 * Lock order: server.lock, then whatever libmicrohttpd locks. Its callbacks come with none of its locks held.
 */
#ifndef HERALD_NET_SERVER_INTERNAL_H
#define HERALD_NET_SERVER_INTERNAL_H

#include "base/buf.h"
#include "base/inbox.h"
#include "base/limiter.h"
#include "net/address.h"
#include "net/guard.h"
#include "net/server.h"
#include "net/tls.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

enum request_state {
    REQUEST_READING, /* the HTTP thread's alone */
    REQUEST_WAITING, /* suspended, in the registry, the handler has it */
    REQUEST_ANSWERED, /* has its response; out of the registry; resumed, or about to be */
};

/* Headers, query parameters or cookies, in their order. */
struct field {
    const char *name, *value;
    struct field *next;
};

struct fields {
    struct field *head, **tail;
    size_t count;
};

/* A connection, in clients.c's eyes; all of it is the HTTP thread's. */
struct client {
    struct server *server;
    int fd;
    struct MHD_Connection *connection;
    int64_t since_boot_us; /* it is quiet, or begun */
    int64_t due_boot_us; /* to be looked at */
    uint64_t received; /* bytes, when it was last looked at */
    bool counted; /* `received` is known, and more is the begin of a request */
    bool begun; /* has sent a part of a request; of TLS: its handshake is one of the first */
    bool spoken; /* its first line was whole, so that it can be answered */
    bool ended; /* at the last look it had ended its side, and all that it sent was read */
    bool listed; /* in server.unserved */
    TAILQ_ENTRY(client) link;
};

TAILQ_HEAD(client_list, client);

/* An answer that comes over time; in the request's arena. All of it under server.lock. */
struct stream {
    struct request *request;
    const char *beat, *farewell;
    char *data; /* NULL when nothing waits: thousands of idle ones must be cheap */
    size_t size, from, to; /* allocated; what waits is data[from] to data[to] */
    bool suspended; /* its connection waits for data; whoever clears this resumes it (S2) */
    bool closing; /* ends when what waits has been sent */
    bool broken; /* nothing more is sent: the reader was too slow, or has gone */
    bool shut; /* its socket is shut down */
    int64_t wrote_boot_us; /* the last time that anything was written */
    int64_t looked_boot_us; /* at whether the client is still there */
    TAILQ_ENTRY(stream) link; /* server.streams */
    TAILQ_ENTRY(stream) due_link; /* to be resumed, by the one who cleared `suspended` */
};

TAILQ_HEAD(stream_list, stream);

struct request {
    struct exchange exchange;
    struct server *server;
    struct MHD_Connection *connection;
    struct client *client; /* the HTTP thread's, as long as connection_holds */
    struct inbox_item item;
    /* the HTTP thread's until the hand-over, constant afterwards */
    union address from; /* the peer, or who it says that it speaks for, if it is a proxy of ours */
    bool has_from; /* not a unix socket's */
    bool by_proxy; /* the peer is one of ours */
    struct fields headers, query, cookies;
    struct buf body; /* the handler's after the hand-over */
    size_t body_charged; /* of server.bodies; likewise */
    bool reading; /* in server.reading, its body is not whole */
    bool cut_off; /* its connection is about to end without an answer from libmicrohttpd */
    bool begun; /* the checks were made */
    const char
        *next_line; /* while headers are copied: where the next one must begin, in libmicrohttpd's memory */
    bool folded; /* a header went over more than one line */
    bool torn; /* its lines are not what libmicrohttpd took them for: see intake.c */
    int64_t retry_after_us; /* of a 429 */
    int refused_status; /* 0: not refused */
    const char *refusal; /* a sentence for the client */
    size_t discarded; /* bytes of a refused body */
    int64_t deadline_boot_us;
    /* written by the one who made it REQUEST_ANSWERED, before the resume; then the HTTP thread's */
    struct MHD_Response *response;
    int status;
    /* under server.lock */
    struct stream *stream; /* NULL: an answer at once; set with REQUEST_ANSWERED */
    enum request_state state;
    bool connection_holds, handler_holds;
    TAILQ_ENTRY(request) link; /* the registry */
    TAILQ_ENTRY(request) reading_link; /* the HTTP thread's */
};

TAILQ_HEAD(request_list, request);

struct server {
    /* set before start */
    struct server_config config;
    struct arena *arena; /* of the texts below and of this struct's life */
    struct text_list hosts;
    struct limiter *refusals; /* of whose refusals are logged, by address; has locks of its own */
    struct cidr *proxies;
    size_t proxy_count;
    bool
        proxies_only; /* off loopback and without TLS: whoever is none would send its credentials in the clear */
    const char *address;
    const char *socket_path; /* of a unix socket, else NULL */
    int listen_fd; /* the HTTP thread's while it runs */
    int wake_fd; /* an event for the HTTP thread; see server_wake */
    struct MHD_Daemon *daemon;
    pthread_t http, *workers;
    bool http_runs;
    unsigned workers_run;
    struct client_list unserved; /* the HTTP thread's, in the order in which they are due */
    struct request_list
        reading; /* the HTTP thread's: bodies that are not whole, in the order of their growth */
    size_t reading_size; /* the same: bytes, of the bodies in `reading`, which `bodies` has too */
    /* shared: has a lock of its own */
    struct inbox inbox; /* requests for the workers */
    atomic_size_t holds; /* the owner, and every request: the last one frees the server */
    atomic_size_t bodies; /* bytes, of all requests */
    atomic_bool woken; /* wake_fd has been written to since the HTTP thread last woke up */
    atomic_bool quiescing; /* the HTTP thread stops accepting */
    atomic_bool stopping; /* what workers take from now on is answered 503 */
    atomic_bool http_ends; /* the HTTP thread returns */
    /* shared, under lock */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something that server_stop waits for, while draining */
    struct request_list registry; /* REQUEST_WAITING, by deadline, which is the order of arrival */
    size_t answering; /* REQUEST_ANSWERED after a hand-over, connection not through yet */
    size_t resuming; /* answered, MHD_resume_connection not returned yet */
    bool draining; /* nothing enters the registry */
    struct stream_list streams; /* those whose connection is there */
    unsigned stream_count; /* of them, and of those about to be */
    bool streams_over; /* none is started any more */
    size_t rounds; /* of the HTTP thread, since quiescing */
};

static inline struct request *request_of(const struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct request, exchange);
}

/* listen.c: fills listen_fd, address, socket_path; *loopback also for a unix socket; *host without brackets.
 */
enum err_code server_listen(
    struct server *server, bool *loopback, const char **host, struct error *err) MUST_CHECK;

/* server.c: the HTTP thread is to look at the flags and at what was resumed. */
void server_wake(struct server *server);

/* intake.c: callbacks; `cls` is the server. */
void *intake_target(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result intake_access(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload, size_t *upload_size, void **req_cls);
void intake_completed(
    void *cls, struct MHD_Connection *connection, void **req_cls, enum MHD_RequestTerminationCode code);
void intake_connection(void *cls, struct MHD_Connection *connection, void **socket_ctx,
    enum MHD_ConnectionNotificationCode code);

/* clients.c */
struct client *client_new(struct server *server, struct MHD_Connection *connection);
void client_free(struct client *client);
/* The first line of its request is whole. */
void client_spoke(struct client *client, int64_t now_boot_us);
void client_served(struct client *client); /* its request is whole, or is being refused */
void client_answered(struct client *client);
/* With a 408, if that can be sent at once. To be called while its request is being read; frees nothing. */
void client_cut_off(struct client *client);
void clients_expire(struct server *server, int64_t now_boot_us);

/* Its answer is given up: libmicrohttpd finds the socket shut down. */
void client_shut(struct client *client, const char *why);
/* Has ended its side, or is lost, as far as TCP knows. */
bool client_has_left(const struct client *client);

/* Bytes that libmicrohttpd has for each connection; thousands of idle ones must be cheap. */
#define CONNECTION_MEMORY 8192

#define BODY_TOO_LARGE "The body is larger than this server accepts."
#define NO_MEMORY_FOR_BODY "There is no memory for this body now."

/* forwarded.c: after the headers and the peer's address were copied; `from` and `https` become the client's. */
void forwarded_read(struct request *request);

/* tls.c: what libmicrohttpd must know of it, ended; nothing if the server has no TLS. */
void tls_options(const struct server *server, struct MHD_OptionItem options[static 3]);
/* The HTTP thread: sends what goes out at once, after the handshake. */
void tls_say(struct MHD_Connection *connection, const char *text, size_t len);

/* What the checks know of a request. */
struct framing {
    bool ambiguous; /* where the body ends cannot be trusted */
    bool expects; /* the client waits for 100 before it sends the body */
};

/*
 * strict.c: judges headers and target once all headers are there, and fills path and query. False: refused,
 * with refused_status and refusal set.
 */
bool strict_check(struct request *request, const char *version, struct framing *framing);
void fields_add(struct fields *fields, struct arena *arena, const char *name, size_t name_len,
    const char *value, size_t value_len);

/* bodies.c */
/* Counts what the body has grown by, and makes room for it; false if handlers hold too much for that. */
bool request_charge_body(struct request *request) MUST_CHECK;
/* The body is whole, refused, or its client gone; counted until it is dropped. Does nothing for one not begun. */
void request_end_reading(struct request *request);
void request_drop_body(struct request *request);
/* Bytes that cannot be had by cutting off anybody. */
size_t bodies_with_handlers(const struct server *server);

/* registry.c */
struct request *request_new(struct server *server, struct MHD_Connection *connection);
/* Into the registry, and to the handler's care; false while draining. Already suspended. */
bool registry_enter(struct request *request) MUST_CHECK;
/* The handler's answer: takes the response, resumes (or, if it is too late, drops it), and lets go. */
void registry_answer(struct request *request, int status, struct MHD_Response *response);
void registry_connection_done(struct request *request);
void registry_handler_done(struct request *request);
/* The answer is a stream, the handler goes on holding the request. False: it is too late, nothing was done. */
bool registry_answer_stream(
    struct request *request, struct stream *stream, struct MHD_Response *response) MUST_CHECK;
/* Resumes a connection that was claimed, or whose stream's `suspended` was cleared, with `resuming` counted up. */
void registry_resume(struct request *request);
/* Answers 503 whatever is past its deadline, or everything. */
void registry_expire(struct server *server, bool all);
void server_release(struct server *server);

/* stream.c */
/* Heartbeats, and who has gone or was too slow; the HTTP thread, now and then. */
void streams_look(struct server *server, int64_t now_boot_us);
/* Says farewell to all and ends them; none is started afterwards. */
void streams_stop(struct server *server);
/* Under lock, the connection is through. */
void stream_gone(struct stream *stream);

/* exchange.c */
/* Adds headers as a reply has them. */
void response_dress(const struct request *request, struct MHD_Response *response, const struct reply *reply);
struct MHD_Response *reply_response(const struct request *request, const struct reply *reply);
struct MHD_Response *problem_response(
    const struct request *request, int status, const char *detail, const struct error_list *list, bool close);
/* The 429 of exchange_reply_limited. */
struct MHD_Response *limited_response(
    const struct request *request, const char *detail, int64_t retry_after_us);

#endif
