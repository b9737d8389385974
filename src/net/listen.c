#include "net/server_internal.h"

#include "base/text.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024
#define UNIX_PREFIX "unix:"

static enum err_code refused(struct server *server, const char *doing, struct error *err)
{
    int cause = errno;
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    server->listen_fd = -1;
    const char *option = cause == EADDRINUSE ? server->config.listen_option : NULL;
    return error_set(err, ERR_UNAVAILABLE, "%s cannot %s %s: %s%s%s", server->config.name, doing,
        server->config.listen, strerror(cause), option ? "; choose another with " : "", option ? option : "");
}

/* A socket file that a killed predecessor left: nobody answers on it. */
static void remove_stale(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED)
        unlink(address->sun_path);
    close(fd);
}

static enum err_code listen_unix(struct server *server, struct error *err)
{
    const char *path = server->config.listen + strlen(UNIX_PREFIX);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof address.sun_path)
        return error_set(err, ERR_INVALID, "listen address \"%s\": the path must have 1 to %zu bytes",
            server->config.listen, sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, len + 1);
    remove_stale(&address);
    server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The file gets the mode that the socket has, less the umask: the owner's alone from the beginning. */
    if (server->listen_fd < 0 || fchmod(server->listen_fd, 0600) != 0 ||
        bind(server->listen_fd, (struct sockaddr *)&address, sizeof address) != 0)
        return refused(server, "bind", err);
    server->socket_path = arena_strdup(server->arena, path);
    if (listen(server->listen_fd, BACKLOG) != 0)
        return refused(server, "listen on", err);
    server->address = arena_strdup(server->arena, server->config.listen);
    return ERR_OK;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 5 && text[digits] == '\0' && strtol(text, NULL, 10) <= UINT16_MAX;
}

/* "127.0.0.1:8080" or "[::1]:8080" into its halves. */
static bool split_address(const char *text, char host[NI_MAXHOST], const char **port)
{
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || !is_port(colon + 1))
        return false;
    size_t len = (size_t)(colon - text);
    bool bracketed = text[0] == '[';
    if (bracketed ? len < 3 || text[len - 1] != ']' : memchr(text, ':', len) != NULL)
        return false;
    len -= 2 * bracketed;
    if (len >= NI_MAXHOST)
        return false;
    memcpy(host, text + bracketed, len);
    host[len] = '\0';
    *port = colon + 1;
    return true;
}

static bool is_unix(const char *listen)
{
    return strncmp(listen, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
}

bool server_address_is_loopback(const char *listen)
{
    char host[NI_MAXHOST];
    const char *port;
    if (is_unix(listen))
        return true;
    if (!split_address(listen, host, &port))
        return false;
    if (text_equal_nocase(host, "localhost"))
        return true;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *found;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return false;
    bool loopback = is_loopback(found->ai_addr);
    freeaddrinfo(found);
    return loopback;
}

enum err_code server_address_check(const char *listen, struct error *err)
{
    char host[NI_MAXHOST];
    const char *port;
    if (is_unix(listen))
        return ERR_OK;
    if (!split_address(listen, host, &port))
        return error_set(err, ERR_INVALID,
            "'%.80s' must be an address with a port from 0 to 65535, such as 127.0.0.1:8080 or [::1]:8080",
            listen);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found;
    int rc = getaddrinfo(host, port, &hints, &found);
    if (rc != 0)
        return error_set(err, ERR_INVALID, "'%.80s': %s", listen, gai_strerror(rc));
    freeaddrinfo(found);
    return ERR_OK;
}

static enum err_code bind_to(struct server *server, const struct addrinfo *found, struct error *err)
{
    const int on = 1;
    server->listen_fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listen_fd < 0)
        return refused(server, "open a socket for", err);
    setsockopt(server->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* Accepted sockets inherit it. */
    setsockopt(server->listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(server->listen_fd, found->ai_addr, found->ai_addrlen) != 0)
        return refused(server, "bind", err);
    if (listen(server->listen_fd, BACKLOG) != 0)
        return refused(server, "listen on", err);
    return ERR_OK;
}

static enum err_code learn_address(struct server *server, struct error *err)
{
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof bound;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getsockname(server->listen_fd, (struct sockaddr *)&bound, &len) != 0 ||
        getnameinfo((struct sockaddr *)&bound, len, host, sizeof host, port, sizeof port,
            NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return refused(server, "learn the address of", err);
    server->address =
        arena_printf(server->arena, bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    return ERR_OK;
}

enum err_code server_listen(struct server *server, bool *loopback, const char **host, struct error *err)
{
    *loopback = server_address_is_loopback(server->config.listen);
    *host = NULL;
    if (is_unix(server->config.listen))
        return listen_unix(server, err);

    char name[NI_MAXHOST];
    const char *port;
    if (!split_address(server->config.listen, name, &port))
        return error_set(err, ERR_INVALID,
            "listen address \"%s\" is not of the form 127.0.0.1:8080, [::1]:8080 or unix:/path",
            server->config.listen);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found;
    *host = arena_strdup(server->arena, name);
    int rc = getaddrinfo(name, port, &hints, &found);
    if (rc != 0)
        return error_set(
            err, ERR_INVALID, "listen address \"%s\": %s", server->config.listen, gai_strerror(rc));
    enum err_code code;
    if (*loopback && !is_loopback(found->ai_addr))
        code = error_set(err, ERR_INVALID, "listen address \"%s\": that name is not loopback on this machine",
            server->config.listen);
    else
        code = bind_to(server, found, err);
    freeaddrinfo(found);
    return code == ERR_OK ? learn_address(server, err) : code;
}
