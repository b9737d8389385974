/*
 * What goes over PostgreSQL's wire: parameters and results in binary, and what its error states mean here.
 * Owns nothing. Any thread, one value at a time.
 */
#ifndef HERALD_DB_PG_WIRE_H
#define HERALD_DB_PG_WIRE_H

#include "base/buf.h"
#include "db/db.h"

#include <libpq-fe.h>

#define PG_PARAMS_MOST 128 /* of one statement */

/* A statement's parameters as libpq takes them. Points into the values that it was filled from. */
struct pg_params {
    int count;
    const char *values[PG_PARAMS_MOST];
    int lengths[PG_PARAMS_MOST];
    int formats[PG_PARAMS_MOST];
    uint64_t numbers[PG_PARAMS_MOST]; /* network order */
};

/* Whether n rows can be sent: ERR_TOO_LARGE; ERR_INTERNAL for too many, or types unlike the first row's. */
enum err_code pg_values_check(
    const struct db_value *values, size_t per_row, size_t n, struct error *err) MUST_CHECK;

/* One row that was checked. */
void pg_params_fill(struct pg_params *out, const struct db_value *values, size_t count);

/* One array a column out of n rows that were checked, in `space`, which must outlive `out`. ERR_TOO_LARGE. */
enum err_code pg_params_fill_arrays(struct pg_params *out, struct buf *space, const struct db_value *values,
    size_t columns, size_t n, struct error *err) MUST_CHECK;

Oid pg_type_oid(enum db_type type);
Oid pg_array_oid(enum db_type type);
const char *pg_array_name(enum db_type type); /* "uuid[]" */

/* The current row's values; what has another type than asked for reads as null. */
int64_t pg_read_int(const PGresult *res, int row, int col);
struct id pg_read_id(const PGresult *res, int row, int col);
const char *pg_read_text(const PGresult *res, int row, int col);
const void *pg_read_bytes(const PGresult *res, int row, int col, size_t *len);

/* The code for an SQLSTATE; NULL is a connection that is gone. */
enum err_code pg_state_code(const char *state);

#endif
