/*
 * The PostgreSQL engine: transactions and rows over pg_link.
 *
 * BEGIN costs no round trip: it goes out with the transaction's first statement. Nor does an exec_many inside
 * a transaction: it is queued, and its answers are read with those of the next statement that waits.
 *
 *      none ──begin──▶ new ──statement──▶ open ──commit, rollback──▶ none
 *                                          │ connection lost
 *                                          └──▶ lost ──commit (an error), rollback, begin──▶ …
 *
 * In `lost`, statements are refused rather than run outside the transaction that their author believes in.
 *
 * A claimed connection (db_claim) holds a session's advisory lock, which the server gives back only when the
 * session has ended, with all that it had begun. It is taken in `none`, first thing on each new connection.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "db/engine.h"
#include "db/pg_link.h"

#define CLAIM_NAP_US (10 * US_PER_MS)
#define CLAIM_TRIES_FIRST                                                                                    \
    600 /* longer than any lock that a killed predecessor's last statement may wait for */
#define CLAIM_TRIES_AGAIN 50 /* until this process's own last session has ended */

enum transaction { TX_NONE, TX_NEW, TX_OPEN, TX_LOST };

struct pg {
    struct db base;
    struct pg_link *link;
    enum transaction tx;
    struct error failed; /* the first error of the open transaction: it can only be rolled back */
    /* the claim */
    bool claims, claiming;
    struct id owner;
    int claimed_number; /* of the connection that holds it; 0: none yet */
    int claim_tries; /* how often the next connection asks */
};

struct pg_rows {
    struct db_rows base;
    PGresult *res;
    int row; /* the current one, -1 before the first */
};

/* Statements are found by address, so each of these has one. */
static const char sql_begin[] = "BEGIN";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";
static const char sql_ping[] = "SELECT 1";

static struct pg *pg_of(struct db *db)
{
    return CONTAINER_OF(db, struct pg, base);
}

static struct pg_rows *rows_of(struct db_rows *rows)
{
    return CONTAINER_OF(rows, struct pg_rows, base);
}

/* Hands out an error, and remembers it for the rest of the transaction. */
static enum err_code failed(struct pg *pg, const struct error *why, struct error *err)
{
    if (pg->tx != TX_NONE && !pg->failed.code)
        pg->failed = *why;
    if (pg->tx != TX_NONE && !pg_link_is_up(pg->link))
        pg->tx = TX_LOST;
    if (err)
        *err = *why;
    return why->code;
}

static enum err_code injected(struct pg *pg, struct error *err)
{
    struct error why = {0};
    if (FAULT(db_lost)) {
        pg_link_drop(pg->link);
        (void)error_set(
            &why, ERR_UNAVAILABLE, "The connection to PostgreSQL is lost (a fault that was asked for).");
    } else if (pg->tx != TX_NONE && FAULT(statement)) {
        (void)error_set(&why, ERR_INTERNAL, "The statement failed (a fault that was asked for).");
    }
    return why.code ? failed(pg, &why, err) : ERR_OK;
}

static enum err_code ready(struct pg *pg, struct error *err);

/* Before each statement: connects if it may, and opens the transaction on the server if that is still to do.
 */
static enum err_code prepare_to_send(struct pg *pg, struct error *err)
{
    enum err_code code = injected(pg, err);
    if (code)
        return code;
    if (pg->tx == TX_NONE)
        return ready(pg, err);
    if (pg->failed.code)
        return failed(pg, &pg->failed, err);
    struct error why = {0};
    if (pg->tx == TX_NEW && pg_link_send(pg->link, sql_begin, DB_NO_PARAMS, &why))
        return failed(pg, &why, err);
    if (pg->tx == TX_NEW)
        pg->tx = TX_OPEN;
    return ERR_OK;
}

