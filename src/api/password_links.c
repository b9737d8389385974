/* What the links of invitations and password resets lead to: looking at one, and choosing a password with it. */
#include "api/aside.h"
#include "api/body.h"
#include "api/session.h"
#include "base/log.h"
#include "crm/password_token.h"

struct link_use {
    enum mail_kind kind;
    const char *token, *password;
    struct token_owner owner;
    struct password_hash hash;
    struct session_origin from;
    struct new_session session;
    struct session_view view;
};

/* ── looking ─────────────────────────────────────────────────────────────────────────────────── */

static void reply_owner(struct call *call, const struct token_owner *owner)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_text(&json, "email", owner->email);
    emit_text(&json, "first_name", owner->first_name);
    emit_text(&json, "last_name", owner->last_name);
    emit_text(&json, "business_name", owner->business_name);
    emit_time(&json, "expires_at", owner->expires_at);
    emit_object_end(&json);
    call_reply_json(call, 200, &body, NULL, 0);
}

/* Wrong ones are limited like wrong keys. Replies itself on failure. */
static bool read_link(struct call *call, enum mail_kind kind, const char *token, struct token_owner *owner)
{
    struct error err = {0};
    if (!limits_admit(call, token))
        return false;
    enum err_code code = password_token_read(call->db, call->arena, kind, token, owner, &err);
    if (code == ERR_UNAUTHENTICATED)
        limits_learn(call, token, false);
    if (code)
        call_fail(call, &err, NULL);
    return code == ERR_OK;
}

static void check_link(struct call *call, enum mail_kind kind)
{
    struct body body;
    if (!body_read(call, &body))
        return;
    const char *token = body_text(&body, "token", 1, TOKEN_CHARS_MOST);
    if (!body_finish(&body))
        return;
    struct token_owner owner;
    if (read_link(call, kind, token, &owner))
        reply_owner(call, &owner);
}

void invitation_check(struct call *call)
{
    check_link(call, MAIL_INVITATION);
}

void password_reset_check(struct call *call)
{
    check_link(call, MAIL_RESET);
}

/* ── choosing a password ─────────────────────────────────────────────────────────────────────── */

static enum err_code set_password(struct write *w, struct link_use *use, struct error *err)
{
    enum err_code code = password_token_use(w, use->kind, use->token, &use->owner, err);
    return code ? code : password_set(w, use->owner.user_id, use->hash.text, err);
}

static enum err_code run_accept(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct link_use *use = ctx;
    enum err_code code = set_password(w, use, err);
    if (!code)
        code = session_start(w, use->owner.user_id, use->owner.business_id, &use->from, &use->session, err);
    return code ? code : session_view_read(w->db, w->arena, &use->session.actor, &use->view, err);
}

static void reply_accepted(struct call *call, void *ctx)
{
    const struct link_use *use = ctx;
    LOG(LOG_INFO, "invitation accepted", F_ID("user", use->owner.user_id),
        F_TEXT("address", use->from.address), F_ID("request", call->exchange->request_id));
    reply_session(call, 201, &use->view, &use->session);
}

static enum err_code run_confirm(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    return set_password(w, ctx, err);
}

static void reply_confirmed(struct call *call, void *ctx)
{
    const struct link_use *use = ctx;
    LOG(LOG_INFO, "password reset", F_ID("user", use->owner.user_id), F_TEXT("address", use->from.address),
        F_ID("request", call->exchange->request_id));
    exchange_reply(call->exchange, &(struct reply){.status = 204});
}

static void write_hash(struct call *call, const struct password_hash *hash, void *ctx)
{
    struct link_use *use = ctx;
    use->hash = *hash;
    if (use->kind == MAIL_INVITATION)
        call_write(call, run_accept, reply_accepted, use);
    else
        call_write(call, run_confirm, reply_confirmed, use);
}

/* Nobody makes hashes here without a token that is good. */
static bool check_use(struct call *call, struct link_use *use)
{
    if (!read_link(call, use->kind, use->token, &use->owner))
        return false;
    struct password_owner owner = {.user_id = use->owner.user_id,
        .email = use->owner.email,
        .first_name = use->owner.first_name,
        .last_name = use->owner.last_name};
    struct error_list list;
    error_list_clear(&list);
    if (password_check(call->arena, use->password, &owner, "/password", &list))
        return true;
    exchange_reply_problem(call->exchange, 422, list.items[0].text, &list);
    return false;
}

static void use_link(struct call *call, enum mail_kind kind)
{
    struct body body;
    if (!call_is_from_our_pages(call) || !body_read(call, &body))
        return;
    struct link_use *use = ARENA_NEW(call->arena, struct link_use);
    *use = (struct link_use){.kind = kind, .from = session_origin_of(call)};
    use->token = body_text(&body, "token", 1, TOKEN_CHARS_MOST);
    use->password = body_text(&body, "password", 1, 100 * PASSWORD_CHARS_MOST);
    if (body_finish(&body) && check_use(call, use))
        call_with_password_hash(call, use->password, write_hash, use);
}

void invitation_accept(struct call *call)
{
    use_link(call, MAIL_INVITATION);
}

void password_reset_confirm(struct call *call)
{
    use_link(call, MAIL_RESET);
}
