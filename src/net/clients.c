/*
 * How long a connection may take. libmicrohttpd closes one on which nothing happens; that a byte now and then
 * keeps one for ever is prevented here. All of it is the HTTP thread's.
 *
 *      quiet ──first byte──▶ begun ──whole──▶ served ──answered──▶ quiet
 *        │ idle_s              │ request_us
 *        └──────▶ cut off ◀────┘
 *
 * The begin of a request is told by libmicrohttpd when its first line is whole, and that a client has ended its
 * side often not at all: when the end arrives together with data, its edge-triggered epoll has lost it. But TCP
 * knows how much has arrived, and whether there will be more, so whoever is not served is looked at now and
 * then. On a unix socket nobody knows; there a request's first line may take idle_s.
 *
 * With TLS what arrives is not what is read; but that something does, and that there will be no more, is as true. The
 * handshake counts as a part of the first request: its time is limited like that, and so is that of a client that
 * says nothing after it.
 *
 * A connection is cut off by a shutdown of its socket, which libmicrohttpd then finds and closes.
 */
#include "net/server_internal.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#define LOOK_EVERY_US (2 * US_PER_S)
#define STATE_ESTABLISHED 1 /* of tcp_info; <netinet/tcp.h>, which names it, has an older tcp_info */

static const char late_answer[] =
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
    "Content-Length: 112\r\n\r\n"
    "{\"type\":\"about:blank\",\"title\":\"Request Timeout\",\"status\":408,"
    "\"detail\":\"The request was not sent whole in time.\"}";

/* The same for all, so that the list is in the order in which they are due. */
static int64_t look_every_us(const struct server *server)
{
    int64_t us = server->config.request_us / 8;
    return us < LOOK_EVERY_US ? us : LOOK_EVERY_US;
}

static void enter(struct client *client, int64_t now)
{
    client->due_boot_us = now + look_every_us(client->server);
    client->listed = true;
    TAILQ_INSERT_TAIL(&client->server->unserved, client, link);
}

static void leave(struct client *client)
{
    if (client->listed)
        TAILQ_REMOVE(&client->server->unserved, client, link);
    client->listed = false;
}

struct client *client_new(struct server *server, struct MHD_Connection *connection)
{
    struct client *client = mem_alloc(sizeof *client);
    int64_t now = clock_boot_us();
    *client = (struct client){.server = server,
        .fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
        .connection = connection,
        .since_boot_us = now,
        .counted = true};
    enter(client, now);
    return client;
}

void client_free(struct client *client)
{
    leave(client);
    mem_free(client);
}

static void begin(struct client *client, int64_t now_boot_us)
{
    /* Its first bytes may have been noticed before its first line was whole. */
    if (!client->begun)
        client->since_boot_us = now_boot_us;
    client->begun = true;
}

void client_spoke(struct client *client, int64_t now_boot_us)
{
    begin(client, now_boot_us);
    client->spoken = true;
}

void client_served(struct client *client)
{
    leave(client);
}

void client_answered(struct client *client)
{
    leave(client);
    client->since_boot_us = clock_boot_us();
    client->begun = client->spoken = client->counted = client->ended = false;
    enter(client, client->since_boot_us);
}

static void cut_off(struct client *client, const char *why)
{
    LOG(LOG_DEBUG, "connection cut off", F_TEXT("server", client->server->config.name),
        F_TEXT("reason", why));
    shutdown(client->fd, SHUT_RDWR);
}

/* Nothing else is being sent to one that has not sent its request. */
static void cut_off_late(struct client *client, const char *why)
{
    metric_add(METRIC_http_refused_total, 1);
    if (!client->server->config.tls) {
        ssize_t sent = send(client->fd, late_answer, sizeof late_answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)sent; /* it would not have waited for it */
    } else if (client->spoken) {
        tls_say(client->connection, late_answer, sizeof late_answer - 1);
    }
    cut_off(client, why);
}

void client_cut_off(struct client *client)
{
    leave(client);
    cut_off_late(client, "others needed the room of its unfinished body");
}

void client_shut(struct client *client, const char *why)
{
    cut_off(client, why);
}

bool client_has_left(const struct client *client)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    return getsockopt(client->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           info.tcpi_state != STATE_ESTABLISHED;
}

/* Otherwise libmicrohttpd has yet to see what may be a whole request. */
static bool is_read(const struct client *client)
{
    int unread = 0;
    return ioctl(client->fd, FIONREAD, &unread) == 0 && unread == 0;
}

/* False: the client has ended its side. */
static bool may_send_more(struct client *client, int64_t now)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(client->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return true;
    if (info.tcpi_state != STATE_ESTABLISHED && is_read(client)) {
        /* Seen twice: what was read may be a whole request that is just being handed over. */
        bool seen_before = client->ended;
        client->ended = true;
        return !seen_before;
    }
    if (client->counted && info.tcpi_bytes_received > client->received)
        begin(client, now);
    client->counted = true;
    client->received = info.tcpi_bytes_received;
    return true;
}

static void look_at(struct client *client, int64_t now)
{
    const struct server_config *config = &client->server->config;
    int64_t limit = client->begun ? config->request_us : config->idle_s * US_PER_S;
    leave(client);
    if (now - client->since_boot_us < limit && may_send_more(client, now))
        enter(client, now);
    else if (now - client->since_boot_us < limit)
        cut_off(client, "the client ended its side before its request was whole");
    else if (client->begun)
        cut_off_late(client, "its request was not whole in time");
    else
        cut_off(client, "no request came");
}

void clients_expire(struct server *server, int64_t now_boot_us)
{
    struct client *client;
    while ((client = TAILQ_FIRST(&server->unserved)) && client->due_boot_us <= now_boot_us)
        look_at(client, now_boot_us);
}