/* The end of a statement that was sent with `code`; waits for its answer unless that may come later. */
static enum err_code finish(
    struct pg *pg, enum err_code code, bool wait, PGresult **res, struct error *why, struct error *err)
{
    if (!code && wait)
        code = pg_link_sync(pg->link, res, why);
    return code ? failed(pg, why, err) : ERR_OK;
}

static enum err_code send_and_wait(
    struct pg *pg, const char *sql, struct db_params params, PGresult **res, struct error *err)
{
    enum err_code code = prepare_to_send(pg, err);
    if (code)
        return code;
    struct error why = {0};
    code = pg_link_send(pg->link, sql, params, &why);
    return finish(pg, code, true, res, &why, err);
}

static enum err_code pg_exec(
    struct db *db, const char *sql, struct db_params params, int64_t *changed, struct error *err)
{
    PGresult *res = NULL;
    enum err_code code = send_and_wait(pg_of(db), sql, params, &res, err);
    if (!code && changed)
        *changed = strtoll(PQcmdTuples(res), NULL, 10);
    PQclear(res);
    return code;
}

static enum err_code pg_exec_many(struct db *db, const char *sql, const struct db_value *values,
    size_t per_row, size_t n, struct error *err)
{
    struct pg *pg = pg_of(db);
    if (n == 0)
        return ERR_OK;
    enum err_code code = prepare_to_send(pg, err);
    if (code)
        return code;
    struct error why = {0};
    code = pg_link_send_many(pg->link, sql, values, per_row, n, &why);
    return finish(pg, code, pg->tx == TX_NONE, NULL, &why, err);
}

static enum err_code pg_insert_many(
    struct db *db, const struct db_insert *insert, const struct db_value *values, size_t n, struct error *err)
{
    struct pg *pg = pg_of(db);
    if (n == 0)
        return ERR_OK;
    enum err_code code = prepare_to_send(pg, err);
    if (code)
        return code;
    struct error why = {0};
    code = pg_link_send_insert(pg->link, insert, values, n, &why);
    return finish(pg, code, pg->tx == TX_NONE, NULL, &why, err);
}

static const struct engine_ops ops;

static enum err_code pg_query(
    struct db *db, const char *sql, struct db_params params, struct db_rows **out, struct error *err)
{
    PGresult *res = NULL;
    enum err_code code = send_and_wait(pg_of(db), sql, params, &res, err);
    if (code)
        return code;
    struct pg_rows *rows = mem_alloc(sizeof *rows);
    *rows = (struct pg_rows){.base.ops = &ops, .res = res, .row = -1};
    *out = &rows->base;
    return ERR_OK;
}

static bool pg_next(struct db_rows *base, enum err_code *code, struct error *err)
{
    (void)code; /* all rows are here already */
    (void)err;
    struct pg_rows *rows = rows_of(base);
    if (rows->row + 1 >= PQntuples(rows->res))
        return false;
    rows->row++;
    return true;
}

/* Whether there is such a column in the current row; libpq would complain on stderr. */
static bool has_value(const struct pg_rows *rows, int col)
{
    return rows->row >= 0 && col >= 0 && col < PQnfields(rows->res);
}

static bool pg_col_null(struct db_rows *base, int col)
{
    struct pg_rows *rows = rows_of(base);
    return !has_value(rows, col) || PQgetisnull(rows->res, rows->row, col);
}

static int64_t pg_col_int(struct db_rows *base, int col)
{
    struct pg_rows *rows = rows_of(base);
    return has_value(rows, col) ? pg_read_int(rows->res, rows->row, col) : 0;
}

static struct id pg_col_id(struct db_rows *base, int col)
{
    struct pg_rows *rows = rows_of(base);
    return has_value(rows, col) ? pg_read_id(rows->res, rows->row, col) : (struct id){0};
}

static const char *pg_col_text(struct db_rows *base, int col)
{
    struct pg_rows *rows = rows_of(base);
    return has_value(rows, col) ? pg_read_text(rows->res, rows->row, col) : NULL;
}

