/*
 * A call: one request on its way through the API. What the handlers share; private to src/api.
 */
#ifndef HERALD_API_CALL_H
#define HERALD_API_CALL_H

#include "api/api.h"
#include "base/emit.h"
#include "crm/actor.h"

struct api {
    struct api_config config;
    struct server *server;
};

struct call;

enum route_flags {
    ROUTE_OPEN = 1, /* needs no credentials */
    ROUTE_NO_DB = 4, /* needs no database */
    ROUTE_WIRE = 2, /* ignores, and counts, members and parameters that it does not know (M19) */
};

struct route {
    const char *method;
    const char *path; /* "{id}" stands for a uuid */
    int flags;
    const char *const *parameters; /* of the query; NULL: none */
    void (*handle)(struct call *call);
};

struct call {
    struct exchange *exchange;
    struct arena *arena; /* the exchange's */
    struct api *api;
    struct db *db; /* this worker's, read-only; NULL where the route needs none */
    const struct route *route;
    struct id path_id;
    struct actor actor; /* unless ROUTE_OPEN */
};

/* The connection of the worker that was handed to route_dispatch. ERR_UNAVAILABLE. */
enum err_code worker_db(void *worker, struct db **db, struct error *err) MUST_CHECK;

/* The table, and the one entry point: finds the route, checks credentials and parameters, calls the handler. */
void route_dispatch(struct exchange *exchange, void *worker);

#define SESSION_COOKIE "herald_session"
/* A browser sends Origin with every write; it must name the host that the request itself went to. */
bool origin_is_ours(const struct exchange *exchange);

/* Who calls: the three headers, or the cookie. Replies itself on failure. */
bool call_authenticate(struct call *call) MUST_CHECK;

/* ── answers ─────────────────────────────────────────────────────────────────────────────────── */

#define ANSWER_MOST (16 << 20)

/* Takes the buf's content. */
void call_reply_json(
    struct call *call, int status, struct buf *body, const struct reply_header *headers, size_t header_count);
void call_fail(struct call *call, const struct error *err, const struct error_list *list);

/* ── lists ───────────────────────────────────────────────────────────────────────────────────── */

/* ?limit= and ?cursor= (an id; nil without). Replies itself on failure. */
bool call_page(struct call *call, size_t *limit, struct id *cursor) MUST_CHECK;
/* Begins {"results": [ in a new buf. */
struct json emit_page(struct buf *body);
/* Ends it, with "next" and "previous". */
void emit_page_end(struct json *json, struct id next);

/* ── handlers, one file a resource ───────────────────────────────────────────────────────────── */

void logged_post(struct call *call);
void logged_get(struct call *call);
void scheduled_post(struct call *call);
void objects_get(struct call *call);
void objects_post(struct call *call);
void object_get(struct call *call);
void object_patch(struct call *call);
void contacts_search(struct call *call);
void deliveries_get(struct call *call);
void delivery_get(struct call *call);
void notifications_get(struct call *call);
void session_get(struct call *call);
void session_post(struct call *call);
void session_delete(struct call *call);
void openapi_get(struct call *call);
void healthz_get(struct call *call);
void readyz_get(struct call *call);
void pages_get(struct call *call);

/* Shared renderings. */
void emit_person(struct json *json, const char *name, const struct person *person);

#endif
