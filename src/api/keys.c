/* /api/keys, one's own API keys; /api/employees/{id}/keys, those of others as far as they work in this Business. */
#include "api/body.h"
#include "crm/employee.h"
#include "crm/key.h"

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

/* `secret` NULL: it is not to be told again. */
static void emit_key(struct json *json, const struct call *call, const struct key *key, const char *secret)
{
    emit_object(json, NULL);
    emit_id(json, "id", key->id);
    emit_text(json, "name", key->name);
    emit_text(json, "prefix", *key->prefix ? key->prefix : NULL);
    emit_time(json, "created_at", key->created_at);
    emit_time(json, "last_used_at", key->last_used_at);
    emit_time(json, "expires_at", key->expires_at);
    emit_bool(json, "read_only", key->read_only);
    emit_id(json, "business_id", key->business_id);
    emit_bool(json, "blocked", key->blocked);
    emit_bool(json, "current", id_equal(key->id, call->actor.credential.key_id));
    if (secret)
        emit_text(json, "key", secret);
    emit_object_end(json);
}

static void reply_keys(struct call *call, const struct page *page, const struct key *keys, size_t count)
{
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++)
        emit_key(&json, call, &keys[i], NULL);
    struct id none = {0};
    emit_page_end_ids(&json, call, page, count ? keys[0].id : none, count ? keys[count - 1].id : none);
    call_reply_json(call, 200, &body, NULL, 0);
}

void keys_get(struct call *call)
{
    struct page page;
    struct key *keys;
    size_t count;
    struct error err = {0};
    if (!call_page(call, &page))
        return;
    if (key_list(call->db, call->arena, &call->actor, &page, &keys, &count, &err))
        call_fail(call, &err, NULL);
    else
        reply_keys(call, &page, keys, count);
}

void employee_keys_get(struct call *call)
{
    struct page page;
    struct key *keys;
    size_t count;
    struct error err = {0};
    if (!call_page(call, &page))
        return;
    if (key_list_of(call->db, call->arena, &call->actor, call->path_id, &page, &keys, &count, &err))
        call_fail(call, &err, NULL);
    else
        reply_keys(call, &page, keys, count);
}

/* ── making and changing ─────────────────────────────────────────────────────────────────────── */

/* What waits for the writer; in the call's arena. */
struct key_call {
    struct id id, employee_id;
    struct new_key input;
    struct key key;
    const char *secret;
};

static struct key_call *new_call(struct call *call)
{
    struct key_call *pending = ARENA_NEW(call->arena, struct key_call);
    *pending = (struct key_call){.id = call->path_id};
    return pending;
}

static void reply_key(struct call *call, int status, const struct key_call *pending)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_key(&json, call, &pending->key, pending->secret);
    call_reply_json(call, status, &body, NULL, 0);
}

/*
 * What becomes of a key is written down in each Business of its user, so it must have the locks of all. Without them it
 * has replied, and released the body.
 */
static bool name_businesses(struct call *call, struct body *body)
{
    struct error err = {0};
    struct id *businesses;
    if (user_businesses(
            call->db, call->arena, call->actor.user_id, &businesses, &call->business_count, &err)) {
        if (body)
            body_close(body);
        call_fail(call, &err, NULL);
        return false;
    }
    call->businesses = businesses;
    return true;
}

static enum err_code add_run(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct key_call *pending = ctx;
    return key_add(w, w->actor->user_id, &pending->input, &pending->key, &pending->secret, list, err);
}

static void add_reply(struct call *call, void *ctx)
{
    reply_key(call, 201, ctx);
}

void keys_post(struct call *call)
{
    struct body body;
    struct key_call *pending = new_call(call);
    if (!body_read(call, &body))
        return;
    int64_t expires_at;
    struct new_key *key = &pending->input;
    key->name = body_text(&body, "name", 1, (size_t)crm_limits(call->api->config.crm)->name_chars);
    if (body_time(&body, "expires_at", false, &expires_at))
        key->expires_at = expires_at > 0 ? expires_at : 1; /* 0 would be never */
    key->read_only = body_bool(&body, "read_only", false);
    key->business_id = body_id(&body, "business_id");
    if (name_businesses(call, &body))
        body_write_settings(&body, add_run, add_reply, pending);
}

static enum err_code rename_run(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct key_call *pending = ctx;
    return key_rename(w, pending->id, pending->input.name, &pending->key, list, err);
}

static void rename_reply(struct call *call, void *ctx)
{
    reply_key(call, 200, ctx);
}

void key_patch(struct call *call)
{
    struct body body;
    struct key_call *pending = new_call(call);
    if (!body_read(call, &body))
        return;
    pending->input.name = body_text(&body, "name", 1, (size_t)crm_limits(call->api->config.crm)->name_chars);
    if (name_businesses(call, &body))
        body_write(&body, rename_run, rename_reply, pending);
}

/* ── ending ──────────────────────────────────────────────────────────────────────────────────── */

static void ended_reply(struct call *call, void *ctx)
{
    (void)ctx;
    exchange_reply(call->exchange, &(struct reply){.status = 204});
}

static enum err_code revoke_run(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    return key_revoke(w, ((struct key_call *)ctx)->id, err);
}

void key_delete(struct call *call)
{
    if (name_businesses(call, NULL))
        call_write_settings(call, revoke_run, ended_reply, new_call(call));
}

static enum err_code revoke_of_run(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    const struct key_call *pending = ctx;
    return key_revoke_of(w, pending->employee_id, pending->id, err);
}

void employee_key_delete(struct call *call)
{
    struct key_call *pending = new_call(call);
    pending->employee_id = call->path_id;
    pending->id = call->sub_id;
    call_write_settings(call, revoke_of_run, ended_reply, pending);
}
