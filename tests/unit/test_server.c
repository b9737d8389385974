/* The HTTP server over real sockets, with raw bytes: what a client library would never send must be tried
 * too. */
#include "base/clock.h"
#include "base/fault.h"
#include "base/metrics.h"
#include "net/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_US (20 * US_PER_S) /* a test that waits longer than this for anything has failed */
#define BODY_MOST 4096

struct fixture {
    struct server *server;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct exchange *held[64]; /* by requests for /hold, in order of arrival */
    size_t held_count;
    unsigned workers_started, workers_stopped, freed;
    sem_t stuck; /* a worker with a request for /stuck waits for it */
};

/* ---- the handler under test ---- */

static void reply_text(struct exchange *x, int status, struct buf *body)
{
    struct reply reply = {
        .status = status, .content_type = "text/plain; charset=utf-8", .body_len = body->len};
    reply.body = buf_take(body);
    exchange_reply(x, &reply);
}

static const char *or_none(const char *text)
{
    return text ? text : "(none)";
}

static void echo(struct exchange *x)
{
    struct buf out = BUF_INIT(1 << 20);
    buf_printf(&out, "%s %s\n", x->method, x->path);
    const char *name, *value;
    for (size_t i = 0; exchange_query_at(x, i, &name, &value); i++)
        buf_printf(&out, "?%s=%s\n", name, value);
    buf_printf(&out, "x-test=%s\ncookie=%s\n", or_none(exchange_header(x, "x-TEST")),
        or_none(exchange_cookie(x, "session")));
    buf_printf(&out, "body=%s\n", x->body);
    reply_text(x, 200, &out);
}

static void hold(struct fixture *f, struct exchange *x)
{
    pthread_mutex_lock(&f->lock);
    assert_true(f->held_count < ARRAY_LEN(f->held));
    f->held[f->held_count++] = x;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

static void handle(struct exchange *x, void *worker)
{
    struct fixture *f = x->server_ctx;
    assert_ptr_equal(worker, f);
    if (strcmp(x->path, "/hold") == 0) {
        hold(f, x);
    } else if (strcmp(x->path, "/stuck") == 0) {
        hold(f, x);
        while (sem_wait(&f->stuck) != 0)
            ;
        echo(x);
    } else if (strcmp(x->path, "/single-error") == 0) {
        struct error err;
        struct error_list list = {0};
        error_list_add(&list, "/due", "must be a date");
        error_set(&err, ERR_INVALID, "one member is wrong");
        exchange_reply_error(x, &err, &list);
    } else if (strcmp(x->path, "/error") == 0) {
        struct error err;
        struct error_list list = {0};
        error_list_add(&list, "/due \"x\"", "must be a date");
        error_list_add(&list, "/cut", "café is cut: caf\xc3");
        error_set(&err, ERR_INVALID, "one member is wrong");
        exchange_reply_error(x, &err, &list);
    } else if (strcmp(x->path, "/cached") == 0) {
        const struct reply_header headers[] = {{"Cache-Control", "max-age=60"}, {"ETag", "\"1\""}};
        exchange_reply(x, &(struct reply){.status = 200,
                              .content_type = "text/plain",
                              .headers = headers,
                              .header_count = 2,
                              .static_body = "static",
                              .body_len = 6,
                              .close = true});
    } else {
        echo(x);
    }
}

static void *worker_start(void *ctx)
{
    struct fixture *f = ctx;
    pthread_mutex_lock(&f->lock);
    f->workers_started++;
    pthread_mutex_unlock(&f->lock);
    return f;
}

static void worker_stop(void *ctx, void *worker)
{
    struct fixture *f = ctx;
    assert_ptr_equal(worker, f);
    pthread_mutex_lock(&f->lock);
    f->workers_stopped++;
    pthread_mutex_unlock(&f->lock);
}

static const char *const single[] = {"X-API-KEY", NULL};

static struct server_config config_of(struct fixture *f)
{
    return (struct server_config){
        .name = "test",
        .listen = "127.0.0.1:0",
        .body_most = BODY_MOST,
        .connections_most = 100,
        .idle_s = 30,
        .deadline_us = 60 * US_PER_S,
        .workers = 2,
        .single_headers = single,
        .ctx = f,
        .handle = handle,
        .worker_start = worker_start,
        .worker_stop = worker_stop,
    };
}

static void start(struct fixture *f, const struct server_config *config)
{
    *f = (struct fixture){0};
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    sem_init(&f->stuck, 0, 0);
    struct error err;
    if (server_start(config, &f->server, &err) != ERR_OK)
        fail_msg("%s", err.text);
}

static void stop(struct fixture *f)
{
    server_stop(f->server, 10 * US_PER_S);
    assert_int_equal(f->workers_started, f->workers_stopped);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
    sem_destroy(&f->stuck);
}

/* The i-th request for /hold, once it is there. */
static struct exchange *held(struct fixture *f, size_t i)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_US / US_PER_S;
    int rc = 0;
    pthread_mutex_lock(&f->lock);
    while (f->held_count <= i && rc == 0)
        rc = pthread_cond_timedwait(&f->changed, &f->lock, &until);
    struct exchange *x = f->held[i];
    pthread_mutex_unlock(&f->lock);
    assert_int_equal(rc, 0);
    return x;
}

/* ---- a client of raw bytes ---- */

/* The error number of connect, 0 when it succeeds. */
static int try_dial(const struct fixture *f, int *fd)
{
    const char *text = server_address(f->server);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(strrchr(text, ':') + 1, NULL, 10))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(*fd >= 0);
    return connect(*fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
}

static int dial(const struct fixture *f)
{
    int fd;
    assert_int_equal(try_dial(f, &fd), 0);
    return fd;
}

