/* /api/webhooks/deliveries: each delivery with its attempts. */
#include "api/call.h"
#include "webhook/delivery.h"

static void emit_attempt(struct json *json, const struct delivery_attempt *a)
{
    emit_object(json, NULL);
    emit_int(json, "number", a->number);
    emit_time(json, "started_at", a->started_at);
    emit_bool(json, "succeeded", a->succeeded);
    if (a->status)
        emit_int(json, "status", a->status);
    else
        emit_null(json, "status");
    emit_text(json, "error_class", a->error_class);
    emit_text(json, "detail", a->detail);
    emit_bool(json, "recovered", a->recovered);
    emit_int(json, "wire_sends", a->wire_sends);
    emit_object(json, "timings");
    emit_int(json, "dns_us", a->dns_us);
    emit_int(json, "connect_us", a->connect_us);
    emit_int(json, "tls_us", a->tls_us);
    emit_int(json, "first_byte_us", a->first_byte_us);
    emit_int(json, "total_us", a->total_us);
    emit_object_end(json);
    emit_text(json, "response_headers", a->response_headers);
    emit_text(json, "response_body", a->response_body);
    emit_bool(json, "response_body_cut", a->response_body_cut);
    emit_object_end(json);
}

static void emit_delivery(struct json *json, const struct delivery *d)
{
    emit_object(json, NULL);
    emit_id(json, "id", d->id);
    emit_id(json, "logged_activity_id", d->activity_id);
    emit_object(json, "activity_object");
    emit_id(json, "id", d->object_id);
    emit_text(json, "name", d->object_name);
    emit_object_end(json);
    emit_text(json, "state", delivery_state_name(d->state));
    emit_text(json, "url", d->url);
    emit_int(json, "settings_version", d->settings_version);
    emit_time(json, "created_at", d->created_at);
    emit_time(json, "finished_at", d->finished_at);
    emit_array(json, "attempts");
    for (size_t i = 0; i < d->attempt_count; i++)
        emit_attempt(json, &d->attempts[i]);
    emit_array_end(json);
    emit_object_end(json);
}

/* False, having replied, when a filter cannot be read. */
static bool read_filter(struct call *call, struct delivery_filter *filter, struct page *page)
{
    const char *state = exchange_query(call->exchange, "state");
    if (!call_page(call, page) || !query_id(call, "logged_activity_id", &filter->activity_id))
        return false;
    filter->by_state = state != NULL;
    return !state || delivery_state_parse(state, &filter->state) ||
           call_refuse_parameter(call, "state", "'state' must be pending, delivered or failed.");
}

void deliveries_get(struct call *call)
{
    struct delivery_filter filter = {0};
    struct page page;
    if (!read_filter(call, &filter, &page))
        return;
    size_t count;
    struct delivery *list;
    struct error err = {0};
    if (delivery_list(call->db, call->arena, &call->actor, &filter, &page, &list, &count, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++)
        emit_delivery(&json, &list[i]);
    emit_page_end_ids(&json, call, &page, count ? delivery_key(&filter, &list[0]) : (struct id){0},
        count ? delivery_key(&filter, &list[count - 1]) : (struct id){0});
    call_reply_json(call, 200, &body, NULL, 0);
}

void delivery_get(struct call *call)
{
    struct delivery delivery = {0};
    struct error err = {0};
    if (delivery_read(call->db, call->arena, &call->actor, call->path_id, &delivery, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_delivery(&json, &delivery);
    call_reply_json(call, 200, &body, NULL, 0);
}
