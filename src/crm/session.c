#include "crm/session.h"

#include "base/clock.h"
#include "base/text.h"
#include "crm/audit.h"
#include "crm/secret.h"
#include "crm/sign_in_link.h"

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

enum err_code session_list(struct db *db, struct arena *arena, struct id user_id, int64_t idle_us,
    struct session **sessions, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    int64_t now = clock_wall_us();
    *sessions = ARENA_ARRAY(arena, struct session, SESSIONS_MOST);
    *count = 0;
    enum err_code code = db_query(db,
        "SELECT s.id, b.name, s.created_at, s.expires_at, s.last_seen_at, s.address, s.user_agent "
        "FROM session s JOIN employee e ON e.user_id = s.user_id AND e.business_id = s.business_id "
        "JOIN business b ON b.id = e.business_id "
        "WHERE s.user_id = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND e.active = 1 "
        "ORDER BY s.last_seen_at DESC, s.id DESC LIMIT 100",
        DB_PARAMS(db_id(user_id), db_int(now), db_int(now - idle_us)), &rows, err);
    while (!code && *count < SESSIONS_MOST && db_next(rows, &code, err))
        (*sessions)[(*count)++] = (struct session){.id = db_col_id(rows, 0),
            .business_name = db_col_text_copy(rows, 1, arena),
            .created_at = db_col_int(rows, 2),
            .expires_at = db_col_int(rows, 3),
            .last_seen_at = db_col_int(rows, 4),
            .address = db_col_text_copy(rows, 5, arena),
            .user_agent = db_col_text_copy(rows, 6, arena)};
    return code;
}

enum err_code workplace_list(struct db *db, struct arena *arena, struct id user_id,
    struct workplace **workplaces, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *workplaces = ARENA_ARRAY(arena, struct workplace, WORKPLACES_MOST);
    *count = 0;
    enum err_code code = db_query(db,
        "SELECT b.id, b.name FROM employee e JOIN business b ON b.id = e.business_id "
        "WHERE e.user_id = $1 AND e.active = 1 ORDER BY b.name, b.id LIMIT 200",
        DB_PARAMS(db_id(user_id)), &rows, err);
    while (!code && *count < WORKPLACES_MOST && db_next(rows, &code, err))
        (*workplaces)[(*count)++] =
            (struct workplace){.business_id = db_col_id(rows, 0), .name = db_col_text_copy(rows, 1, arena)};
    return code;
}

/* ── the audit log ───────────────────────────────────────────────────────────────────────────── */

/* In the Business of the session, about whoever is its user there. */
static enum err_code write_down(struct write *w, const char *action, struct id user_id, struct id business_id,
    const struct actor *actor, struct error *err)
{
    struct audit audit = AUDIT_OF_USER(w, action);
    audit.business_id = business_id;
    audit.actor = actor;
    return audit_add_of_user_there(&audit, user_id, err);
}

/* ── beginning ───────────────────────────────────────────────────────────────────────────────── */

/* The user's place in that Business, or (nil) the first one. */
static enum err_code find_workplace(
    struct write *w, struct id user_id, struct id wanted, struct id *business_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT business_id FROM employee WHERE user_id = $1 AND active = 1 AND (business_id = $2 OR $2 IS "
        "NULL) "
        "ORDER BY id LIMIT 1",
        DB_PARAMS(db_id(user_id), db_id_or_null(wanted)), &rows, err);
    if (code)
        return code;
    if (db_next(rows, &code, err)) {
        *business_id = db_col_id(rows, 0);
        return ERR_OK;
    }
    if (code)
        return code;
    return error_set(err, ERR_DENIED,
        id_is_nil(wanted) ? "You are not an active employee of any Business."
                          : "You are not an active employee of that Business.");
}

/* What is left of those who never signed out, and the user's oldest, for the new one. */
static enum err_code make_room(struct write *w, struct id user_id, struct error *err)
{
    enum err_code code =
        db_exec(w->db, "DELETE FROM session WHERE expires_at <= $1", DB_PARAMS(db_int(w->now)), NULL, err);
    return code ? code
                : db_exec(w->db,
                      "DELETE FROM session WHERE user_id = $1 AND id <= (SELECT id FROM session "
                      "WHERE user_id = $1 ORDER BY id DESC LIMIT 1 OFFSET 99)",
                      DB_PARAMS(db_id(user_id)), NULL, err);
}

/* At most so many characters. */
static const char *cut(struct arena *arena, const char *text, size_t chars)
{
    char *copy = text_cleaned(arena, text ? text : "", text ? strlen(text) : 0), *at = copy;
    for (; *at && chars > 0; chars--)
        for (at++; ((unsigned char)*at & 0xC0) == 0x80; at++) {
        }
    *at = '\0';
    return copy;
}

static enum err_code read_new(
    struct write *w, const char *secret, struct new_session *session, struct error *err)
{
    session->secret = secret;
    return actor_by_session(
        w->db, w->arena, secret, crm_limits(w->crm)->session_idle_us, &session->actor, err);
}