static void send_bytes(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        data += sent;
        len -= (size_t)sent;
    }
}

static void send_text(int fd, const char *text)
{
    send_bytes(fd, text, strlen(text));
}

/* One more read; 0 at the end of the stream. */
static size_t receive(int fd, char *into, size_t room)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, (int)(PATIENCE_US / US_PER_MS)), 1);
    ssize_t got = recv(fd, into, room, 0);
    return got > 0 ? (size_t)got : 0;
}

struct answer {
    int status;
    char head[2048];
    char body[8192];
};

static void read_exactly(int fd, char *into, size_t len)
{
    for (size_t n = 0, got; n < len; n += got) {
        got = receive(fd, into + n, len - n);
        assert_true(got > 0);
    }
}

/* One answer; nothing of the next is taken. */
static struct answer read_answer_to(int fd, bool without_body)
{
    struct answer a = {0};
    for (size_t n = 0; !strstr(a.head, "\r\n\r\n"); n++) {
        assert_true(n < sizeof a.head - 1);
        read_exactly(fd, a.head + n, 1);
    }
    a.status = (int)strtol(a.head + strlen("HTTP/1.1 "), NULL, 10);
    const char *length = strcasestr(a.head, "\r\ncontent-length:");
    size_t len = length && !without_body ? strtoul(length + strlen("\r\ncontent-length:"), NULL, 10) : 0;
    assert_true(len < sizeof a.body);
    read_exactly(fd, a.body, len);
    return a;
}

static struct answer read_answer(int fd)
{
    return read_answer_to(fd, false);
}

static void assert_closed(int fd)
{
    char byte;
    assert_int_equal(receive(fd, &byte, 1), 0);
}

static struct answer ask(const struct fixture *f, const char *request)
{
    int fd = dial(f);
    send_text(fd, request);
    struct answer a = read_answer(fd);
    close(fd);
    return a;
}

static void assert_has(const char *text, const char *part)
{
    if (!strcasestr(text, part))
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void reply_ok(struct exchange *x)
{
    struct buf body = BUF_INIT(100);
    buf_add_text(&body, "late");
    reply_text(x, 200, &body);
}

#define HOST "Host: localhost\r\n"
#define GET_HOLD "GET /hold HTTP/1.1\r\n" HOST "\r\n"

/* ---- tests ---- */

static void answers_what_it_was_asked(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    struct answer a =
        ask(&f, "POST /api/caf%C3%A9?a=1+2&b=%26&a=3&flag HTTP/1.1\r\n" HOST
                "X-Test: yes\r\nCookie: other=1; session=abc\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(a.status, 200);
    assert_string_equal(
        a.body, "POST /api/caf\xc3\xa9\n?a=1 2\n?b=&\n?a=3\n?flag=\nx-test=yes\ncookie=abc\nbody=hello\n");
    assert_has(a.head, "\r\nX-Request-Id: ");
    assert_has(a.head, "\r\nX-Content-Type-Options: nosniff\r\n");
    assert_has(a.head, "\r\nCache-Control: no-store\r\n");

    a = ask(
        &f, "POST /c HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    assert_has(a.body, "body=abcde\n");
    stop(&f);
}

static void keeps_the_connection(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    int fd = dial(&f);
    send_text(fd, "GET /one HTTP/1.1\r\n" HOST "\r\n");
    assert_has(read_answer(fd).body, "GET /one\n");
    send_text(fd, "GET /two HTTP/1.1\r\n" HOST "\r\n");
    assert_has(read_answer(fd).body, "GET /two\n");
    send_text(fd, "GET /p1 HTTP/1.1\r\n" HOST "\r\nPOST /p2 HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi"
                  "GET /p3 HTTP/1.1\r\n" HOST "\r\n");
    assert_has(read_answer(fd).body, "GET /p1\n");
    assert_has(read_answer(fd).body, "body=hi\n");
    assert_has(read_answer(fd).body, "GET /p3\n");
    close(fd);
    stop(&f);
}

static void *reply_elsewhere(void *arg)
{
    reply_ok(arg);
    return NULL;
}

static void answers_from_any_thread(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    int fd = dial(&f);
    send_text(fd, GET_HOLD);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, reply_elsewhere, held(&f, 0)), 0);
    struct answer a = read_answer(fd);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "late");
    pthread_join(thread, NULL);
    close(fd);
    stop(&f);
}

static void slow_senders_hold_no_thread(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    config.workers = 1;
    start(&f, &config);
    int slow[16];
    for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
        slow[i] = dial(&f);
        send_text(slow[i], i % 2 ? "POST /slow HTTP/1.1\r\nHo"
                                 : "POST /slow HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhe");
    }
    assert_int_equal(ask(&f, "GET /fast HTTP/1.1\r\n" HOST "\r\n").status, 200);
    for (size_t i = 0; i < ARRAY_LEN(slow); i += 2) {
        send_text(slow[i], "llo");
        assert_has(read_answer(slow[i]).body, "body=hello\n");
    }
    for (size_t i = 0; i < ARRAY_LEN(slow); i++)
        close(slow[i]);
    stop(&f);
}

