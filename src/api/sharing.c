/* /api/activities/objects/{id}/sharing: with whom an Activity Object is shared (M13). */
#include "crm/sharing.h"
#include "api/body.h"

#define SHARED_MOST 1000

static void emit_ids(struct json *json, const char *name, const struct id *ids, size_t count)
{
    emit_array(json, name);
    for (size_t i = 0; i < count; i++)
        emit_id(json, NULL, ids[i]);
    emit_array_end(json);
}

static void reply_sharing(struct call *call, const struct sharing *sharing, int64_t version)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_bool(&json, "everyone", sharing->everyone);
    emit_ids(&json, "roles", sharing->roles, sharing->role_count);
    emit_ids(&json, "employees", sharing->employees, sharing->employee_count);
    emit_object_end(&json);
    struct reply_header etag = etag_header(call, version);
    call_reply_json(call, 200, &body, &etag, 1);
}

void sharing_get(struct call *call)
{
    struct activity_object object;
    struct sharing sharing;
    struct error err = {0};
    /* The version first: should the sharing change before it is read, the ETag is stale, and never too new. */
    enum err_code code = object_read(call->db, call->arena, &call->actor, call->path_id, NULL, &object, &err);
    if (!code)
        code = sharing_read(call->db, call->arena, object.business_id, object.id, &sharing, &err);
    if (code)
        call_fail(call, &err, NULL);
    else
        reply_sharing(call, &sharing, object.version);
}

struct sharing_call {
    struct id object_id;
    int64_t version;
    struct sharing sharing;
};

static enum err_code run_set(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct sharing_call *setting = ctx;
    int64_t version = 0;
    enum err_code code =
        sharing_set(w, setting->object_id, setting->version, &setting->sharing, &version, list, err);
    if (!code)
        code = sharing_read(w->db, w->arena, w->business_id, setting->object_id, &setting->sharing, err);
    if (!code)
        setting->version = version;
    return code;
}

static void reply_set(struct call *call, void *ctx)
{
    const struct sharing_call *set = ctx;
    reply_sharing(call, &set->sharing, set->version);
}

void sharing_put(struct call *call)
{
    struct sharing_call *setting = ARENA_NEW(call->arena, struct sharing_call);
    struct body body;
    *setting = (struct sharing_call){.object_id = call->path_id};
    if (!call_if_match(call, &setting->version) || !body_read(call, &body))
        return;
    struct sharing *sharing = &setting->sharing;
    if (!body_given(&body, "everyone"))
        error_list_add(&body.errors, "/everyone", "This is required: whether it is shared with everyone.");
    sharing->everyone = body_bool(&body, "everyone", false);
    sharing->roles = body_ids(&body, "roles", NULL, SHARED_MOST, &sharing->role_count);
    sharing->employees = body_ids(&body, "employees", NULL, SHARED_MOST, &sharing->employee_count);
    body_write_settings(&body, run_set, reply_set, setting);
}
