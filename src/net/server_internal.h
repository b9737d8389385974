/*
 * What the files of the HTTP server share; nobody else includes it.
 *      server.c    the daemon, its threads, start and stop
 *      intake.c    libmicrohttpd's callbacks: reads a request, hands it over, sends its answer (the HTTP thread)
 *      strict.c    what is refused, and the parsing of the target, the query and Host
 *      registry.c  who holds an exchange, deadlines, resuming (S1, S2)
 *      exchange.c  accessors and replies (any thread)
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
#include "net/server.h"

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

struct request {
    struct exchange exchange;
    struct server *server;
    struct MHD_Connection *connection;
    struct inbox_item item;
    /* the HTTP thread's until the hand-over, constant afterwards */
    struct sockaddr_storage peer;
    struct fields headers, query, cookies;
    struct buf body;
    bool begun; /* the checks were made */
    bool folded; /* a header went over more than one line */
    int refused_status; /* 0: not refused */
    const char *refusal; /* a sentence for the client */
    size_t discarded; /* bytes of a refused body */
    int64_t deadline_boot_us;
    /* written by the one who made it REQUEST_ANSWERED, before the resume; then the HTTP thread's */
    struct MHD_Response *response;
    int status;
    /* under server.lock */
    enum request_state state;
    bool connection_holds, handler_holds;
    TAILQ_ENTRY(request) link; /* the registry */
};

TAILQ_HEAD(request_list, request);

struct server {
    /* set before start */
    struct server_config config;
    struct arena *arena; /* of the texts below and of this struct's life */
    struct text_list hosts;
    const char *address;
    const char *socket_path; /* of a unix socket, else NULL */
    int listen_fd; /* the HTTP thread's while it runs */
    int wake_fd; /* an event for the HTTP thread; see server_wake */
    struct MHD_Daemon *daemon;
    pthread_t http, *workers;
    bool http_runs;
    unsigned workers_run;
    /* shared: has a lock of its own */
    struct inbox inbox; /* requests for the workers */
    atomic_size_t holds; /* the owner, and every request: the last one frees the server */
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

/* Bytes that libmicrohttpd has for each connection; thousands of idle ones must be cheap. */
#define CONNECTION_MEMORY 8192

#define BODY_TOO_LARGE "The body is larger than this server accepts."

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

/* registry.c */
struct request *request_new(struct server *server, struct MHD_Connection *connection);
/* Into the registry, and to the handler's care; false while draining. Already suspended. */
bool registry_enter(struct request *request) MUST_CHECK;
/* The handler's answer: takes the response, resumes (or, if it is too late, drops it), and lets go. */
void registry_answer(struct request *request, int status, struct MHD_Response *response);
void registry_connection_done(struct request *request);
void registry_handler_done(struct request *request);
/* Answers 503 whatever is past its deadline, or everything. */
void registry_expire(struct server *server, bool all);
void server_release(struct server *server);

/* exchange.c */
struct MHD_Response *problem_response(
    const struct request *request, int status, const char *detail, const struct error_list *list, bool close);

#endif
