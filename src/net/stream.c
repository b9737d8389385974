/*
 * Answers that come over time. A stream's connection is suspended while there is nothing to send. What is written
 * waits in a buffer, which libmicrohttpd empties from the HTTP thread (read_more) as fast as the client takes it. Who
 * lets it fill up is cut off: a reader that is slower than what it reads would need memory without bound (S4).
 *
 * libmicrohttpd does not look at a suspended connection, so that its client has gone would be noticed only by the
 * second heartbeat after it: TCP is asked now and then.
 */
#include "net/server_internal.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#define BLOCK 4096 /* bytes that libmicrohttpd takes at once */
#define LOOK_EVERY_US (2 * US_PER_S)

/* ── under lock ──────────────────────────────────────────────────────────────────────────────── */

static void drop_data(struct stream *stream)
{
    mem_free(stream->data);
    stream->data = NULL;
    stream->size = stream->from = stream->to = 0;
}

static bool is_open(const struct stream *stream)
{
    return !stream->closing && !stream->broken;
}

static bool make_room(struct stream *stream, size_t len, size_t most)
{
    size_t waiting = stream->to - stream->from;
    if (waiting > 0 && (len > most || waiting > most - len))
        return false;
    if (stream->from > 0)
        memmove(stream->data, stream->data + stream->from, waiting);
    stream->from = 0;
    stream->to = waiting;
    if (waiting + len <= stream->size)
        return true;
    size_t size = stream->size ? stream->size : 512;
    while (size < waiting + len)
        size *= 2;
    char *data = mem_try_realloc(stream->data, size);
    if (!data)
        return false;
    stream->data = data;
    stream->size = size;
    return true;
}

/* False: no room. */
static bool append(struct stream *stream, const char *data, size_t len)
{
    if (!make_room(stream, len, stream->request->server->config.stream_buffer_most))
        return false;
    memcpy(stream->data + stream->to, data, len);
    stream->to += len;
    stream->wrote_boot_us = clock_boot_us();
    return true;
}

static void give_up(struct stream *stream)
{
    stream->broken = true;
    drop_data(stream);
}

/* Whether the caller has to resume its connection, by registry_resume once it has let the lock go. */
static bool claim_resume(struct stream *stream)
{
    if (!stream->suspended)
        return false;
    stream->suspended = false;
    stream->request->server->resuming++;
    return true;
}

void stream_gone(struct stream *stream)
{
    struct server *server = stream->request->server;
    TAILQ_REMOVE(&server->streams, stream, link);
    server->stream_count--;
    metric_add(METRIC_streams, -1);
    give_up(stream);
}

/* ── the HTTP thread ─────────────────────────────────────────────────────────────────────────── */

static ssize_t take(struct stream *stream, char *out, size_t most)
{
    size_t waiting = stream->to - stream->from, len = waiting < most ? waiting : most;
    memcpy(out, stream->data + stream->from, len);
    stream->from += len;
    if (stream->from == stream->to)
        drop_data(stream);
    return (ssize_t)len;
}

static ssize_t read_more(void *cls, uint64_t pos, char *out, size_t most)
{
    (void)pos;
    struct stream *stream = cls;
    struct server *server = stream->request->server;
    ssize_t len = 0;
    pthread_mutex_lock(&server->lock);
    if (stream->broken)
        len = MHD_CONTENT_READER_END_WITH_ERROR;
    else if (stream->from < stream->to)
        len = take(stream, out, most);
    else if (stream->closing)
        len = MHD_CONTENT_READER_END_OF_STREAM;
    else {
        stream->suspended = true;
        MHD_suspend_connection(stream->request->connection);
    }
    pthread_mutex_unlock(&server->lock);
    return len;
}

/* Under lock. */
static void look_at(struct stream *stream, int64_t now)
{
    struct client *client = stream->request->client;
    if (!stream->broken && now - stream->looked_boot_us >= LOOK_EVERY_US) {
        stream->looked_boot_us = now;
        if (client_has_left(client))
            give_up(stream);
    }
    if (is_open(stream) && stream->from == stream->to &&
        now - stream->wrote_boot_us >= stream->request->server->config.stream_beat_us &&
        !append(stream, stream->beat, strlen(stream->beat)))
        give_up(stream);
    if (stream->broken && !stream->shut) {
        stream->shut = true;
        client_shut(client, "its stream is over: it has gone, or did not keep up");
    }
}

/* Each was claimed by claim_resume, so it stays until it is resumed here. */
static void resume_all(struct stream_list *due)
{
    struct stream *stream;
    while ((stream = TAILQ_FIRST(due))) {
        TAILQ_REMOVE(due, stream, due_link);
        registry_resume(stream->request);
    }
}

