/* /api/permission-groups, and the groups of a role: who may do what (M13). */
#include "api/body.h"
#include "crm/group.h"
#include "crm/role.h"

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static void emit_permissions(struct json *json, const struct grants *grants)
{
    emit_object(json, "permissions");
    for (int kind = 0; kind < PERMISSION_KINDS; kind++) {
        emit_object(json, permission_kind_name((enum permission_kind)kind));
        for (int verb = 0; verb < PERMISSION_VERBS; verb++)
            if (permission_exists((enum permission_kind)kind, (enum permission_verb)verb))
                emit_text(json, permission_verb_name((enum permission_verb)verb),
                    permission_level_name(
                        grants_level(grants, (enum permission_kind)kind, (enum permission_verb)verb)));
        emit_object_end(json);
    }
    emit_object_end(json);
}

static void emit_group(struct json *json, const struct group *group, bool with_members)
{
    emit_object(json, NULL);
    emit_id(json, "id", group->id);
    emit_text(json, "name", group->name);
    emit_bool(json, "is_owner_group", group_is_owner(group));
    emit_permissions(json, &group->grants);
    emit_int(json, "member_count", group->member_count);
    emit_int(json, "version", group->version);
    emit_time(json, "created_at", group->created_at);
    if (with_members) {
        emit_array(json, "members");
        for (int64_t i = 0; i < group->member_count && group->members; i++)
            emit_person(json, NULL, &group->members[i]);
        emit_array_end(json);
    }
    emit_object_end(json);
}

static void reply_group(struct call *call, int status, const struct group *group)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_group(&json, group, true);
    struct reply_header headers[] = {etag_header(call, group->version), created_header(call, group->id)};
    call_reply_json(call, status, &body, headers, status == 201 ? 2 : 1);
}

void groups_get(struct call *call)
{
    struct page page;
    if (!call_page(call, &page))
        return;
    struct group *groups;
    size_t count;
    struct error err = {0};
    if (group_list(call->db, call->arena, &call->actor, &page, &groups, &count, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++)
        emit_group(&json, &groups[i], false);
    struct page_key first = {0}, last = {0};
    if (count) {
        first = (struct page_key){.text = groups[0].name, .id = groups[0].id};
        last = (struct page_key){.text = groups[count - 1].name, .id = groups[count - 1].id};
    }
    emit_page_end(&json, call, &page, count ? &first : NULL, count ? &last : NULL);
    call_reply_json(call, 200, &body, NULL, 0);
}

void group_get(struct call *call)
{
    struct group group;
    struct error err = {0};
    if (group_read(call->db, call->arena, &call->actor, call->path_id, &group, &err))
        call_fail(call, &err, NULL);
    else
        reply_group(call, 200, &group);
}

/* ── what is granted ─────────────────────────────────────────────────────────────────────────── */

static bool read_level(const char *text, bool has_my, enum permission_level *level)
{
    static const enum permission_level levels[] = {LEVEL_NONE, LEVEL_MY, LEVEL_ALL};
    for (size_t i = 0; i < ARRAY_LEN(levels); i++)
        if (text && strcmp(text, permission_level_name(levels[i])) == 0 &&
            (has_my || levels[i] != LEVEL_MY)) {
            *level = levels[i];
            return true;
        }
    return false;
}

static int index_of(const char *(*name_of)(int), int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name_of(i), name) == 0)
            return i;
    return -1;
}

static const char *kind_at(int i)
{
    return permission_kind_name((enum permission_kind)i);
}

static const char *verb_at(int i)
{
    return permission_verb_name((enum permission_verb)i);
}

/* The permissions of one kind: {"view": "all"}. */
static void read_verbs(struct body *body, int kind, json_t *verbs, struct group_input *input)
{
    const char *name;
    json_t *value;
    json_object_foreach(verbs, name, value)
    {
        char pointer[96];
        snprintf(pointer, sizeof pointer, "/permissions/%s/%.40s", kind_at(kind), name);
        int verb = index_of(verb_at, PERMISSION_VERBS, name);
        if (verb < 0 || !permission_exists((enum permission_kind)kind, (enum permission_verb)verb)) {
            error_list_add(&body->errors, pointer, "There is no such permission.");
            continue;
        }
        bool has_my = permission_has_my((enum permission_kind)kind, (enum permission_verb)verb);
        enum permission_level level;
        if (!read_level(json_string_value(value), has_my, &level)) {
            error_list_add(&body->errors, pointer, "This must be 'none'%s or 'all'.", has_my ? ", 'my'" : "");
            continue;
        }
        grants_set(&input->grants, (enum permission_kind)kind, (enum permission_verb)verb, level);
        grants_set(&input->given, (enum permission_kind)kind, (enum permission_verb)verb, LEVEL_ALL);
    }
}

