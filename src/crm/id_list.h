/*
 * Lists of ids, and statements about several rows at once, by their ids: "… WHERE x.id IN " ID_LIST " …". The ids are $1 to $100, other
 * parameters come after them. A statement's text is constant, so where there are fewer ids one is repeated.
 */
#ifndef HERALD_CRM_ID_LIST_H
#define HERALD_CRM_ID_LIST_H

#include "db/db.h"

/* A list of ids that grows in the arena. Begins as all zero. */
struct ids {
    struct id *items;
    size_t count;
};
void ids_add(struct arena *arena, struct ids *ids, struct id id);

#define ID_LIST_MOST 100
#define ID_LIST_TEN(TENS)                                                                                    \
    "$" TENS "0,$" TENS "1,$" TENS "2,$" TENS "3,$" TENS "4,$" TENS "5,$" TENS "6,$" TENS "7,$" TENS         \
    "8,$" TENS "9,"
#define ID_LIST                                                                                              \
    "($1,$2,$3,$4,$5,$6,$7,$8,$9," ID_LIST_TEN("1") ID_LIST_TEN("2") ID_LIST_TEN("3") ID_LIST_TEN("4")       \
        ID_LIST_TEN("5") ID_LIST_TEN("6") ID_LIST_TEN("7") ID_LIST_TEN("8") ID_LIST_TEN("9") "$100)"

/* 1 to ID_LIST_MOST ids; `more` are the parameters from $101 on. */
enum err_code id_list_query(struct db *db, const char *sql, const struct id *ids, size_t count,
    struct db_params more, struct db_rows **rows, struct error *err) MUST_CHECK;

#endif
