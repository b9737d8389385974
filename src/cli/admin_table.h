/*
 * A list as an answer of `herald admin`: aligned columns for people, {"results": [{…}]} for programs, whose members are
 * the columns. One thread at a time; rows live in the job's arena.
 */
#ifndef HERALD_CLI_ADMIN_TABLE_H
#define HERALD_CLI_ADMIN_TABLE_H

#include "cli/admin_job.h"

struct column {
    const char *name; /* a literal; NULL ends the columns */
    bool number; /* of digits */
};

struct table {
    struct job *job;
    const struct column *columns;
    size_t column_count;
    const char **cells; /* row by row */
    size_t row_count, room;
};

struct table table_of(struct job *job, const struct column *columns);

/* One cell a column, which live as long as the table; NULL: empty (null for programs). */
void table_add(struct table *table, const char *const *cells);

/* Into the job's answer. `nothing` is what people read where there are no rows. */
void table_answer(const struct table *table, const char *nothing);

#endif
