#include "api/session.h"

#include "api/aside.h"
#include "api/body.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "crm/identity.h"
#include "net/address.h"

/* ── answers ─────────────────────────────────────────────────────────────────────────────────── */

enum err_code session_view_read(struct db *db, struct arena *arena, const struct actor *actor,
    struct session_view *view, struct error *err)
{
    struct password_owner owner = {0};
    *view = (struct session_view){.actor = *actor};
    enum err_code code = password_owner_read(db, arena, actor->user_id, &owner, err);
    view->has_password = owner.stored != NULL;
    if (code || id_is_nil(actor->credential.business_id))
        return code ? code
                    : workplace_list(
                          db, arena, actor->user_id, &view->workplaces, &view->workplace_count, err);
    /* A key that is limited to a Business tells of no other. */
    view->workplaces = ARENA_NEW(arena, struct workplace);
    view->workplaces[0] = (struct workplace){.business_id = actor->business_id, .name = actor->business_name};
    view->workplace_count = 1;
    return ERR_OK;
}

static void emit_business(struct json *json, const char *name, struct id id, const char *business_name)
{
    emit_object(json, name);
    emit_id(json, "id", id);
    emit_text(json, "name", business_name);
    emit_object_end(json);
}

static struct buf render(const struct session_view *view)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    struct person user = view->actor.employee;
    user.id = view->actor.user_id;
    emit_person(&json, "user", &user);
    emit_id(&json, "employee_id", view->actor.employee.id);
    emit_business(&json, "business", view->actor.business_id, view->actor.business_name);
    emit_array(&json, "businesses");
    for (size_t i = 0; i < view->workplace_count; i++)
        emit_business(&json, NULL, view->workplaces[i].business_id, view->workplaces[i].name);
    emit_array_end(&json);
    emit_bool(&json, "has_password", view->has_password);
    emit_object_end(&json);
    return body;
}

static struct reply_header cookie(struct call *call, const char *secret, int64_t seconds)
{
    bool secure = call->api->config.secure_cookies || call->exchange->https;
    return (struct reply_header){"Set-Cookie",
        arena_printf(call->arena, SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
            secret, (long long)seconds, secure ? "; Secure" : "")};
}

void reply_session(
    struct call *call, int status, const struct session_view *view, const struct new_session *begins)
{
    struct buf body = render(view);
    struct reply_header header = {0};
    if (begins)
        header = cookie(call, begins->secret, (begins->expires_at - clock_wall_us()) / US_PER_S);
    call_reply_json(call, status, &body, &header, begins ? 1 : 0);
}

void reply_signed_out(struct call *call)
{
    struct reply_header header = cookie(call, "", 0);
    exchange_reply(call->exchange, &(struct reply){.status = 204, .headers = &header, .header_count = 1});
}

void session_get(struct call *call)
{
    struct session_view view;
    struct error err = {0};
    if (session_view_read(call->db, call->arena, &call->actor, &view, &err))
        call_fail(call, &err, NULL);
    else
        reply_session(call, 200, &view, NULL);
}

bool call_is_signed_in(struct call *call)
{
    if (!id_is_nil(call->actor.credential.session_id))
        return true;
    exchange_reply_problem(call->exchange, 403,
        "This is for a person who is signed in: it takes the session's cookie, and no API key.", NULL);
    return false;
}

struct session_origin session_origin_of(struct call *call)
{
    struct address_text address = address_format(exchange_client(call->exchange));
    return (struct session_origin){.address = arena_strdup(call->arena, address.text),
        .user_agent = exchange_header(call->exchange, "User-Agent")};
}

/* ── signing in ──────────────────────────────────────────────────────────────────────────────── */

struct signing_in {
    struct identity identity;
    struct session_origin from;
    struct throttle_attempt attempt;
    bool counted;
    struct new_session session;
    struct session_view view;
};

static enum err_code run_sign_in(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct signing_in *in = ctx;
    enum err_code code = in->identity.method->confirm(w, &in->identity, err);
    if (!code)
        code = session_start(w, in->identity.user_id, in->identity.business_id, &in->from, &in->session, err);
    return code ? code : session_view_read(w->db, w->arena, &in->session.actor, &in->view, err);
}

static void reply_signed_in(struct call *call, void *ctx)
{
    const struct signing_in *in = ctx;
    metric_add(METRIC_sign_ins_total, 1);
    LOG(LOG_INFO, "signed in", F_ID("user", in->identity.user_id),
        F_TEXT("method", in->identity.method->name), F_TEXT("address", in->from.address),
        F_ID("request", call->exchange->request_id));
    reply_session(call, 201, &in->view, &in->session);
}

