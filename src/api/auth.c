#include "api/call.h"
#include "api/sighting.h"

#include <string.h>

static bool refuse(struct call *call)
{
    exchange_reply_problem(call->exchange, 401,
        "The credentials are missing or not valid: X-API-KEY, X-BUSINESS-ID and X-USER-ID are all required, "
        "once "
        "each.",
        NULL);
    return false;
}

static bool finish(struct call *call, enum err_code code, const struct error *err)
{
    if (code == ERR_UNAUTHENTICATED)
        return refuse(call);
    if (code)
        exchange_reply_error(call->exchange, err, NULL);
    return code == ERR_OK;
}

/* A repeated credential is as wrong as a missing one, and answered in the same way. */
static bool once(const struct call *call, const char *name)
{
    return exchange_header_count(call->exchange, name) == 1;
}

static bool by_key(struct call *call, const char *key)
{
    const char *business = exchange_header(call->exchange, "X-BUSINESS-ID");
    const char *user = exchange_header(call->exchange, "X-USER-ID");
    struct id business_id, user_id;
    if (!once(call, "X-API-KEY") || !once(call, "X-BUSINESS-ID") || !once(call, "X-USER-ID") ||
        !id_parse(business, strlen(business), &business_id) || !id_parse(user, strlen(user), &user_id))
        return refuse(call);
    struct error err = {0};
    bool again = call->exchange->user != NULL; /* what was remembered turned out to be of yesterday */
    enum err_code code =
        call->route->flags & ROUTE_PROVEN
            ? facts_actor(call->facts, call->db, call->arena, key, business_id, user_id, again, &call->actor,
                  &call->remembered, &err)
            : actor_by_key(call->db, call->arena, key, business_id, user_id, &call->actor, &err);
    if (!code && !call->actor.access)
        code = facts_access(call->facts, call->db, call->arena, &call->actor, &err);
    return finish(call, code, &err);
}

static bool is_read(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

bool origin_is_ours(const struct exchange *exchange)
{
    const char *origin = exchange_header(exchange, "Origin"), *host = exchange_header(exchange, "Host");
    const char *at = origin ? strstr(origin, "://") : NULL;
    return at && host && strcmp(at + 3, host) == 0;
}

static bool by_session(struct call *call, const char *session)
{
    struct exchange *exchange = call->exchange;
    if (!is_read(exchange->method) &&
        (!exchange_header(exchange, "X-Herald-Session") || !origin_is_ours(exchange))) {
        exchange_reply_problem(exchange, 403,
            "A write with the session's cookie needs the header X-Herald-Session and an Origin that is this "
            "host.",
            NULL);
        return false;
    }
    struct error err = {0};
    enum err_code code = actor_by_session(call->db, call->arena, session, call_limits(call)->session_idle_us,
        &call->actor, &call->session, &err);
    if (!code)
        code = facts_access(call->facts, call->db, call->arena, &call->actor, &err);
    if (!code)
        sighting_note(call->sightings, call->api->config.crm, &call->session);
    return finish(call, code, &err);
}

bool call_authenticate(struct call *call)
{
    const char *key = exchange_header(call->exchange, "X-API-KEY");
    const char *session = exchange_cookie(call->exchange, SESSION_COOKIE);
    return !key && session ? by_session(call, session) : by_key(call, key);
}

enum err_code call_identify(
    const struct call *call, struct db *db, struct arena *arena, struct actor *actor, struct error *err)
{
    const char *key = exchange_header(call->exchange, "X-API-KEY");
    enum err_code code =
        key ? actor_by_key(db, arena, key, call->actor.business_id, call->actor.user_id, actor, err)
            : actor_by_session(db, arena, exchange_cookie(call->exchange, SESSION_COOKIE),
                  call_limits(call)->session_idle_us, actor, NULL, err);
    return code ? code : access_load(db, arena, actor, &actor->access, err);
}
