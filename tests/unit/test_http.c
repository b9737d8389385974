/*
 * The HTTP client against a tiny server that records the exact bytes and answers by script, and against a resolver
 * of our own, which stands in for the system's.
 */
#include "base/clock.h"
#include "base/fault.h"
#include "base/macros.h"
#include "net/http.h"
#include "net/http_outcome.h"
#include "net/url.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a resolver: libcurl's look-ups come here, because the program's own symbols go first ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool hang_released;
    int hanging;
} resolver = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

typedef int getaddrinfo_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int numeric(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    getaddrinfo_fn *real = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(host, service, hints, out);
}

static void hang(void)
{
    pthread_mutex_lock(&resolver.lock);
    resolver.hanging++;
    pthread_cond_broadcast(&resolver.changed);
    while (!resolver.hang_released)
        pthread_cond_wait(&resolver.changed, &resolver.lock);
    resolver.hanging--;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.lock);
}

static void await_hanging(int count)
{
    pthread_mutex_lock(&resolver.lock);
    while (resolver.hanging != count)
        pthread_cond_wait(&resolver.changed, &resolver.lock);
    pthread_mutex_unlock(&resolver.lock);
}

static void release_hanging(bool released)
{
    pthread_mutex_lock(&resolver.lock);
    resolver.hang_released = released;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.lock);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    if (strncmp(name, "hang", 4) == 0) {
        hang();
        return EAI_AGAIN;
    }
    if (strcmp(name, "nonexistent.invalid") == 0)
        return EAI_NONAME;
    if (strcmp(name, "one.test") == 0)
        return numeric("127.0.0.1", service, hints, out);
    if (strcmp(name, "private.test") == 0)
        return numeric("10.0.0.1", service, hints, out);
    if (strcmp(name, "two.test") == 0) { /* the first is not permitted */
        int rc = numeric("127.0.0.2", service, hints, out);
        return rc ? rc : numeric("127.0.0.1", service, hints, &(*out)->ai_next);
    }
    return numeric(name, service, hints, out);
}

/* ---- a server ---- */

#define CONNECTIONS_MOST 64

struct connection {
    struct server *server;
    int fd, requests;
    pthread_t thread;
    char in[65536];
    size_t len;
};

struct server {
    int fd, port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct connection *connections[CONNECTIONS_MOST];
    size_t count;
    char request[65536]; /* the last one */
};

static bool put_bytes(int fd, const char *text, size_t len)
{
    return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool put(int fd, const char *text)
{
    return put_bytes(fd, text, strlen(text));
}

static void put_without_end(int fd, const char *text)
{
    while (put(fd, text))
        ;
}

static void wait_for_close(int fd)
{
    char byte;
    while (recv(fd, &byte, 1, 0) > 0)
        ;
}

#define ANSWER(text) text, sizeof(text) - 1

static const struct {
    const char *path, *answer;
    size_t len;
    bool close;
} scripts[] = {
    {"/204", ANSWER("HTTP/1.1 204 No Content\r\nX-One: 1\r\n\r\n"), false},
    {"/500",
        ANSWER("HTTP/1.1 500 Oops\r\nContent-Length: 5\r\nX-A: b\xff\x01"
               "c\r\n\r\nno\0\n!"),
        false},
    {"/302", ANSWER("HTTP/1.1 302 Found\r\nLocation: /200\r\nContent-Length: 0\r\n\r\n"), false},
    {"/100",
        ANSWER("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n"
               "HTTP/1.1 200 OK\r\nX-Late: 1\r\nContent-Length: 0\r\n\r\n"),
        false},
    {"/chunked",
        ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: "
               "1\r\n\r\n"),
        false},
    {"/to-the-end", ANSWER("HTTP/1.0 200 OK\r\n\r\nabc"), true},
    {"/cut", ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), true},
    {"/cut-header", ANSWER("HTTP/1.1 200 OK\r\nContent-Le"), true},
    {"/cut-chunk", ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), true},
    {"/not-http", ANSWER("SSH-2.0-OpenSSH_9.2\r\n"), true},
    {"/bad-length", ANSWER("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), true},
    {"/retry-seconds", ANSWER("HTTP/1.1 503 Busy\r\nretry-AFTER:  120 \r\nContent-Length: 0\r\n\r\n"), false},
    {"/retry-date",
        ANSWER(
            "HTTP/1.1 503 Busy\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n"),
        false},
    {"/retry-far",
        ANSWER("HTTP/1.1 503 Busy\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n"), false},
    {"/retry-bad", ANSWER("HTTP/1.1 503 Busy\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n"), false},
};

/* False: the connection ends. */
static bool answer_scripted(int fd, const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
        if (strcmp(path, scripts[i].path) == 0)
            return put_bytes(fd, scripts[i].answer, scripts[i].len) && !scripts[i].close;
    return put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-B: c\r\n\r\nok");
}

static void put_body(int fd, size_t len)
{
    char head[80], chunk[1024];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
    memset(chunk, 'x', sizeof chunk);
    put(fd, head);
    for (size_t sent = 0; sent < len; sent += sizeof chunk)
        if (send(fd, chunk, len - sent < sizeof chunk ? len - sent : sizeof chunk, MSG_NOSIGNAL) < 0)
            return;
}

/* What never ends: after the head comes the same again and again, or nothing. */
static const struct {
    const char *path, *head, *again;
} endless[] = {
    {"/slow", "", NULL},
    {"/slow-body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", NULL},
    {"/endless-body", "HTTP/1.0 200 OK\r\nX-B: c\r\n\r\n", "0123456789abcdef"},
    {"/endless-header", "HTTP/1.1 200 OK\r\n", "X-Header: 0123456789\r\n"},
    {"/endless-line", "HTTP/1.1 200 OK\r\nX-Header: ", "0123456789abcdef"},
    {"/endless-100", "", "HTTP/1.1 100 Continue\r\n\r\n"},
};

static bool answer_endless(int fd, const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(endless); i++) {
        if (strcmp(path, endless[i].path) != 0)
            continue;
        put(fd, endless[i].head);
        if (endless[i].again)
            put_without_end(fd, endless[i].again);
        else
            wait_for_close(fd);
        return true;
    }
    return false;
}

