#include "receiver.h"

#include "base/alloc.h"
#include "support.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CONNECTIONS_MOST 256
#define HEAD_MOST 4096

struct connection {
    char head[HEAD_MOST];
    size_t len;
    bool held;
    char path[32];
};

struct receiver {
    /* set before start */
    int port;
    int wake; /* event descriptor */
    pthread_t thread;
    /* owned by the thread: 0 is the listener, 1 the wake-up */
    struct pollfd polls[CONNECTIONS_MOST];
    struct connection *connections[CONNECTIONS_MOST];
    nfds_t count;
    /* shared, under lock */
    pthread_mutex_t lock;
    bool released, stopping;
    struct hit *hits;
    size_t hit_count, hit_size;
};

/* ── what was asked ───────────────────────────────────────────────────────────────────────────────────────── */

static void add_hit(struct receiver *r, struct hit hit)
{
    pthread_mutex_lock(&r->lock);
    if (r->hit_count == r->hit_size) {
        r->hit_size = r->hit_size ? 2 * r->hit_size : 256;
        r->hits = mem_realloc(r->hits, r->hit_size * sizeof *r->hits);
    }
    r->hits[r->hit_count++] = hit;
    pthread_mutex_unlock(&r->lock);
}

static struct hit read_hit(const char *head)
{
    struct hit hit = {0};
    (void)sscanf(head, "GET %31[^? ]", hit.path);
    const char *id = strstr(head, "logged_activity_id=");
    if (id && strlen(id) > 19 + ID_TEXT_LEN)
        (void)!id_parse(id + 19, ID_TEXT_LEN, &hit.activity);
    hit.recovered = strstr(head, "\r\nX-Herald-Recovered: 1\r\n") != NULL;
    const char *attempt = strstr(head, "\r\nX-Herald-Attempt: ");
    hit.attempt = attempt ? (int)strtol(attempt + 20, NULL, 10) : 0;
    return hit;
}

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_released(struct receiver *r)
{
    pthread_mutex_lock(&r->lock);
    bool released = r->released;
    pthread_mutex_unlock(&r->lock);
    return released;
}

/* ── connections ──────────────────────────────────────────────────────────────────────────────────────────── */

static void answer(int fd, const char *path)
{
    const char *text = begins(path, "/fail") ? "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
                                             : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    ssize_t sent = send(fd, text, strlen(text), MSG_NOSIGNAL);
    (void)sent; /* whoever has gone asks no more */
}

