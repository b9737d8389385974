/* GET /api/notifications: one for every failed delivery (M7). */
#include "api/call.h"
#include "webhook/notification.h"

static void emit_notification(struct json *json, const struct notification *n)
{
    emit_object(json, NULL);
    emit_id(json, "id", n->id);
    emit_text(json, "kind", "delivery_failed");
    emit_time(json, "created_at", n->created_at);
    emit_id(json, "delivery_id", n->delivery_id);
    emit_id(json, "logged_activity_id", n->activity_id);
    emit_object(json, "activity_object");
    emit_id(json, "id", n->object_id);
    emit_text(json, "name", n->object_name);
    emit_object_end(json);
    emit_text(json, "url", n->url);
    if (n->status)
        emit_int(json, "status", n->status);
    else
        emit_null(json, "status");
    emit_text(json, "error_class", n->error_class);
    emit_text(json, "detail", n->detail);
    emit_object_end(json);
}

void notifications_get(struct call *call)
{
    struct page page;
    if (!call_page(call, &page))
        return;
    struct notification *list;
    size_t count;
    struct error err = {0};
    if (notification_list(call->db, call->arena, &call->actor, &page, &list, &count, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++)
        emit_notification(&json, &list[i]);
    emit_page_end_ids(
        &json, call, &page, count ? list[0].id : (struct id){0}, count ? list[count - 1].id : (struct id){0});
    call_reply_json(call, 200, &body, NULL, 0);
}
