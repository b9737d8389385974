#include "db/pg_link.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/engine.h"
#include "db/pg_statements.h"

#include <errno.h>
#include <poll.h>

#define RETRY_US (200 * US_PER_MS)

/* The server's own limits (see session_settings) end all that takes long; beyond this it is the server that
 * hangs. */
#define ANSWER_MOST_US (30 * US_PER_S)

#define POLL_SLICE_MS 100

#define ARRAYS_MOST ((size_t)512 << 20) /* bytes of one insert */

struct pg_link {
    /* set at open */
    char *conninfo;
    bool read_only;

    PGconn *conn; /* NULL: away */
    int number; /* counts the connections */
    bool patient; /* waits for an answer without end */
    int64_t tried_us; /* when the last try to connect ended */
    struct error why_away; /* what it said, if it failed */
    bool renew; /* connect afresh when idle: the server forgot our statements, or there are too many */
    struct pg_statements *statements;

    /* L1: an entry for each answer that is due: the statement that is being prepared, or NULL for any other
     */
    struct pg_statement **queue;
    size_t queue_len, queue_size;

    struct pg_params params;
    struct buf arrays;
};

/*
 * The server's keep-alives end the session, and its claim (db_claim), of a client that vanished from the network.
 * A transaction never waits for its client's thoughts: one that does belongs to a process that stands still, and
 * its locks keep others from taking its lane over. Each query of Herald's has an index, whatever the planner thinks of
 * a table that was small or empty when it last looked; and none is worth compiling.
 */
static const char session_settings[] =
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3;"
    "SET tcp_user_timeout = '10s';"
    "SET statement_timeout = '10s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '5s';"
    "SET enable_seqscan = off; SET jit = off;"
    "SET timezone = 'UTC'; SET default_transaction_isolation = 'read committed';";
static const char read_only_setting[] = "SET default_transaction_read_only = on;";

static void on_notice(void *ctx, const char *message)
{
    (void)ctx;
    LOG(LOG_DEBUG, "notice from PostgreSQL", F_TEXT("notice", message));
}

/* libpq's messages may be several lines; the first says what happened. */
static int first_line(const char *message)
{
    return (int)strcspn(message, "\n");
}

static enum err_code connection_error(const PGconn *conn, const char *what, struct error *err)
{
    const char *message = PQerrorMessage(conn);
    return error_set(err, ERR_UNAVAILABLE, "%s: %.*s", what, first_line(message),
        *message ? message : "the connection was closed");
}

/* Keywords before `dbname` are defaults that the operator's URL overrides; those after it hold always. */
static PGconn *connect_now(const char *conninfo)
{
    static const char *const keywords[] = {"connect_timeout", "tcp_user_timeout", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "application_name", "dbname", "client_encoding", NULL};
    const char *const values[] = {"5", "10000", "10", "3", "3", "herald", conninfo, "UTF8", NULL};
    return PQconnectdbParams(keywords, values, 1);
}

static bool run_simple(PGconn *conn, const char *sql)
{
    PGresult *res = PQexec(conn, sql);
    bool ok = PQresultStatus(res) == PGRES_COMMAND_OK;
    PQclear(res);
    return ok;
}

static bool set_up_session(const struct pg_link *link, PGconn *conn)
{
    PQsetNoticeProcessor(conn, on_notice, NULL);
    return run_simple(conn, session_settings) && (!link->read_only || run_simple(conn, read_only_setting)) &&
           PQenterPipelineMode(conn) == 1;
}

static enum err_code still_away(const struct pg_link *link, struct error *err)
{
    if (!link->why_away.code)
        return error_set(err, ERR_UNAVAILABLE, "The connection to PostgreSQL was lost a moment ago.");
    if (err)
        *err = link->why_away;
    return link->why_away.code;
}

static enum err_code connect_link(struct pg_link *link, struct error *err)
{
    PGconn *conn = connect_now(link->conninfo);
    bool up = PQstatus(conn) == CONNECTION_OK && set_up_session(link, conn);
    link->tried_us = clock_boot_us();
    link->why_away = (struct error){0};
    if (up) {
        link->conn = conn;
        link->number++;
        return ERR_OK;
    }
    (void)connection_error(conn, "PostgreSQL cannot be reached", &link->why_away);
    PQfinish(conn);
    return still_away(link, err);
}

/* libpq's own message would repeat the URL, which may hold a password. */
static enum err_code check_conninfo(const char *conninfo, struct error *err)
{
    PQconninfoOption *options = conninfo ? PQconninfoParse(conninfo, NULL) : NULL;
    bool ok = options != NULL;
    PQconninfoFree(options);
    return ok ? ERR_OK
              : error_set(err, ERR_INVALID,
                    "The database's URL is not readable; it looks like postgresql://user@host:5432/name.");
}

