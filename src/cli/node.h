/*
 * A node: the database, the writer with its lane, the domain, and (when it sends) the dispatcher, put together in
 * the order in which they need each other and taken apart in the reverse.
 */
#ifndef HERALD_CLI_NODE_H
#define HERALD_CLI_NODE_H

#include "cli/settings.h"
#include "crm/crm.h"
#include "mail/mailer.h"
#include "webhook/dispatcher.h"

struct node {
    int lock; /* of the data folder */
    struct id id;
    struct db_config db;
    struct crm crm;
    struct dispatcher *dispatcher; /* NULL: this process sends nothing */
    struct delivery_sink sink;
    struct tail *tail; /* likewise */
    struct housekeeping *housekeeping; /* likewise */
    struct mailer *mailer; /* NULL: this process sends no email */
};

/* Takes the data folder (ERR_BUSY says who has it; ERR_INVALID that it belongs to the other engine), brings the schema up to date, opens everything. */
enum err_code node_start(struct arena *arena, const struct settings *settings, bool sends, struct node *node,
    struct error *err) MUST_CHECK;
/* Whether a node was ever started on the folder. */
bool node_is_in(const char *dir);
void node_stop(struct node *node, int64_t drain_us);

#endif