/* False: the connection ends. */
static bool answer(struct connection *c, const char *path)
{
    if (strcmp(path, "/close") == 0 || (strcmp(path, "/dies-when-kept") == 0 && c->requests == 2))
        return false;
    if (answer_endless(c->fd, path))
        return false;
    if (strcmp(path, "/body-5000") != 0)
        return answer_scripted(c->fd, path);
    put_body(c->fd, 5000);
    return true;
}

/* The length of the first whole request in the buffer, 0 if it is not there yet. */
static size_t whole_request(struct connection *c)
{
    c->in[c->len] = '\0';
    char *end = strstr(c->in, "\r\n\r\n"), *length = strstr(c->in, "Content-Length: ");
    if (!end)
        return 0;
    size_t need = (size_t)(end + 4 - c->in) + (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
    return c->len >= need ? need : 0;
}

static bool serve_request(struct connection *c, size_t len)
{
    char path[4096] = "";
    pthread_mutex_lock(&c->server->lock);
    memcpy(c->server->request, c->in, len);
    c->server->request[len] = '\0';
    pthread_mutex_unlock(&c->server->lock);
    c->requests++;
    sscanf(c->in, "%*s %4095[^ ?]", path);
    memmove(c->in, c->in + len, c->len - len);
    c->len -= len;
    return answer(c, path);
}

static void *run_connection(void *ctx)
{
    struct connection *c = ctx;
    for (bool open = true; open;) {
        ssize_t got = recv(c->fd, c->in + c->len, sizeof c->in - 1 - c->len, 0);
        if (got <= 0)
            break;
        c->len += (size_t)got;
        if (c->in[0] == 0x16) { /* a TLS client */
            put(c->fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
            break;
        }
        for (size_t len; open && (len = whole_request(c)) > 0;)
            open = serve_request(c, len);
    }
    shutdown(c->fd, SHUT_RDWR);
    return NULL;
}

static void *run_server(void *ctx)
{
    struct server *server = ctx;
    for (int fd; (fd = accept(server->fd, NULL, NULL)) >= 0;) {
        struct connection *c = calloc(1, sizeof *c);
        assert_non_null(c);
        c->server = server;
        c->fd = fd;
        pthread_mutex_lock(&server->lock);
        assert_true(server->count < CONNECTIONS_MOST);
        server->connections[server->count++] = c;
        pthread_create(&c->thread, NULL, run_connection, c);
        pthread_mutex_unlock(&server->lock);
    }
    return NULL;
}

static int bind_loopback(int *port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    *port = ntohs(addr.sin_port);
    return fd;
}

static struct server *server_start(void)
{
    struct server *server = calloc(1, sizeof *server);
    assert_non_null(server);
    pthread_mutex_init(&server->lock, NULL);
    server->fd = bind_loopback(&server->port);
    assert_int_equal(listen(server->fd, 64), 0);
    pthread_create(&server->thread, NULL, run_server, server);
    return server;
}

static void server_stop(struct server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    for (size_t i = 0; i < server->count; i++) {
        shutdown(server->connections[i]->fd, SHUT_RDWR);
        pthread_join(server->connections[i]->thread, NULL);
        close(server->connections[i]->fd);
        free(server->connections[i]);
    }
    close(server->fd);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

static size_t connections(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t count = server->count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

/* ---- a client on its loop ---- */

struct fixture {
    struct arena *arena;
    struct server *server;
    struct loop *loop;
    struct http_client *client;
};

static const struct http_limits usual = {
    .total_us = 20 * US_PER_S, .connect_us = 10 * US_PER_S, .body_most = 4096};

static void start(struct fixture *f, struct http_limits limits, const char *allowed)
{
    struct error err = {0};
    const struct guard *guard = NULL;
    struct guard_lists lists = {.allow = {&allowed, allowed ? 1 : 0}};
    *f = (struct fixture){.arena = arena_new(), .server = server_start()};
    assert_int_equal(guard_new(f->arena, &lists, &guard, &err), ERR_OK);
    assert_int_equal(loop_start("test", &f->loop, &err), ERR_OK);
    assert_int_equal(http_client_new(f->loop, guard, &limits, &f->client, &err), ERR_OK);
}

static void stop(struct fixture *f)
{
    loop_stop(f->loop);
    assert_int_equal(http_calls(f->client), 0);
    assert_int_equal(http_lookups(f->client), 0);
    http_client_free(f->client);
    server_stop(f->server);
    arena_free(f->arena);
}

/* One request, from another thread's view. */
struct exchange {
    struct loop_task task; /* first */
    struct fixture *fixture;
    struct http_request request;
    struct http_call *call;
    enum err_code sent;
    struct error err;
    int lookups; /* right after it was sent */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started, cancelled;
    int answers;
    struct http_result result;
    char headers[8192], body[8192];
};

static void tell(struct exchange *x, bool *what)
{
    pthread_mutex_lock(&x->lock);
    *what = true;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
}

static void on_answer(void *ctx, const struct http_result *result)
{
    struct exchange *x = ctx;
    pthread_mutex_lock(&x->lock);
    x->answers++;
    x->result = *result;
    snprintf(x->headers, sizeof x->headers, "%s", result->headers);
    memcpy(x->body, result->body, result->body_len + 1);
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
}

static void run_send(struct loop_task *task)
{
    struct exchange *x = CONTAINER_OF(task, struct exchange, task);
    x->sent = http_send(x->fixture->client, &x->request, &x->call, &x->err);
    x->lookups = http_lookups(x->fixture->client);
    tell(x, &x->started);
}

static void run_cancel(struct loop_task *task)
{
    struct exchange *x = CONTAINER_OF(task, struct exchange, task);
    http_cancel(x->call);
    tell(x, &x->cancelled);
}

static struct exchange *begin(struct fixture *f, struct http_request request)
{
    struct exchange *x = calloc(1, sizeof *x);
    assert_non_null(x);
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->changed, NULL);
    x->fixture = f;
    x->request = request;
    x->request.done = on_answer;
    x->request.ctx = x;
    x->task.run = run_send;
    assert_true(loop_post(f->loop, &x->task));
    pthread_mutex_lock(&x->lock);
    while (!x->started)
        pthread_cond_wait(&x->changed, &x->lock);
    pthread_mutex_unlock(&x->lock);
    return x;
}

static void await_answer(struct exchange *x)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    int rc = 0;
    pthread_mutex_lock(&x->lock);
    while (x->answers == 0 && rc == 0)
        rc = pthread_cond_timedwait(&x->changed, &x->lock, &until);
    int answers = x->answers;
    pthread_mutex_unlock(&x->lock);
    assert_int_equal(answers, 1);
}

static void cancel(struct exchange *x)
{
    x->task.run = run_cancel;
    assert_true(loop_post(x->fixture->loop, &x->task));
    pthread_mutex_lock(&x->lock);
    while (!x->cancelled)
        pthread_cond_wait(&x->changed, &x->lock);
    pthread_mutex_unlock(&x->lock);
    await_answer(x);
}

static void end(struct exchange *x)
{
    pthread_mutex_destroy(&x->lock);
    pthread_cond_destroy(&x->changed);
    free(x);
}

static char *url_of(struct fixture *f, const char *host, const char *target)
{
    return arena_printf(f->arena, "http://%s:%d%s", host, f->server->port, target);
}

static struct exchange *get_url(struct fixture *f, const char *url)
{
    struct exchange *x = begin(f, (struct http_request){.method = "GET", .url = url});
    assert_int_equal(x->sent, ERR_OK);
    await_answer(x);
    return x;
}

static struct exchange *get(struct fixture *f, const char *target)
{
    return get_url(f, url_of(f, "127.0.0.1", target));
}

#define CHECK(x, wanted_error, wanted_status)                                                                \
    do {                                                                                                     \
        if ((x)->result.error != (wanted_error))                                                             \
            fail_msg(                                                                                        \
                "%s: %s (%s)", (x)->request.url, http_error_name((x)->result.error), (x)->result.detail);    \
        assert_int_equal((x)->result.status, (wanted_status));                                               \
        assert_int_equal((x)->result.detail[0] == '\0', (wanted_error) == HTTP_OK);                          \
    } while (0)

/* One request with its own client and server, for a look at the outcome. */
static void check_one(const char *target, enum http_error error, int status, const char *detail)
{
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    struct exchange *x = get(&f, target);
    CHECK(x, error, status);
    if (!strstr(x->result.detail, detail))
        fail_msg("%s: %s", target, x->result.detail);
    end(x);
    stop(&f);
}

/* ---- what goes out ---- */

static void M5_the_request_goes_out_byte_for_byte(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    const char *headers[] = {"Content-Type: application/json", "X-Herald-Event: activity.logged", NULL};
    struct exchange *x = begin(&f, (struct http_request){.method = "GET",
                                       .url = url_of(&f, "127.0.0.1", "/hook?a=%2f&logged_activity_id=7"),
                                       .headers = headers});
    await_answer(x);
    CHECK(x, HTTP_OK, 200);
    assert_string_equal(f.server->request,
        arena_printf(f.arena,
            "GET /hook?a=%%2f&logged_activity_id=7 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: "
            "herald/%s\r\n"
            "Accept: */*\r\nContent-Type: application/json\r\nX-Herald-Event: activity.logged\r\n\r\n",
            f.server->port, HERALD_VERSION));
    assert_string_equal(x->headers, "Content-Length: 2\nX-B: c\n");
    assert_string_equal(x->body, "ok");
    assert_int_equal(x->result.body_len, 2);
    assert_false(x->result.body_cut);
    assert_int_equal(x->result.sends, 1);
    assert_int_equal(x->result.retry_after_us, -1);
    assert_true(x->result.timings.connect > 0);
    assert_true(x->result.timings.first_byte >= x->result.timings.connect);
    assert_true(x->result.timings.total >= x->result.timings.first_byte);
    assert_int_equal(x->result.timings.tls, 0);
    end(x);
    stop(&f);
}

static void a_body_is_posted_without_expect(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    char body[3000];
    memset(body, 'x', sizeof body);
    const char *headers[] = {"Content-Type: application/json", NULL};
    struct http_request request = {.method = "POST",
        .url = url_of(&f, "127.0.0.1", "/post"),
        .headers = headers,
        .body = body,
        .body_len = sizeof body};
    struct exchange *x = begin(&f, request);
    await_answer(x);
    CHECK(x, HTTP_OK, 200);
    char *sent = arena_printf(f.arena,
        "POST /post HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: herald/%s\r\nAccept: */*\r\n"
        "Content-Type: application/json\r\nContent-Length: 3000\r\n\r\n%.3000s",
        f.server->port, HERALD_VERSION, body);
    assert_string_equal(f.server->request, sent);
    end(x);
    stop(&f);
}

/* A pooled handle must not carry anything over from the request before. */
static void nothing_is_carried_over_between_requests(void **state)
{
    (void)state;
    static const struct {
        const char *method, *body, *start;
    } cases[] = {
        {"POST", "abc", "POST /p HTTP/1.1\r\n"},
        {"GET", NULL, "GET /p HTTP/1.1\r\n"},
        {"PUT", "", "PUT /p HTTP/1.1\r\n"},
        {"DELETE", NULL, "DELETE /p HTTP/1.1\r\n"},
        {"PATCH", "abc", "PATCH /p HTTP/1.1\r\n"},
        {"GET", NULL, "GET /p HTTP/1.1\r\n"},
    };
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *body = cases[i].body;
        struct exchange *x = begin(&f, (struct http_request){.method = cases[i].method,
                                           .url = url_of(&f, "127.0.0.1", "/p"),
                                           .body = body,
                                           .body_len = body ? strlen(body) : 0});
        await_answer(x);
        CHECK(x, HTTP_OK, 200);
        assert_memory_equal(f.server->request, cases[i].start, strlen(cases[i].start));
        char *end_of_header = strstr(f.server->request, "\r\n\r\n");
        assert_string_equal(end_of_header + 4, body ? body : "");
        assert_int_equal(strstr(f.server->request, "Content-Length") != NULL, body != NULL);
        assert_null(strstr(f.server->request, "Content-Type"));
        end(x);
    }
    assert_int_equal(connections(f.server), 1);
    stop(&f);
}

static void M5_targets_are_kept_byte_for_byte(void **state)
{
    (void)state;
    static const char *const targets[] = {"", "/", "?", "/p?", "?a=1", "/a/../b/./c//d", "/a/..", "//",
        "/%2e%2E/%zz%", "/?a=b+c%20d%2f", "/p?a?b=/../x", "/a;v=1,2:3@4!$'()*|{}<>\"^`[]~",
        "/p?x=|{}<>\"^`[]';,"};
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct url url;
        assert_int_equal(url_parse(f.arena, url_of(&f, "127.0.0.1", targets[i]), &url, NULL), ERR_OK);
        struct exchange *x = get(&f, targets[i]);
        CHECK(x, HTTP_OK, 200);
        char *line = strstr(f.server->request, "\r\n");
        *line = '\0';
        assert_string_equal(f.server->request, arena_printf(f.arena, "GET %s HTTP/1.1", url.target));
        end(x);
    }
    stop(&f);
}