/* S1: the handler's reply comes after all, and is dropped. */
static void deadline_answers_for_the_handler(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    config.deadline_us = 1;
    start(&f, &config);
    /* A worker that finds the deadline passed does not begin. */
    struct answer a = ask(&f, "GET /late HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(a.status, 503);
    assert_has(a.head, "\r\nRetry-After: 1\r\n");
    stop(&f);

    config.deadline_us = 300 * US_PER_MS;
    start(&f, &config);
    int fd = dial(&f);
    send_text(fd, "GET /hold?q=still HTTP/1.1\r\n" HOST "X-Test: there\r\n\r\n");
    struct exchange *x = held(&f, 0);
    a = read_answer(fd);
    assert_int_equal(a.status, 503);
    assert_has(a.head, "\r\nRetry-After: 1\r\n");
    assert_has(a.body, "\"status\":503");
    assert_closed(fd);
    close(fd);
    /* What the handler reads is there although the connection is gone. */
    assert_string_equal(exchange_header(x, "x-test"), "there");
    assert_string_equal(exchange_query(x, "q"), "still");
    assert_non_null(exchange_client(x));
    assert_int_equal(exchange_client(x)->sa_family, AF_INET);
    reply_ok(x);
    stop(&f);
}

static void client_may_leave_before_the_reply(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    struct linger at_once = {.l_onoff = 1};
    for (size_t i = 0; i < 20; i++) {
        int fd = dial(&f);
        send_text(fd, GET_HOLD);
        struct exchange *x = held(&f, i);
        if (i % 2) /* a reset, not an orderly end */
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
        assert_string_equal(x->path, "/hold");
        reply_ok(x);
    }
    assert_int_equal(ask(&f, "GET / HTTP/1.1\r\n" HOST "\r\n").status, 200);
    stop(&f);
}

/* S3, and S1 for a holder that replies when the server is gone. */
static void stop_answers_what_is_suspended(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    int fds[5];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = dial(&f);
        send_text(fds[i], GET_HOLD);
        held(&f, i);
    }
    int half = dial(&f);
    send_text(half, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhe");
    reply_ok(f.held[0]);
    server_stop(f.server, 1000);
    assert_int_equal(read_answer(fds[0]).status, 200);
    for (size_t i = 1; i < ARRAY_LEN(fds); i++) {
        assert_int_equal(read_answer(fds[i]).status, 503);
        assert_closed(fds[i]);
        reply_ok(f.held[i]);
    }
    assert_closed(half);
    close(half);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        close(fds[i]);
    assert_int_equal(f.workers_stopped, config.workers);
}

static void *stop_in_thread(void *arg)
{
    struct fixture *f = arg;
    server_stop(f->server, PATIENCE_US);
    return NULL;
}

static void stop_lets_requests_finish(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    int fd = dial(&f), other = dial(&f), refused;
    send_text(other, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(read_answer(other).status, 200);
    send_text(fd, GET_HOLD);
    struct exchange *x = held(&f, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_in_thread, &f), 0);
    /* Once it drains, a request on a connection that was open before is turned away. */
    struct answer a;
    do {
        send_text(other, "GET / HTTP/1.1\r\n" HOST "\r\n");
        a = read_answer(other);
    } while (a.status == 200);
    assert_int_equal(a.status, 503);
    assert_int_equal(try_dial(&f, &refused), ECONNREFUSED);
    reply_ok(x);
    assert_int_equal(read_answer(fd).status, 200);
    pthread_join(thread, NULL);
    close(refused);
    close(other);
    close(fd);
}

struct refusal_case {
    const char *what;
    int status; /* 0: libmicrohttpd refuses it by itself */
    const char *request;
};

static const struct refusal_case refusals[] = {
    {"two Content-Length", 400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"},
    {"two different Content-Length", 400,
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-length: 2\r\n\r\nab"},
    {"a list of lengths", 0, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\na"},
    {"a signed length", 0, "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\na"},
    {"a negative length", 0, "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\na"},
    {"a huge length", 0, "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\na"},
    {"two Host", 400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n"},
    {"no Host", 0, "GET / HTTP/1.1\r\n\r\n"},
    {"an empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
    {"a Host with a path", 400, "GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n"},
    {"a Host with user information", 400, "GET / HTTP/1.1\r\nHost: me@localhost:x\r\n\r\n"},
    {"TE with CL", 400,
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
    {"CL with TE", 400,
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"another TE", 400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
    {"TE twice", 400,
        "POST / HTTP/1.1\r\n" HOST
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"TE on 1.0", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"a credential twice", 400, "GET / HTTP/1.1\r\n" HOST "X-API-KEY: a\r\nx-api-key: a\r\n\r\n"},
    {"a blank before the colon", 400, "GET / HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\n"},
    {"a header without a colon", 0, "GET / HTTP/1.1\r\n" HOST "nonsense\r\n\r\n"},
    {"a folded header", 400, "GET / HTTP/1.1\r\n" HOST "X-Test: a\r\n b\r\n\r\n"},
    {"a folded header at the end", 400,
        "GET / HTTP/1.1\r\n" HOST "X-One: 1\r\nX-Test:\r\n\tb\r\nX-Two: 2\r\n\r\n"},
    {"a folded Host", 0, "GET / HTTP/1.1\r\nHost: local\r\n host\r\n\r\n"},
    {"a header folded twice", 400, "GET / HTTP/1.1\r\n" HOST "X-One: 1\r\n 2\r\n 3\r\nX-Two: 2\r\n\r\n"},
    {"a fold of one byte", 400, "GET / HTTP/1.1\r\n" HOST "X-One:\r\n 2\r\n\r\n"},
    {"a control character in a value", 400,
        "GET / HTTP/1.1\r\n" HOST "X-Test: a\x01"
        "b\r\n\r\n"},
    {"a path that is not UTF-8", 400, "GET /%ff HTTP/1.1\r\n" HOST "\r\n"},
    {"an overlong slash", 400, "GET /a%c0%afb HTTP/1.1\r\n" HOST "\r\n"},
    {"a raw byte that is not UTF-8", 400, "GET /\xff HTTP/1.1\r\n" HOST "\r\n"},
    {"a NUL in the path", 400, "GET /a%00b HTTP/1.1\r\n" HOST "\r\n"},
    {"an encoded slash", 400, "GET /a%2fb HTTP/1.1\r\n" HOST "\r\n"},
    {"a broken escape", 400, "GET /a%4 HTTP/1.1\r\n" HOST "\r\n"},
    {"a broken escape in the query", 400, "GET /a?b=%zz HTTP/1.1\r\n" HOST "\r\n"},
    {"a query that is not UTF-8", 400, "GET /a?b=%ff HTTP/1.1\r\n" HOST "\r\n"},
    {"a fragment", 400, "GET /a#b HTTP/1.1\r\n" HOST "\r\n"},
    {"a blank in the target", 0, "GET /a b HTTP/1.1\r\n" HOST "\r\n"},
    {"an absolute target", 400, "GET http://localhost/ HTTP/1.1\r\n" HOST "\r\n"},
    {"an unknown method", 501, "BREW /pot HTTP/1.1\r\n" HOST "\r\n"},
    {"a method in lower case", 501, "get / HTTP/1.1\r\n" HOST "\r\n"},
    {"a foreign Host", 421, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"},
    {"a Host that begins well", 421, "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n"},
    {"HTTP/2.0", 0, "GET / HTTP/2.0\r\n" HOST "\r\n"},
    {"a Content-Length over the limit", 413,
        "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 4097\r\n\r\n"},
};

/* libmicrohttpd's own: a page and a close, sometimes a close alone. */
static void check_refused_by_library(const struct fixture *f, const struct refusal_case *c)
{
    char text[4096] = "";
    int fd = dial(f);
    send_text(fd, c->request);
    for (size_t n = 0, got; (got = receive(fd, text + n, sizeof text - 1 - n)) > 0; n += got)
        ;
    if (text[0] && strtol(text + strlen("HTTP/1.1 "), NULL, 10) < 400)
        fail_msg("%s: answered %s", c->what, text);
    close(fd);
}

static void check_refusal(const struct fixture *f, const struct refusal_case *c)
{
    int64_t before = metric_get(METRIC_http_refused_total);
    int fd = dial(f);
    send_text(fd, c->request);
    struct answer a = read_answer(fd);
    if (a.status != c->status || !strstr(a.head, "\r\nContent-Type: application/problem+json\r\n"))
        fail_msg("%s: answered %s%s", c->what, a.head, a.body);
    assert_has(a.head, "\r\nX-Request-Id: ");
    assert_has(a.body, "{\"type\":\"about:blank\",\"title\":\"");
    assert_has(a.body, "\"request_id\":\"");
    assert_int_equal(metric_get(METRIC_http_refused_total), before + 1);
    char more;
    if (receive(fd, &more, 1) != 0)
        fail_msg("%s: the connection stays open", c->what);
    close(fd);
}

static void refuses_what_can_be_read_two_ways(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        (refusals[i].status ? check_refusal : check_refused_by_library)(&f, &refusals[i]);
    stop(&f);
}

static void limits_the_body(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    static char body[BODY_MOST * 16];
    memset(body, 'x', sizeof body);

    int fd = dial(&f);
    char head[200];
    snprintf(head, sizeof head, "POST / HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", BODY_MOST);
    send_text(fd, head);
    send_bytes(fd, body, BODY_MOST);
    assert_int_equal(read_answer(fd).status, 200);

    /* The client that sends all of it before it reads gets to see the answer. */
    snprintf(head, sizeof head, "POST / HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", sizeof body);
    send_text(fd, head);
    send_bytes(fd, body, sizeof body);
    assert_int_equal(read_answer(fd).status, 413);
    assert_closed(fd);
    close(fd);

    fd = dial(&f);
    send_text(fd, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 16; i++) {
        send_text(fd, "1000\r\n");
        send_bytes(fd, body, 4096);
        send_text(fd, "\r\n");
    }
    send_text(fd, "0\r\n\r\n");
    struct answer a = read_answer(fd);
    assert_int_equal(a.status, 413);
    assert_has(a.body, "\"detail\":\"The body is larger than this server accepts.\"");
    assert_closed(fd);
    close(fd);
    stop(&f);
}

static void answers_for_listed_hosts_only(void **state)
{
    (void)state;
    struct fixture f;
    const char *names[] = {"herald.example"};
    struct server_config config = config_of(&f);
    config.hosts = (struct text_list){names, 1};
    start(&f, &config);
    assert_int_equal(ask(&f, "GET / HTTP/1.1\r\nHost: HERALD.example:80\r\n\r\n").status, 200);
    assert_int_equal(ask(&f, "GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n").status, 200);
    assert_int_equal(ask(&f, "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n").status, 200);
    assert_int_equal(ask(&f, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
    assert_int_equal(ask(&f, "GET / HTTP/1.1\r\nHost: example\r\n\r\n").status, 421);
    assert_int_equal(ask(&f, "GET / HTTP/1.0\r\n\r\n").status, 200);
    stop(&f);

    config.listen = "0.0.0.0:0";
    start(&f, &config);
    assert_int_equal(ask(&f, "GET / HTTP/1.1\r\nHost: herald.example\r\n\r\n").status, 200);
    assert_int_equal(ask(&f, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 421);
    assert_int_equal(ask(&f, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status, 421);
    stop(&f);
}

static void writes_problem_documents(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    struct answer a = ask(&f, "GET /error HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(a.status, 422);
    assert_has(a.body, "\"status\":422,\"detail\":\"one member is wrong\",\"request_id\":\"");
    assert_has(a.body, "\"errors\":[{\"pointer\":\"/due \\\"x\\\"\",\"detail\":\"must be a date\"}");
    assert_has(a.body, "{\"pointer\":\"/cut\",\"detail\":\"café is cut: caf\xef\xbf\xbd\"}]}");
    assert_null(strcasestr(a.head, "Retry-After"));
    a = ask(&f, "GET /single-error HTTP/1.1\r\n" HOST "\r\n");
    assert_has(a.body, "\"detail\":\"/due: one member is wrong\",\"request_id\":\"");
    assert_has(a.body, "\"errors\":[{\"pointer\":\"/due\",\"detail\":\"must be a date\"}]}");
    static const struct {
        enum err_code code;
        int status;
    } statuses[] = {{ERR_MALFORMED, 400}, {ERR_UNAUTHENTICATED, 401}, {ERR_DENIED, 403}, {ERR_NOT_FOUND, 404},
        {ERR_CONFLICT, 409}, {ERR_STALE, 412}, {ERR_TOO_LARGE, 413}, {ERR_INVALID, 422}, {ERR_BUSY, 503},
        {ERR_UNAVAILABLE, 503}, {ERR_FENCED, 503}, {ERR_INTERNAL, 500}};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        assert_int_equal(error_http_status(statuses[i].code), statuses[i].status);
    stop(&f);
}

static void keeps_the_replys_own_headers(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    int fd = dial(&f);
    send_text(fd, "GET /cached HTTP/1.1\r\n" HOST "\r\n");
    struct answer a = read_answer(fd);
    assert_string_equal(a.body, "static");
    assert_has(a.head, "\r\nCache-Control: max-age=60\r\n");
    assert_has(a.head, "\r\nETag: \"1\"\r\n");
    assert_null(strcasestr(a.head, "no-store"));
    assert_closed(fd);
    close(fd);

    fd = dial(&f);
    send_text(fd, "HEAD /x HTTP/1.1\r\n" HOST "\r\nGET /y HTTP/1.1\r\n" HOST "\r\n");
    a = read_answer_to(fd, true);
    assert_int_equal(a.status, 200);
    assert_has(a.head, "\r\nContent-Length: ");
    assert_has(read_answer(fd).body, "GET /y\n");
    close(fd);
    stop(&f);
}

static void listens_on_a_unix_socket(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    char dir[] = "/tmp/herald-test-XXXXXX", listen[sizeof dir + 20];
    assert_non_null(mkdtemp(dir));
    snprintf(listen, sizeof listen, "unix:%s/s", dir);
    config.listen = listen;
    mode_t before = umask(0);
    start(&f, &config);
    umask(before);
    assert_string_equal(server_address(f.server), listen);
    struct stat file;
    assert_int_equal(stat(listen + strlen("unix:"), &file), 0);
    assert_int_equal(file.st_mode & 07777, 0600);

    struct server *second;
    struct error err;
    assert_int_equal(server_start(&config, &second, &err), ERR_UNAVAILABLE);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", listen + strlen("unix:"));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    send_text(fd, "GET /over-unix HTTP/1.1\r\n" HOST "\r\n");
    assert_has(read_answer(fd).body, "GET /over-unix\n");
    close(fd);
    stop(&f);
    assert_int_equal(access(address.sun_path, F_OK), -1);

    /* A file that a killed server left is in nobody's way. */
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    start(&f, &config);
    stop(&f);
    rmdir(dir);
}

static void refuses_bad_addresses(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    static const char *const bad[] = {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http",
        "::1:80", "[]:80", "unix:", "127.0.0.1:99999"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct error err;
        config.listen = bad[i];
        if (server_start(&config, &f.server, &err) != ERR_INVALID)
            fail_msg("\"%s\" was accepted", bad[i]);
    }
    start(&f, &(struct server_config){.name = "test",
                  .listen = "127.0.0.1:0",
                  .workers = 1,
                  .idle_s = 30,
                  .connections_most = 10,
                  .deadline_us = US_PER_S,
                  .handle = handle,
                  .ctx = &f,
                  .worker_start = worker_start,
                  .worker_stop = worker_stop});
    struct error err;
    struct server *second;
    config.listen = server_address(f.server);
    assert_int_equal(server_start(&config, &second, &err), ERR_UNAVAILABLE);
    assert_has(err.text, "in use");
    stop(&f);
}

#ifdef HERALD_FAULTS
static void answers_503_without_memory_for_a_body(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    setenv("HERALD_FAULTS", "alloc=1", 1);
    assert_true(fault_init());
    struct answer a = ask(&f, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
    assert_int_equal(a.status, 503);
    assert_has(a.head, "\r\nRetry-After: 1\r\n");
    assert_has(a.body, "no memory");
    assert_int_equal(ask(&f, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello").status, 200);
    stop(&f);
}
#endif

/* libmicrohttpd's own loop stalls when exactly 128 connections are ready at once, hence many tries. */
static void answers_a_burst(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    config.connections_most = 256;
    start(&f, &config);
    static int fds[200];
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < ARRAY_LEN(fds); i++)
            fds[i] = dial(&f);
        for (size_t i = 0; i < ARRAY_LEN(fds); i++)
            send_text(fds[i], "GET / HTTP/1.1\r\n" HOST "\r\n");
        for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
            assert_int_equal(read_answer(fds[i]).status, 200);
            close(fds[i]);
        }
    }
    stop(&f);
}

static void closes_idle_connections(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    config.idle_s = 1;
    start(&f, &config);
    int idle = dial(&f), half = dial(&f), waiting = dial(&f);
    send_text(half, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhe");
    send_text(waiting, GET_HOLD);
    struct exchange *x = held(&f, 0);
    assert_closed(idle);
    assert_closed(half);
    /* One that waits for its answer is not idle. */
    reply_ok(x);
    assert_int_equal(read_answer(waiting).status, 200);
    close(idle);
    close(half);
    close(waiting);
    stop(&f);
}

/* A byte now and then, until the server closes. */
static struct answer trickle(int fd, const char *text)
{
    struct answer a = {0};
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    for (int64_t until = clock_boot_us() + PATIENCE_US; poll(&ready, 1, 50) == 0; text += text[1] != '\0') {
        assert_true(clock_boot_us() < until);
        if (send(fd, text, 1, MSG_NOSIGNAL) != 1)
            break;
    }
    size_t n = 0;
    for (ssize_t got; (got = recv(fd, a.head + n, sizeof a.head - 1 - n, 0)) > 0; n += (size_t)got)
        ;
    if (n > 0)
        a.status = (int)strtol(a.head + strlen("HTTP/1.1 "), NULL, 10);
    return a;
}

/* S4 */
static void cuts_off_what_is_sent_too_slowly(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    config.idle_s = 60;
    config.request_us = 300 * US_PER_MS;
    start(&f, &config);
    int idle = dial(&f), used = dial(&f), waiting = dial(&f);
    send_text(used, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(read_answer(used).status, 200);
    send_text(waiting, GET_HOLD);
    struct exchange *x = held(&f, 0);

    int fd = dial(&f);
    send_text(fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhe");
    struct answer a = read_answer(fd);
    assert_int_equal(a.status, 408);
    assert_has(a.head, "\r\nConnection: close\r\n");
    assert_has(a.body, "not sent whole in time.\"}");
    assert_closed(fd);
    close(fd);

    static const char *const slow[] = {"GET / HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\r\n\r\n\r\n\r\n\n"};
    for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
        fd = dial(&f);
        assert_int_equal(trickle(fd, slow[i]).status, 408);
        close(fd);
    }
    /* A second request on a connection, too. */
    fd = dial(&f);
    send_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(read_answer(fd).status, 200);
    assert_int_equal(trickle(fd, slow[1]).status, 408);
    close(fd);

    /* By now it would have been the turn of these, were they sending. */
    const int patient[] = {idle, used};
    for (size_t i = 0; i < ARRAY_LEN(patient); i++) {
        send_text(patient[i], "GET / HTTP/1.1\r\n" HOST "\r\n");
        assert_int_equal(read_answer(patient[i]).status, 200);
        close(patient[i]);
    }
    reply_ok(x);
    assert_int_equal(read_answer(waiting).status, 200);
    close(waiting);
    stop(&f);
}

static void closes_what_is_half_closed_without_a_request(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    config.idle_s = 600;
    start(&f, &config);
    static const char nothing[64];
    int garbage = dial(&f), partial = dial(&f), whole = dial(&f);
    send_bytes(garbage, nothing, sizeof nothing);
    shutdown(garbage, SHUT_WR);
    send_text(partial, "GET /");
    shutdown(partial, SHUT_WR);
    /* One that asked and waits is served first. */
    send_text(whole, GET_HOLD);
    shutdown(whole, SHUT_WR);
    assert_closed(garbage);
    assert_closed(partial);
    reply_ok(held(&f, 0));
    assert_int_equal(read_answer(whole).status, 200);
    assert_closed(whole);
    close(garbage);
    close(partial);
    close(whole);
    stop(&f);
}

#define POST_100 "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\n"
#define POST_4000 "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4000\r\n\r\n"

static int post_part(const struct fixture *f, const char *head, size_t len)
{
    static char body[4000];
    memset(body, 'x', sizeof body);
    int fd = dial(f);
    send_text(fd, head);
    send_bytes(fd, body, len);
    return fd;
}

static void until_bodies_fit(const struct fixture *f)
{
    struct answer a;
    int64_t until = clock_boot_us() + PATIENCE_US;
    do {
        assert_true(clock_boot_us() < until);
        a = ask(f, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
    } while (a.status == 503);
    assert_int_equal(a.status, 200);
}

/* S4 */
static void bounds_all_bodies_together(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    config.bodies_most = 8192;
    start(&f, &config);
    /* Held by the handler. */
    int fds[2];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = post_part(&f, POST_4000, 4000);
        held(&f, i);
    }
    struct answer a = ask(&f, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
    assert_int_equal(a.status, 503);
    assert_has(a.head, "\r\nRetry-After: 1\r\n");
    assert_has(a.body, "no memory");
    assert_int_equal(ask(&f, "GET / HTTP/1.1\r\n" HOST "\r\n").status, 200);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        reply_ok(f.held[i]);
        assert_int_equal(read_answer(fds[i]).status, 200);
        close(fds[i]);
    }
    until_bodies_fit(&f);

    /* Of unknown length, and still being read. */
    fds[0] = post_part(&f, POST_4000, 4000);
    held(&f, 2);
    static char chunk[4000];
    memset(chunk, 'x', sizeof chunk);
    int running = dial(&f);
    send_text(running, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3e8\r\n");
    send_bytes(running, chunk, 1000);
    fds[1] = post_part(&f, "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 1500\r\n\r\n", 1500);
    held(&f, 3);
    send_text(running, "\r\nbb8\r\n");
    send_bytes(running, chunk, 3000);
    send_text(running, "\r\n0\r\n\r\n");
    assert_int_equal(read_answer(running).status, 503);
    assert_closed(running);
    close(running);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        reply_ok(f.held[2 + i]);
        assert_int_equal(read_answer(fds[i]).status, 200);
        close(fds[i]);
    }

    /* Of clients that have left. */
    for (size_t i = 0; i < 10; i++)
        close(post_part(&f, POST_4000, 3000));
    until_bodies_fit(&f);
    stop(&f);
}

/* The HTTP thread has seen whatever was sent before: an answer takes it more than one round. */
static void settle(const struct fixture *f)
{
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(f, "GET / HTTP/1.1\r\n" HOST "\r\n").status, 200);
}

static void assert_cut_off(int fd)
{
    struct answer a = read_answer(fd);
    assert_int_equal(a.status, 408);
    assert_has(a.head, "\r\nConnection: close\r\n");
    assert_closed(fd);
    close(fd);
}

/* S4: who sends a part and stops does not keep others out. */
static void cuts_off_the_body_that_has_waited_longest(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    config.bodies_most = 8192;
    start(&f, &config);
    int first = post_part(&f, POST_4000, 3000);
    settle(&f);
    int stalled = post_part(&f, POST_4000, 3000);
    settle(&f);
    send_text(first, "x");
    settle(&f);
    int whole = post_part(&f, POST_4000, 4000);
    held(&f, 0);
    assert_cut_off(stalled);

    /* The one that went on is there still; now that both are whole, nobody is cut off for others. */
    char rest[999];
    memset(rest, 'x', sizeof rest);
    send_bytes(first, rest, sizeof rest);
    held(&f, 1);
    assert_int_equal(ask(&f, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello").status, 503);
    assert_int_equal(ask(&f, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                             "5\r\nhello\r\n0\r\n\r\n")
                         .status,
        503);
    const int fds[] = {whole, first};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        assert_int_equal(f.held[i]->body_len, 4000);
        reply_ok(f.held[i]);
        assert_int_equal(read_answer(fds[i]).status, 200);
        close(fds[i]);
    }
    stop(&f);
}

static void cuts_off_nobody_for_what_does_not_fit(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    config.bodies_most = 8192;
    start(&f, &config);
    int whole = post_part(&f, POST_4000, 4000);
    held(&f, 0);
    int also = post_part(&f, POST_100, 100);
    held(&f, 1);
    int unfinished = post_part(&f, POST_100, 50);
    settle(&f);
    int large = post_part(&f, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfa0\r\n", 4000);
    send_text(large, "\r\n0\r\n\r\n");
    assert_int_equal(read_answer(large).status, 503);
    close(large);
    char rest[50];
    memset(rest, 'x', sizeof rest);
    send_bytes(unfinished, rest, sizeof rest);
    held(&f, 2);
    const int fds[] = {whole, also, unfinished};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        reply_ok(f.held[i]);
        assert_int_equal(read_answer(fds[i]).status, 200);
        close(fds[i]);
    }
    stop(&f);
}

static void serves_others_among_many_unfinished_bodies(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    config.bodies_most = 8192;
    start(&f, &config);
    int unfinished[40];
    for (size_t i = 0; i < ARRAY_LEN(unfinished); i++) {
        unfinished[i] = post_part(&f, POST_4000, 3000);
        struct answer a = ask(&f, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
        assert_int_equal(a.status, 200);
    }
    settle(&f);
    /* There was room for two of them at most. */
    for (size_t i = 0; i + 2 < ARRAY_LEN(unfinished); i++)
        assert_cut_off(unfinished[i]);
    for (size_t i = ARRAY_LEN(unfinished) - 2; i < ARRAY_LEN(unfinished); i++)
        close(unfinished[i]);
    stop(&f);
}

/* "/at/…" but for its "/at/worker". */
static bool answer_at_once(const struct exchange *exchange, struct reply *reply)
{
    static const struct reply_header headers[] = {{"X-At", "once"}};
    if (strncmp(exchange->path, "/at/", 4) != 0 || strcmp(exchange->path, "/at/worker") == 0)
        return false;
    *reply = (struct reply){.status = 200,
        .content_type = "text/plain",
        .headers = headers,
        .header_count = 1,
        .static_body = "at once",
        .body_len = 7};
    return true;
}

static void answers_some_paths_without_a_worker(void **state)
{
    (void)state;
    struct fixture f;
    static const struct instant_answer instant[] = {
        {"/livez", "text/plain", "alive"}, {"/healthz", "application/json", "{}"}};
    struct server_config config = config_of(&f);
    config.workers = 1;
    config.instant = instant;
    config.instant_count = ARRAY_LEN(instant);
    config.at_once = answer_at_once;
    start(&f, &config);
    int stuck = dial(&f), posts = dial(&f), asks = dial(&f), posts_at = dial(&f), worker = dial(&f);
    send_text(stuck, "GET /stuck HTTP/1.1\r\n" HOST "\r\n");
    held(&f, 0);
    struct answer a = ask(&f, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "{}");
    assert_has(a.head, "\r\nContent-Type: application/json\r\n");
    assert_has(a.head, "\r\nCache-Control: no-store\r\n");
    assert_has(a.head, "\r\nX-Request-Id: ");
    assert_string_equal(ask(&f, "GET /livez HTTP/1.0\r\n\r\n").body, "alive");
    assert_int_equal(ask(&f, "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 421);
    int fd = dial(&f);
    send_text(fd, "HEAD /healthz HTTP/1.1\r\n" HOST "\r\nGET /healthz HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(read_answer_to(fd, true).status, 200);
    assert_string_equal(read_answer(fd).body, "{}");
    close(fd);
    a = ask(&f, "GET /at/any?page=2 HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(a.body, "at once");
    assert_has(a.head, "\r\nX-At: once\r\n");
    /* What is not a plain question is the handler's. */
    send_text(posts_at, "POST /at/any HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
    send_text(worker, "GET /at/worker HTTP/1.1\r\n" HOST "\r\n");
    send_text(posts, "POST /healthz HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
    send_text(asks, "GET /healthz?verbose HTTP/1.1\r\n" HOST "\r\n");
    sem_post(&f.stuck);
    assert_has(read_answer(posts).body, "POST /healthz\n");
    assert_has(read_answer(asks).body, "GET /healthz\n?verbose=\n");
    assert_has(read_answer(posts_at).body, "POST /at/any\n");
    assert_has(read_answer(worker).body, "GET /at/worker\n");
    close(posts_at);
    close(worker);
    assert_int_equal(read_answer(stuck).status, 200);
    close(asks);
    close(posts);
    close(stuck);
    stop(&f);
}

/* S3 with no time at all, and with clients that do not read. */
static void stop_needs_no_time_to_answer(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    int fds[20], deaf = dial(&f);
    send_text(deaf, GET_HOLD);
    struct exchange *x = held(&f, 0);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = dial(&f);
        send_text(fds[i], GET_HOLD);
        held(&f, 1 + i);
    }
    struct buf large = BUF_INIT(32 << 20);
    while (large.len < 32 << 20)
        buf_add(&large, (char[4096]){0}, 4096);
    reply_text(x, 200, &large);
    server_stop(f.server, 0);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        assert_int_equal(read_answer(fds[i]).status, 503);
        assert_closed(fds[i]);
        reply_ok(f.held[1 + i]);
        close(fds[i]);
    }
    close(deaf);
}

static void knows_loopback_addresses(void **state)
{
    (void)state;
    static const char *const inside[] = {"127.0.0.1:80", "127.8.9.10:0", "[::1]:80", "localhost:80",
        "LocalHost:80", "unix:/run/herald/s", "[0:0:0:0:0:0:0:1]:80"};
    static const char *const outside[] = {"127.evil.example:80", "127.0.0.1.evil.example:80",
        "localhost.evil.example:80", "localhost.:80", "0.0.0.0:80", "[::]:80", "10.0.0.1:80", "[::1]evil:80",
        "[::2]:80", "[localhost]evil:80", "128.0.0.1:80", "", "localhost", "127.0.0.1", "[::1]", "unix"};
    for (size_t i = 0; i < ARRAY_LEN(inside); i++)
        if (!server_address_is_loopback(inside[i]))
            fail_msg("\"%s\" is loopback", inside[i]);
    for (size_t i = 0; i < ARRAY_LEN(outside); i++)
        if (server_address_is_loopback(outside[i]))
            fail_msg("\"%s\" is not known to be loopback", outside[i]);
}

static void count_freed(void *ctx)
{
    struct fixture *f = ctx;
    f->freed++;
}

static void frees_its_context_once(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    config.ctx_free = count_freed;
    start(&f, &config);
    assert_int_equal(ask(&f, "GET / HTTP/1.1\r\n" HOST "\r\n").status, 200);
    assert_int_equal(f.freed, 0);
    /* The address is taken. */
    config.listen = server_address(f.server);
    struct server *second;
    struct error err;
    assert_int_not_equal(server_start(&config, &second, &err), ERR_OK);
    assert_int_equal(f.freed, 1);
    stop(&f);
    assert_int_equal(f.freed, 2);
}

static void asks_for_the_body_that_is_expected(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    int fd = dial(&f);
    send_text(fd, "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_int_equal(read_answer(fd).status, 100);
    send_text(fd, "hello");
    assert_has(read_answer(fd).body, "body=hello\n");
    close(fd);
    stop(&f);
}

/* Clients that come, go, wait and are late, all at once: for the sanitizers. */
struct crowd {
    struct fixture *f;
    unsigned seed;
};

static void *crowd_member(void *arg)
{
    struct crowd *crowd = arg;
    for (int i = 0; i < 150; i++) {
        int fd = dial(crowd->f);
        send_text(fd, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
        switch (rand_r(&crowd->seed) % 3) {
        case 0:
            break;
        case 1:
            read_answer(fd);
            break;
        default:
            read_answer(fd);
            send_text(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
        }
        close(fd);
    }
    return NULL;
}

static void survives_a_crowd(void **state)
{
    (void)state;
    struct fixture f;
    struct server_config config = config_of(&f);
    start(&f, &config);
    pthread_t threads[4];
    struct crowd crowds[4];
    for (unsigned i = 0; i < 4; i++) {
        crowds[i] = (struct crowd){&f, i};
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_member, &crowds[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    stop(&f);
    assert_int_equal(metric_get(METRIC_http_connections), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_what_it_was_asked),
        cmocka_unit_test(keeps_the_connection),
        cmocka_unit_test(answers_from_any_thread),
        cmocka_unit_test(slow_senders_hold_no_thread),
        cmocka_unit_test(deadline_answers_for_the_handler),
        cmocka_unit_test(client_may_leave_before_the_reply),
        cmocka_unit_test(stop_answers_what_is_suspended),
        cmocka_unit_test(stop_lets_requests_finish),
        cmocka_unit_test(refuses_what_can_be_read_two_ways),
        cmocka_unit_test(limits_the_body),
        cmocka_unit_test(answers_for_listed_hosts_only),
        cmocka_unit_test(writes_problem_documents),
        cmocka_unit_test(keeps_the_replys_own_headers),
        cmocka_unit_test(listens_on_a_unix_socket),
        cmocka_unit_test(refuses_bad_addresses),
#ifdef HERALD_FAULTS
        cmocka_unit_test(answers_503_without_memory_for_a_body),
#endif
        cmocka_unit_test(answers_a_burst),
        cmocka_unit_test(closes_idle_connections),
        cmocka_unit_test(cuts_off_what_is_sent_too_slowly),
        cmocka_unit_test(closes_what_is_half_closed_without_a_request),
        cmocka_unit_test(bounds_all_bodies_together),
        cmocka_unit_test(cuts_off_the_body_that_has_waited_longest),
        cmocka_unit_test(cuts_off_nobody_for_what_does_not_fit),
        cmocka_unit_test(serves_others_among_many_unfinished_bodies),
        cmocka_unit_test(answers_some_paths_without_a_worker),
        cmocka_unit_test(stop_needs_no_time_to_answer),
        cmocka_unit_test(knows_loopback_addresses),
        cmocka_unit_test(frees_its_context_once),
        cmocka_unit_test(asks_for_the_body_that_is_expected),
        cmocka_unit_test(survives_a_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
