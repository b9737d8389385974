/*
 * The limit of open files, and how a process that both serves and sends shares it out. Once, at start.
 */
#ifndef HERALD_BASE_FILES_H
#define HERALD_BASE_FILES_H

#include <stdint.h>

struct files_share {
    int64_t limit;
    int64_t outgoing; /* connections to others: a quarter */
    int64_t incoming; /* connections of clients, at least one: the rest, but for what else a process opens */
};

/* Raises the limit as far as this process may, and shares it out; more than anybody needs if it is not known. */
struct files_share files_share(void);

#endif