static void a_header_with_a_line_break_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    const char *headers[] = {"X-A: b\r\nX-Evil: 1", NULL};
    struct exchange *x = begin(
        &f, (struct http_request){.method = "GET", .url = url_of(&f, "127.0.0.1", "/"), .headers = headers});
    assert_int_equal(x->sent, ERR_INVALID);
    assert_int_equal(x->answers, 0);
    end(x);
    stop(&f);
}

/* ---- what comes back ---- */

static void answers_are_taken_as_they_are(void **state)
{
    (void)state;
    check_one("/204", HTTP_OK, 204, "");
    check_one("/500", HTTP_OK, 500, "");
    check_one("/to-the-end", HTTP_OK, 200, "");
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    struct exchange *x = get(&f, "/chunked");
    CHECK(x, HTTP_OK, 200);
    assert_string_equal(x->body, "abcde");
    assert_null(strstr(x->headers, "X-Trailer"));
    end(x);
    stop(&f);
}

static void headers_are_kept_printable_and_bodies_as_they_are(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    struct exchange *x = get(&f, "/500");
    assert_string_equal(x->headers, "Content-Length: 5\nX-A: b??c\n");
    assert_int_equal(x->result.body_len, 5);
    assert_memory_equal(x->body, "no\0\n!", 6);
    end(x);
    stop(&f);
}