void streams_look(struct server *server, int64_t now_boot_us)
{
    struct stream_list due = TAILQ_HEAD_INITIALIZER(due);
    pthread_mutex_lock(&server->lock);
    for (struct stream *stream = TAILQ_FIRST(&server->streams); stream; stream = TAILQ_NEXT(stream, link)) {
        look_at(stream, now_boot_us);
        if ((stream->broken || stream->from < stream->to) && claim_resume(stream))
            TAILQ_INSERT_TAIL(&due, stream, due_link);
    }
    pthread_mutex_unlock(&server->lock);
    resume_all(&due);
}

/* ── any thread ──────────────────────────────────────────────────────────────────────────────── */

void streams_stop(struct server *server)
{
    struct stream_list due = TAILQ_HEAD_INITIALIZER(due);
    pthread_mutex_lock(&server->lock);
    server->streams_over = true;
    for (struct stream *stream = TAILQ_FIRST(&server->streams); stream; stream = TAILQ_NEXT(stream, link)) {
        if (is_open(stream) && !append(stream, stream->farewell, strlen(stream->farewell)))
            give_up(stream);
        stream->closing = true;
        if (claim_resume(stream))
            TAILQ_INSERT_TAIL(&due, stream, due_link);
    }
    pthread_mutex_unlock(&server->lock);
    resume_all(&due);
}

/* A place among streams_most, to be given back unless the stream comes to be. */
static bool take_place(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    bool free = server->stream_count < server->config.streams_most;
    server->stream_count += free;
    pthread_mutex_unlock(&server->lock);
    return free;
}

static void give_place_back(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    server->stream_count--;
    pthread_mutex_unlock(&server->lock);
}

static struct MHD_Response *stream_response(struct stream *stream, const struct stream_start *start)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_more, stream, NULL);
    const struct reply reply = {.content_type = start->content_type,
        .headers = start->headers,
        .header_count = start->header_count,
        .close = true};
    if (response)
        response_dress(stream->request, response, &reply);
    return response;
}

enum err_code exchange_stream_start(
    struct exchange *exchange, const struct stream_start *start, struct error *err)
{
    struct request *request = request_of(exchange);
    if (!take_place(request->server)) {
        metric_add(METRIC_streams_refused_total, 1);
        return error_set(err, ERR_BUSY, "There are too many live streams now; try again.");
    }
    int64_t now = clock_boot_us();
    struct stream *stream = ARENA_NEW(exchange->arena, struct stream);
    *stream = (struct stream){.request = request,
        .beat = start->beat,
        .farewell = start->farewell,
        .wrote_boot_us = now,
        .looked_boot_us = now};
    struct MHD_Response *response = stream_response(stream, start);
    /* Before it can be over. */
    metric_add(METRIC_streams, 1);
    if (response && registry_answer_stream(request, stream, response))
        return ERR_OK;
    metric_add(METRIC_streams, -1);
    if (response)
        MHD_destroy_response(response);
    give_place_back(request->server);
    return error_set(err, ERR_UNAVAILABLE, "the server is stopping, or it is too late");
}

bool stream_write(struct exchange *exchange, const char *data, size_t len)
{
    struct request *request = request_of(exchange);
    struct server *server = request->server;
    pthread_mutex_lock(&server->lock);
    bool open = is_open(request->stream), written = open && append(request->stream, data, len);
    if (open && !written)
        give_up(request->stream);
    bool resume = claim_resume(request->stream);
    pthread_mutex_unlock(&server->lock);
    if (open && !written) {
        metric_add(METRIC_streams_cut_total, 1);
        LOG(LOG_INFO, "live stream cut off: its client does not keep up",
            F_ID("request", exchange->request_id));
    }
    if (resume)
        registry_resume(request);
    return written;
}

bool stream_is_open(struct exchange *exchange)
{
    struct request *request = request_of(exchange);
    pthread_mutex_lock(&request->server->lock);
    bool open = is_open(request->stream);
    pthread_mutex_unlock(&request->server->lock);
    return open;
}

size_t stream_room(struct exchange *exchange)
{
    struct request *request = request_of(exchange);
    size_t most = request->server->config.stream_buffer_most;
    pthread_mutex_lock(&request->server->lock);
    size_t waiting = request->stream->to - request->stream->from;
    pthread_mutex_unlock(&request->server->lock);
    return waiting < most ? most - waiting : 0;
}

void stream_end(struct exchange *exchange)
{
    struct request *request = request_of(exchange);
    struct server *server = request->server;
    pthread_mutex_lock(&server->lock);
    request->stream->closing = true;
    bool resume = claim_resume(request->stream);
    /* Let go, but not gone: a connection that is to be resumed stays until it is. */
    pthread_mutex_unlock(&server->lock);
    if (resume)
        registry_resume(request);
    registry_handler_done(request);
}