enum err_code pg_link_open(const char *conninfo, bool read_only, struct pg_link **out, struct error *err)
{
    enum err_code code = check_conninfo(conninfo, err);
    if (code)
        return code;
    struct pg_link *link = mem_zalloc(sizeof *link);
    link->conninfo = mem_strdup(conninfo);
    link->read_only = read_only;
    link->statements = pg_statements_new();
    link->arrays = BUF_INIT(ARRAYS_MOST);
    code = connect_link(link, err);
    if (code) {
        pg_link_close(link);
        return code;
    }
    *out = link;
    return ERR_OK;
}

void pg_link_drop(struct pg_link *link)
{
    PQfinish(link->conn);
    link->conn = NULL;
    link->renew = false;
    link->patient = false;
    link->queue_len = 0;
    pg_statements_clear(link->statements);
}

void pg_link_refuse(struct pg_link *link, const struct error *why)
{
    pg_link_drop(link);
    link->tried_us = clock_boot_us();
    link->why_away = *why;
}

void pg_link_set_patient(struct pg_link *link, bool patient)
{
    link->patient = patient;
}

int pg_link_number(const struct pg_link *link)
{
    return link->number;
}

void pg_link_close(struct pg_link *link)
{
    pg_link_drop(link);
    pg_statements_free(link->statements);
    buf_free(&link->arrays);
    mem_free(link->queue);
    mem_free(link->conninfo);
    mem_free(link);
}

bool pg_link_is_up(const struct pg_link *link)
{
    return link->conn && PQstatus(link->conn) == CONNECTION_OK;
}

bool pg_link_in_server_transaction(const struct pg_link *link)
{
    return pg_link_is_up(link) && PQtransactionStatus(link->conn) != PQTRANS_IDLE;
}

bool pg_link_has_queued(const struct pg_link *link)
{
    return link->queue_len > 0;
}

/* A server that went away while nobody spoke has left an end of file, and often a farewell, in the socket. */
static bool went_away_idle(struct pg_link *link)
{
    struct pollfd fd = {.fd = PQsocket(link->conn), .events = POLLIN};
    while (poll(&fd, 1, 0) == 1) {
        if (!PQconsumeInput(link->conn))
            return true;
        (void)PQisBusy(link->conn); /* takes in notices and parameter changes */
        if (PQstatus(link->conn) != CONNECTION_OK)
            return true;
    }
    return false;
}

enum err_code pg_link_ready(struct pg_link *link, struct error *err)
{
    bool renew = link->renew || pg_statements_full(link->statements);
    if (pg_link_is_up(link) && !renew && !went_away_idle(link))
        return ERR_OK;
    pg_link_drop(link);
    if (clock_boot_us() - link->tried_us < RETRY_US && !renew)
        return still_away(link, err);
    return connect_link(link, err);
}

static void expect(struct pg_link *link, struct pg_statement *prepares)
{
    if (link->queue_len == link->queue_size) {
        link->queue_size = link->queue_size ? 2 * link->queue_size : 16;
        link->queue = mem_realloc(link->queue, link->queue_size * sizeof(struct pg_statement *));
    }
    link->queue[link->queue_len++] = prepares;
}

static enum err_code lost(struct pg_link *link, struct error *err)
{
    enum err_code code = connection_error(link->conn, "The connection to PostgreSQL was lost", err);
    pg_link_drop(link);
    return code;
}

static bool send_prepare(struct pg_link *link, struct pg_statement *statement)
{
    if (statement->state != PG_UNPREPARED)
        return true;
    if (!PQsendPrepare(link->conn, statement->name, statement->text, (int)statement->count, statement->oids))
        return false;
    statement->state = PG_PREPARING;
    expect(link, statement);
    return true;
}

static bool send_run(struct pg_link *link, const struct pg_statement *statement)
{
    const struct pg_params *params = &link->params;
    if (!PQsendQueryPrepared(
            link->conn, statement->name, params->count, params->values, params->lengths, params->formats, 1))
        return false;
    expect(link, NULL);
    return true;
}

static enum err_code away(struct error *err)
{
    return error_set(err, ERR_UNAVAILABLE, "The connection to PostgreSQL is lost.");
}

enum err_code pg_link_send(struct pg_link *link, const char *sql, struct db_params params, struct error *err)
{
    return pg_link_send_many(link, sql, params.values, params.count, 1, err);
}

enum err_code pg_link_send_once(struct pg_link *link, const char *sql, struct error *err)
{
    if (!link->conn)
        return away(err);
    CLEANUP(mem_free_ptr) char *text = engine_rewrite(sql, DB_POSTGRES);
    if (!PQsendQueryParams(link->conn, text, 0, NULL, NULL, NULL, NULL, 1))
        return lost(link, err);
    expect(link, NULL);
    return ERR_OK;
}

