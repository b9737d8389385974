#include "api/call.h"

#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"

static const char *const page_parameters[] = {"limit", "cursor", NULL};
static const char *const logged_parameters[] = {"limit", "cursor", "activity_object_id", "record_id",
    "employee_id", "logged_after", "logged_before", NULL};
static const char *const field_parameters[] = {"archived", NULL};
static const char *const object_parameters[] = {"limit", "cursor", "archived", NULL};
static const char *const form_parameters[] = {"values", NULL};
static const char *const delivery_parameters[] = {"limit", "cursor", "state", "logged_activity_id", NULL};
static const char *const timeline_parameters[] = {"limit", "cursor", "kind", "activity_object_id", NULL};
static const char *const stream_parameters[] = {"cursor", NULL};

static const char *const scheduled_parameters[] = {"limit", "cursor", "employee_id", "role_id",
    "activity_object_id", "record_id", "due_after", "due_before", "state", NULL};
static const char *const employee_parameters[] = {"limit", "cursor", "search", "active", NULL};
static const char *const audit_parameters[] = {
    "limit", "cursor", "employee_id", "subject_id", "subject_kind", "action", "after", "before", NULL};
static const char *const audit_export_parameters[] = {
    "format", "cursor", "employee_id", "subject_id", "subject_kind", "action", "after", "before", NULL};

