/*
 * A call: one request on its way through the API. What the handlers share; private to src/api.
 */
#ifndef HERALD_API_CALL_H
#define HERALD_API_CALL_H

#include "api/api.h"
#include "api/limits.h"
#include "base/emit.h"
#include "crm/facts.h"
#include "crm/page.h"

struct executor;
struct sightings;
struct throttle;

struct api {
    struct api_config config;
    struct server *server;
    struct executor *aside; /* for api/aside.h */
    struct throttle *throttle;
    struct limits *limits;
};

struct call;

enum route_flags {
    ROUTE_OPEN = 1, /* needs no credentials */
    ROUTE_NO_DB = 4, /* needs no database */
    ROUTE_PROVEN = 8, /* what the caller is and may is proven again when it is committed: see crm/facts.h */
    ROUTE_READS = 16, /* changes nothing, although it is a POST: a key that only reads may use it */
    ROUTE_WIRE = 2, /* ignores, and counts, members and parameters that it does not know (M19) */
};

struct route {
    const char *method;
    const char *path; /* "{id}" stands for a uuid, a second one too; "{object}" for any one segment */
    int flags;
    const char *const *parameters; /* of the query; NULL: none */
    void (*handle)(struct call *call);
};

struct call {
    struct exchange *exchange;
    struct arena *arena; /* the exchange's */
    struct api *api;
    struct db *db; /* this worker's, read-only; NULL where the route needs none */
    struct facts *facts; /* this worker's */
    struct sightings *sightings; /* likewise */
    const struct route *route;
    struct id path_id; /* of the path's first {…id}, */
    struct id sub_id; /* of its second, */
    const char *path_no_id; /* what stands where the path must have an id, while a route is looked for */
    const char *path_object; /* and of {object}: an id or an api_name; NULL where there is none */
    struct actor actor; /* unless ROUTE_OPEN */
    const struct id *businesses; /* others than the actor's whose settings a write changes; in the arena */
    size_t business_count;
    bool remembered; /* that actor, not read now: see crm/facts.h */
};

/* The connection of the worker that was handed to route_dispatch. ERR_UNAVAILABLE. */
enum err_code worker_db(void *worker, struct db **db, struct error *err) MUST_CHECK;

/* What that worker remembers. */
struct facts *worker_facts(void *worker);
struct sightings *worker_sightings(void *worker);

/* The table, and the one entry point: finds the route, checks credentials and parameters, calls the handler. */
void route_dispatch(struct exchange *exchange, void *worker);

/* server_config.at_once: what needs neither a database nor a thought, so that it comes even if all workers are stuck. */
bool route_at_once(const struct exchange *exchange, struct reply *reply);
/* The page, or the file of one, at this path; false: there is none. */
bool page_at(const struct exchange *exchange, struct reply *reply) MUST_CHECK;
struct reply openapi_reply(void);

#define SESSION_COOKIE "herald_session"
/* A browser sends Origin with every write; it must name the host that the request itself went to. */
bool origin_is_ours(const struct exchange *exchange);

/* Who calls: the three headers, or the cookie. Replies itself on failure. */
bool call_authenticate(struct call *call) MUST_CHECK;
/* The same caller once more, as of now: for what lasts longer than a request. After call_authenticate. Any thread. */
enum err_code call_identify(const struct call *call, struct db *db, struct arena *arena, struct actor *actor,
    struct error *err) MUST_CHECK;

/* ── answers ─────────────────────────────────────────────────────────────────────────────────── */

#define ANSWER_MOST (16 << 20)

/* Takes the buf's content. */
void call_reply_json(
    struct call *call, int status, struct buf *body, const struct reply_header *headers, size_t header_count);
void call_fail(struct call *call, const struct error *err, const struct error_list *list);
/*
 * From the beginning, with what holds now: for what rested on settings that have changed since (ERR_STALE of the writer's
 * transaction), or on something remembered. False: it did so too often, and nothing was done.
 */
bool call_again(struct call *call);
/* The same; after too many times 503. */
void call_again_or_busy(struct call *call);
/* 409: a Scheduled Activity is completed; the problem names the activity that it became. */
void call_fail_completed(struct call *call, const char *detail, struct id logged_activity_id);

/* ── writes ──────────────────────────────────────────────────────────────────────────────────── */

/*
 * Hands a cold write to the writer; the connection is suspended, the worker is free, and the handler returns. After
 * the commit `reply` renders the answer from `ctx`, on the writer's thread; what was refused is answered by itself.
 * `ctx` is in the call's arena.
 */
void call_write(struct call *call, write_fn *run, void (*reply)(struct call *call, void *ctx), void *ctx);

/* The same for what comes to business_touch: it has the Business's lock before others of its batch share it. */
void call_write_settings(
    struct call *call, write_fn *run, void (*reply)(struct call *call, void *ctx), void *ctx);

/* The version in If-Match; replies 428 or 412 itself, and returns false. */
bool call_if_match(struct call *call, int64_t *version) MUST_CHECK;
/* The ETag of a version, as a header. In the call's arena. */
struct reply_header etag_header(struct call *call, int64_t version);

/* ── lists ───────────────────────────────────────────────────────────────────────────────────── */

/* ?limit= and ?cursor=. Replies itself on failure. */
bool call_page(struct call *call, struct page *page) MUST_CHECK;
/* A cursor: after `key`, or before it. In the call's arena. */
char *call_cursor(struct call *call, bool back, const struct page_key *key) __attribute__((returns_nonnull));
/* Begins {"results": [ in a new buf. */
struct json emit_page(struct buf *body);
/* Ends it, with "next" and "previous"; `first` and `last` are the keys of the page's outer rows, NULL if it is empty. */
void emit_page_end(struct json *json, struct call *call, const struct page *page,
    const struct page_key *first, const struct page_key *last);