static const void *pg_col_bytes(struct db_rows *base, int col, size_t *len)
{
    struct pg_rows *rows = rows_of(base);
    *len = 0;
    return has_value(rows, col) ? pg_read_bytes(rows->res, rows->row, col, len) : NULL;
}

static void pg_rows_close(struct db_rows *base)
{
    struct pg_rows *rows = rows_of(base);
    PQclear(rows->res);
    mem_free(rows);
}

/* ── the claim ───────────────────────────────────────────────────────────────────────────────── */

/* Two ids that give one number are as unlikely as two ids that are the same. */
static int64_t lock_number(struct id owner)
{
    int64_t halves[2];
    _Static_assert(sizeof halves == sizeof owner.bytes, "an id has two halves");
    memcpy(halves, owner.bytes, sizeof halves);
    return halves[0] ^ halves[1];
}

static enum err_code try_lock(struct pg *pg, bool *got, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(&pg->base, "SELECT pg_try_advisory_lock($1)::int::bigint",
        DB_PARAMS(db_int(lock_number(pg->owner))), &rows, err);
    *got = !code && db_next(rows, &code, err) && db_col_int(rows, 0) != 0;
    return code;
}

static enum err_code claim_connection(struct pg *pg, struct error *err)
{
    bool got = false;
    int tries = pg->claim_tries;
    pg->claim_tries = CLAIM_TRIES_AGAIN;
    enum err_code code = db_check_durable(&pg->base, err);
    if (!code)
        code = try_lock(pg, &got, err);
    for (int i = 1; i < tries && !code && !got; i++) {
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = CLAIM_NAP_US * 1000}, NULL);
        code = try_lock(pg, &got, err);
    }
    if (!code && !got)
        code = error_set(err, ERR_UNAVAILABLE,
            "Another process works on this database under the same node id, %s. Was the data folder copied? "
            "Remove the file node-id from the copy: it then gets an id of its own.",
            id_format(pg->owner).text);
    return code;
}

/* Connected, and if this connection claims an owner, it has it. */
static enum err_code ready(struct pg *pg, struct error *err)
{
    enum err_code code = pg_link_ready(pg->link, err);
    int number = pg_link_number(pg->link);
    if (code || !pg->claims || pg->claiming || pg->claimed_number == number)
        return code;
    struct error why = {0};
    pg->claiming = true;
    code = claim_connection(pg, &why);
    pg->claiming = false;
    if (!code && pg_link_number(pg->link) != number) /* lost meanwhile, and opened again */
        code = error_set(&why, ERR_UNAVAILABLE, "The connection to PostgreSQL was lost a moment ago.");
    if (!code) {
        pg->claimed_number = number;
        return ERR_OK;
    }
    why.code = ERR_UNAVAILABLE; /* whatever it is, it may be over at the next try */
    pg_link_refuse(pg->link, &why);
    if (err)
        *err = why;
    return why.code;
}

static enum err_code pg_claim(struct db *db, struct id owner, struct error *err)
{
    struct pg *pg = pg_of(db);
    pg->claims = true;
    pg->owner = owner;
    pg->claimed_number = 0;
    pg->claim_tries = CLAIM_TRIES_FIRST;
    return ready(pg, err);
}

/* ── transactions ────────────────────────────────────────────────────────────────────────────── */

static enum err_code pg_begin(struct db *db, struct error *err)
{
    struct pg *pg = pg_of(db);
    enum transaction before = pg->tx;
    if (before == TX_NEW || before == TX_OPEN)
        return error_set(err, ERR_INTERNAL, "A transaction is already open.");
    pg->tx = TX_NONE; /* for the claim's statements */
    enum err_code code = ready(pg, err);
    if (code) {
        pg->tx = before;
        return code;
    }
    pg->failed.code = ERR_OK;
    pg->tx = TX_NEW;
    return ERR_OK;
}

