/*
 * The load generator: keep-alive connections that POST activities, and the receiver of their webhooks, in one
 * thread, so that both take little of the machine that is measured.
 *
 * Without a rate it is a closed loop: each connection sends its next request when it has its answer. With
 * one, requests are due at fixed times, and latency counts from then, whether a connection was free or not.
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "bench.h"
#include "idtable.h"
#include "loop.h"
#include "message.h"
#include "receiver.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADERS_MOST = 32, ANSWER_MOST = 65536, STATUS_MOST = 600 };

struct options {
    struct sockaddr_in target;
    const char *target_text;
    const char *path;
    const char *headers[HEADERS_MOST];
    size_t header_count;
    const char *body;
    int64_t connections;
    int64_t count;
    int64_t rate; /* requests a second; 0: as fast as the answers come */
    int64_t receive_port; /* 0: no webhooks are expected */
    int64_t receiver_delay_us;
    int64_t limit_s; /* the run ends then, whatever is missing */
    int64_t linger_ms; /* how long to listen on for duplicates when all is there */
};

struct load;

struct connection {
    struct source source; /* first: the loop hands it back; fd -1: not connected */
    struct load *load;
    bool in_flight;
    int64_t since_us; /* what the latency of the request in flight counts from */
    struct connection *next; /* in the list of idle ones */
    size_t len;
    char data[ANSWER_MOST];
};

struct load {
    /* set before start */
    const struct options *options;
    struct loop loop;
    struct receiver receiver;
    struct buf request;
    struct connection *connections;
    /* the run */
    struct connection *idle;
    struct idtable ids;
    int64_t start_us, last_ack_us, last_arrival_us;
    int64_t started, finished; /* requests */
    uint32_t *ack_us; /* latency of each acknowledged request */
    size_t acks;
    int64_t awaited; /* acknowledged, webhook not yet there */
    int64_t early; /* webhooks that came before their answer */
    int64_t repeated_acks;
    /* what went wrong */
    int64_t by_status[STATUS_MOST];
    int64_t lost; /* connection refused or closed before the answer */
    int64_t broken; /* answers that are no HTTP, or too large */
    int64_t no_id; /* 201 without a usable "id" */
};

static void webhook_arrived(void *ctx, struct id id, int64_t now_us)
{
    struct load *load = ctx;
    struct idtable_entry *entry = idtable_get(&load->ids, id);
    if (entry->arrivals++)
        return;
    entry->arrived_us = now_us;
    load->last_arrival_us = now_us;
    if (entry->acked_us)
        load->awaited--;
}

static void acknowledged(struct load *load, struct id id, int64_t now_us)
{
    struct idtable_entry *entry = idtable_get(&load->ids, id);
    if (entry->acked_us) {
        load->repeated_acks++;
        return;
    }
    entry->acked_us = now_us;
    if (entry->arrivals)
        load->early++;
    else
        load->awaited++;
}

static void connection_ready(struct loop *loop, struct source *source);

static bool connect_to_target(struct load *load, struct connection *connection)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fatal("cannot make a socket: %s", strerror(errno));
    const struct sockaddr_in *target = &load->options->target;
    int on = 1;
    if (connect(fd, (const struct sockaddr *)target, sizeof *target) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) || fcntl(fd, F_SETFL, O_NONBLOCK)) {
        close(fd);
        return false;
    }
    connection->source = (struct source){.fd = fd, .ready = connection_ready};
    connection->len = 0;
    loop_add(&load->loop, &connection->source);
    return true;
}

static void disconnect(struct connection *connection)
{
    close(connection->source.fd);
    connection->source.fd = -1;
    connection->len = 0;
}

/* When the next request is due; INT64_MAX when all have been started. */
static int64_t next_due_us(const struct load *load)
{
    const struct options *options = load->options;
    if (load->started == options->count)
        return INT64_MAX;
    return options->rate ? load->start_us + load->started * US_PER_S / options->rate : 0;
}