static void accept_one(struct receiver *r)
{
    int fd = accept4(r->polls[0].fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (r->count == CONNECTIONS_MOST) {
        close(fd);
        return;
    }
    r->connections[r->count] = mem_zalloc(sizeof(struct connection));
    r->polls[r->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void drop_connection(struct receiver *r, nfds_t at)
{
    close(r->polls[at].fd);
    mem_free(r->connections[at]);
    r->count--;
    r->polls[at] = r->polls[r->count];
    r->connections[at] = r->connections[r->count];
}

static void take_request(struct receiver *r, nfds_t at)
{
    struct connection *c = r->connections[at];
    struct hit hit = read_hit(c->head);
    c->len = 0;
    memcpy(c->path, hit.path, sizeof c->path);
    c->held = begins(hit.path, "/slow") && !is_released(r);
    add_hit(r, hit);
    if (!c->held)
        answer(r->polls[at].fd, c->path);
}

/* False when it is over. */
static bool read_from(struct receiver *r, nfds_t at)
{
    struct connection *c = r->connections[at];
    ssize_t got = recv(r->polls[at].fd, c->head + c->len, sizeof c->head - 1 - c->len, 0);
    if (got <= 0)
        return false;
    c->len += (size_t)got;
    c->head[c->len] = '\0';
    if (strstr(c->head, "\r\n\r\n"))
        take_request(r, at);
    return c->len < sizeof c->head - 1;
}

static void answer_held(struct receiver *r)
{
    for (nfds_t i = 2; i < r->count; i++) {
        if (r->connections[i]->held)
            answer(r->polls[i].fd, r->connections[i]->path);
        r->connections[i]->held = false;
    }
}

static bool handle_wake(struct receiver *r)
{
    uint64_t count;
    ssize_t got = read(r->wake, &count, sizeof count);
    (void)got;
    pthread_mutex_lock(&r->lock);
    bool released = r->released, stopping = r->stopping;
    pthread_mutex_unlock(&r->lock);
    if (released)
        answer_held(r);
    return !stopping;
}

static void *receiver_main(void *arg)
{
    struct receiver *r = arg;
    for (;;) {
        if (poll(r->polls, r->count, -1) < 0)
            continue;
        if (r->polls[1].revents && !handle_wake(r))
            return NULL;
        for (nfds_t i = r->count; i-- > 2;)
            if (r->polls[i].revents && !read_from(r, i))
                drop_connection(r, i);
        if (r->polls[0].revents)
            accept_one(r);
    }
}

/* ── life ─────────────────────────────────────────────────────────────────────────────────────────────────── */

struct receiver *receiver_start(void)
{
    struct receiver *r = mem_zalloc(sizeof *r);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    r->port = ntohs(addr.sin_port);
    r->wake = eventfd(0, EFD_CLOEXEC);
    r->polls[0] = (struct pollfd){.fd = fd, .events = POLLIN};
    r->polls[1] = (struct pollfd){.fd = r->wake, .events = POLLIN};
    r->count = 2;
    pthread_mutex_init(&r->lock, NULL);
    assert_int_equal(pthread_create(&r->thread, NULL, receiver_main, r), 0);
    return r;
}

static void wake(struct receiver *r)
{
    uint64_t one = 1;
    assert_int_equal(write(r->wake, &one, sizeof one), sizeof one);
}

void receiver_release(struct receiver *r)
{
    pthread_mutex_lock(&r->lock);
    r->released = true;
    pthread_mutex_unlock(&r->lock);
    wake(r);
}

void receiver_stop(struct receiver *r)
{
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_mutex_unlock(&r->lock);
    wake(r);
    pthread_join(r->thread, NULL);
    while (r->count > 2)
        drop_connection(r, r->count - 1);
    close(r->polls[0].fd);
    close(r->wake);
    pthread_mutex_destroy(&r->lock);
    mem_free(r->hits);
    mem_free(r);
}

const char *receiver_url(const struct receiver *r, const char *path)
{
    static char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", r->port, path);
    return url;
}

/* ── counting ─────────────────────────────────────────────────────────────────────────────────────────────── */

static int by_activity(const void *a, const void *b)
{
    return id_compare(((const struct hit *)a)->activity, ((const struct hit *)b)->activity);
}

size_t receiver_distinct(struct receiver *r, const char *prefix)
{
    pthread_mutex_lock(&r->lock);
    size_t n = 0, distinct = 0;
    struct hit *hits = mem_alloc((r->hit_count + 1) * sizeof *hits);
    for (size_t i = 0; i < r->hit_count; i++)
        if (begins(r->hits[i].path, prefix))
            hits[n++] = r->hits[i];
    pthread_mutex_unlock(&r->lock);
    qsort(hits, n, sizeof *hits, by_activity);
    for (size_t i = 0; i < n; i++)
        distinct += i == 0 || !id_equal(hits[i].activity, hits[i - 1].activity);
    mem_free(hits);
    return distinct;
}

static size_t count_hits(struct receiver *r, const char *prefix, bool recovered_only)
{
    size_t n = 0;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->hit_count; i++)
        n += begins(r->hits[i].path, prefix) && (!recovered_only || r->hits[i].recovered);
    pthread_mutex_unlock(&r->lock);
    return n;
}

size_t receiver_hits(struct receiver *r, const char *prefix)
{
    return count_hits(r, prefix, false);
}

size_t receiver_recovered(struct receiver *r, const char *prefix)
{
    return count_hits(r, prefix, true);
}

size_t receiver_hits_of(struct receiver *r, struct id activity)
{
    size_t n = 0;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->hit_count; i++)
        n += id_equal(r->hits[i].activity, activity);
    pthread_mutex_unlock(&r->lock);
    return n;
}
