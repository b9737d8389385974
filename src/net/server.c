#include "net/server_internal.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define REAP_EVERY_US (250 * US_PER_MS)
#define FLUSH_US US_PER_S /* at a stop, for answers on their way to slow clients; no more than is left */
#define REQUEST_US (30 * US_PER_S)
#define BODIES_MOST (64U << 20)
#define STREAM_BUFFER_MOST (256U << 10)
#define STREAM_BEAT_US (15 * US_PER_S)
#define REFUSALS_LOGGED 20 /* of one address at once, and then one a second */
#define TAKE_MOST 16
#define ROUNDS_TO_SEND 4 /* the one under way, one to queue an answer, one to send it, and one more */

static void log_mhd(void *cls, const char *fmt, va_list args)
{
    const struct server *server = cls;
    char text[256];
    vsnprintf(text, sizeof text, fmt, args);
    text[strcspn(text, "\n")] = '\0';
    LOG(LOG_DEBUG, "libmicrohttpd", F_TEXT("server", server->config.name), F_TEXT("text", text));
}

/* One worker must not sit on what another, idle one could do. */
static size_t fair_share(struct server *server)
{
    size_t share = inbox_count(&server->inbox) / server->config.workers;
    return share < 1 ? 1 : share > TAKE_MOST ? TAKE_MOST : share;
}

static void serve(struct request *request, void *worker)
{
    struct server *server = request->server;
    if (atomic_load(&server->stopping) || clock_boot_us() >= request->deadline_boot_us)
        exchange_reply_problem(&request->exchange, MHD_HTTP_SERVICE_UNAVAILABLE,
            "The server was too busy to begin with the request in time; nothing was done.", NULL);
    else
        server->config.handle(&request->exchange, worker);
}

static void *worker_main(void *arg)
{
    struct server *server = arg;
    const struct server_config *config = &server->config;
    thread_begin("worker", THREAD_SOON);
    void *worker = config->worker_start ? config->worker_start(config->ctx) : NULL;
    struct inbox_item *item;
    while ((item = inbox_take_wait(&server->inbox, fair_share(server), -1))) {
        while (item) {
            struct inbox_item *next = item->next;
            serve(CONTAINER_OF(item, struct request, item), worker);
            item = next;
        }
    }
    if (config->worker_stop)
        config->worker_stop(config->ctx, worker);
    return NULL;
}

/* Under lock. Waits for a change, until_boot_us at most. */
static void wait_changed(struct server *server, int64_t until_boot_us)
{
    int64_t us = until_boot_us - clock_boot_us();
    if (us <= 0)
        return;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + us % US_PER_S * 1000;
    until.tv_sec += us / US_PER_S + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_cond_timedwait(&server->changed, &server->lock, &until);
}

/* Many wake-ups before the thread has woken up cost one system call. */
void server_wake(struct server *server)
{
    if (atomic_exchange(&server->woken, true))
        return;
    uint64_t one = 1;
    ssize_t written = write(server->wake_fd, &one, sizeof one);
    (void)written; /* full means: already awake */
}

static void clear_wake(struct server *server)
{
    uint64_t count;
    ssize_t got = read(server->wake_fd, &count, sizeof count);
    (void)got;
    /* Exchanged, not stored: what was done before a wake-up that was left out is seen after this. */
    atomic_exchange(&server->woken, false);
}

/* Until libmicrohttpd has something to do, it is time to look at the deadlines, or somebody wakes us. */
static void wait_ready(struct server *server, int epoll_fd)
{
    MHD_UNSIGNED_LONG_LONG wanted;
    int ms = REAP_EVERY_US / US_PER_MS;
    if (MHD_get_timeout(server->daemon, &wanted) == MHD_YES && wanted < (unsigned)ms)
        ms = (int)wanted;
    struct pollfd fds[] = {{.fd = epoll_fd, .events = POLLIN}, {.fd = server->wake_fd, .events = POLLIN}};
    if (poll(fds, ARRAY_LEN(fds), ms) > 0 && fds[1].revents)
        clear_wake(server);
}

/* The socket's file goes first: a successor may make its own as soon as nobody answers here. */
static void stop_accepting(struct server *server)
{
    if (server->listen_fd < 0)
        return;
    if (server->socket_path)
        unlink(server->socket_path);
    /* Otherwise the daemon closes it. */
    if (!server->daemon || MHD_quiesce_daemon(server->daemon) != MHD_INVALID_SOCKET)
        close(server->listen_fd);
    server->listen_fd = -1;
}