/* Starts the next request; false when the connection could not be used, which finishes it as lost. */
static bool send_request(struct load *load, struct connection *connection, int64_t due_us)
{
    load->started++;
    connection->since_us = due_us ? due_us : clock_boot_us();
    if (connection->source.fd < 0 && !connect_to_target(load, connection)) {
        load->lost++;
        load->finished++;
        return false;
    }
    ssize_t n = send(connection->source.fd, load->request.data, load->request.len, MSG_NOSIGNAL);
    if (n != (ssize_t)load->request.len) {
        disconnect(connection);
        load->lost++;
        load->finished++;
        return false;
    }
    connection->in_flight = true;
    return true;
}

/* Gives an idle connection its next request, or puts it on the list of idle ones. */
static void use_connection(struct load *load, struct connection *connection)
{
    int64_t due_us;
    while ((due_us = next_due_us(load)) <= clock_boot_us())
        if (send_request(load, connection, due_us))
            return;
    connection->next = load->idle;
    load->idle = connection;
}

static void start_due(struct load *load)
{
    while (load->idle && next_due_us(load) <= clock_boot_us()) {
        struct connection *connection = load->idle;
        load->idle = connection->next;
        use_connection(load, connection);
    }
}

static void finish_request(struct load *load, struct connection *connection)
{
    connection->in_flight = false;
    load->finished++;
    use_connection(load, connection);
}

static void take_answer(struct load *load, struct connection *connection, const struct message *message)
{
    int64_t now_us = clock_boot_us();
    int status = message_status(connection->data, message->len);
    struct id id;
    if (status != 201) {
        load->by_status[status >= 0 && status < STATUS_MOST ? status : 0]++;
    } else if (!message_json_id(message->body, message->body_len, &id)) {
        load->no_id++;
    } else {
        load->last_ack_us = now_us;
        load->ack_us[load->acks++] = (uint32_t)(now_us - connection->since_us);
        if (load->options->receive_port)
            acknowledged(load, id, now_us);
    }
    connection->len = 0;
    if (message->close)
        disconnect(connection);
}

/* Something was read while a request is in flight. */
static void read_answer(struct load *load, struct connection *connection)
{
    struct message message;
    enum message_state state = message_read(connection->data, connection->len, &message);
    if (state == MESSAGE_PARTIAL && connection->len < sizeof connection->data)
        return;
    if (state == MESSAGE_WHOLE && message.len == connection->len) {
        take_answer(load, connection, &message);
    } else {
        load->broken++;
        disconnect(connection);
    }
    finish_request(load, connection);
}

static void connection_ready(struct loop *loop UNUSED, struct source *source)
{
    struct connection *connection = CONTAINER_OF(source, struct connection, source);
    struct load *load = connection->load;
    ssize_t n =
        recv(source->fd, connection->data + connection->len, sizeof connection->data - connection->len, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0 && connection->in_flight) {
        connection->len += (size_t)n;
        read_answer(load, connection);
        return;
    }
    disconnect(connection);
    if (connection->in_flight) {
        load->lost++;
        finish_request(load, connection);
    }
}

static void make_request(struct load *load)
{
    const struct options *options = load->options;
    load->request = BUF_INIT(4 * 1024 * 1024);
    buf_printf(&load->request,
        "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n",
        options->path, options->target_text, strlen(options->body));
    for (size_t i = 0; i < options->header_count; i++)
        buf_printf(&load->request, "%s\r\n", options->headers[i]);
    buf_printf(&load->request, "\r\n%s", options->body);
}

static void load_init(struct load *load, const struct options *options)
{
    *load = (struct load){.options = options};
    raise_file_limit();
    loop_init(&load->loop);
    make_request(load);
    idtable_init(&load->ids, options->receive_port ? (size_t)options->count : 0);
    load->ack_us = mem_alloc((size_t)options->count * sizeof load->ack_us[0]);
    load->receiver =
        (struct receiver){.delay_us = options->receiver_delay_us, .arrived = webhook_arrived, .ctx = load};
    receiver_init(&load->receiver);
    if (options->receive_port)
        receiver_listen(&load->receiver, &load->loop, (int)options->receive_port);
    load->connections = mem_zalloc((size_t)options->connections * sizeof load->connections[0]);
    for (int64_t i = 0; i < options->connections; i++) {
        struct connection *connection = &load->connections[i];
        connection->load = load;
        if (!connect_to_target(load, connection))
            fatal("cannot connect to %s: %s", options->target_text, strerror(errno));
        connection->next = load->idle;
        load->idle = connection;
    }
}