static void read_permissions(struct body *body, struct group_input *input)
{
    json_t *permissions = body_object(body, "permissions"), *verbs;
    const char *name;
    json_object_foreach(permissions, name, verbs)
    {
        char pointer[96];
        snprintf(pointer, sizeof pointer, "/permissions/%.40s", name);
        int kind = index_of(kind_at, PERMISSION_KINDS, name);
        if (kind < 0)
            error_list_add(&body->errors, pointer, "There are no permissions of this kind.");
        else if (!json_is_object(verbs))
            error_list_add(&body->errors, pointer, "This must be an object.");
        else
            read_verbs(body, kind, verbs, input);
    }
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

/* What waits for the writer; in the call's arena. */
struct group_call {
    struct id id;
    int64_t version;
    struct group_input input;
    struct id *ids; /* members, or groups of a role */
    size_t id_count;
    int status;
    struct group group;
    struct group *groups; /* of a role */
    size_t group_count;
};

static struct group_call *new_call(struct call *call, int status)
{
    struct group_call *pending = ARENA_NEW(call->arena, struct group_call);
    *pending = (struct group_call){.id = call->path_id, .status = status};
    return pending;
}

static void group_reply(struct call *call, void *ctx)
{
    const struct group_call *pending = ctx;
    reply_group(call, pending->status, &pending->group);
}

static void read_input(struct body *body, struct group_input *input, bool creating)
{
    size_t most = (size_t)call_limits(body->call)->name_chars;
    input->name = creating ? body_text(body, "name", 1, most) : body_text_or_null(body, "name", 1, most);
    read_permissions(body, input);
}

static enum err_code add_run(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct group_call *pending = ctx;
    return group_add(w, &pending->input, &pending->group, list, err);
}

void groups_post(struct call *call)
{
    struct body body;
    struct group_call *pending = new_call(call, 201);
    if (!body_read(call, &body))
        return;
    read_input(&body, &pending->input, true);
    body_write(&body, add_run, group_reply, pending);
}

static enum err_code change_run(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct group_call *pending = ctx;
    return group_change(w, pending->id, pending->version, &pending->input, &pending->group, list, err);
}

void group_patch(struct call *call)
{
    struct body body;
    struct group_call *pending = new_call(call, 200);
    if (!call_if_match(call, &pending->version) || !body_read(call, &body))
        return;
    read_input(&body, &pending->input, false);
    body_write_settings(&body, change_run, group_reply, pending);
}

static enum err_code delete_run(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct group_call *pending = ctx;
    return group_delete(w, pending->id, pending->version, err);
}

static void delete_reply(struct call *call, void *ctx)
{
    (void)ctx;
    exchange_reply(call->exchange, &(struct reply){.status = 204});
}

void group_delete_one(struct call *call)
{
    struct group_call *pending = new_call(call, 204);
    if (call_if_match(call, &pending->version))
        call_write_settings(call, delete_run, delete_reply, pending);
}

static enum err_code members_run(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct group_call *pending = ctx;
    return group_set_members(w, pending->id, pending->ids, pending->id_count, &pending->group, list, err);
}

/* {"members": [...]} or {"groups": [...]}. */
static bool read_ids(struct call *call, struct body *body, const char *name, struct group_call *pending)
{
    if (!body_read(call, body))
        return false;
    if (!body_given(body, name))
        error_list_add(
            &body->errors, arena_printf(call->arena, "/%s", name), "This is required: all of them.");
    pending->ids = body_ids(body, name, NULL, GROUP_MEMBERS_MOST, &pending->id_count);
    return true;
}

void group_put_members(struct call *call)
{
    struct body body;
    struct group_call *pending = new_call(call, 200);
    if (read_ids(call, &body, "members", pending))
        body_write_settings(&body, members_run, group_reply, pending);
}

/* ── the groups of a role ────────────────────────────────────────────────────────────────────── */

static void reply_role_groups(struct call *call, const struct group *groups, size_t count)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_array(&json, "groups");
    for (size_t i = 0; i < count; i++)
        emit_group(&json, &groups[i], false);
    emit_array_end(&json);
    emit_object_end(&json);
    call_reply_json(call, 200, &body, NULL, 0);
}

void role_groups_get(struct call *call)
{
    struct group *groups;
    size_t count;
    struct error err = {0};
    if (role_groups(call->db, call->arena, &call->actor, call->path_id, &groups, &count, &err))
        call_fail(call, &err, NULL);
    else
        reply_role_groups(call, groups, count);
}

static enum err_code role_groups_run(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct group_call *pending = ctx;
    enum err_code code = role_set_groups(w, pending->id, pending->ids, pending->id_count, list, err);
    return code ? code
                : role_groups(
                      w->db, w->arena, w->actor, pending->id, &pending->groups, &pending->group_count, err);
}

static void role_groups_reply(struct call *call, void *ctx)
{
    const struct group_call *pending = ctx;
    reply_role_groups(call, pending->groups, pending->group_count);
}

void role_put_groups(struct call *call)
{
    struct body body;
    struct group_call *pending = new_call(call, 200);
    if (read_ids(call, &body, "groups", pending))
        body_write_settings(&body, role_groups_run, role_groups_reply, pending);
}
