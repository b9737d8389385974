/* PUT /api/password: a person changes their own, or sets their first. */
#include "api/aside.h"
#include "api/body.h"
#include "api/session.h"
#include "base/clock.h"
#include "base/log.h"
#include "crm/check.h"

struct change {
    struct password_owner owner;
    const char *current, *password;
    struct password_hash hash;
    struct throttle_attempt attempt;
    struct session_origin from;
    struct new_session session; /* the caller's next one: all that there were have ended */
    struct session_view view;
};

static enum err_code run_change(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct change *change = ctx;
    struct id user_id = change->owner.user_id;
    enum err_code code = password_still_is(w, user_id, change->owner.stored, err);
    if (!code)
        code = password_set(w, user_id, change->hash.text, err);
    if (!code)
        code = session_start(w, user_id, w->business_id, &change->from, &change->session, err);
    return code ? code : session_view_read(w->db, w->arena, &change->session.actor, &change->view, err);
}

static void reply_changed(struct call *call, void *ctx)
{
    const struct change *change = ctx;
    LOG(LOG_INFO, "password changed", F_ID("user", change->owner.user_id),
        F_TEXT("address", change->from.address), F_ID("request", call->exchange->request_id));
    reply_session(call, 200, &change->view, &change->session);
}

/* ── on the thread for it ────────────────────────────────────────────────────────────────────── */

static void fail_uncounted(struct call *call, const struct change *change, const struct error *err)
{
    throttle_withdrawn(call->api->throttle, &change->attempt);
    call_fail(call, err, NULL);
}

static void refuse_current(struct call *call)
{
    struct error_list list = {0};
    error_list_add(&list, "/current_password", "This is not your current password.");
    exchange_reply_problem(call->exchange, 422, list.items[0].text, &list);
}

static void make_change(struct call *call, void *ctx, const struct error *late)
{
    struct change *change = ctx;
    struct error err = *late;
    bool fits = true, outdated;
    if (err.code || (change->owner.stored &&
                        password_verify(change->current, change->owner.stored, &fits, &outdated, &err))) {
        fail_uncounted(call, change, &err);
        return;
    }
    if (!fits) {
        refuse_current(call);
        return;
    }
    if (password_hash(change->password, &change->hash, &err)) {
        fail_uncounted(call, change, &err);
        return;
    }
    throttle_succeeded(call->api->throttle, &change->attempt, clock_boot_us());
    call_write(call, run_change, reply_changed, change);
}

/* What is wrong with it is in body->errors. */
static const char *body_password(struct body *body, const struct password_owner *owner)
{
    size_t errors = body->errors.count;
    const char *text = body_text(body, "password", 0, 100 * PASSWORD_CHARS_MOST);
    const char *password = text ? text : "";
    if (body->errors.count == errors)
        password_check(body->call->arena, password, owner, "/password", &body->errors);
    return password;
}

/* ── the request ─────────────────────────────────────────────────────────────────────────────── */

void password_put(struct call *call)
{
    struct body body;
    struct error err = {0};
    struct change *change = ARENA_NEW(call->arena, struct change);
    *change = (struct change){.from = session_origin_of(call)};
    if (!call_is_signed_in(call))
        return;
    if (password_owner_read(call->db, call->arena, call->actor.user_id, &change->owner, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    if (!body_read(call, &body))
        return;
    change->current = body_text_or_null(&body, "current_password", 1, PASSWORD_CHARS_MOST);
    change->password = body_password(&body, &change->owner);
    if (change->owner.stored && !change->current && !body.errors.count)
        error_list_add(&body.errors, "/current_password", "Your current password is needed.");
    if (!body_finish(&body))
        return;
    if (!call_may_try(call, email_key(call->arena, change->owner.email), &change->attempt))
        return;
    if (call_aside(call, make_change, change, &err))
        fail_uncounted(call, change, &err);
}