static void load_free(struct load *load)
{
    for (int64_t i = 0; i < load->options->connections; i++)
        if (load->connections[i].source.fd >= 0)
            close(load->connections[i].source.fd);
    receiver_stop(&load->receiver);
    mem_free(load->connections);
    mem_free(load->ack_us);
    idtable_free(&load->ids);
    buf_free(&load->request);
    loop_destroy(&load->loop);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void turn(struct load *load, int64_t until_us)
{
    start_due(load);
    if (load->idle)
        until_us = earlier(until_us, next_due_us(load));
    loop_turn(&load->loop, earlier(until_us, receiver_answer_due(&load->receiver)));
}

static bool all_there(const struct load *load)
{
    return load->finished == load->options->count && load->awaited == 0;
}

static void run(struct load *load)
{
    const struct options *options = load->options;
    load->start_us = clock_boot_us();
    int64_t limit_us = load->start_us + options->limit_s * US_PER_S;
    while (!all_there(load) && clock_boot_us() < limit_us)
        turn(load, limit_us);
    if (!options->receive_port || !all_there(load))
        return;
    int64_t linger_us = clock_boot_us() + options->linger_ms * US_PER_MS;
    while (clock_boot_us() < linger_us)
        turn(load, linger_us);
}

struct arrivals {
    uint32_t *after_us; /* from the acknowledgement; 0 when the webhook came first */
    size_t count;
    int64_t missing, duplicates, unacknowledged;
};

static struct arrivals count_arrivals(const struct load *load)
{
    struct arrivals arrivals = {.after_us = mem_alloc((load->ids.used + 1) * sizeof(uint32_t))};
    for (size_t i = 0; i < load->ids.size; i++) {
        const struct idtable_entry *entry = &load->ids.slots[i];
        if (entry->arrivals > 1)
            arrivals.duplicates += entry->arrivals - 1;
        if (entry->acked_us && !entry->arrivals)
            arrivals.missing++;
        else if (!entry->acked_us && entry->arrivals)
            arrivals.unacknowledged++;
        else if (entry->acked_us)
            arrivals.after_us[arrivals.count++] =
                entry->arrived_us > entry->acked_us ? (uint32_t)(entry->arrived_us - entry->acked_us) : 0;
    }
    return arrivals;
}

static void print_errors(const struct load *load)
{
    const char *comma = "";
    printf("\"errors\": {");
    for (int status = 0; status < STATUS_MOST; status++) {
        if (load->by_status[status]) {
            printf("%s\"%d\": %lld", comma, status, (long long)load->by_status[status]);
            comma = ", ";
        }
    }
    const struct {
        const char *name;
        int64_t count;
    } named[] = {{"connection", load->lost}, {"broken", load->broken}, {"no_id", load->no_id},
        {"unanswered", load->started - load->finished}, {"repeated_ack", load->repeated_acks}};
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        if (named[i].count) {
            printf("%s\"%s\": %lld", comma, named[i].name, (long long)named[i].count);
            comma = ", ";
        }
    }
    printf("}, ");
}

static double per_second(size_t n, double seconds)
{
    return seconds > 0 ? (double)n / seconds : 0;
}

