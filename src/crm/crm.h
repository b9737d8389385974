/*
 * The domain's context: where its rows go, and what else must happen in the transaction that logs an activity.
 * crm knows no HTTP, no JSON text, no sockets, and none of the steps that higher modules register.
 */
#ifndef HERALD_CRM_CRM_H
#define HERALD_CRM_CRM_H

#include "db/writer.h"

struct actor;
struct log_unit;

/*
 * A step of the transaction that logs (I1). `run` writes for all units of a batch, in their transaction;
 * `committed` hears of those that were committed, in the order of seq. Both on the writer's thread.
 */
struct log_step {
    void *ctx;
    enum err_code (*run)(void *ctx, struct db *db, struct log_unit **units, size_t n, struct error *err);
    void (*committed)(void *ctx, struct log_unit **units, size_t n);
};

#define LOG_STEPS_MOST 4

/* How much of a thing there may be. Characters are code points. Set from the configuration (src/cli/settings.c). */
struct crm_limits {
    int64_t name_chars; /* of a person, an object, a field */
    int64_t notes_chars;
    int64_t list_items; /* mentions, associated records */
    int64_t fields; /* of one object, archived ones included */
    int64_t options; /* of one field, archived ones included */
    int64_t rules; /* of one Activity Object */
    int64_t conditions; /* of one rule; targets likewise */
    int64_t text_chars; /* of a value of type text */
    int64_t long_text_chars; /* of a value of type long_text */
    int64_t idempotency_us; /* how long the answer to an Idempotency-Key is kept, at least */
    int64_t session_us; /* how long a session lasts, used or not */
    int64_t session_idle_us; /* and how long when nobody uses it */
};
extern const struct crm_limits crm_limits_preset;

/* By which way a write came. */
enum write_via {
    VIA_ADMIN_SOCKET, /* an operator, through the server that has the data folder */
    VIA_COMMAND, /* an operator, with a command of its own */
    VIA_API_KEY,
    VIA_SESSION,
    VIA_NOTHING, /* no credentials: signing in */
};

/* Whence it came, for the audit log. */
struct origin {
    enum write_via via;
    struct id key_id; /* VIA_API_KEY; nil: not known */
    struct id request_id; /* nil: none */
    const char *address; /* of the client, as text; NULL: none */
};

struct crm {
    /* set before start */
    struct writer *writer;
    enum write_via operators_via; /* crm_write's without an actor */
    struct crm_limits limits; /* all zero: the preset */
    struct log_step steps[LOG_STEPS_MOST];
    size_t step_count;
    bool sends_mail; /* this node has an SMTP server to send by (mail.h) */
    /* the writer's thread */
    bool mail_added; /* there may be an email to send once this transaction is committed */
};

/*
 * What a cold write (settings, records: all but logging) has in hand, inside the writer's transaction and on its
 * thread. A function that takes one checks first and writes then; it may be run again, from its inputs, when the
 * batch that it was in failed.
 */
struct write {
    struct crm *crm;
    struct db *db;
    struct arena *arena; /* of whoever waits; results go here */
    const struct actor *actor; /* NULL: an operator, by the administration socket */
    struct id business_id;
    struct origin origin;
    struct lane_pos pos; /* of this write, for what live streams follow */
    int64_t now; /* microseconds UTC */
    bool accounted; /* it has its entry in the audit log (audit.h), or needs none */
};

/* For one of what is data, not settings (audit.h): it needs no entry. */
static inline void write_is_data(struct write *write)
{
    write->accounted = true;
}

/* Refused members are in `list`, by JSON pointer, and the code is ERR_INVALID. */
typedef enum err_code write_fn(struct write *write, void *ctx, struct error_list *list, struct error *err);

/*
 * Runs it inside the writer's transaction. ERR_INTERNAL, so that nothing of it is committed, when it has written something
 * and neither left an entry in the audit log nor said that it needs none (audit.h).
 */
enum err_code crm_run_write(
    struct write *write, write_fn *run, void *ctx, struct error_list *list, struct error *err) MUST_CHECK;

/*
 * Runs it and waits for the commit: for the CLI and for tests. What the API writes goes by call_write (src/api). The
 * Business (nil: none) is locked before anything of the batch runs, as for whatever may come to business_touch.
 */
enum err_code crm_write(struct crm *crm, struct arena *arena, const struct actor *actor,
    struct id business_id, write_fn *run, void *ctx, struct error_list *list, struct error *err) MUST_CHECK;

/*
 * The same for an operator's write over several Businesses, those of `ids` and new ones: w->business_id is nil. Only
 * one such write is under way at a time, on all nodes, so that what it looks for by its name stays as it is.
 */
struct write_scope {
    struct id *ids; /* which it may sort */
    size_t count;
};
enum err_code crm_write_all(struct crm *crm, struct arena *arena, struct write_scope scope, write_fn *run,
    void *ctx, struct error_list *list, struct error *err) MUST_CHECK;

/* The limits in force. */
const struct crm_limits *crm_limits(const struct crm *crm) __attribute__((returns_nonnull));

/* Before the first activity is logged. */
void crm_add_log_step(struct crm *crm, struct log_step step);

#endif
