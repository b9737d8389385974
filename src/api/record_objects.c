/* /api/records/objects: what kinds of records there are. */
#include "api/body.h"
#include "crm/record_object.h"

static const char *const yes_or_no[] = {"false", "true", NULL};

static void emit_record_object(struct json *json, const struct record_object *o)
{
    emit_object(json, NULL);
    emit_id(json, "id", o->id);
    emit_text(json, "name", o->name);
    emit_text(json, "api_name", o->api_name);
    emit_text(json, "kind", record_kind_name(o->kind));
    emit_text(json, "description", o->description);
    emit_int(json, "version", o->version);
    emit_time(json, "created_at", o->created_at);
    emit_time(json, "archived_at", o->archived_at);
    emit_object_end(json);
}

static void reply_object(struct call *call, int status, const struct record_object *object)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_record_object(&json, object);
    struct reply_header headers[] = {etag_header(call, object->version), created_header(call, object->id)};
    call_reply_json(call, status, &body, headers, status == 201 ? 2 : 1);
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static struct page_key key_of(const struct record_object *object)
{
    return (struct page_key){.text = object->name, .id = object->id};
}

void record_objects_get(struct call *call)
{
    struct page page;
    int archived;
    if (!call_page(call, &page) || !query_choice(call, "archived", yes_or_no, 0, &archived))
        return;
    struct record_object *objects;
    size_t count;
    struct error err = {0};
    if (record_object_list(
            call->db, call->arena, &call->actor, archived == 1, &page, &objects, &count, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++)
        emit_record_object(&json, &objects[i]);
    struct page_key first = {0}, last = {0};
    if (count) {
        first = key_of(&objects[0]);
        last = key_of(&objects[count - 1]);
    }
    emit_page_end(&json, call, &page, count ? &first : NULL, count ? &last : NULL);
    call_reply_json(call, 200, &body, NULL, 0);
}

void record_object_get(struct call *call)
{
    struct record_object object;
    struct error err = {0};
    if (record_object_read(call->db, call->arena, &call->actor, call->path_object, &object, &err))
        call_fail(call, &err, NULL);
    else
        reply_object(call, 200, &object);
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

struct object_call {
    const char *key;
    int64_t version;
    struct record_object_input input;
    struct record_object object;
};

static void read_input(struct body *body, struct record_object_input *input, bool creating)
{
    const struct crm_limits *limits = call_limits(body->call);
    size_t most = (size_t)limits->name_chars;
    input->name = creating ? body_text(body, "name", 1, most) : body_text_or_null(body, "name", 1, most);
    if (creating)
        input->api_name = body_text_or_null(body, "api_name", 1, most);
    input->description = body_text_or_null(body, "description", 0, (size_t)limits->text_chars);
    if (!creating && body_given(body, "archived")) {
        input->has_archived = true;
        input->archived = body_bool(body, "archived", false);
    }
}

static enum err_code run_add(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct object_call *adding = ctx;
    return record_object_add(w, &adding->input, &adding->object, list, err);
}

static void reply_added(struct call *call, void *ctx)
{
    reply_object(call, 201, &((struct object_call *)ctx)->object);
}

void record_objects_post(struct call *call)
{
    struct object_call *adding = ARENA_NEW(call->arena, struct object_call);
    struct body body;
    if (!body_read(call, &body))
        return;
    read_input(&body, &adding->input, true);
    body_write(&body, run_add, reply_added, adding);
}

static enum err_code run_change(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct object_call *change = ctx;
    return record_object_change(w, change->key, change->version, &change->input, &change->object, list, err);
}

static void reply_changed(struct call *call, void *ctx)
{
    reply_object(call, 200, &((struct object_call *)ctx)->object);
}

void record_object_patch(struct call *call)
{
    struct object_call *change = ARENA_NEW(call->arena, struct object_call);
    change->key = call->path_object;
    struct body body;
    if (!call_if_match(call, &change->version) || !body_read(call, &body))
        return;
    read_input(&body, &change->input, false);
    body_write_settings(&body, run_change, reply_changed, change);
}

/* Archives it; the answer has the ETag with which it can be restored. */
void record_object_delete(struct call *call)
{
    struct object_call *change = ARENA_NEW(call->arena, struct object_call);
    *change =
        (struct object_call){.key = call->path_object, .input = {.has_archived = true, .archived = true}};
    if (call_if_match(call, &change->version))
        call_write_settings(call, run_change, reply_changed, change);
}