enum err_code session_start(struct write *w, struct id user_id, struct id wanted,
    const struct session_origin *from, struct new_session *session, struct error *err)
{
    struct id business_id;
    char *secret = secret_new(w->arena, "");
    struct secret_hash hash = secret_hash(secret);
    enum err_code code = find_workplace(w, user_id, wanted, &business_id, err);
    if (!code)
        code = make_room(w, user_id, err);
    if (code)
        return code;
    session->expires_at = w->now + crm_limits(w->crm)->session_us;
    code = db_exec(w->db,
        "INSERT INTO session (id, hash, user_id, business_id, created_at, expires_at, last_seen_at, address, "
        "user_agent) VALUES ($1, $2, $3, $4, $5, $6, $5, $7, $8)",
        DB_PARAMS(db_id(id_new()), db_secret(&hash), db_id(user_id), db_id(business_id), db_int(w->now),
            db_int(session->expires_at), db_text(from->address),
            db_text(cut(w->arena, from->user_agent, SESSION_AGENT_CHARS))),
        NULL, err);
    if (!code)
        code = read_new(w, secret, session, err);
    return code ? code : write_down(w, "employee.signed_in", user_id, business_id, &session->actor, err);
}

static enum err_code read_session(struct write *w, const struct secret_hash *hash, struct id *user_id,
    int64_t *expires_at, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db, "SELECT user_id, expires_at FROM session WHERE hash = $1{update}",
        DB_PARAMS(db_secret(hash)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_UNAUTHENTICATED, "This session has ended.");
    *user_id = db_col_id(rows, 0);
    *expires_at = db_col_int(rows, 1);
    return ERR_OK;
}

enum err_code session_switch(
    struct write *w, const char *secret, struct id wanted, struct new_session *session, struct error *err)
{
    struct secret_hash old = secret_hash(secret);
    char *renewed = secret_new(w->arena, "");
    struct secret_hash hash = secret_hash(renewed);
    struct id user_id = {0}, business_id = {0};
    enum err_code code = read_session(w, &old, &user_id, &session->expires_at, err);
    if (!code)
        code = find_workplace(w, user_id, wanted, &business_id, err);
    if (!code)
        code = db_exec(w->db, "UPDATE session SET hash = $1, business_id = $2 WHERE hash = $3",
            DB_PARAMS(db_secret(&hash), db_id(business_id), db_secret(&old)), NULL, err);
    if (!code)
        code = read_new(w, renewed, session, err);
    if (!code)
        code = write_down(w, "employee.signed_out", user_id, w->business_id, w->actor, err);
    return code ? code : write_down(w, "employee.signed_in", user_id, business_id, &session->actor, err);
}

/* ── ending ──────────────────────────────────────────────────────────────────────────────────── */

/* One that ends, by its hash or (hash NULL) as one of a user. *ended: there was one. */
static enum err_code end(struct write *w, struct db_params which, const char *find, const char *drop,
    bool *ended, struct error *err)
{
    struct id user_id = {0}, business_id = {0};
    struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db, find, which, &rows, err);
    *ended = !code && db_next(rows, &code, err);
    if (*ended) {
        user_id = db_col_id(rows, 0);
        business_id = db_col_id(rows, 1);
    }
    db_rows_close(rows);
    if (code || !*ended)
        return code;
    code = db_exec(w->db, drop, which, NULL, err);
    return code ? code : write_down(w, "employee.signed_out", user_id, business_id, w->actor, err);
}

enum err_code session_end(struct write *w, const char *secret, struct error *err)
{
    struct secret_hash hash = secret_hash(secret);
    bool ended;
    return end(w, DB_PARAMS(db_secret(&hash)), "SELECT user_id, business_id FROM session WHERE hash = $1",
        "DELETE FROM session WHERE hash = $1", &ended, err);
}

enum err_code session_end_one(struct write *w, struct id user_id, struct id session_id, struct error *err)
{
    bool ended = false;
    enum err_code code = end(w, DB_PARAMS(db_id(session_id), db_id(user_id)),
        "SELECT user_id, business_id FROM session WHERE id = $1 AND user_id = $2",
        "DELETE FROM session WHERE id = $1 AND user_id = $2", &ended, err);
    return code || ended ? code : error_set(err, ERR_NOT_FOUND, "There is no such session of yours.");
}

enum err_code session_end_all(struct write *w, struct id user_id, struct error *err)
{
    int64_t ended = 0;
    struct audit audit = AUDIT_OF_USER(w, "employee.sessions_ended");
    enum err_code code =
        db_exec(w->db, "DELETE FROM session WHERE user_id = $1", DB_PARAMS(db_id(user_id)), &ended, err);
    w->accounted = true; /* where there was none, nothing has changed */
    return code || ended == 0 ? code : audit_add_of_user(&audit, user_id, err);
}

enum err_code session_seen(struct db *db, struct id session_id, int64_t now, struct error *err)
{
    /* Several workers, or nodes, may say so at once. */
    return db_exec(db, "UPDATE session SET last_seen_at = $1 WHERE id = $2 AND last_seen_at <= $3",
        DB_PARAMS(db_int(now), db_id(session_id), db_int(now - SESSION_SEEN_US)), NULL, err);
}

enum err_code session_end_here(struct write *w, struct id user_id, struct error *err)
{
    enum err_code code = db_exec(w->db, "DELETE FROM session WHERE user_id = $1 AND business_id = $2",
        DB_PARAMS(db_id(user_id), db_id(w->business_id)), NULL, err);
    return code ? code : sign_in_tokens_drop_here(w, user_id, err);
}

/* Rows that another node is at are left to it. */
enum err_code sessions_expire(struct db *db, int64_t now, int64_t most, int64_t *removed, struct error *err)
{
    return db_exec(db,
        "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE expires_at <= $1 ORDER BY "
        "expires_at LIMIT $2{update_free})",
        DB_PARAMS(db_int(now), db_int(most)), removed, err);
}
