/* Streams of the HTTP server (net/server.h, S4 and S5) over real sockets. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "net/server.h"
#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000
#define STREAMS_MOST 3
#define BUFFER_MOST 8192
#define BEAT_US (30 * US_PER_S)

struct fixture {
    struct server *server;
    pthread_mutex_t lock;
    struct exchange *started[64]; /* by requests for /stream, in order of arrival */
    size_t count;
};

static void handle(struct exchange *x, void *worker)
{
    (void)worker;
    struct fixture *f = x->server_ctx;
    struct stream_start start = {
        .content_type = "text/event-stream", .beat = ":\n\n", .farewell = "retry: 1\n\n"};
    struct error err = {0};
    if (strcmp(x->path, "/stream") != 0) {
        exchange_reply(x,
            &(struct reply){.status = 200, .content_type = "text/plain", .static_body = "ok", .body_len = 2});
    } else if (exchange_stream_start(x, &start, &err)) {
        exchange_reply_error(x, &err, NULL);
    } else {
        pthread_mutex_lock(&f->lock);
        f->started[f->count++] = x;
        pthread_mutex_unlock(&f->lock);
    }
}

static void start_with(struct fixture *f, size_t buffer_most)
{
    *f = (struct fixture){0};
    pthread_mutex_init(&f->lock, NULL);
    struct server_config config = {.name = "test",
        .listen = "127.0.0.1:0",
        .body_most = 4096,
        .connections_most = 100,
        .idle_s = 600,
        .deadline_us = 600 * US_PER_S,
        .workers = 2,
        .streams_most = STREAMS_MOST,
        .stream_buffer_most = buffer_most,
        .stream_beat_us = BEAT_US,
        .ctx = f,
        .handle = handle};
    struct error err = {0};
    must(server_start(&config, &f->server, &err), &err);
}

static void start(struct fixture *f)
{
    start_with(f, BUFFER_MOST);
}

static void stop(struct fixture *f)
{
    server_stop(f->server, 10 * US_PER_S);
    pthread_mutex_destroy(&f->lock);
    assert_int_equal(metric_get(METRIC_streams), 0);
}

static int dial(const struct fixture *f, const char *request)
{
    const char *text = server_address(f->server);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(strrchr(text, ':') + 1, NULL, 10))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    return fd;
}

/* Everything until `end` has come, or, with NULL, until the connection is closed. */
static void read_until(int fd, struct buf *got, const char *end)
{
    while (!end || !strstr(buf_text(got), end)) {
        char piece[4096];
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
        ssize_t len = recv(fd, piece, sizeof piece, 0);
        if (len <= 0 && !end)
            return;
        if (len <= 0)
            fail_msg("closed before \"%s\" came: \"%s\"", end, buf_text(got));
        buf_add(got, piece, (size_t)len);
    }
}

#define GET "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"

struct counted {
    struct fixture *f;
    size_t n;
};

static bool is_started(void *ctx)
{
    struct counted *want = ctx;
    pthread_mutex_lock(&want->f->lock);
    bool there = want->f->count > want->n;
    pthread_mutex_unlock(&want->f->lock);
    return there;
}

/* The i-th stream, once it is there. */
static struct exchange *started(struct fixture *f, size_t i)
{
    wait_until(is_started, &(struct counted){f, i}, "a stream was started");
    return f->started[i];
}

static bool is_over(void *ctx)
{
    return !stream_is_open(ctx);
}

static void say(struct exchange *x, const char *text)
{
    assert_true(stream_write(x, text, strlen(text)));
}

static void sends_what_is_written_as_it_comes(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    int fd = dial(&f, GET);
    struct exchange *x = started(&f, 0);
    struct buf got = BUF_INIT(65536);
    read_until(fd, &got, "\r\n\r\n");
    assert_non_null(strstr(buf_text(&got), "HTTP/1.1 200"));
    assert_non_null(strcasestr(buf_text(&got), "content-type: text/event-stream\r\n"));
    assert_non_null(strcasestr(buf_text(&got), "transfer-encoding: chunked\r\n"));
    for (int i = 0; i < 20;
         i++) { /* each only once the one before was read: the connection slept in between */
        char text[32];
        snprintf(text, sizeof text, "<word %d>", i);
        say(x, text);
        read_until(fd, &got, text);
    }
    say(x, "<last>");
    stream_end(x);
    read_until(fd, &got, "<last>");
    read_until(fd, &got, "\r\n0\r\n\r\n");
    read_until(fd, &got, NULL);
    close(fd);
    buf_free(&got);
    stop(&f);
}