static void I5_a_redirect_is_an_answer_and_not_followed(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    struct exchange *x = get(&f, "/302");
    CHECK(x, HTTP_OK, 302);
    assert_int_equal(x->result.sends, 1);
    assert_memory_equal(f.server->request, "GET /302 ", 9);
    end(x);
    stop(&f);
}

static void interim_answers_are_skipped(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    struct exchange *x = get(&f, "/100");
    CHECK(x, HTTP_OK, 200);
    assert_string_equal(x->headers, "X-Late: 1\nContent-Length: 0\n");
    assert_int_equal(x->result.retry_after_us, -1);
    end(x);
    stop(&f);
}

static void retry_after_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        int64_t us;
    } cases[] = {{"/retry-seconds", 120 * US_PER_S}, {"/retry-date", 0},
        {"/retry-far", 366LL * 24 * 3600 * US_PER_S}, {"/retry-bad", -1}};
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct exchange *x = get(&f, cases[i].target);
        CHECK(x, HTTP_OK, 503);
        assert_int_equal(x->result.retry_after_us, cases[i].us);
        end(x);
    }
    stop(&f);
}

static void what_is_not_http_is_a_protocol_error(void **state)
{
    (void)state;
    check_one("/close", HTTP_PROTOCOL, 0, "closed the connection without an answer");
    check_one("/cut", HTTP_PROTOCOL, 200, "cut off");
    check_one("/cut-chunk", HTTP_PROTOCOL, 200, "cut off");
    check_one("/cut-header", HTTP_PROTOCOL, 200, "cut off");
    check_one("/not-http", HTTP_PROTOCOL, 0, "");
    check_one("/bad-length", HTTP_PROTOCOL, 200, "");
}