static void count_round(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    server->rounds++;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void *http_main(void *arg)
{
    struct server *server = arg;
    thread_begin("http", THREAD_AT_ONCE);
    int epoll_fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    int64_t reap_at = 0;
    while (!atomic_load(&server->http_ends)) {
        if (atomic_load(&server->quiescing))
            stop_accepting(server);
        wait_ready(server, epoll_fd);
        MHD_run(server->daemon);
        if (atomic_load(&server->quiescing))
            count_round(server);
        int64_t now = clock_boot_us();
        if (now < reap_at)
            continue;
        registry_expire(server, false);
        clients_expire(server, now);
        streams_look(server, now);
        reap_at = now + REAP_EVERY_US;
    }
    return NULL;
}

static enum err_code start_threads(struct server *server, struct error *err)
{
    server->workers = ARENA_ARRAY(server->arena, pthread_t, server->config.workers);
    int rc = 0;
    while (rc == 0 && server->workers_run < server->config.workers) {
        rc = pthread_create(&server->workers[server->workers_run], NULL, worker_main, server);
        server->workers_run += rc == 0;
    }
    if (rc == 0)
        rc = pthread_create(&server->http, NULL, http_main, server);
    server->http_runs = rc == 0;
    return rc == 0 ? ERR_OK : error_set(err, ERR_UNAVAILABLE, "cannot start a thread: %s", strerror(rc));
}

static void stop_threads(struct server *server)
{
    inbox_close(&server->inbox);
    for (unsigned i = 0; i < server->workers_run; i++)
        pthread_join(server->workers[i], NULL);
    atomic_store(&server->http_ends, true);
    server_wake(server);
    if (server->http_runs)
        pthread_join(server->http, NULL);
}

static enum err_code start_daemon(struct server *server, struct error *err)
{
    const struct server_config *config = &server->config;
    const unsigned flags =
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (config->tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[3];
    tls_options(server, tls);
    server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, intake_access, server, MHD_OPTION_EXTERNAL_LOGGER,
        log_mhd, server, MHD_OPTION_LISTEN_SOCKET, server->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        config->connections_most, MHD_OPTION_CONNECTION_TIMEOUT, config->idle_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, intake_target, server, MHD_OPTION_NOTIFY_COMPLETED, intake_completed,
        server, MHD_OPTION_NOTIFY_CONNECTION, intake_connection, server, MHD_OPTION_ARRAY, tls,
        MHD_OPTION_END);
    if (!server->daemon)
        return error_set(err, ERR_UNAVAILABLE, "%s: the HTTP server on %s does not start: %s", config->name,
            server->address, strerror(errno));
    return ERR_OK;
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static struct server *server_new(const struct server_config *config)
{
    struct server *server = mem_zalloc(sizeof *server);
    server->config = *config;
    if (server->config.workers == 0)
        server->config.workers = 1;
    if (server->config.request_us == 0)
        server->config.request_us = REQUEST_US;
    if (server->config.bodies_most == 0)
        server->config.bodies_most = config->body_most > BODIES_MOST ? config->body_most : BODIES_MOST;
    if (server->config.stream_buffer_most == 0)
        server->config.stream_buffer_most = STREAM_BUFFER_MOST;
    if (server->config.stream_beat_us == 0)
        server->config.stream_beat_us = STREAM_BEAT_US;
    server->arena = arena_new();
    server->refusals = limiter_new(REFUSALS_LOGGED, REFUSALS_LOGGED * US_PER_S, 4096);
    server->listen_fd = -1;
    server->wake_fd = -1;
    atomic_init(&server->holds, 1);
    TAILQ_INIT(&server->registry);
    TAILQ_INIT(&server->unserved);
    TAILQ_INIT(&server->reading);
    TAILQ_INIT(&server->streams);
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &attr);
    pthread_condattr_destroy(&attr);
    return server;
}

static enum err_code open_wake(struct server *server, struct error *err)
{
    server->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (server->wake_fd < 0)
        return error_set(err, ERR_UNAVAILABLE, "cannot open an event descriptor: %s", strerror(errno));
    return ERR_OK;
}

static enum err_code learn_proxies(struct server *server, struct error *err)
{
    const struct text_list *given = &server->config.behind_proxy;
    server->proxies = ARENA_ARRAY(server->arena, struct cidr, given->count + 1);
    for (; server->proxy_count < given->count; server->proxy_count++)
        if (!cidr_parse(given->items[server->proxy_count], &server->proxies[server->proxy_count]))
            return error_set(err, ERR_INVALID, "'%.60s' is not a network such as 10.0.0.0/8",
                given->items[server->proxy_count]);
    return ERR_OK;
}

static void learn_hosts(struct server *server, const char *listen_host, bool loopback)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "[::1]"};
    const struct text_list *given = &server->config.hosts;
    struct text_list *hosts = &server->hosts;
    hosts->items = ARENA_ARRAY(server->arena, const char *, given->count + ARRAY_LEN(local) + 1);
    for (size_t i = 0; i < given->count; i++)
        hosts->items[hosts->count++] = arena_strdup(server->arena, given->items[i]);
    for (size_t i = 0; loopback && i < ARRAY_LEN(local); i++)
        hosts->items[hosts->count++] = local[i];
    if (listen_host)
        hosts->items[hosts->count++] =
            arena_printf(server->arena, strchr(listen_host, ':') ? "[%s]" : "%s", listen_host);
}