static void ends_by_closing_for_http_1_0(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    int fd = dial(&f, "GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n");
    struct exchange *x = started(&f, 0);
    struct buf got = BUF_INIT(65536);
    say(x, "one");
    read_until(fd, &got, "one");
    say(x, "two");
    stream_end(x);
    read_until(fd, &got, NULL);
    assert_non_null(strstr(buf_text(&got), "\r\n\r\nonetwo"));
    close(fd);
    buf_free(&got);
    stop(&f);
}

static void beats_when_there_is_nothing_to_say(void **state)
{
    (void)state;
    struct fixture f;
    clock_stop();
    start(&f);
    int fd = dial(&f, GET);
    struct exchange *x = started(&f, 0);
    struct buf got = BUF_INIT(65536);
    say(x, "<word>");
    read_until(fd, &got, "<word>");
    for (int i = 0; i < 2; i++) {
        buf_reset(&got);
        clock_move(BEAT_US);
        read_until(fd, &got, ":\n\n");
    }
    clock_go_on();
    stream_end(x);
    close(fd);
    buf_free(&got);
    stop(&f);
}

static void s4_refuses_more_streams_than_it_may_have(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    int fds[STREAMS_MOST];
    for (size_t i = 0; i < STREAMS_MOST; i++) {
        fds[i] = dial(&f, GET);
        started(&f, i);
    }
    int refused = dial(&f, GET);
    struct buf got = BUF_INIT(65536);
    read_until(refused, &got, "request_id");
    assert_non_null(strstr(buf_text(&got), "HTTP/1.1 503"));
    assert_non_null(strcasestr(buf_text(&got), "\r\nretry-after:"));
    close(refused);

    close(fds[0]); /* its place is free when the server has noticed */
    wait_until(is_over, f.started[0], "the server noticed that a client left");
    stream_end(f.started[0]);
    int fd = dial(&f, GET);
    struct exchange *x = started(&f, STREAMS_MOST);
    for (size_t i = 1; i <= STREAMS_MOST; i++)
        stream_end(f.started[i]);
    buf_reset(&got);
    read_until(fd, &got, "\r\n0\r\n\r\n");
    (void)x;
    for (size_t i = 1; i < STREAMS_MOST; i++)
        close(fds[i]);
    close(fd);
    buf_free(&got);
    stop(&f);
}