static void an_endless_header_is_a_protocol_error(void **state)
{
    (void)state;
    check_one("/endless-header", HTTP_PROTOCOL, 200, "64 KiB");
    check_one("/endless-line", HTTP_PROTOCOL, 200, "too long");
    check_one("/endless-100", HTTP_PROTOCOL, 0, "64 KiB");
}

static void an_endless_body_is_cut_and_counts_as_answered(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    struct exchange *x = get(&f, "/endless-body");
    CHECK(x, HTTP_OK, 200);
    assert_true(x->result.body_cut);
    assert_int_equal(x->result.body_len, 4096);
    assert_int_equal(strlen(x->body), 4096);
    end(x);
    stop(&f);
}

static void a_body_that_is_a_little_long_keeps_the_connection(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    for (int i = 0; i < 2; i++) {
        struct exchange *x = get(&f, "/body-5000");
        CHECK(x, HTTP_OK, 200);
        assert_true(x->result.body_cut);
        assert_int_equal(x->result.body_len, 4096);
        end(x);
    }
    assert_int_equal(connections(f.server), 1);
    stop(&f);
}

static void a_body_over_the_limit_can_be_an_error(void **state)
{
    (void)state;
    struct fixture f;
    struct http_limits limits = usual;
    limits.fail_over_body = true;
    start(&f, limits, "127.0.0.1");
    struct exchange *x = get(&f, "/endless-body");
    CHECK(x, HTTP_BODY_TOO_LARGE, 200);
    end(x);
    stop(&f);
}

