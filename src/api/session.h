/* What the handlers of sessions and passwords share; private to src/api. */
#ifndef HERALD_API_SESSION_H
#define HERALD_API_SESSION_H

#include "api/call.h"
#include "crm/session.h"

/* Where a session begins: the client's address and what its browser says it is. In the call's arena. */
struct session_origin session_origin_of(struct call *call);

/* A caller, as GET /api/session shows them. */
struct session_view {
    struct actor actor;
    struct workplace *workplaces;
    size_t workplace_count;
    bool has_password;
};
/* Any connection, also the writer's. In the arena. */
enum err_code session_view_read(struct db *db, struct arena *arena, const struct actor *actor,
    struct session_view *view, struct error *err) MUST_CHECK;

/* With the cookie of a session that begins; NULL: none. */
void reply_session(
    struct call *call, int status, const struct session_view *view, const struct new_session *begins);

/* 204, and the browser forgets the cookie. */
void reply_signed_out(struct call *call);

/* Whether one of our own pages asks to begin a session; false, and replied (403), if not. */
bool call_is_from_our_pages(struct call *call) MUST_CHECK;

/* Whether a person calls, by a session; false, and replied (403), for keys. */
bool call_is_signed_in(struct call *call) MUST_CHECK;

#endif
