/*
 * What all bodies together take of the memory (S4). Each is counted from its first byte until its handler is
 * through with it. One that is being read is listed besides, in the order in which they last grew: when there is
 * no room for more, those that have waited longest for their rest are cut off, so that clients who send a part
 * and stop cannot keep others out. What is with a handler is never touched.
 *
 * All of it is the HTTP thread's, but for request_drop_body, which is whoever's the body is.
 */
#include "net/server_internal.h"

#include <assert.h>

size_t bodies_with_handlers(const struct server *server)
{
    return atomic_load(&server->bodies) - server->reading_size;
}

void request_drop_body(struct request *request)
{
    assert(!request->reading);
    buf_free(&request->body);
    if (request->body_charged)
        atomic_fetch_sub(&request->server->bodies, request->body_charged);
    request->body_charged = 0;
}

void request_end_reading(struct request *request)
{
    if (!request->reading)
        return;
    TAILQ_REMOVE(&request->server->reading, request, reading_link);
    request->server->reading_size -= request->body_charged;
    request->reading = false;
}

/* Counted, and the last of the list. */
static void charge(struct request *request)
{
    struct server *server = request->server;
    request_end_reading(request);
    atomic_fetch_add(&server->bodies, request->body.size - request->body_charged);
    request->body_charged = request->body.size;
    server->reading_size += request->body_charged;
    request->reading = true;
    TAILQ_INSERT_TAIL(&server->reading, request, reading_link);
}

/* Its connection is still libmicrohttpd's, and ends it like that of any client that has gone. */
static void cut_off(struct request *request)
{
    request_end_reading(request);
    request_drop_body(request);
    request->cut_off = true;
    client_cut_off(request->client);
}

bool request_charge_body(struct request *request)
{
    struct server *server = request->server;
    charge(request);
    /* Nobody is cut off for one that would not fit even so. */
    if (bodies_with_handlers(server) + request->body_charged > server->config.bodies_most)
        return false;
    /* Ends before it comes to this one, which is the last: alone with the handlers' it fits. */
    while (atomic_load(&server->bodies) > server->config.bodies_most)
        cut_off(TAILQ_FIRST(&server->reading));
    return true;
}
