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
    const char *token = body_text(&body, "token", 1, 200), *session;
    if (!body_finish(&body))
        return;
    struct error err = {0};
    struct actor actor;
    enum err_code code = session_start(call->api->config.crm, call->db, call->arena, token, &session, &err);
    if (!code)
        code = actor_by_session(call->db, call->arena, session, &actor, &err);
    if (code) {
        call_fail(call, &err, NULL);
        return;
    }
    struct reply_header cookie = {"Set-Cookie",
        arena_printf(call->arena, SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200%s",
            session, call->api->config.secure_cookies ? "; Secure" : "")};
    reply_session(call, 201, &actor, &cookie);
}

void session_delete(struct call *call)
{
    const char *session = exchange_cookie(call->exchange, SESSION_COOKIE);
    struct error err = {0};
    if (session && session_end(call->api->config.crm, session, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct reply_header cookie = {
        "Set-Cookie", SESSION_COOKIE "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"};
    exchange_reply(call->exchange, &(struct reply){.status = 204, .headers = &cookie, .header_count = 1});
}
