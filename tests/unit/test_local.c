/* The blocking client for this machine: what it is given goes out unchanged, and every failure is an error. */
#include "base/clock.h"
#include "net/http.h"
#include "net/local.h"
#include "net/server.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TIMEOUT_US (20 * US_PER_S)

struct fixture {
    struct server *tcp, *local;
    char folder[32], socket_path[64], listen[80];
    struct exchange *silent; /* not answered before the end */
    sem_t is_silent; /* posted once `silent` is set */
};

/* The request as the server saw it. */
static void handle(struct exchange *exchange, void *worker)
{
    (void)worker;
    struct fixture *f = exchange->server_ctx;
    if (strcmp(exchange->path, "/silent") == 0) {
        f->silent = exchange;
        sem_post(&f->is_silent);
        return;
    }
    static const struct reply_header header = {"X-Answer", "yes"};
    struct buf out = BUF_INIT(1 << 20);
    const char *name, *value;
    buf_printf(&out, "%s %s %s\n", exchange->method, exchange->target, exchange->version);
    for (size_t i = 0; exchange_header_at(exchange, i, &name, &value); i++)
        if (strcmp(name, "Host") != 0)
            buf_printf(&out, "%s: %s\n", name, value);
    buf_printf(&out, "\n%s", exchange->body);
    struct reply reply = {.status = 202,
        .content_type = "text/plain",
        .headers = &header,
        .header_count = 1,
        .body_len = out.len};
    reply.body = buf_take(&out);
    exchange_reply(exchange, &reply);
}

static struct server *start(const char *listen, struct fixture *f)
{
    struct server_config config = {.name = "test",
        .listen = listen,
        .body_most = 1 << 16,
        .connections_most = 16,
        .idle_s = 60,
        .deadline_us = 60 * US_PER_S,
        .workers = 1,
        .ctx = f,
        .handle = handle};
    struct server *server;
    struct error err;
    if (server_start(&config, &server, &err))
        fail_msg("%s", err.text);
    return server;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_int_equal(sem_init(&f->is_silent, 0, 0), 0);
    snprintf(f->folder, sizeof f->folder, "/tmp/herald-local-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->socket_path, sizeof f->socket_path, "%s/socket", f->folder);
    snprintf(f->listen, sizeof f->listen, "unix:%s", f->socket_path);
    f->tcp = start("127.0.0.1:0", f);
    f->local = start(f->listen, f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->silent)
        exchange_reply(f->silent, &(struct reply){.status = 204});
    server_stop(f->tcp, 0);
    server_stop(f->local, 0);
    unlink(f->socket_path);
    rmdir(f->folder);
    sem_destroy(&f->is_silent);
    free(f);
    return 0;
}

static struct local_request get(const struct fixture *f, const char *target)
{
    return (struct local_request){
        .address = server_address(f->tcp), .method = "GET", .target = target, .timeout_us = TIMEOUT_US};
}

/* Sends it; the answer's body must be `wanted`. */
static void expect(const struct local_request *request, const char *wanted)
{
    struct local_answer answer = {.headers = BUF_INIT(4096), .body = BUF_INIT(1 << 20)};
    struct error err;
    if (local_send(request, &answer, &err))
        fail_msg("%s", err.text);
    assert_int_equal(answer.status, 202);
    assert_string_equal(buf_text(&answer.body), wanted);
    assert_non_null(strstr(buf_text(&answer.headers), "X-Answer: yes\n"));
    assert_null(strstr(buf_text(&answer.headers), "HTTP/"));
    buf_free(&answer.headers);
    buf_free(&answer.body);
}

static void adds_nothing_to_a_get(void **state)
{
    struct local_request request = get(*state, "/a/../b%20c?x=%41&y=");
    expect(&request, "GET /a/../b%20c?x=%41&y= HTTP/1.1\n\n");
}

static void passes_headers_in_order(void **state)
{
    static const char *const headers[] = {"X-b: 2", "accept: */*", "X-Empty: ", "X-a: 1", NULL};
    struct local_request request = get(*state, "/");
    request.headers = headers;
    expect(&request, "GET / HTTP/1.1\nX-b: 2\naccept: */*\nX-Empty: \nX-a: 1\n\n");
}

static void sends_a_body_with_its_type(void **state)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    struct local_request request = get(*state, "/");
    request.method = "PUT";
    request.headers = headers;
    request.body = "{}rest";
    request.body_len = 2;
    expect(&request, "PUT / HTTP/1.1\nContent-Type: application/json\nContent-Length: 2\n\n{}");
}

static void posts_to_a_unix_socket(void **state)
{
    const struct fixture *f = *state;
    struct buf answer = BUF_INIT(4096);
    struct error err;
    int status = 0;
    assert_int_equal(local_post(f->socket_path, "/admin", "[]", &status, &answer, &err), ERR_OK);
    assert_int_equal(status, 202);
    assert_string_equal(
        buf_text(&answer), "POST /admin HTTP/1.1\nContent-Type: application/json\nContent-Length: 2\n\n[]");
    buf_free(&answer);
}

/* An error that says who does not answer. */
static void expect_error(
    const struct local_request *request, size_t body_cap, enum err_code code, const char *who)
{
    struct local_answer answer = {.headers = BUF_INIT(4096), .body = BUF_INIT(body_cap)};
    struct error err;
    assert_int_equal(local_send(request, &answer, &err), code);
    assert_non_null(strstr(err.text, who));
    buf_free(&answer.headers);
    buf_free(&answer.body);
}

static void nobody_there_is_an_error(void **state)
{
    const struct fixture *f = *state;
    struct local_request request = get(f, "/");
    request.socket_path = "/nowhere/socket";
    expect_error(&request, 4096, ERR_NOT_FOUND, "/nowhere/socket");
}

static void a_body_over_its_cap_is_an_error(void **state)
{
    const struct fixture *f = *state;
    struct local_request request = get(f, "/");
    expect_error(&request, 4, ERR_UNAVAILABLE, server_address(f->tcp));
}

static void no_answer_in_time_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct local_request request = get(f, "/silent");
    request.timeout_us = US_PER_S;
    expect_error(&request, 4096, ERR_UNAVAILABLE, server_address(f->tcp));
    sem_wait(&f->is_silent);
}

int main(void)
{
    if (!loop_global_init())
        return 1;
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(adds_nothing_to_a_get),
        TEST(passes_headers_in_order),
        TEST(sends_a_body_with_its_type),
        TEST(posts_to_a_unix_socket),
        TEST(nobody_there_is_an_error),
        TEST(a_body_over_its_cap_is_an_error),
        TEST(no_answer_in_time_is_an_error),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    loop_global_cleanup();
    return failed;
}
