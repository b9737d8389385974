/* Failure notifications: exactly one for each failed delivery (M7, I4). Owns the table notification. */
#ifndef HERALD_WEBHOOK_NOTIFICATION_H
#define HERALD_WEBHOOK_NOTIFICATION_H

#include "crm/access.h"
#include "crm/page.h"

struct notification {
    struct id id, business_id;
    int64_t created_at;
    struct id delivery_id, activity_id, object_id;
    int attempt; /* when written */
    const char *object_name; /* when read */
    const char *url;
    int status; /* 0: no answer */
    const char *error_class, *detail;
};

/*
 * Inside the transaction that stores the failures, after it. A failure that is not the one that ended its delivery
 * makes none: after a take-over two nodes may have sent it, and the first outcome counts.
 */
enum err_code notification_insert(struct db *db, struct arena *arena, const struct notification *list,
    size_t n, struct error *err) MUST_CHECK;

/* A page, newest first. Any thread, with a connection of its own. */
enum err_code notification_list(struct db *db, struct arena *arena, const struct actor *actor,
    struct page *page, struct notification **list, size_t *count, struct error *err) MUST_CHECK;

#endif
