/*
 * Errors are values: a code, for programs, and one sentence that a person can act on, written once by the
 * layer that knows. A fallible function returns the code and fills the `struct error` that it was given; on
 * ERR_OK it leaves it alone. Nobody below src/cli ends the process over an error.
 *
 * Any thread; a `struct error` belongs to its caller and needs no release.
 */
#ifndef HERALD_BASE_ERROR_H
#define HERALD_BASE_ERROR_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

enum err_code {
    ERR_OK = 0,
    ERR_MALFORMED, /* not readable at all: broken JSON, bad UTF-8, no uuid (400) */
    ERR_UNAUTHENTICATED, /* no or wrong credentials; never says which (401) */
    ERR_DENIED, /* known, but not permitted (403) */
    ERR_NOT_FOUND, /* not there, of another Business, or not visible (404) */
    ERR_CONFLICT, /* contradicts what is stored: a name is taken (409) */
    ERR_STALE, /* settings have changed since they were read (412; inside the writer: prepare again) */
    ERR_TOO_LARGE, /* over a documented limit (413) */
    ERR_INVALID, /* readable, but a value is not acceptable (422; CLI and config: exit 2) */
    ERR_BUSY, /* over a capacity limit, try again (503) */
    ERR_UNAVAILABLE, /* the database, the disk or the network is not there now (503) */
    ERR_FENCED, /* this node's lane has a new owner (I11) */
    ERR_UNDONE, /* no error: a dry run, which ends so that its transaction is rolled back */
    ERR_INTERNAL, /* a defect of Herald's (500) */
};

struct error {
    enum err_code code;
    char text[256];
};

/* Fills `err` (which may be NULL) and returns `code`, so that `return error_set(...)` reads well. */
enum err_code error_set(struct error *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Short name of a code, for logs: "unavailable". */
const char *error_name(enum err_code code);

/* What is wrong with a request, member by member, by JSON pointer (RFC 6901); or a parameter of its query, by name. */
struct error_item {
    char pointer[96];
    char text[192];
    bool in_query; /* the pointer is the name of a parameter */
};

#define ERROR_ITEMS_MOST 64

/*
 * Filled in two halves: what cannot be read at all, then, after error_list_reading_done, what the domain refuses of the
 * rest. Both are one answer, in which nothing is told twice.
 */
struct error_list {
    struct error_item items[ERROR_ITEMS_MOST];
    size_t count; /* of all that were added, also of those that are too many to be kept */
    size_t unread; /* how many of them, the first ones, could not be read */
    size_t conflicts; /* how many contradict what is stored, and would be acceptable otherwise */
};

/* Makes it empty. Cheaper than zeroing it, which would be 18 KiB a request: what lies beyond `count` is not read. */
static inline void error_list_clear(struct error_list *list)
{
    list->count = list->unread = list->conflicts = 0;
}

/*
 * What is in it could not be read. From now on nothing is added about those members, nor about what is in them: they
 * have been told, and whoever checks sees them as if they were absent.
 */
static inline void error_list_reading_done(struct error_list *list)
{
    list->unread = list->count;
}

/* Whether that member, or what it is in, could not be read: what depends on it cannot be checked. */
bool error_list_is_unread(const struct error_list *list, const char *pointer);

/* As it was when reading was done, to check once more. */
static inline void error_list_rewind(struct error_list *list)
{
    list->count = list->unread;
    list->conflicts = 0;
}

void error_list_add(struct error_list *list, const char *pointer, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same for a parameter of the query. */
void error_list_add_parameter(struct error_list *list, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The same for a member that contradicts what is stored: a name that is taken. */
void error_list_conflict(struct error_list *list, const char *pointer, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* ERR_OK if it is empty, ERR_CONFLICT if there is nothing else in it, ERR_INVALID; with the first one's sentence. */
enum err_code error_list_refuse(const struct error_list *list, struct error *err);

#endif
