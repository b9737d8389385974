/* Logged Activities but for logging itself: their records, one or a page of them, and their end (M4, M11). */
#include "crm/logged.h"
#include "api/call.h"

void emit_associated(struct json *json, const struct associated_entity *entities, size_t count)
{
    emit_array(json, "associated_entities");
    for (size_t i = 0; i < count; i++) {
        if (entities[i].hidden)
            continue;
        emit_object(json, NULL);
        emit_id(json, "id", entities[i].id);
        emit_text(json, "display_name", entities[i].display_name);
        emit_id(json, "object_id", entities[i].object_id);
        emit_text(json, "object_name", entities[i].object_name);
        emit_bool(json, "all_records", associated_is_all(&entities[i]));
        emit_object_end(json);
    }
    emit_array_end(json);
}

void emit_logged_members(struct json *json, const struct logged_activity *a)
{
    emit_id(json, "id", a->id);
    emit_object(json, "activity_object");
    emit_id(json, "id", a->object.id);
    emit_text(json, "name", a->object.name);
    emit_text(json, "api_name", a->object.api_name);
    emit_text(json, "association_mode", association_mode_name(a->object.association_mode));
    emit_object_end(json);
    emit_associated(json, a->associated, a->associated_count);
    emit_time(json, "logged_at", a->logged_at);
    emit_person(json, "logged_by", &a->logged_by);
    emit_time(json, "completed_at", a->completed_at);
    if (id_is_nil(a->completed_by.id))
        emit_null(json, "completed_by");
    else
        emit_person(json, "completed_by", &a->completed_by);
    emit_id(json, "scheduled_activity_id", a->scheduled_activity_id);
    emit_raw(json, "mentions", a->mentions);
    emit_text(json, "notes", a->notes);
    if (a->values.fields) {
        values_emit(json, "fields", &a->values);
        return;
    }
    emit_array(json, "fields");
    emit_array_end(json);
}

void logged_get(struct call *call)
{
    struct logged_activity activity;
    struct error err = {0};
    if (logged_read(call->db, call->arena, &call->actor, call->path_id, &activity, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_logged_members(&json, &activity);
    emit_object_end(&json);
    call_reply_json(call, 200, &body, NULL, 0);
}

/* ── lists ───────────────────────────────────────────────────────────────────────────────────── */

static bool read_filter(struct call *call, struct logged_filter *filter)
{
    bool after, before;
    if (!query_id(call, "activity_object_id", &filter->object_id) ||
        !query_id(call, "record_id", &filter->record_id) ||
        !query_id(call, "employee_id", &filter->employee_id) ||
        !query_time(call, "logged_after", &filter->after, &after) ||
        !query_time(call, "logged_before", &filter->before, &before))
        return false;
    if (!after)
        filter->after = INT64_MIN;
    if (!before)
        filter->before = INT64_MAX;
    return true;
}

static struct buf render_page(
    struct call *call, const struct page *page, const void *rows, size_t at, size_t count)
{
    const struct logged_activity *activities = (const struct logged_activity *)rows + at;
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++) {
        emit_object(&json, NULL);
        emit_logged_members(&json, &activities[i]);
        emit_object_end(&json);
    }
    struct id first = count ? activities[0].id : (struct id){0},
              last = count ? activities[count - 1].id : (struct id){0};
    emit_page_end_ids(&json, call, page, first, last);
    return body;
}

void logged_list_get(struct call *call)
{
    struct page page;
    struct logged_filter filter;
    if (!call_page(call, &page) || !read_filter(call, &filter))
        return;
    struct logged_activity *activities;
    size_t count;
    struct error err = {0};
    if (logged_list(call->db, call->arena, &call->actor, &filter, &page, &activities, &count, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    call_reply_page(call, &page, render_page, activities, count);
}

/* ── the end ─────────────────────────────────────────────────────────────────────────────────── */

static enum err_code run_delete(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    const struct call *call = ctx;
    return logged_delete(w, call->path_id, err);
}

static void reply_deleted(struct call *call, void *ctx)
{
    (void)ctx;
    exchange_reply(call->exchange, &(struct reply){.status = 204});
}

void logged_delete_one(struct call *call)
{
    call_write(call, run_delete, reply_deleted, call);
}
