/* /api/roles: names for groups of employees, as far as assigning work needs them. */
#include "api/body.h"
#include "crm/check.h"
#include "crm/role.h"

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static void emit_role(struct json *json, const struct role *role, bool with_members)
{
    emit_object(json, NULL);
    emit_id(json, "id", role->id);
    emit_text(json, "name", role->name);
    emit_int(json, "member_count", role->member_count);
    emit_time(json, "created_at", role->created_at);
    if (with_members) {
        emit_array(json, "members");
        for (int64_t i = 0; i < role->member_count; i++)
            emit_person(json, NULL, &role->members[i]);
        emit_array_end(json);
    }
    emit_object_end(json);
}

static void reply_role(struct call *call, int status, const struct role *role)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_role(&json, role, true);
    struct reply_header location = created_header(call, role->id);
    call_reply_json(call, status, &body, &location, status == 201);
}

void roles_get(struct call *call)
{
    struct page page;
    if (!call_page(call, &page))
        return;
    struct role *roles;
    size_t count;
    struct error err = {0};
    if (role_list(call->db, call->arena, &call->actor, &page, &roles, &count, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++)
        emit_role(&json, &roles[i], false);
    struct page_key first = {0}, last = {0};
    if (count) {
        first = (struct page_key){.text = roles[0].name, .id = roles[0].id};
        last = (struct page_key){.text = roles[count - 1].name, .id = roles[count - 1].id};
    }
    emit_page_end(&json, call, &page, count ? &first : NULL, count ? &last : NULL);
    call_reply_json(call, 200, &body, NULL, 0);
}

void role_get(struct call *call)
{
    struct role role;
    struct error err = {0};
    if (role_read(call->db, call->arena, &call->actor, call->path_id, &role, &err))
        call_fail(call, &err, NULL);
    else
        reply_role(call, 200, &role);
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

/* What waits for the writer; in the call's arena. */
struct role_call {
    struct id id;
    const char *name;
    struct id *members;
    size_t member_count;
    int status;
    struct role role;
};

static void role_reply(struct call *call, void *ctx)
{
    const struct role_call *pending = ctx;
    reply_role(call, pending->status, &pending->role);
}

static struct role_call *new_call(struct call *call, int status)
{
    struct role_call *pending = ARENA_NEW(call->arena, struct role_call);
    *pending = (struct role_call){.id = call->path_id, .status = status};
    return pending;
}

static bool read_name(struct call *call, struct body *body, struct role_call *pending)
{
    if (!body_read(call, body))
        return false;
    pending->name = body_text(body, "name", 1, (size_t)call_limits(call)->name_chars);
    return true;
}

static enum err_code add_run(struct write *write, void *ctx, struct error_list *list, struct error *err)
{
    struct role_call *pending = ctx;
    return role_add(write, pending->name, &pending->role, list, err);
}

void roles_post(struct call *call)
{
    struct body body;
    struct role_call *pending = new_call(call, 201);
    if (read_name(call, &body, pending))
        body_write(&body, add_run, role_reply, pending);
}

static enum err_code rename_run(struct write *write, void *ctx, struct error_list *list, struct error *err)
{
    struct role_call *pending = ctx;
    return role_rename(write, pending->id, pending->name, &pending->role, list, err);
}

void role_patch(struct call *call)
{
    struct body body;
    struct role_call *pending = new_call(call, 200);
    if (read_name(call, &body, pending))
        body_write(&body, rename_run, role_reply, pending);
}

static enum err_code members_run(struct write *write, void *ctx, struct error_list *list, struct error *err)
{
    struct role_call *pending = ctx;
    return role_set_members(
        write, pending->id, pending->members, pending->member_count, &pending->role, list, err);
}

void role_put_members(struct call *call)
{
    struct body body;
    struct role_call *pending = new_call(call, 200);
    if (!body_read(call, &body))
        return;
    if (!body_given(&body, "members"))
        error_list_add(&body.errors, "/members", "This is required: the ids of all who hold the role.");
    pending->members = body_ids(&body, "members", NULL, ROLE_MEMBERS_MOST, &pending->member_count);
    body_write_settings(&body, members_run, role_reply, pending);
}