static const struct route routes[] = {
    {"GET", "/api/activities/logged", 0, logged_parameters, logged_list_get},
    {"POST", "/api/activities/logged", ROUTE_WIRE | ROUTE_PROVEN, NULL, logged_post},
    {"GET", "/api/activities/logged/{id}", ROUTE_WIRE, NULL, logged_get},
    {"DELETE", "/api/activities/logged/{id}", 0, NULL, logged_delete_one},
    {"POST", "/api/activities/scheduled-activity", ROUTE_WIRE, NULL, scheduled_post},
    {"POST", "/api/activities/scheduled-activity/{id}/complete", ROUTE_WIRE, NULL, logged_complete},
    {"GET", "/api/activities/scheduled-activity", 0, scheduled_parameters, scheduled_list_get},
    {"GET", "/api/activities/scheduled-activity/{id}", ROUTE_WIRE, NULL, scheduled_get},
    {"PATCH", "/api/activities/scheduled-activity/{id}", 0, NULL, scheduled_patch},
    {"DELETE", "/api/activities/scheduled-activity/{id}", 0, NULL, scheduled_delete_one},
    {"GET", "/api/activities/objects", 0, object_parameters, objects_get},
    {"POST", "/api/activities/objects", 0, NULL, objects_post},
    {"GET", "/api/activities/objects/{id}", 0, NULL, object_get},
    {"PATCH", "/api/activities/objects/{id}", 0, NULL, object_patch},
    {"GET", "/api/records/objects", 0, object_parameters, record_objects_get},
    {"POST", "/api/records/objects", 0, NULL, record_objects_post},
    {"GET", "/api/records/objects/{object}", 0, NULL, record_object_get},
    {"PATCH", "/api/records/objects/{object}", 0, NULL, record_object_patch},
    {"DELETE", "/api/records/objects/{object}", 0, NULL, record_object_delete},
    {"GET", "/api/records/{object}", 0, object_parameters, records_get},
    {"POST", "/api/records/{object}", 0, NULL, records_post},
    {"POST", "/api/records/{object}/search", ROUTE_READS, NULL, records_search},
    {"GET", "/api/records/{object}/{id}", 0, NULL, record_get_one},
    {"PATCH", "/api/records/{object}/{id}", 0, NULL, record_patch},
    {"DELETE", "/api/records/{object}/{id}", 0, NULL, record_delete},
    {"DELETE", "/api/activities/objects/{id}", 0, NULL, object_delete},
    {"GET", "/api/activities/objects/{id}/form", 0, form_parameters, form_get},
    {"POST", "/api/activities/objects/{id}/form", ROUTE_READS, NULL, form_post},
    {"GET", "/api/activities/objects/{id}/rules", 0, NULL, rules_get},
    {"PUT", "/api/activities/objects/{id}/rules", 0, NULL, rules_put},
    {"GET", "/api/activities/objects/{id}/sharing", 0, NULL, sharing_get},
    {"PUT", "/api/activities/objects/{id}/sharing", 0, NULL, sharing_put},
    {"GET", "/api/activities/objects/{id}/fields", 0, field_parameters, fields_get},
    {"POST", "/api/activities/objects/{id}/fields", 0, NULL, fields_post},
    {"PUT", "/api/activities/objects/{id}/fields/order", 0, NULL, fields_order_put},
    {"GET", "/api/activities/objects/{id}/fields/{id}", 0, NULL, field_get},
    {"PATCH", "/api/activities/objects/{id}/fields/{id}", 0, NULL, field_patch},
    {"DELETE", "/api/activities/objects/{id}/fields/{id}", 0, NULL, field_delete},
    {"GET", "/api/records/objects/{object}/fields", 0, field_parameters, fields_get},
    {"POST", "/api/records/objects/{object}/fields", 0, NULL, fields_post},
    {"PUT", "/api/records/objects/{object}/fields/order", 0, NULL, fields_order_put},
    {"GET", "/api/records/objects/{object}/fields/{id}", 0, NULL, field_get},
    {"PATCH", "/api/records/objects/{object}/fields/{id}", 0, NULL, field_patch},
    {"DELETE", "/api/records/objects/{object}/fields/{id}", 0, NULL, field_delete},
    {"GET", "/api/records/{object}/{id}/timeline", 0, timeline_parameters, timeline_get},
    {"GET", "/api/records/{object}/{id}/timeline/stream", 0, stream_parameters, timeline_stream_get},
    {"GET", "/api/webhooks/deliveries", 0, delivery_parameters, deliveries_get},
    {"GET", "/api/webhooks/deliveries/{id}", 0, NULL, delivery_get},
    {"GET", "/api/notifications", 0, page_parameters, notifications_get},
    {"GET", "/api/employees", 0, employee_parameters, employees_get},
    {"POST", "/api/employees", 0, NULL, employees_post},
    {"GET", "/api/employees/{id}", 0, NULL, employee_get},
    {"PATCH", "/api/employees/{id}", 0, NULL, employee_patch},
    {"DELETE", "/api/employees/{id}", 0, NULL, employee_delete},
    {"GET", "/api/employees/{id}/keys", 0, page_parameters, employee_keys_get},
    {"DELETE", "/api/employees/{id}/keys/{id}", 0, NULL, employee_key_delete},
    {"GET", "/api/keys", 0, page_parameters, keys_get},
    {"POST", "/api/keys", 0, NULL, keys_post},
    {"PATCH", "/api/keys/{id}", 0, NULL, key_patch},
    {"DELETE", "/api/keys/{id}", 0, NULL, key_delete},
    {"POST", "/api/employees/{id}/invitation", 0, NULL, invitation_post},
    {"POST", "/api/invitations/accept", ROUTE_OPEN, NULL, invitation_accept},
    {"POST", "/api/invitations/check", ROUTE_OPEN, NULL, invitation_check},
    {"POST", "/api/password-resets", ROUTE_OPEN, NULL, password_reset_post},
    {"POST", "/api/password-resets/check", ROUTE_OPEN, NULL, password_reset_check},
    {"POST", "/api/password-resets/confirm", ROUTE_OPEN, NULL, password_reset_confirm},
    {"GET", "/api/permission-groups", 0, page_parameters, groups_get},
    {"POST", "/api/permission-groups", 0, NULL, groups_post},
    {"GET", "/api/permission-groups/{id}", 0, NULL, group_get},
    {"PATCH", "/api/permission-groups/{id}", 0, NULL, group_patch},
    {"DELETE", "/api/permission-groups/{id}", 0, NULL, group_delete_one},
    {"PUT", "/api/permission-groups/{id}/members", 0, NULL, group_put_members},
    {"GET", "/api/roles/{id}/groups", 0, NULL, role_groups_get},
    {"PUT", "/api/roles/{id}/groups", 0, NULL, role_put_groups},
    {"GET", "/api/roles", 0, page_parameters, roles_get},
    {"POST", "/api/roles", 0, NULL, roles_post},
    {"GET", "/api/roles/{id}", 0, NULL, role_get},
    {"PATCH", "/api/roles/{id}", 0, NULL, role_patch},
    {"PUT", "/api/roles/{id}/members", 0, NULL, role_put_members},
    {"GET", "/api/audit-log", 0, audit_parameters, audit_get},
    {"GET", "/api/audit-log/export", 0, audit_export_parameters, audit_export_get},
    {"GET", "/api/session", 0, NULL, session_get},
    {"POST", "/api/session", ROUTE_OPEN, NULL, session_post},
    {"PUT", "/api/session", 0, NULL, session_put},
    {"DELETE", "/api/session", 0, NULL, session_delete},
    {"GET", "/api/sessions", 0, NULL, sessions_get},
    {"DELETE", "/api/sessions", 0, NULL, sessions_delete},
    {"DELETE", "/api/sessions/{id}", 0, NULL, session_delete_one},
    {"PUT", "/api/password", 0, NULL, password_put},
    {"GET", "/api/openapi.yaml", ROUTE_OPEN | ROUTE_NO_DB, NULL, openapi_get},
    {"GET", "/healthz", ROUTE_OPEN | ROUTE_NO_DB, NULL, healthz_get},
    {"GET", "/readyz", ROUTE_OPEN, NULL, readyz_get},
};