/* ---- limits and failures ---- */

static void a_limit_that_passes_is_a_timeout(void **state)
{
    (void)state;
    struct fixture f;
    struct http_limits limits = usual;
    limits.total_us = 200 * US_PER_MS;
    start(&f, limits, "127.0.0.1");
    struct exchange *x = get(&f, "/slow");
    CHECK(x, HTTP_TIMEOUT, 0);
    assert_string_equal(x->result.detail, "no answer within 0.2 s");
    end(x);
    x = get(&f, "/slow-body");
    CHECK(x, HTTP_TIMEOUT, 200);
    assert_string_equal(x->result.detail, "the answer did not end within 0.2 s");
    end(x);
    stop(&f);
}

static void a_port_without_a_server_refuses(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    int port, fd = bind_loopback(&port); /* bound, not listening: nobody else can have it */
    struct exchange *x = get_url(&f, arena_printf(f.arena, "http://127.0.0.1:%d/", port));
    CHECK(x, HTTP_REFUSED, 0);
    assert_string_equal(x->result.detail, arena_printf(f.arena, "connection refused by 127.0.0.1:%d", port));
    assert_int_equal(x->result.sends, 0);
    end(x);
    close(fd);
    stop(&f);
}

static void I5_the_guard_refuses_at_connect_time(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, NULL);
    static const struct {
        const char *host, *why;
    } cases[] = {{"127.0.0.1", "loopback address 127.0.0.1"}, {"one.test", "loopback address 127.0.0.1"},
        {"[::1]", "loopback address ::1"}, {"2130706433", "loopback address 127.0.0.1"},
        {"0x7f.1", "loopback address 127.0.0.1"}, {"localhost", "loopback address"},
        {"private.test", "private address 10.0.0.1"}, {"[::ffff:10.0.0.1]", "private address 10.0.0.1"},
        {"169.254.169.254", "cloud metadata address 169.254.169.254"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct exchange *x = get_url(&f, url_of(&f, cases[i].host, "/"));
        CHECK(x, HTTP_BLOCKED, 0);
        if (!strstr(x->result.detail, cases[i].why))
            fail_msg("%s", x->result.detail);
        end(x);
    }
    assert_int_equal(connections(f.server), 0);
    stop(&f);
}