static void s4_cuts_off_who_does_not_read(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    int64_t cut = metric_get(METRIC_streams_cut_total);
    int fd = dial(&f, GET);
    struct exchange *x = started(&f, 0);
    char *piece = mem_zalloc(1024);
    memset(piece, 'x', 1024);
    size_t written = 0;
    while (stream_write(x, piece, 1024)) {
        written += 1024;
        assert_true(written < 256U << 20); /* what the kernel takes is bounded, too */
    }
    assert_int_equal(metric_get(METRIC_streams_cut_total), cut + 1);
    assert_false(stream_is_open(x));
    struct buf got = BUF_INIT(512U << 20);
    read_until(fd, &got, NULL); /* closed, without the end of a whole answer */
    assert_null(strstr(buf_text(&got) + (got.len > 16 ? got.len - 16 : 0), "\r\n0\r\n\r\n"));
    buf_free(&got);
    stream_end(x);
    close(fd);

    int other = dial(&f, "GET /other HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    struct buf answer = BUF_INIT(65536);
    read_until(other, &answer, NULL);
    assert_non_null(strstr(buf_text(&answer), "\r\n\r\nok"));
    close(other);
    buf_free(&answer);
    mem_free(piece);
    stop(&f);
}

/* Otherwise whoever resumes would meet it again and again. */
static void takes_one_write_that_is_larger_than_the_buffer(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    int fd = dial(&f, "GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n");
    struct exchange *x = started(&f, 0);
    assert_int_equal(stream_room(x), BUFFER_MOST);
    char *large = mem_zalloc(4 * BUFFER_MOST + 1);
    memset(large, 'x', 4 * BUFFER_MOST);
    say(x, large);
    stream_end(x);
    struct buf got = BUF_INIT(1 << 20);
    read_until(fd, &got, NULL);
    assert_string_equal(strstr(buf_text(&got), "\r\n\r\n") + 4, large);
    buf_free(&got);
    mem_free(large);
    close(fd);
    stop(&f);
}

static void s5_says_farewell_when_it_stops(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    /* One after the other: two workers may begin two requests in either order. */
    int fd = dial(&f, GET);
    struct exchange *first = started(&f, 0);
    int other = dial(&f, GET);
    struct exchange *second = started(&f, 1);
    say(first, "<word>");
    struct buf got = BUF_INIT(65536);
    read_until(fd, &got, "<word>");
    stop(&f); /* long before its time is up: nobody waits for a stream */
    read_until(fd, &got, NULL);
    assert_non_null(strstr(buf_text(&got), "<word>"));
    assert_non_null(strstr(buf_text(&got), "retry: 1\n\n"));
    assert_non_null(strstr(buf_text(&got), "\r\n0\r\n\r\n"));
    close(fd);
    close(other);
    buf_free(&got);
    /* The server has ended, those who write have not. */
    assert_false(stream_is_open(first));
    assert_false(stream_write(second, "x", 1));
    stream_end(first);
    stream_end(second);
}

static void notices_that_a_client_left(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    int fd = dial(&f, GET);
    struct exchange *x = started(&f, 0);
    close(fd);
    wait_until(is_over, x, "the server noticed that a client left");
    assert_false(stream_write(x, "x", 1));
    stream_end(x);
    stop(&f);
}

/* ---- many at once ---- */

#define WORDS 2000

struct talker {
    struct exchange *x;
    int written;
    pthread_t thread;
};

static void *talk(void *arg)
{
    struct talker *t = arg;
    for (int i = 0; i < WORDS; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "<%d>", i);
        if (!stream_write(t->x, text, (size_t)len))
            break;
        t->written++;
    }
    stream_end(t->x);
    return NULL;
}

/* Each reads all that its own thread wrote, in order. */
static void keeps_the_order_under_load(void **state)
{
    (void)state;
    struct fixture f;
    start_with(&f, 65536); /* all that is written: nobody is too slow */
    struct talker talkers[STREAMS_MOST] = {0};
    int fds[STREAMS_MOST];
    for (size_t i = 0; i < STREAMS_MOST; i++) {
        fds[i] = dial(&f, "GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n");
        talkers[i].x = started(&f, i);
        assert_int_equal(pthread_create(&talkers[i].thread, NULL, talk, &talkers[i]), 0);
    }
    struct buf want = BUF_INIT(65536);
    for (int i = 0; i < WORDS; i++)
        buf_printf(&want, "<%d>", i);
    for (size_t i = 0; i < STREAMS_MOST; i++) {
        struct buf got = BUF_INIT(1 << 20);
        read_until(fds[i], &got, NULL);
        pthread_join(talkers[i].thread, NULL);
        assert_int_equal(talkers[i].written, WORDS);
        assert_string_equal(strstr(buf_text(&got), "\r\n\r\n") + 4, buf_text(&want));
        close(fds[i]);
        buf_free(&got);
    }
    buf_free(&want);
    stop(&f);
}

int main(void)
{
    clock_take_over();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_what_is_written_as_it_comes),
        cmocka_unit_test(ends_by_closing_for_http_1_0),
        cmocka_unit_test(beats_when_there_is_nothing_to_say),
        cmocka_unit_test(s4_refuses_more_streams_than_it_may_have),
        cmocka_unit_test(s4_cuts_off_who_does_not_read),
        cmocka_unit_test(takes_one_write_that_is_larger_than_the_buffer),
        cmocka_unit_test(s5_says_farewell_when_it_stops),
        cmocka_unit_test(notices_that_a_client_left),
        cmocka_unit_test(keeps_the_order_under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