static void report(struct load *load, double cpu)
{
    struct arrivals arrivals = count_arrivals(load);
    bool webhooks = load->options->receive_port != 0;
    int64_t end_us = load->last_ack_us > load->last_arrival_us ? load->last_ack_us : load->last_arrival_us;
    double seconds = end_us ? (double)(end_us - load->start_us) / (double)US_PER_S : 0;
    double ack_seconds = load->acks ? (double)(load->last_ack_us - load->start_us) / (double)US_PER_S : 0;
    double ack_p50 = quantile_ms(load->ack_us, load->acks, 0.5);
    printf("{\"count\": %lld, \"started\": %lld, \"connections\": %lld, \"seconds\": %.6f, \"rate\": %.1f, ",
        (long long)load->options->count, (long long)load->started, (long long)load->options->connections,
        seconds, per_second(webhooks ? arrivals.count : load->acks, seconds));
    printf("\"acks\": %zu, \"acks_per_second\": %.1f, \"ack_ms\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": "
           "%.3f}, ",
        load->acks, per_second(load->acks, ack_seconds), ack_p50, quantile_ms(load->ack_us, load->acks, 0.99),
        quantile_ms(load->ack_us, load->acks, 1));
    printf("\"arrival_ms\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}, \"before_ack\": %lld, ",
        quantile_ms(arrivals.after_us, arrivals.count, 0.5),
        quantile_ms(arrivals.after_us, arrivals.count, 0.99),
        quantile_ms(arrivals.after_us, arrivals.count, 1), (long long)load->early);
    print_errors(load);
    printf("\"duplicates\": %lld, \"missing\": %lld, \"unacknowledged\": %lld, \"malformed\": %llu, "
           "\"cpu_seconds\": %.3f}\n",
        (long long)arrivals.duplicates, (long long)arrivals.missing, (long long)arrivals.unacknowledged,
        (unsigned long long)load->receiver.malformed, cpu);
    mem_free(arrivals.after_us);
}

static int usage(void)
{
    fputs(
        "usage: herald-bench load --target HOST:PORT --path PATH --body JSON [--header 'NAME: VALUE']...\n"
        "         [--connections N] [--count N] [--rate PER_SECOND] [--receive PORT] [--receiver-delay-us "
        "N]\n"
        "         [--limit SECONDS] [--linger-ms N]\n"
        "POSTs --count activities and, with --receive, waits for the webhook of each that was answered 201.\n"
        "Prints one JSON object; status 1 when anything was refused, lost, missing.\n",
        stderr);
    return 2;
}

/* One option; false when it is unknown. */
static bool take_option(struct options *options, int c)
{
    switch (c) {
    case 't':
        options->target = arg_address("--target", optarg);
        options->target_text = optarg;
        return true;
    case 'p':
        options->path = optarg;
        return true;
    case 'h':
        if (options->header_count == HEADERS_MOST)
            fatal("more than %d headers", HEADERS_MOST);
        options->headers[options->header_count++] = optarg;
        return true;
    case 'b':
        options->body = optarg;
        return true;
    case 'c':
        options->connections = arg_number("--connections", optarg, 1, 20000);
        return true;
    case 'n':
        options->count = arg_number("--count", optarg, 1, 100000000);
        return true;
    case 'r':
        options->rate = arg_number("--rate", optarg, 1, 1000000);
        return true;
    case 'w':
        options->receive_port = arg_number("--receive", optarg, 1, 65535);
        return true;
    case 'd':
        options->receiver_delay_us = arg_number("--receiver-delay-us", optarg, 0, 60 * US_PER_S);
        return true;
    case 'l':
        options->limit_s = arg_number("--limit", optarg, 1, 86400);
        return true;
    case 'g':
        options->linger_ms = arg_number("--linger-ms", optarg, 0, 60000);
        return true;
    default:
        return false;
    }
}

static bool as_expected(const struct load *load)
{
    return load->acks == (size_t)load->options->count && all_there(load) && !load->repeated_acks;
}

int bench_load(int argc, char **argv)
{
    static const struct option long_options[] = {{"target", required_argument, NULL, 't'},
        {"path", required_argument, NULL, 'p'}, {"header", required_argument, NULL, 'h'},
        {"body", required_argument, NULL, 'b'}, {"connections", required_argument, NULL, 'c'},
        {"count", required_argument, NULL, 'n'}, {"rate", required_argument, NULL, 'r'},
        {"receive", required_argument, NULL, 'w'}, {"receiver-delay-us", required_argument, NULL, 'd'},
        {"limit", required_argument, NULL, 'l'}, {"linger-ms", required_argument, NULL, 'g'}, {0}};
    struct options options = {
        .body = "{}", .connections = 1, .count = 1, .limit_s = 120, .linger_ms = 100, .path = "/"};
    for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
        if (!take_option(&options, c))
            return usage();
    if (!options.target_text || optind != argc)
        return usage();

    struct load load;
    load_init(&load, &options);
    double cpu = cpu_seconds();
    run(&load);
    report(&load, cpu_seconds() - cpu);
    bool good = as_expected(&load);
    load_free(&load);
    return good ? 0 : 1;
}