static void any_permitted_address_of_several_is_used(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    struct exchange *x = get_url(&f, url_of(&f, "two.test", "/"));
    CHECK(x, HTTP_OK, 200);
    end(x);
    stop(&f);
}

static void a_name_that_does_not_resolve(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "*");
    struct exchange *x = get_url(&f, "http://nonexistent.invalid/hook");
    CHECK(x, HTTP_DNS, 0);
    assert_string_equal(x->result.detail, "the name of nonexistent.invalid does not resolve");
    assert_int_equal(x->lookups, 1);
    end(x);
    stop(&f);
}

/* With libcurl's default the loop would wait for the look-up's thread when the call ends: this test then hangs. */
static void I6_a_lookup_that_hangs_holds_nobody_else(void **state)
{
    (void)state;
    struct fixture f;
    struct http_limits limits = usual;
    limits.lookups_most = 2;
    start(&f, limits, "127.0.0.1");
    struct exchange *first = begin(&f, (struct http_request){.method = "GET", .url = "http://hang1.test/"});
    struct exchange *second = begin(&f, (struct http_request){.method = "GET", .url = "http://hang2.test/"});
    assert_int_equal(second->lookups, 2);
    await_hanging(2);
    struct exchange *third = begin(&f, (struct http_request){.method = "GET", .url = "http://hang3.test/"});
    assert_int_equal(third->sent, ERR_BUSY);
    end(third);

    struct exchange *x = get(&f, "/"); /* an address needs no look-up */
    CHECK(x, HTTP_OK, 200);
    assert_int_equal(x->lookups, 2);
    end(x);
    cancel(first);
    CHECK(first, HTTP_CANCELLED, 0);
    end(first);
    x = get_url(&f, url_of(&f, "one.test", "/"));
    CHECK(x, HTTP_OK, 200);
    end(x);
    cancel(second);
    end(second);
    stop(&f);
    release_hanging(true);
    await_hanging(0);
    release_hanging(false);
}

static void a_lookup_that_hangs_ends_with_the_limit(void **state)
{
    (void)state;
    struct fixture f;
    struct http_limits limits = usual;
    limits.connect_us = 100 * US_PER_MS;
    start(&f, limits, "127.0.0.1");
    struct exchange *x = get_url(&f, "http://hang.test/");
    CHECK(x, HTTP_TIMEOUT, 0);
    assert_string_equal(x->result.detail, "the name of hang.test did not resolve within 0.1 s");
    end(x);
    stop(&f);
    release_hanging(true);
    await_hanging(0);
    release_hanging(false);
}

/* A name that is known needs no place among the look-ups, however few there are. */
static void known_names_do_not_count_as_lookups(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    struct exchange *x = get_url(&f, url_of(&f, "one.test", "/"));
    CHECK(x, HTTP_OK, 200);
    assert_int_equal(x->lookups, 1);
    end(x);
    x = get_url(&f, url_of(&f, "ONE.test", "/"));
    CHECK(x, HTTP_OK, 200);
    assert_int_equal(x->lookups, 0);
    end(x);
    stop(&f);
}

static void connections_are_used_again(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    for (int i = 0; i < 10; i++) {
        struct exchange *x = get(&f, "/");
        CHECK(x, HTTP_OK, 200);
        assert_int_equal(x->result.sends, 1);
        end(x);
    }
    assert_int_equal(connections(f.server), 1);
    stop(&f);
}

static void a_second_send_on_a_dead_connection_is_counted(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    struct exchange *x = get(&f, "/dies-when-kept");
    CHECK(x, HTTP_OK, 200);
    assert_int_equal(x->result.sends, 1);
    end(x);
    x = get(&f, "/dies-when-kept");
    CHECK(x, HTTP_OK, 200);
    assert_int_equal(x->result.sends, 2);
    assert_int_equal(connections(f.server), 2);
    end(x);
    stop(&f);
}

static void a_server_without_tls_fails_the_handshake(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    struct exchange *x = get_url(&f, arena_printf(f.arena, "https://127.0.0.1:%d/", f.server->port));
    CHECK(x, HTTP_TLS, 0);
    assert_int_equal(x->result.sends, 0);
    end(x);
    stop(&f);
}

static void a_cancelled_call_is_answered_once(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    struct exchange *x =
        begin(&f, (struct http_request){.method = "GET", .url = url_of(&f, "127.0.0.1", "/slow")});
    cancel(x);
    CHECK(x, HTTP_CANCELLED, 0);
    end(x);
    stop(&f);
}

