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

/* What is wrong with a request, member by member, by JSON pointer (RFC 6901). */
struct error_item {
    char pointer[96];
    char text[192];
};

#define ERROR_ITEMS_MOST 64

struct error_list {
    struct error_item items[ERROR_ITEMS_MOST];
    size_t count; /* of all that were added, also of those that are too many to be kept */
};

/* Makes it empty. Cheaper than zeroing it, which would be 18 KiB a request: what lies beyond `count` is not read. */
static inline void error_list_clear(struct error_list *list)
{
    list->count = 0;
}

void error_list_add(struct error_list *list, const char *pointer, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