/* Leaves the server's transaction without committing, whatever its state. */
static void abandon(struct pg *pg)
{
    pg->tx = TX_NONE;
    pg->failed.code = ERR_OK;
    pg_link_set_patient(pg->link, false);
    if (pg_link_has_queued(pg->link))
        (void)!pg_link_sync(pg->link, NULL, NULL);
    if (!pg_link_in_server_transaction(pg->link))
        return;
    if (pg_link_send(pg->link, sql_rollback, DB_NO_PARAMS, NULL) || pg_link_sync(pg->link, NULL, NULL))
        pg_link_drop(pg->link);
}

static void pg_rollback(struct db *db)
{
    abandon(pg_of(db));
}

/* The server answers a COMMIT that it could not do with success and the tag ROLLBACK. */
static enum err_code commit_on_server(struct pg *pg, struct error *err)
{
    PGresult *res = NULL;
    enum err_code code = pg_link_send(pg->link, sql_commit, DB_NO_PARAMS, err);
    if (!code)
        code = pg_link_sync(pg->link, &res, err);
    if (!code && strcmp(PQcmdStatus(res), "COMMIT") != 0)
        code = error_set(err, ERR_INTERNAL, "PostgreSQL rolled back what was to be committed.");
    PQclear(res);
    return code;
}

static enum err_code pg_commit(struct db *db, struct error *err)
{
    struct pg *pg = pg_of(db);
    struct error why = pg->failed;
    if (pg->tx == TX_NONE)
        return error_set(err, ERR_INTERNAL, "There is no transaction to commit.");
    if (!why.code && pg->tx == TX_OPEN && commit_on_server(pg, &why) == ERR_OK) {
        pg->tx = TX_NONE;
        pg_link_set_patient(pg->link, false);
        return ERR_OK;
    }
    abandon(pg);
    if (why.code && err)
        *err = why;
    return why.code;
}

static bool pg_in_transaction(struct db *db)
{
    enum transaction tx = pg_of(db)->tx;
    return tx == TX_NEW || tx == TX_OPEN;
}

static enum err_code pg_ping(struct db *db, struct error *err)
{
    return send_and_wait(pg_of(db), sql_ping, DB_NO_PARAMS, NULL, err);
}

static enum err_code pg_script(struct db *db, const char *sql, struct error *err)
{
    struct pg *pg = pg_of(db);
    enum err_code code = prepare_to_send(pg, err);
    if (code)
        return code;
    struct error why = {0};
    code = pg_link_send_once(pg->link, sql, &why);
    return finish(pg, code, true, NULL, &why, err);
}

static enum err_code pg_take_time(struct db *db, struct error *err)
{
    enum err_code code = send_and_wait(pg_of(db),
        "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)",
        DB_NO_PARAMS, NULL, err);
    pg_link_set_patient(pg_of(db)->link, !code);
    return code;
}

static void pg_close(struct db *db)
{
    struct pg *pg = pg_of(db);
    pg_link_close(pg->link);
    mem_free(pg);
}

static const struct engine_ops ops = {
    .exec = pg_exec,
    .exec_many = pg_exec_many,
    .insert_many = pg_insert_many,
    .query = pg_query,
    .next = pg_next,
    .col_null = pg_col_null,
    .col_int = pg_col_int,
    .col_id = pg_col_id,
    .col_text = pg_col_text,
    .col_bytes = pg_col_bytes,
    .rows_close = pg_rows_close,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .in_transaction = pg_in_transaction,
    .ping = pg_ping,
    .script = pg_script,
    .claim = pg_claim,
    .take_time = pg_take_time,
    .close = pg_close,
};

enum err_code postgres_open(const struct db_config *config, bool read_only, struct db **db, struct error *err)
{
    struct pg_link *link = NULL;
    enum err_code code = pg_link_open(config->conninfo, read_only, &link, err);
    if (code)
        return code;
    struct pg *pg = mem_zalloc(sizeof *pg);
    pg->base = (struct db){.ops = &ops, .engine = DB_POSTGRES, .read_only = read_only};
    pg->link = link;
    *db = &pg->base;
    return ERR_OK;
}
