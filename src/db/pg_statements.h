/*
 * The statements of one connection: found by the address of their text (or of their struct db_insert) and by
 * the types of their parameters. The content is compared too, so that an address that is used again for
 * something else is only slow, never wrong.
 *
 * One thread at a time.
 */
#ifndef HERALD_DB_PG_STATEMENTS_H
#define HERALD_DB_PG_STATEMENTS_H

#include "db/pg_wire.h"

struct pg_statement {
    struct pg_statement *next; /* of the same bucket */
    const void *key;
    char *source; /* copy of what it was made from, to compare */
    char *text; /* as sent */
    char name[16];
    size_t count;
    Oid *oids; /* of the parameters */
    enum { PG_UNPREPARED, PG_PREPARING, PG_PREPARED } state;
};

struct pg_statements;

struct pg_statements *pg_statements_new(void);
void pg_statements_free(struct pg_statements *all);

/* Forgets all: the connection is gone. */
void pg_statements_clear(struct pg_statements *all);

/* Whether there are so many that the connection should be given up when it is idle, to start afresh. */
bool pg_statements_full(const struct pg_statements *all);

/* Never NULL; valid until pg_statements_clear. `values` are of the first row. */
struct pg_statement *pg_statements_sql(
    struct pg_statements *all, const char *sql, const struct db_value *values, size_t count);
struct pg_statement *pg_statements_insert(
    struct pg_statements *all, const struct db_insert *insert, const struct db_value *values);

#endif
