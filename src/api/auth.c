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

static bool finish(struct call *call, const char *credential, enum err_code code, const struct error *err)
{
    /* What is remembered was learnt when it was read, not long ago. */
    if (code == ERR_UNAUTHENTICATED || (!code && !call->remembered))
        limits_learn(call, credential, !code);
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

static bool is_read(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* What is remembered is not told: whoever is refused is known now. */
static enum err_code identify_by_key(struct call *call, const char *key, struct id business_id,
    struct id user_id, bool afresh, struct error *err)
{
    enum err_code code =
        call->route->flags & ROUTE_PROVEN
            ? facts_actor(call->facts, call->db, call->arena, key, business_id, user_id, afresh, &call->actor,
                  &call->remembered, err)
            : actor_by_key(call->db, call->arena, key, business_id, user_id, &call->actor, err);
    if (!code && !call->actor.access)
        code = facts_access(call->facts, call->db, call->arena, &call->actor, err);
    return code;
}

/* Whether the request only reads: its method says so, or its route. */
static bool only_reads(const struct call *call)
{
    return is_read(call->exchange->method) || (call->route->flags & ROUTE_READS);
}

static bool may_write(struct call *call)
{
    if (!call->actor.credential.read_only || only_reads(call))
        return true;
    exchange_reply_problem(call->exchange, 403,
        "This API key only reads: it may be used for GET and HEAD, and for POST to .../search and .../form.",
        NULL);
    return false;
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
    enum err_code code = identify_by_key(call, key, business_id, user_id, again, &err);
    if (!code && call->remembered && call->actor.credential.read_only)
        code = identify_by_key(call, key, business_id, user_id, true, &err);
    if (!code && !call->remembered)
        key_use_note(facts_key_uses(call->facts), call->api->config.crm->writer, &call->actor);
    return finish(call, key, code, &err) && may_write(call);
}

bool origin_is_ours(const struct exchange *exchange)
{
    const char *origin = exchange_header(exchange, "Origin"), *host = exchange_header(exchange, "Host");
    const char *at = origin ? strstr(origin, "://") : NULL;
    if (!at || !host || strcmp(at + 3, host) != 0)
        return false;
    /* A page of this host that came by http may be anybody's who sits in between. */
    return !exchange->https || strncmp(origin, "https:", 6) == 0;
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
    enum err_code code = actor_by_session(
        call->db, call->arena, session, call_limits(call)->session_idle_us, &call->actor, &err);
    if (!code)
        code = facts_access(call->facts, call->db, call->arena, &call->actor, &err);
    if (!code)
        sighting_note(call->sightings, call->api->config.crm, &call->actor.credential);
    return finish(call, session, code, &err);
}

bool call_authenticate(struct call *call)
{
    const char *key = exchange_header(call->exchange, "X-API-KEY");
    const char *session = exchange_cookie(call->exchange, SESSION_COOKIE);
    if (key && !limits_admit(call, key))
        return false;
    if (!key && session && !limits_admit(call, session))
        return false;
    return !key && session ? by_session(call, session) : by_key(call, key);
}

enum err_code call_identify(
    const struct call *call, struct db *db, struct arena *arena, struct actor *actor, struct error *err)
{
    const char *key = exchange_header(call->exchange, "X-API-KEY");
    enum err_code code =
        key ? actor_by_key(db, arena, key, call->actor.business_id, call->actor.user_id, actor, err)
            : actor_by_session(db, arena, exchange_cookie(call->exchange, SESSION_COOKIE),
                  call_limits(call)->session_idle_us, actor, err);
    return code ? code : access_load(db, arena, actor, &actor->access, err);
}