/* Takes one segment of the path into the hole of the pattern: {object} is any, every other one a uuid. */
static bool fill(struct call *call, const char *hole, const char *segment, size_t len, size_t *ids)
{
    if (strncmp(hole, "{object}", 8) == 0) {
        call->path_object = arena_strndup(call->arena, segment, len);
        return len > 0;
    }
    struct id *id = (*ids)++ == 0 ? &call->path_id : &call->sub_id;
    if (id_parse(segment, len, id))
        return true;
    *id = (struct id){0};
    call->path_no_id = arena_strndup(call->arena, segment, len);
    return len > 0;
}

/*
 * Whether `path` is `pattern`, segment by segment; what stands in its holes goes into the call, and what should be an
 * id there and is none into call->path_no_id.
 */
static bool matches(struct call *call, const char *pattern, const char *path)
{
    size_t ids = 0;
    call->path_no_id = NULL;
    while (*pattern == '/' && *path == '/') {
        size_t want = strcspn(++pattern, "/"), have = strcspn(++path, "/");
        if (*pattern == '{' ? !fill(call, pattern, path, have, &ids)
                            : want != have || memcmp(pattern, path, want) != 0)
            return false;
        pattern += want;
        path += have;
    }
    return !*pattern && !*path;
}

static bool is_method(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

/*
 * NULL with an empty `allowed`: no such path, and *no_id is what stands where an id would make it one, or NULL; with
 * some: the method is not one of them.
 */
static const struct route *find_route(struct call *call, struct buf *allowed, const char **no_id)
{
    *no_id = NULL;
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (!matches(call, routes[i].path, call->exchange->path))
            continue;
        if (call->path_no_id) {
            *no_id = call->path_no_id;
            continue;
        }
        if (is_method(&routes[i], call->exchange->method))
            return &routes[i];
        buf_printf(allowed, "%s%s", allowed->len ? ", " : "", routes[i].method);
    }
    return NULL;
}

/* Whether one of the parameters before the i-th has its name. */
static bool is_repeated(struct call *call, size_t i, const char *name)
{
    const char *other, *value;
    for (size_t j = 0; j < i && exchange_query_at(call->exchange, j, &other, &value); j++)
        if (strcmp(other, name) == 0)
            return true;
    return false;
}

