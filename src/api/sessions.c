/* A person's own sessions: listed, and ended. */
#include "api/session.h"

static void emit_session(struct json *json, const struct session *session, struct id current)
{
    emit_object(json, NULL);
    emit_id(json, "id", session->id);
    emit_bool(json, "current", id_equal(session->id, current));
    emit_text(json, "business_name", session->business_name);
    emit_time(json, "created_at", session->created_at);
    emit_time(json, "last_seen_at", session->last_seen_at);
    emit_time(json, "expires_at", session->expires_at);
    emit_text(json, "address", session->address);
    emit_text(json, "user_agent", session->user_agent);
    emit_object_end(json);
}

/* Sessions are a person's in all Businesses; a key that is limited to one neither sees nor ends them. */
static bool is_unlimited(struct call *call)
{
    if (id_is_nil(call->actor.credential.business_id))
        return true;
    exchange_reply_problem(call->exchange, 403,
        "This API key works in one Business only, and sessions are a person's in all: use another key, or "
        "sign in.",
        NULL);
    return false;
}

void sessions_get(struct call *call)
{
    struct session *sessions;
    size_t count;
    struct error err = {0};
    if (!is_unlimited(call))
        return;
    if (session_list(call->db, call->arena, call->actor.user_id, call_limits(call)->session_idle_us,
            &sessions, &count, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_array(&json, "results");
    for (size_t i = 0; i < count; i++)
        emit_session(&json, &sessions[i], call->actor.credential.session_id);
    emit_array_end(&json);
    emit_text(&json, "next", NULL);
    emit_text(&json, "previous", NULL);
    emit_object_end(&json);
    call_reply_json(call, 200, &body, NULL, 0);
}

static enum err_code run_end_all(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)ctx, (void)list;
    return session_end_all(w, w->actor->user_id, err);
}

static enum err_code run_end_one(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    const struct call *call = ctx;
    return session_end_one(w, w->actor->user_id, call->path_id, err);
}

static void reply_ended(struct call *call, void *ctx)
{
    (void)ctx;
    reply_signed_out(call);
}

static void reply_other_ended(struct call *call, void *ctx)
{
    (void)ctx;
    exchange_reply(call->exchange, &(struct reply){.status = 204});
}

void sessions_delete(struct call *call)
{
    if (is_unlimited(call))
        call_write(call, run_end_all, reply_ended, NULL);
}

void session_delete_one(struct call *call)
{
    bool own = id_equal(call->path_id, call->actor.credential.session_id);
    if (is_unlimited(call))
        call_write(call, run_end_one, own ? reply_ended : reply_other_ended, call);
}