/* What was started of it. The daemon, if any, has nothing suspended any more. */
static void server_end(struct server *server)
{
    stop_threads(server);
    stop_accepting(server);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    server_release(server);
}

enum err_code server_start(const struct server_config *config, struct server **out, struct error *err)
{
    raise_file_limit();
    struct server *server = server_new(config);
    bool loopback;
    const char *host;
    enum err_code code = inbox_init(&server->inbox, false, err);
    if (code == ERR_OK)
        code = open_wake(server, err);
    if (code == ERR_OK)
        code = learn_proxies(server, err);
    if (code == ERR_OK)
        code = server_listen(server, &loopback, &host, err);
    if (code == ERR_OK) {
        learn_hosts(server, host, loopback);
        server->proxies_only = server->proxy_count > 0 && !loopback && !config->tls;
        code = start_daemon(server, err);
    }
    if (code == ERR_OK)
        code = start_threads(server, err);
    if (code != ERR_OK) {
        server_end(server);
        return code;
    }
    LOG(LOG_DEBUG, "server listening", F_TEXT("server", config->name), F_TEXT("address", server->address));
    *out = server;
    return ERR_OK;
}

const char *server_address(const struct server *server)
{
    return server->address;
}

static void drain(struct server *server, int64_t until_boot_us)
{
    pthread_mutex_lock(&server->lock);
    server->draining = true;
    while (!TAILQ_EMPTY(&server->registry) && clock_boot_us() < until_boot_us)
        wait_changed(server, until_boot_us);
    pthread_mutex_unlock(&server->lock);
}

/* Under lock. Rounds that begin after this see each resumed connection, queue its answer, and try to send it. */
static void wait_rounds(struct server *server)
{
    size_t enough = server->rounds + ROUNDS_TO_SEND;
    while (server->answering > 0 && server->rounds < enough) {
        server_wake(server);
        pthread_cond_wait(&server->changed, &server->lock);
    }
}

/* Every resume has returned, and answers have left unless their clients do not read them. */
static void flush_answers(struct server *server, int64_t until_boot_us)
{
    pthread_mutex_lock(&server->lock);
    while (server->resuming > 0)
        pthread_cond_wait(&server->changed, &server->lock);
    wait_rounds(server);
    while (server->answering > 0 && clock_boot_us() < until_boot_us)
        wait_changed(server, until_boot_us);
    pthread_mutex_unlock(&server->lock);
}

void server_stop(struct server *server, int64_t drain_us)
{
    atomic_store(&server->quiescing, true);
    server_wake(server);
    int64_t until = clock_boot_us() + drain_us;
    streams_stop(server);
    drain(server, until - (drain_us / 4 < FLUSH_US ? drain_us / 4 : FLUSH_US));
    int64_t flush_until = clock_boot_us() + FLUSH_US;
    atomic_store(&server->stopping, true);
    registry_expire(server, true);
    flush_answers(server, flush_until < until ? flush_until : until);
    server_end(server);
}
