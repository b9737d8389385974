#include "crm/mail.h"

#include "base/log.h"
#include "base/metrics.h"
#include "crm/letter.h"
#include "crm/password_token.h"

#define DEAD_LIFE_US (30 * 24 * 3600 * US_PER_S)
#define TAKE_MOST 32 /* rows looked at in one transaction */

bool mail_address_fits(const char *address)
{
    static const char local[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~.-";
    static const char domain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    size_t len = strlen(address), before = strspn(address, local);
    if (len > 254 || before == 0 || before > 64 || address[before] != '@')
        return false;
    const char *host = address + before + 1;
    return *host && *host != '.' && *host != '-' && !host[strspn(host, domain)];
}

/* ── adding ──────────────────────────────────────────────────────────────────────────────────── */

enum err_code mail_need(const struct write *w, struct error *err)
{
    if (w->crm->sends_mail)
        return ERR_OK;
    return error_set(err, ERR_CONFLICT,
        "This server sends no email: its operator can make a link for the person with herald admin "
        "invitation, or set --smtp-url.");
}

enum err_code mail_add(struct write *w, const struct mail *mail, struct error *err)
{
    enum err_code code = mail_need(w, err);
    if (code)
        return code;
    if (!mail_address_fits(mail->address))
        return error_set(err, ERR_INVALID, "No email can be sent to '%.80s'.", mail->address);
    w->crm->mail_added = true;
    return db_exec(w->db,
        "INSERT INTO mail (id, business_id, kind, user_id, address, name, subject, body, state, attempts, "
        "due_at, give_up_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, {now}, {now} + $9, "
        "$10)",
        DB_PARAMS(db_id(id_new()), db_id_or_null(mail->business_id), db_int(mail->kind),
            db_id_or_null(mail->user_id), db_text(mail->address), db_text(mail->name), db_text(mail->subject),
            db_text(mail->body), db_int(mail->life_us ? mail->life_us : MAIL_LIFE_US), db_int(w->now)),
        NULL, err);
}

enum err_code mail_withdraw(
    struct write *w, enum mail_kind kind, struct id user_id, struct id business_id, struct error *err)
{
    return db_exec(w->db,
        "DELETE FROM mail WHERE user_id = $1 AND business_id = $2 AND kind = $3 AND state = 0",
        DB_PARAMS(db_id(user_id), db_id(business_id), db_int(kind)), NULL, err);
}

/* ── sending ─────────────────────────────────────────────────────────────────────────────────── */

/* The first that is due. *over: it has been tried for long enough. */
static enum err_code find_due(struct write *w, struct outgoing *mail, bool *over, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *mail = (struct outgoing){0};
    enum err_code code = db_query(w->db,
        "SELECT id, kind, attempts, created_at, business_id, user_id, address, name, subject, body, "
        "give_up_at - {now} FROM mail WHERE state = 0 AND due_at <= {now} ORDER BY due_at LIMIT "
        "1{update_free}",
        DB_NO_PARAMS, &rows, err);
    if (code || !db_next(rows, &code, err))
        return code;
    *mail = (struct outgoing){.id = db_col_id(rows, 0),
        .kind = (enum mail_kind)db_col_int(rows, 1),
        .attempt = db_col_int(rows, 2) + 1,
        .created_at = db_col_int(rows, 3),
        .business_id = db_col_id(rows, 4),
        .user_id = db_col_id(rows, 5),
        .address = db_col_text_copy(rows, 6, w->arena),
        .name = db_col_text_copy(rows, 7, w->arena),
        .subject = db_col_text_copy(rows, 8, w->arena),
        .body = db_col_text_copy(rows, 9, w->arena)};
    *over = db_col_int(rows, 10) <= 0;
    return ERR_OK;
}

static enum err_code drop(struct write *w, struct id id, struct error *err)
{
    return db_exec(w->db, "DELETE FROM mail WHERE id = $1", DB_PARAMS(db_id(id)), NULL, err);
}

/* The reason is that of the last attempt, if there was one. */
static enum err_code bury(struct write *w, const struct outgoing *mail, struct error *err)
{
    enum err_code code = db_exec(w->db,
        "UPDATE mail SET state = 1, body = '', sender = NULL, reason = coalesce(reason, 'It waited for too "
        "long.') "
        "WHERE id = $1",
        DB_PARAMS(db_id(mail->id)), NULL, err);
    if (code)
        return code;
    metric_add(METRIC_mails_dead_total, 1);
    LOG(LOG_WARN, "email given up: herald admin mail list tells why", F_ID("mail", mail->id));
    return ERR_OK;
}

static enum err_code lease(
    struct write *w, struct id node, int64_t lease_us, const struct outgoing *mail, struct error *err)
{
    return db_exec(w->db, "UPDATE mail SET due_at = {now} + $2, sender = $3, attempts = $4 WHERE id = $1",
        DB_PARAMS(db_id(mail->id), db_int(lease_us), db_id(node), db_int(mail->attempt)), NULL, err);
}

/* One row: *taken, or it is dealt with. */
static enum err_code take_one(
    struct write *w, struct id node, int64_t lease_us, struct outgoing *mail, bool *taken, struct error *err)
{
    bool over = false, wanted = true;
    *taken = false;
    enum err_code code = find_due(w, mail, &over, err);
    if (code || id_is_nil(mail->id))
        return code;
    if (over)
        return bury(w, mail, err);
    code = letter_finish(w, mail, &wanted, err);
    if (code)
        return code;
    *taken = wanted;
    return wanted ? lease(w, node, lease_us, mail, err) : drop(w, mail->id, err);
}

enum err_code mail_take(
    struct write *w, struct id node, int64_t lease_us, struct outgoing *mail, struct error *err)
{
    enum err_code code = ERR_OK;
    bool taken = false;
    for (int i = 0; i < TAKE_MOST && !code && !taken; i++) {
        code = take_one(w, node, lease_us, mail, &taken, err);
        if (!code && id_is_nil(mail->id))
            return ERR_OK;
    }
    if (code || !taken)
        *mail = (struct outgoing){0};
    return code;
}

enum err_code mail_settle(struct write *w, const struct outgoing *mail, enum mail_outcome outcome,
    int64_t delay_us, const char *reason, struct error *err)
{
    switch (outcome) {
    case MAIL_SENT:
        return db_exec(w->db, "DELETE FROM mail WHERE id = $1 AND attempts = $2",
            DB_PARAMS(db_id(mail->id), db_int(mail->attempt)), NULL, err);
    case MAIL_LATER:
        return db_exec(w->db,
            "UPDATE mail SET due_at = {now} + $3, sender = NULL, reason = $4 WHERE id = $1 AND attempts = $2",
            DB_PARAMS(db_id(mail->id), db_int(mail->attempt), db_int(delay_us), db_text(reason)), NULL, err);
    case MAIL_DEAD:
        break;
    }
    return db_exec(w->db,
        "UPDATE mail SET state = 1, body = '', sender = NULL, reason = $3 WHERE id = $1 AND attempts = $2",
        DB_PARAMS(db_id(mail->id), db_int(mail->attempt), db_text(reason)), NULL, err);
}

enum err_code mail_release(struct write *w, struct id node, struct error *err)
{
    return db_exec(w->db, "UPDATE mail SET due_at = {now}, sender = NULL WHERE sender = $1",
        DB_PARAMS(db_id(node)), NULL, err);
}

enum err_code mail_tidy(struct write *w, struct error *err)
{
    enum err_code code = db_exec(w->db, "DELETE FROM mail WHERE state = 1 AND created_at < $1",
        DB_PARAMS(db_int(w->now - DEAD_LIFE_US)), NULL, err);
    return code ? code : password_tokens_tidy(w, err);
}

enum err_code mail_next_due(struct db *db, int64_t *wait_us, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *wait_us = INT64_MAX;
    enum err_code code = db_query(db,
        "SELECT due_at - {now} FROM mail WHERE state = 0 ORDER BY due_at LIMIT 1", DB_NO_PARAMS, &rows, err);
    if (!code && db_next(rows, &code, err))
        *wait_us = db_col_int(rows, 0);
    return code;
}

/* ── operators ───────────────────────────────────────────────────────────────────────────────── */

enum err_code mail_list(
    struct db *db, struct arena *arena, size_t most, struct mail_row **list, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *count = 0;
    *list = ARENA_ARRAY(arena, struct mail_row, most);
    enum err_code code = db_query(db,
        "SELECT id, business_id, kind, address, subject, reason, state, attempts, created_at, due_at FROM "
        "mail "
        "ORDER BY id DESC LIMIT $1",
        DB_PARAMS(db_int((int64_t)most)), &rows, err);
    while (!code && *count < most && db_next(rows, &code, err))
        (*list)[(*count)++] = (struct mail_row){.id = db_col_id(rows, 0),
            .business_id = db_col_id(rows, 1),
            .kind = (enum mail_kind)db_col_int(rows, 2),
            .address = db_col_text_copy(rows, 3, arena),
            .subject = db_col_text_copy(rows, 4, arena),
            .reason = db_col_text_copy(rows, 5, arena),
            .dead = db_col_int(rows, 6) != 0,
            .attempts = db_col_int(rows, 7),
            .created_at = db_col_int(rows, 8),
            .due_at = db_col_int(rows, 9)};
    return code;
}
