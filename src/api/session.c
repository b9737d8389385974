#include "crm/session.h"
#include "api/body.h"

static void reply_session(
    struct call *call, int status, const struct actor *actor, const struct reply_header *header)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    struct person user = actor->employee;
    user.id = actor->user_id;
    emit_person(&json, "user", &user);
    emit_id(&json, "employee_id", actor->employee.id);
    emit_object(&json, "business");
    emit_id(&json, "id", actor->business_id);
    emit_text(&json, "name", actor->business_name);
    emit_object_end(&json);
    emit_object_end(&json);
    call_reply_json(call, status, &body, header, header ? 1 : 0);
}

void session_get(struct call *call)
{
    reply_session(call, 200, &call->actor, NULL);
}

/* ── signing in ──────────────────────────────────────────────────────────────────────────────── */

struct signing {
    const char *token; /* of the link, or of the session that ends */
    const char *session;
    struct actor actor;
};

static enum err_code run_start(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct signing *in = ctx;
    return session_start(w, in->token, &in->session, &in->actor, err);
}

static void reply_started(struct call *call, void *ctx)
{
    const struct signing *in = ctx;
    struct reply_header cookie = {"Set-Cookie",
        arena_printf(call->arena, SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200%s",
            in->session, call->api->config.secure_cookies ? "; Secure" : "")};
    reply_session(call, 201, &in->actor, &cookie);
}

void session_post(struct call *call)
{
    if (!exchange_header(call->exchange, "X-Herald-Session") || !origin_is_ours(call->exchange)) {
        exchange_reply_problem(call->exchange, 403,
            "Signing in needs the header X-Herald-Session and an Origin that is this host.", NULL);
        return;
    }
    struct body body;
    if (!body_read(call, &body))
        return;
    struct signing *in = ARENA_NEW(call->arena, struct signing);
    in->token = body_text(&body, "token", 1, 200);
    if (!body_finish(&body))
        return;
    struct error err = {0};
    if (sign_in_token_check(call->db, in->token, &err))
        call_fail(call, &err, NULL);
    else
        call_write(call, run_start, reply_started, in);
}

/* ── signing out ─────────────────────────────────────────────────────────────────────────────── */

static enum err_code run_end(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    return session_end(w, ((struct signing *)ctx)->token, err);
}

static void reply_ended(struct call *call, void *ctx)
{
    (void)ctx;
    struct reply_header cookie = {
        "Set-Cookie", SESSION_COOKIE "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"};
    exchange_reply(call->exchange, &(struct reply){.status = 204, .headers = &cookie, .header_count = 1});
}

void session_delete(struct call *call)
{
    struct signing *out = ARENA_NEW(call->arena, struct signing);
    out->token = exchange_cookie(call->exchange, SESSION_COOKIE);
    if (out->token)
        call_write(call, run_end, reply_ended, out);
    else
        reply_ended(call, out);
}
