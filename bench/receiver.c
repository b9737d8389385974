#include "receiver.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "bench.h"
#include "message.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MOST = 16384 };

struct receiver_connection {
    struct source source; /* first: the loop hands it back */
    struct receiver *receiver;
    size_t len; /* of what was read and not yet handled */
    unsigned owed; /* answers that wait for due_us */
    int64_t due_us;
    LIST_ENTRY(receiver_connection) link;
    TAILQ_ENTRY(receiver_connection) delayed; /* while owed > 0 */
    char data[REQUEST_MOST];
};

static const char answer_ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
static const char answer_bad[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

static void undelay(struct receiver_connection *connection)
{
    TAILQ_REMOVE(&connection->receiver->delayed, connection, delayed);
    connection->owed = 0;
}

static void delay(struct receiver_connection *connection, int64_t now_us)
{
    if (connection->owed++)
        return; /* a pipelined request: answered with the first one */
    connection->due_us = now_us + connection->receiver->delay_us;
    TAILQ_INSERT_TAIL(&connection->receiver->delayed, connection, delayed);
}

static void close_connection(struct receiver_connection *connection)
{
    if (connection->owed)
        undelay(connection);
    LIST_REMOVE(connection, link);
    close(connection->source.fd);
    mem_free(connection);
}

/* A peer that does not read its answers is left to find out itself: they are small, and the buffer is not. */
static void answer(struct receiver_connection *connection, const char *text, size_t len)
{
    (void)!send(connection->source.fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void handle_request(struct receiver_connection *connection, const char *data, size_t len)
{
    struct receiver *receiver = connection->receiver;
    struct id id;
    if (!message_query_id(data, len, &id)) {
        receiver->malformed++;
        answer(connection, answer_bad, sizeof answer_bad - 1);
        return;
    }
    int64_t now_us = clock_boot_us();
    receiver->received++;
    if (receiver->delay_us)
        delay(connection, now_us);
    else
        answer(connection, answer_ok, sizeof answer_ok - 1);
    if (receiver->arrived)
        receiver->arrived(receiver->ctx, id, now_us);
}

/* Handles all whole requests there are; false when the connection has to be closed. */
static bool handle_input(struct receiver_connection *connection)
{
    size_t at = 0;
    struct message message;
    enum message_state state;
    while ((state = message_read(connection->data + at, connection->len - at, &message)) == MESSAGE_WHOLE) {
        handle_request(connection, connection->data + at, message.len);
        at += message.len;
    }
    connection->len -= at;
    memmove(connection->data, connection->data + at, connection->len);
    return state == MESSAGE_PARTIAL && connection->len < sizeof connection->data;
}

static void connection_ready(struct loop *loop UNUSED, struct source *source)
{
    struct receiver_connection *connection = CONTAINER_OF(source, struct receiver_connection, source);
    ssize_t n =
        recv(source->fd, connection->data + connection->len, sizeof connection->data - connection->len, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        connection->len += (size_t)n;
    if (n <= 0 || !handle_input(connection))
        close_connection(connection);
}

static void listener_ready(struct loop *loop, struct source *source)
{
    struct receiver *receiver = CONTAINER_OF(source, struct receiver, listener);
    int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct receiver_connection *connection = mem_alloc(sizeof *connection);
    connection->source = (struct source){.fd = fd, .ready = connection_ready};
    connection->receiver = receiver;
    connection->len = 0;
    connection->owed = 0;
    LIST_INSERT_HEAD(&receiver->connections, connection, link);
    loop_add(loop, &connection->source);
}

void receiver_init(struct receiver *receiver)
{
    receiver->listener.fd = -1;
    LIST_INIT(&receiver->connections);
    TAILQ_INIT(&receiver->delayed);
}

void receiver_stop(struct receiver *receiver)
{
    while (!LIST_EMPTY(&receiver->connections))
        close_connection(LIST_FIRST(&receiver->connections));
    if (receiver->listener.fd >= 0)
        close(receiver->listener.fd);
}

void receiver_listen(struct receiver *receiver, struct loop *loop, int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1024))
        fatal("cannot listen on port %d: %s", port, strerror(errno));
    receiver->listener = (struct source){.fd = fd, .ready = listener_ready};
    loop_add(loop, &receiver->listener);
}

int64_t receiver_answer_due(struct receiver *receiver)
{
    struct receiver_connection *connection;
    while ((connection = TAILQ_FIRST(&receiver->delayed)) && connection->due_us <= clock_boot_us()) {
        for (unsigned i = 0; i < connection->owed; i++)
            answer(connection, answer_ok, sizeof answer_ok - 1);
        undelay(connection);
    }
    return connection ? connection->due_us : INT64_MAX;
}

static void signal_ready(struct loop *loop UNUSED, struct source *source)
{
    source->fd = -1; /* ends run_until_signal */
}

static void run_until_signal(struct loop *loop, struct receiver *receiver)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    /* A signal makes `fd` -1. */
    struct source stop = {.fd = signalfd(-1, &set, SFD_CLOEXEC), .ready = signal_ready};
    loop_add(loop, &stop);
    while (stop.fd >= 0)
        loop_turn(loop, receiver_answer_due(receiver));
}

static int usage(void)
{
    fputs("usage: herald-bench receive --receive PORT [--receiver-delay-us N]\n", stderr);
    return 2;
}

int bench_receive(int argc, char **argv)
{
    static const struct option options[] = {
        {"receive", required_argument, NULL, 'r'}, {"receiver-delay-us", required_argument, NULL, 'd'}, {0}};
    int port = 0;
    struct receiver receiver = {0};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'r')
            port = (int)arg_number("--receive", optarg, 1, 65535);
        else if (c == 'd')
            receiver.delay_us = arg_number("--receiver-delay-us", optarg, 0, 60 * US_PER_S);
        else
            return usage();
    }
    if (!port || optind != argc)
        return usage();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    raise_file_limit();
    struct loop loop;
    loop_init(&loop);
    receiver_init(&receiver);
    receiver_listen(&receiver, &loop, port);
    run_until_signal(&loop, &receiver);
    printf("{\"received\": %llu, \"malformed\": %llu, \"cpu_seconds\": %.3f}\n",
        (unsigned long long)receiver.received, (unsigned long long)receiver.malformed, cpu_seconds());
    receiver_stop(&receiver);
    loop_destroy(&loop);
    return 0;
}