#ifdef HERALD_FAULTS
static char fault_path[64];

static void a_socket_that_cannot_be_opened_is_this_machines_fault(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, usual, "127.0.0.1");
    FILE *file = fopen(fault_path, "w");
    assert_non_null(file);
    fclose(file);
    struct exchange *x = get(&f, "/");
    unlink(fault_path);
    CHECK(x, HTTP_LOCAL, 0);
    assert_non_null(strstr(x->result.detail, "cannot open a socket"));
    end(x);
    x = get(&f, "/");
    CHECK(x, HTTP_OK, 200);
    end(x);
    stop(&f);
}
#endif

static enum http_error end_without_socket(int socket_errno)
{
    struct http_seen seen = {.address_tried = true, .socket_errno = socket_errno};
    struct http_limits limits = {0};
    struct http_result result = {0};
    http_outcome(CURLE_COULDNT_CONNECT, &seen, &limits, &result);
    assert_true(result.detail[0]);
    return result.error;
}

/* M7: only what passes is this machine's own fault; a family that it will never have is a failed delivery. */
static void a_missing_address_family_is_no_shortage(void **state)
{
    (void)state;
    assert_int_equal(end_without_socket(EMFILE), HTTP_LOCAL);
    assert_int_equal(end_without_socket(ENFILE), HTTP_LOCAL);
    assert_int_equal(end_without_socket(ENOBUFS), HTTP_LOCAL);
    assert_int_equal(end_without_socket(ENOMEM), HTTP_LOCAL);
    assert_int_equal(end_without_socket(EAFNOSUPPORT), HTTP_REFUSED);
    assert_int_equal(end_without_socket(EPERM), HTTP_REFUSED);
}

static bool prepare_environment(void)
{
    /* a proxy in the environment must not be taken */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
#ifdef HERALD_FAULTS
    char setting[128];
    snprintf(fault_path, sizeof fault_path, "/tmp/herald-test-http-%d", (int)getpid());
    snprintf(setting, sizeof setting, "net_connect=@%s", fault_path);
    setenv("HERALD_FAULTS", setting, 1);
#endif
    return fault_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M5_the_request_goes_out_byte_for_byte),
        cmocka_unit_test(a_body_is_posted_without_expect),
        cmocka_unit_test(a_missing_address_family_is_no_shortage),
        cmocka_unit_test(nothing_is_carried_over_between_requests),
        cmocka_unit_test(M5_targets_are_kept_byte_for_byte),
        cmocka_unit_test(a_header_with_a_line_break_is_refused),
        cmocka_unit_test(answers_are_taken_as_they_are),
        cmocka_unit_test(headers_are_kept_printable_and_bodies_as_they_are),
        cmocka_unit_test(I5_a_redirect_is_an_answer_and_not_followed),
        cmocka_unit_test(interim_answers_are_skipped),
        cmocka_unit_test(retry_after_is_read),
        cmocka_unit_test(what_is_not_http_is_a_protocol_error),
        cmocka_unit_test(an_endless_header_is_a_protocol_error),
        cmocka_unit_test(an_endless_body_is_cut_and_counts_as_answered),
        cmocka_unit_test(a_body_that_is_a_little_long_keeps_the_connection),
        cmocka_unit_test(a_body_over_the_limit_can_be_an_error),
        cmocka_unit_test(a_limit_that_passes_is_a_timeout),
        cmocka_unit_test(a_port_without_a_server_refuses),
        cmocka_unit_test(I5_the_guard_refuses_at_connect_time),
        cmocka_unit_test(any_permitted_address_of_several_is_used),
        cmocka_unit_test(a_name_that_does_not_resolve),
        cmocka_unit_test(I6_a_lookup_that_hangs_holds_nobody_else),
        cmocka_unit_test(a_lookup_that_hangs_ends_with_the_limit),
        cmocka_unit_test(known_names_do_not_count_as_lookups),
        cmocka_unit_test(connections_are_used_again),
        cmocka_unit_test(a_second_send_on_a_dead_connection_is_counted),
        cmocka_unit_test(a_server_without_tls_fails_the_handshake),
        cmocka_unit_test(a_cancelled_call_is_answered_once),
#ifdef HERALD_FAULTS
        cmocka_unit_test(a_socket_that_cannot_be_opened_is_this_machines_fault),
#endif
    };
    return prepare_environment() ? cmocka_run_group_tests_name("http", tests, NULL, NULL) : 1;
}
