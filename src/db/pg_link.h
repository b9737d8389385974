/*
 * One connection to PostgreSQL and the statements prepared on it. Always in libpq's pipeline mode: statements
 * are queued by pg_link_send and go out together; pg_link_sync waits for all of them.
 *
 * Invariants
 *  L1  The answers expected and the commands sent are the same list, in the same order; pg_link_sync empties
 * it. L2  A statement counts as prepared once the server has said so on this connection; a lost connection
 * forgets all. L3  A connection that failed in any way that leaves its state unknown is closed, never used
 * again.
 *
 *      away ──pg_link_ready──▶ idle ──pg_link_send──▶ queued ──pg_link_sync──▶ idle
 *       ▲                        └───────── any loss ────┘
 *       └──────────────────────────────────┘
 *
 * One thread at a time.
 */
#ifndef HERALD_DB_PG_LINK_H
#define HERALD_DB_PG_LINK_H

#include "db/pg_wire.h"

struct pg_link;

/* Connects. ERR_INVALID for a conninfo that is none, ERR_UNAVAILABLE. */
enum err_code pg_link_open(
    const char *conninfo, bool read_only, struct pg_link **link, struct error *err) MUST_CHECK;
void pg_link_close(struct pg_link *link);

/*
 * Connects again if the connection was lost, also when nobody has noticed yet; at most one try per 200 ms, in
 * between ERR_UNAVAILABLE at once. Only outside a transaction.
 */
enum err_code pg_link_ready(struct pg_link *link, struct error *err) MUST_CHECK;

bool pg_link_is_up(const struct pg_link *link);
/* Which connection this is: another number after each time that it was opened. */
int pg_link_number(const struct pg_link *link);
bool pg_link_in_server_transaction(const struct pg_link *link);

/* Whether pg_link_sync has something to wait for. */
bool pg_link_has_queued(const struct pg_link *link);

/* Drops the connection. */
void pg_link_drop(struct pg_link *link);
/* Drops it because it is not good enough; until the next try pg_link_ready says why. */
void pg_link_refuse(struct pg_link *link, const struct error *why);

/* Whether answers are waited for without end, as long as the server is there. Not after the connection is lost. */
void pg_link_set_patient(struct pg_link *link, bool patient);

/* Queues one statement, prepared before if it was not. On an error nothing of it was queued, or the link is
 * down. */
enum err_code pg_link_send(
    struct pg_link *link, const char *sql, struct db_params params, struct error *err) MUST_CHECK;

/* Queues one statement without parameters that is not worth preparing. */
enum err_code pg_link_send_once(struct pg_link *link, const char *sql, struct error *err) MUST_CHECK;

/* Queues the statement for each of the n rows. */
enum err_code pg_link_send_many(struct pg_link *link, const char *sql, const struct db_value *values,
    size_t per_row, size_t n, struct error *err) MUST_CHECK;

/* Queues one INSERT of all n rows. */
enum err_code pg_link_send_insert(struct pg_link *link, const struct db_insert *insert,
    const struct db_value *values, size_t n, struct error *err) MUST_CHECK;

/*
 * Waits for all that is queued; the first error wins. *last (or NULL) is the result of the last command, to
 * be PQclear'ed, and untouched on an error.
 */
enum err_code pg_link_sync(struct pg_link *link, PGresult **last, struct error *err) MUST_CHECK;

#endif
