#include "net/server_internal.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <assert.h>
#include <unistd.h>

void server_release(struct server *server)
{
    if (atomic_fetch_sub(&server->holds, 1) != 1)
        return;
    inbox_destroy(&server->inbox);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    limiter_free(server->refusals);
    arena_free(server->arena);
    if (server->config.ctx_free)
        server->config.ctx_free(server->config.ctx);
    mem_free(server);
}

struct request *request_new(struct server *server, struct MHD_Connection *connection)
{
    struct arena *arena = arena_new();
    struct request *request = ARENA_NEW(arena, struct request);
    request->exchange = (struct exchange){
        .request_id = id_new(),
        .started_boot_us = clock_boot_us(),
        .arena = arena,
        .server_ctx = server->config.ctx,
    };
    request->server = server;
    request->connection = connection;
    request->connection_holds = true;
    request->body = BUF_INIT(server->config.body_most);
    request->headers.tail = &request->headers.head;
    request->query.tail = &request->query.head;
    request->cookies.tail = &request->cookies.head;
    atomic_fetch_add(&server->holds, 1);
    return request;
}

/* Nobody holds it any more. */
static void request_free(struct request *request)
{
    struct server *server = request->server;
    if (request->response)
        MHD_destroy_response(request->response);
    request_drop_body(request);
    arena_free(request->exchange.arena);
    server_release(server);
}

/* Under lock. server_stop may be waiting for what just changed. */
static void tell_drain(struct server *server)
{
    if (server->draining)
        pthread_cond_broadcast(&server->changed);
}

bool registry_enter(struct request *request)
{
    struct server *server = request->server;
    pthread_mutex_lock(&server->lock);
    bool open = !server->draining;
    if (open) {
        request->state = REQUEST_WAITING;
        request->handler_holds = true;
        TAILQ_INSERT_TAIL(&server->registry, request, link);
    }
    pthread_mutex_unlock(&server->lock);
    return open;
}

/* Under lock. The one step from waiting to answered, so that nobody resumes a connection twice (S2). */
static bool claim(struct request *request)
{
    if (request->state != REQUEST_WAITING)
        return false;
    request->state = REQUEST_ANSWERED;
    TAILQ_REMOVE(&request->server->registry, request, link);
    request->server->answering++;
    request->server->resuming++;
    return true;
}

/* After claim. The request may be gone when this returns, and the server unless somebody holds it. */
void registry_resume(struct request *request)
{
    struct server *server = request->server;
    MHD_resume_connection(request->connection);
    server_wake(server);
    pthread_mutex_lock(&server->lock);
    server->resuming--;
    tell_drain(server);
    pthread_mutex_unlock(&server->lock);
}

void registry_answer(struct request *request, int status, struct MHD_Response *response)
{
    struct server *server = request->server;
    request_drop_body(request); /* the handler is through with it, the client may read its answer slowly */
    pthread_mutex_lock(&server->lock);
    bool claimed = claim(request);
    if (claimed) {
        request->response = response;
        request->status = status;
    }
    request->handler_holds = false;
    bool last = !request->connection_holds;
    pthread_mutex_unlock(&server->lock);

    if (claimed) {
        registry_resume(request);
        return;
    }
    MHD_destroy_response(response);
    if (last)
        request_free(request);
}

bool registry_answer_stream(struct request *request, struct stream *stream, struct MHD_Response *response)
{
    struct server *server = request->server;
    pthread_mutex_lock(&server->lock);
    bool claimed = !server->streams_over && claim(request);
    if (claimed) {
        request->response = response;
        request->status = MHD_HTTP_OK;
        request->stream = stream;
        TAILQ_INSERT_TAIL(&server->streams, stream, link);
    }
    pthread_mutex_unlock(&server->lock);
    if (!claimed)
        return false;
    request_drop_body(request);
    registry_resume(request);
    return true;
}

void registry_handler_done(struct request *request)
{
    struct server *server = request->server;
    pthread_mutex_lock(&server->lock);
    request->handler_holds = false;
    bool last = !request->connection_holds;
    pthread_mutex_unlock(&server->lock);
    if (last)
        request_free(request);
}

void registry_connection_done(struct request *request)
{
    struct server *server = request->server;
    pthread_mutex_lock(&server->lock);
    assert(request->state != REQUEST_WAITING);
    if (request->state == REQUEST_ANSWERED) {
        server->answering--;
        tell_drain(server);
    }
    if (request->stream)
        stream_gone(request->stream);
    request->connection_holds = false;
    bool last = !request->handler_holds;
    pthread_mutex_unlock(&server->lock);
    if (last)
        request_free(request);
}

void registry_expire(struct server *server, bool all)
{
    struct request_list due = TAILQ_HEAD_INITIALIZER(due);
    int64_t now = clock_boot_us();
    pthread_mutex_lock(&server->lock);
    struct request *request;
    while ((request = TAILQ_FIRST(&server->registry)) && (all || request->deadline_boot_us <= now)) {
        claim(request);
        TAILQ_INSERT_TAIL(&due, request, link);
    }
    pthread_mutex_unlock(&server->lock);

    /* Claimed, so the connection holds each of them until it is resumed here. */
    while ((request = TAILQ_FIRST(&due))) {
        TAILQ_REMOVE(&due, request, link);
        request->status = MHD_HTTP_SERVICE_UNAVAILABLE;
        request->response = problem_response(request, request->status,
            all ? "The server is stopping."
                : "The request was not finished in time. It may still be carried out.",
            NULL, true);
        registry_resume(request);
    }
}