/* The same for a list that is ordered by ids alone. */
void emit_page_end_ids(
    struct json *json, struct call *call, const struct page *page, struct id first, struct id last);

/* Renders `count` of a list's rows from the at-th on, to the end of the page. `rows` is whatever the list has. */
typedef struct buf page_render_fn(
    struct call *call, const struct page *page, const void *rows, size_t at, size_t count);
/*
 * Replies with a page of `count` rows. One that is too large for an answer has fewer, those nearest to the cursor; the
 * others are on the next page.
 */
void call_reply_page(
    struct call *call, struct page *page, page_render_fn *render, const void *rows, size_t count);

/* A header of a 201: where what was made under the call's path is read. In the call's arena. */
struct reply_header created_header(struct call *call, struct id id);

/* 400: `detail`, a whole sentence, is about this parameter of the query. False, for whoever returns it. */
bool call_refuse_parameter(struct call *call, const char *name, const char *detail);

/* ── parameters of the query; each replies 400 itself, and returns false, when it cannot be read ─ */

bool query_id(struct call *call, const char *name, struct id *id) MUST_CHECK; /* nil when absent */
bool query_time(struct call *call, const char *name, int64_t *us, bool *given) MUST_CHECK;
/* One of `names`, which NULL ends: its index, or `preset` when absent. */
bool query_choice(
    struct call *call, const char *name, const char *const *names, int preset, int *choice) MUST_CHECK;

/* The limits in force. */
static inline const struct crm_limits *call_limits(const struct call *call)
{
    return crm_limits(call->api->config.crm);
}

/* ── handlers, one file a resource ───────────────────────────────────────────────────────────── */

void logged_post(struct call *call);
void logged_complete(struct call *call);
void logged_get(struct call *call);
void logged_list_get(struct call *call);
void logged_delete_one(struct call *call);
void scheduled_post(struct call *call);
void scheduled_get(struct call *call);
void scheduled_list_get(struct call *call);
void scheduled_patch(struct call *call);
void scheduled_delete_one(struct call *call);
void roles_get(struct call *call);
void roles_post(struct call *call);
void role_get(struct call *call);
void role_patch(struct call *call);
void role_put_members(struct call *call);
void groups_get(struct call *call);
void groups_post(struct call *call);
void group_get(struct call *call);
void group_patch(struct call *call);
void group_delete_one(struct call *call);
void group_put_members(struct call *call);
void role_groups_get(struct call *call);
void role_put_groups(struct call *call);
void sharing_get(struct call *call);
void sharing_put(struct call *call);
void employees_get(struct call *call);
void employees_post(struct call *call);
void employee_get(struct call *call);
void employee_patch(struct call *call);
void employee_delete(struct call *call);
void employee_keys_get(struct call *call);
void employee_key_delete(struct call *call);
void keys_get(struct call *call);
void keys_post(struct call *call);
void key_patch(struct call *call);
void key_delete(struct call *call);
void invitation_post(struct call *call);
void password_reset_post(struct call *call);
void password_reset_check(struct call *call);
void password_reset_confirm(struct call *call);
void invitation_check(struct call *call);
void invitation_accept(struct call *call);
void objects_get(struct call *call);
void objects_post(struct call *call);
void object_get(struct call *call);
void object_patch(struct call *call);
void record_objects_get(struct call *call);
void record_objects_post(struct call *call);
void record_object_get(struct call *call);
void record_object_patch(struct call *call);
void record_object_delete(struct call *call);
void records_get(struct call *call);
void records_post(struct call *call);
void records_search(struct call *call);
void record_get_one(struct call *call);
void record_patch(struct call *call);
void record_delete(struct call *call);
void object_delete(struct call *call);
void form_get(struct call *call);
void form_post(struct call *call);
void rules_get(struct call *call);
void rules_put(struct call *call);
void fields_get(struct call *call);
void fields_post(struct call *call);
void fields_order_put(struct call *call);
void field_get(struct call *call);
void field_patch(struct call *call);
void field_delete(struct call *call);
void timeline_get(struct call *call);
void timeline_stream_get(struct call *call);
void deliveries_get(struct call *call);
void delivery_get(struct call *call);
void notifications_get(struct call *call);
void audit_get(struct call *call);
void audit_export_get(struct call *call);
void session_get(struct call *call);
void session_post(struct call *call);
void session_put(struct call *call);
void session_delete(struct call *call);
void sessions_get(struct call *call);
void sessions_delete(struct call *call);
void session_delete_one(struct call *call);
void password_put(struct call *call);
void openapi_get(struct call *call);
void healthz_get(struct call *call);
void readyz_get(struct call *call);
void pages_get(struct call *call);

/* Shared renderings. */
struct scheduled_activity;
void emit_scheduled(struct json *json, const struct scheduled_activity *scheduled);
void emit_person(struct json *json, const char *name, const struct person *person);
struct associated_entity;
void emit_associated(struct json *json, const struct associated_entity *entities, size_t count);
struct logged_activity;
/* The members of the wire table. */
void emit_logged_members(struct json *json, const struct logged_activity *activity);
struct idempotent_answer;
/*
 * Takes out of the first one's answer what the caller may not see now (logged_repeat.c). ERR_DENIED, ERR_NOT_FOUND: they
 * may know nothing of it.
 */
enum err_code logged_repeat_seen(
    struct call *call, struct idempotent_answer *first, struct error *err) MUST_CHECK;
/* The definition of a field, an element of an array or a whole answer. */
struct field;
void emit_field(struct json *json, struct call *call, const struct field *field);

#endif