enum err_code pg_link_send_many(struct pg_link *link, const char *sql, const struct db_value *values,
    size_t per_row, size_t n, struct error *err)
{
    if (!link->conn)
        return away(err);
    enum err_code code = pg_values_check(values, per_row, n, err);
    if (code)
        return code;
    struct pg_statement *statement = pg_statements_sql(link->statements, sql, values, per_row);
    if (!send_prepare(link, statement))
        return lost(link, err);
    for (size_t row = 0; row < n; row++) {
        pg_params_fill(&link->params, values + row * per_row, per_row);
        if (!send_run(link, statement))
            return lost(link, err);
    }
    return ERR_OK;
}

enum err_code pg_link_send_insert(struct pg_link *link, const struct db_insert *insert,
    const struct db_value *values, size_t n, struct error *err)
{
    if (!link->conn)
        return away(err);
    enum err_code code = pg_values_check(values, insert->column_count, n, err);
    if (!code)
        code = pg_params_fill_arrays(&link->params, &link->arrays, values, insert->column_count, n, err);
    if (code)
        return code;
    struct pg_statement *statement = pg_statements_insert(link->statements, insert, values);
    return send_prepare(link, statement) && send_run(link, statement) ? ERR_OK : lost(link, err);
}

/*
 * Waits until an answer can be read; false if the server says nothing for too long. Slices, since bytes that
 * TLS has already taken from the socket do not wake poll.
 */
static bool wait_for_answer(const struct pg_link *link)
{
    PGconn *conn = link->conn;
    int64_t deadline = link->patient ? INT64_MAX : clock_boot_us() + ANSWER_MOST_US;
    struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};
    while (PQisBusy(conn)) {
        if (clock_boot_us() > deadline)
            return false;
        if (poll(&fd, 1, POLL_SLICE_MS) < 0 && errno != EINTR)
            return false;
        if (!PQconsumeInput(conn))
            return true; /* PQgetResult tells what happened */
    }
    return true;
}

/* What pg_link_sync has found so far. */
struct answers {
    size_t at; /* in the queue */
    PGresult *last;
    struct error first_error;
};

/* The server no longer has, or no longer accepts, what was prepared: it was restored, or the schema moved. */
static bool is_plan_error(const char *state)
{
    return state && (strcmp(state, "26000") == 0 || strcmp(state, "0A000") == 0);
}

static void note_error(struct pg_link *link, struct answers *answers, const PGresult *res)
{
    struct error *err = &answers->first_error;
    if (err->code)
        return;
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    link->renew = link->renew || is_plan_error(state);
    if (!state)
        (void)connection_error(link->conn, "The connection to PostgreSQL was lost", err);
    else
        (void)error_set(
            err, pg_state_code(state), "PostgreSQL %s: %s.", state, message ? message : "no message");
}

/* Takes the result over; false for an answer that this module never asks for, such as that to COPY. */
static bool take_answer(struct pg_link *link, struct answers *answers, PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);
    bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    bool aborted = status == PGRES_PIPELINE_ABORTED; /* by an error that came before */
    struct pg_statement *prepared = answers->at < link->queue_len ? link->queue[answers->at] : NULL;
    if (prepared)
        prepared->state = ok ? PG_PREPARED : PG_UNPREPARED; /* L2 */
    if (status == PGRES_FATAL_ERROR)
        note_error(link, answers, res);
    else if (!ok && !aborted && !answers->first_error.code)
        (void)error_set(&answers->first_error, ERR_INTERNAL, "PostgreSQL gave an unexpected answer: %s.",
            PQresStatus(status));
    PQclear(answers->last);
    answers->last = ok ? res : NULL;
    if (!ok)
        PQclear(res);
    return ok || aborted || status == PGRES_FATAL_ERROR || status == PGRES_EMPTY_QUERY;
}

/* Reads to the end of the queue; false if the connection is gone or out of step, and must be dropped. */
static bool collect(struct pg_link *link, struct answers *answers)
{
    for (;;) {
        if (!wait_for_answer(link)) {
            (void)error_set(&answers->first_error, ERR_UNAVAILABLE, "PostgreSQL does not answer.");
            return false;
        }
        PGresult *res = PQgetResult(link->conn);
        if (res && PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
            PQclear(res);
            return answers->at == link->queue_len;
        }
        if (res && !take_answer(link, answers, res))
            return false;
        if (!res && ++answers->at > link->queue_len)
            return false;
        if (PQstatus(link->conn) != CONNECTION_OK)
            return false;
    }
}

enum err_code pg_link_sync(struct pg_link *link, PGresult **last, struct error *err)
{
    if (!link->conn)
        return away(err);
    if (!PQpipelineSync(link->conn))
        return lost(link, err);
    struct answers answers = {0};
    bool in_step = collect(link, &answers);
    link->queue_len = 0;
    if (!in_step && !answers.first_error.code)
        (void)connection_error(link->conn, "The connection to PostgreSQL was lost", &answers.first_error);
    if (!in_step)
        pg_link_drop(link);
    if (answers.first_error.code || !last)
        PQclear(answers.last);
    if (answers.first_error.code) {
        if (err)
            *err = answers.first_error;
        return answers.first_error.code;
    }
    if (last)
        *last = answers.last;
    return ERR_OK;
}