static void refuse(struct call *call, const struct signing_in *in, const struct error *err)
{
    if (err->code == ERR_UNAUTHENTICATED) {
        metric_add(METRIC_sign_ins_failed_total, 1);
        LOG(LOG_WARN, "sign-in refused", F_TEXT("method", in->identity.method->name),
            F_TEXT("address", in->from.address), F_ID("request", call->exchange->request_id));
        if (!in->counted)
            limits_learn(call, in->identity.proof.token, false);
    } else if (in->counted) {
        throttle_withdrawn(call->api->throttle, &in->attempt);
    }
    call_fail(call, err, NULL);
}

/* On the thread for it. */
static void prove(struct call *call, void *ctx, const struct error *late)
{
    struct signing_in *in = ctx;
    struct error err = *late;
    if (err.code || in->identity.method->prove(call->arena, &in->identity, &err)) {
        refuse(call, in, &err);
        return;
    }
    if (in->counted)
        throttle_succeeded(call->api->throttle, &in->attempt, clock_boot_us());
    call_write(call, run_sign_in, reply_signed_in, in);
}

static void try_sign_in(struct call *call, struct signing_in *in)
{
    const struct identity_method *method = in->identity.method;
    struct error err = {0};
    if (method->account) {
        if (!call_may_try(call, method->account(call->arena, &in->identity.proof), &in->attempt))
            return;
        in->counted = true;
    } else if (!limits_admit(call, in->identity.proof.token)) { /* wrong links are limited like wrong keys */
        return;
    }
    if (method->look_up(call->db, call->arena, &in->identity, &err))
        refuse(call, in, &err);
    else if (!method->prove)
        call_write(call, run_sign_in, reply_signed_in, in);
    else if (call_aside(call, prove, in, &err))
        refuse(call, in, &err);
}

bool call_is_from_our_pages(struct call *call)
{
    if (exchange_header(call->exchange, "X-Herald-Session") && origin_is_ours(call->exchange))
        return true;
    exchange_reply_problem(call->exchange, 403,
        "Signing in needs the header X-Herald-Session and an Origin that is this host.", NULL);
    return false;
}

void session_post(struct call *call)
{
    struct body body;
    if (!call_is_from_our_pages(call) || !body_read(call, &body))
        return;
    struct signing_in *in = ARENA_NEW(call->arena, struct signing_in);
    *in = (struct signing_in){.from = session_origin_of(call)};
    struct identity *identity = &in->identity;
    identity->proof = (struct proof){.token = body_text_or_null(&body, "token", 1, 200),
        .email = body_text_or_null(&body, "email", 1, 254),
        .password = body_text_or_null(&body, "password", 1, PASSWORD_CHARS_MOST)};
    identity->business_id = body_id(&body, "business_id");
    identity->method = identity_method_for(&identity->proof);
    if (!identity->method && !body.errors.count)
        error_list_add(&body.errors, "",
            "Either the token of a link is needed, or an email and a password, and nothing else.");
    if (body_finish(&body) && identity->method)
        try_sign_in(call, in);
}

/* ── another Business ────────────────────────────────────────────────────────────────────────── */

struct switching {
    const char *secret;
    struct id business_id;
    struct new_session session;
    struct session_view view;
};

static enum err_code run_switch(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct switching *to = ctx;
    enum err_code code = session_switch(w, to->secret, to->business_id, &to->session, err);
    return code ? code : session_view_read(w->db, w->arena, &to->session.actor, &to->view, err);
}

static void reply_switched(struct call *call, void *ctx)
{
    const struct switching *to = ctx;
    reply_session(call, 200, &to->view, &to->session);
}

void session_put(struct call *call)
{
    struct body body;
    if (!call_is_signed_in(call) || !body_read(call, &body))
        return;
    struct switching *to = ARENA_NEW(call->arena, struct switching);
    to->secret = exchange_cookie(call->exchange, SESSION_COOKIE);
    to->business_id = body_id(&body, "business_id");
    if (id_is_nil(to->business_id) && !body.errors.count)
        error_list_add(&body.errors, "/business_id", "The id of a Business is needed.");
    if (body_finish(&body))
        call_write(call, run_switch, reply_switched, to);
}

/* ── signing out ─────────────────────────────────────────────────────────────────────────────── */

static enum err_code run_sign_out(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    return session_end(w, ctx, err);
}

static void reply_ended(struct call *call, void *ctx)
{
    (void)ctx;
    reply_signed_out(call);
}

void session_delete(struct call *call)
{
    const char *secret = exchange_cookie(call->exchange, SESSION_COOKIE);
    if (secret)
        call_write(call, run_sign_out, reply_ended, arena_strdup(call->arena, secret));
    else
        reply_signed_out(call);
}
