/*
 * Administration: one implementation, two ways in. `herald admin` runs it itself when no server has the data
 * folder, and otherwise hands its words to the server through the socket DATA/admin.sock, which only the folder's
 * owner can open.
 */
#ifndef HERALD_CLI_ADMIN_H
#define HERALD_CLI_ADMIN_H

#include "base/buf.h"
#include "crm/crm.h"
#include "net/server.h"

struct admin_context {
    struct crm *crm;
    const struct db_config *db;
    const char *public_url; /* for sign-in links */
};

/* Runs "business add --name …". The answer goes to `out`, for people or (--json) for programs. Any thread. */
enum err_code admin_run(const struct admin_context *context, struct arena *arena, int argc, char **argv,
    struct buf *out, struct error *err) MUST_CHECK;

struct admin_needs {
    bool begins; /* the verb may be a data folder's first */
    bool password; /* it takes one from the standard input, as a further word: --password TEXT */
};
/* What admin_run would refuse without looking at any data. */
enum err_code admin_check(
    struct arena *arena, int argc, char **argv, struct admin_needs *needs, struct error *err) MUST_CHECK;

/* The verbs that the words name ("business", "business add"; none: all) with their options; how many these are. */
size_t admin_help(int argc, char **argv, struct buf *out);

/* Serves admin_run on DIR/admin.sock. The context must outlive the listener. */
enum err_code admin_listener_start(struct arena *arena, const char *dir, struct admin_context *context,
    struct server **server, struct error *err) MUST_CHECK;

/* Sends the words to a server that has DIR; *served is false when none answers there. */
enum err_code admin_ask_server(struct arena *arena, const char *dir, int argc, char **argv, struct buf *out,
    bool *served, struct error *err) MUST_CHECK;

#endif