/* Of a wire operation, what is unknown is counted, and of what is there twice the first counts. */
static bool check_parameters(struct call *call)
{
    struct error_list list;
    error_list_clear(&list);
    const char *name, *value;
    for (size_t i = 0; exchange_query_at(call->exchange, i, &name, &value); i++) {
        bool wire = call->route->flags & ROUTE_WIRE, known = text_listed(call->route->parameters, name);
        if (wire && !known)
            metric_add(METRIC_unknown_members_total, 1);
        else if (!known)
            error_list_add_parameter(&list, name, "Unknown query parameter '%.60s'.", name);
        else if (!wire && is_repeated(call, i, name))
            error_list_add_parameter(&list, name, "The query parameter '%.60s' is there twice.", name);
    }
    if (list.count)
        exchange_reply_problem(call->exchange, 400, list.items[0].text, &list);
    return list.count == 0;
}

static void reply_unrouted(struct call *call, const struct buf *allowed, const char *no_id)
{
    if (!allowed->len) {
        exchange_reply_problem(call->exchange, 404,
            no_id ? arena_printf(call->arena,
                        "There is nothing at this address: an id, a UUID, is needed where '%.60s' stands.",
                        text_cleaned(call->arena, no_id, strnlen(no_id, 60)))
                  : "There is nothing at this address.",
            NULL);
        return;
    }
    struct buf body = BUF_INIT(1024);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_text(&json, "type", "about:blank");
    emit_text(&json, "title", "Method Not Allowed");
    emit_int(&json, "status", 405);
    emit_text(&json, "detail", arena_printf(call->arena, "This address takes %s.", buf_text(allowed)));
    emit_id(&json, "request_id", call->exchange->request_id);
    emit_object_end(&json);
    struct reply_header header = {"Allow", arena_strdup(call->arena, buf_text(allowed))};
    struct reply reply = {.status = 405,
        .content_type = "application/problem+json",
        .headers = &header,
        .header_count = 1,
        .body_len = body.len};
    reply.body = buf_take(&body);
    exchange_reply(call->exchange, &reply);
}

static bool is_api_path(const char *path)
{
    return strncmp(path, "/api/", 5) == 0 || strcmp(path, "/api") == 0;
}

bool route_at_once(const struct exchange *exchange, struct reply *reply)
{
    const char *name, *value;
    if (strcmp(exchange->path, "/api/openapi.yaml") == 0 && !exchange_query_at(exchange, 0, &name, &value)) {
        *reply = openapi_reply();
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(routes); i++)
        if (strcmp(routes[i].path, exchange->path) == 0)
            return false;
    return !is_api_path(exchange->path) && page_at(exchange, reply);
}

static void run_route(struct call *call, void *worker)
{
    struct error err = {0};
    if (!(call->route->flags & ROUTE_NO_DB) && worker_db(worker, &call->db, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    call->facts = worker_facts(worker);
    call->sightings = worker_sightings(worker);
    if (((call->route->flags & ROUTE_OPEN) || call_authenticate(call)) && check_parameters(call))
        call->route->handle(call);
}

void route_dispatch(struct exchange *exchange, void *worker)
{
    struct call *call = ARENA_NEW(exchange->arena, struct call);
    *call = (struct call){.exchange = exchange, .arena = exchange->arena, .api = exchange->server_ctx};
    struct buf allowed = BUF_INIT(256);
    const char *no_id;
    call->route = find_route(call, &allowed, &no_id);
    bool page = !allowed.len && !is_api_path(exchange->path) &&
                (strcmp(exchange->method, "GET") == 0 || strcmp(exchange->method, "HEAD") == 0);
    if (call->route)
        run_route(call, worker);
    else if (page)
        pages_get(call);
    else
        reply_unrouted(call, &allowed, no_id);
    buf_free(&allowed);
}
