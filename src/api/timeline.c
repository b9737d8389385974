/* GET /api/records/{object}/{id}/timeline: a page of what was logged and is scheduled about a record (M16). */
#include "crm/timeline.h"
#include "api/timeline.h"
#include "crm/timeline_cursor.h"

static void emit_or_null_person(struct json *json, const char *name, const struct person *person)
{
    if (!person || id_is_nil(person->id))
        emit_null(json, name);
    else
        emit_person(json, name, person);
}

static void emit_entities(struct json *json, const struct actor *actor, const struct timeline_entry *e)
{
    emit_array(json, "associated_entities");
    for (size_t i = 0; i < e->entity_count; i++) {
        if (!timeline_shows_entity(actor, &e->entities[i]))
            continue;
        emit_object(json, NULL);
        emit_id(json, "id", e->entities[i].id);
        emit_text(json, "display_name", e->entities[i].display_name);
        emit_id(json, "object_id", e->entities[i].object_id);
        emit_text(json, "object_name", e->entities[i].object_name);
        emit_object_end(json);
    }
    emit_array_end(json);
}

void emit_timeline_entry(struct json *json, const struct actor *actor, const struct timeline_entry *e)
{
    bool logged = e->kind == TIMELINE_KIND_LOGGED;
    emit_object(json, NULL);
    emit_text(json, "kind", timeline_kind_name(e->kind));
    emit_id(json, "id", e->id);
    emit_object(json, "activity_object");
    emit_id(json, "id", e->activity_object_id);
    emit_text(json, "name", e->object_name);
    emit_text(json, "api_name", e->object_api_name);
    emit_text(json, "color", e->object_color);
    emit_text(json, "icon", e->object_icon);
    emit_object_end(json);
    emit_text(json, "notes", e->notes);
    emit_bool(json, "notes_cut", e->notes_cut);
    emit_entities(json, actor, e);
    emit_time(json, "logged_at", logged ? e->created_at : 0);
    emit_or_null_person(json, "logged_by", logged ? &e->person : NULL);
    emit_time(json, "scheduled_at", logged ? 0 : e->created_at);
    if (logged)
        emit_null(json, "due_datetime");
    else
        emit_moment(json, "due_datetime", e->due_at);
    emit_or_null_person(json, "employee", logged ? NULL : &e->person);
    if (id_is_nil(e->role_id)) {
        emit_null(json, "role");
    } else {
        emit_object(json, "role");
        emit_id(json, "id", e->role_id);
        emit_text(json, "name", e->role_name);
        emit_object_end(json);
    }
    emit_time(json, "completed_at", e->completed_at);
    const struct id none = {0};
    emit_id(json, "scheduled_activity_id", logged ? e->counterpart_id : none);
    emit_id(json, "logged_activity_id", logged ? none : e->counterpart_id);
    emit_object_end(json);
}

static bool read_filter(struct call *call, struct timeline_filter *filter)
{
    static const char *const kinds[] = {"logged", "scheduled", NULL};
    int kind;
    if (!query_choice(call, "kind", kinds, -1, &kind) ||
        !query_id(call, "activity_object_id", &filter->activity_object_id))
        return false;
    filter->logged = kind != 1;
    filter->scheduled = kind != 0;
    return true;
}

/* The entries of a page, and where a stream goes on from it. */
struct timeline_rows {
    struct timeline_cursor live;
    struct timeline_entry *entries;
};

static struct buf render_page(
    struct call *call, const struct page *page, const void *rows, size_t at, size_t count)
{
    const struct timeline_rows *list = rows;
    const struct timeline_entry *entries = list->entries + at;
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_text(&json, "live_cursor", timeline_cursor_text(call->arena, &list->live));
    emit_array(&json, "results");
    for (size_t i = 0; i < count; i++)
        emit_timeline_entry(&json, &call->actor, &entries[i]);
    emit_page_end_ids(&json, call, page, count ? entries[0].id : (struct id){0},
        count ? entries[count - 1].id : (struct id){0});
    return body;
}

void timeline_get(struct call *call)
{
    struct timeline_filter filter = {0};
    struct page page;
    if (!call_page(call, &page) || !read_filter(call, &filter))
        return;
    struct timeline_of of;
    struct timeline_rows list = {.entries = NULL};
    size_t count = 0;
    struct error err = {0};
    enum err_code code = timeline_find(call->db, &call->actor, call->path_object, call->path_id, &of, &err);
    if (!code) /* before the page: what is committed between the two comes by the stream, too, and not by neither */
        code = timeline_cursor_now(call->db, call->arena, &list.live, NULL, &err);
    if (!code)
        code = timeline_page(
            call->db, call->arena, &call->actor, &of, &filter, &page, &list.entries, &count, &err);
    if (code)
        call_fail(call, &err, NULL);
    else
        call_reply_page(call, &page, render_page, &list, count);
}
