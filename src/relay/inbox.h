/*
 * The relay's tables, and the units of work that write them (I10). No other file names them.
 *
 *   relay_inbox   a webhook that was acknowledged: its hook and activity, which together are unique, and the
 *                 record while a step still needs it
 *   relay_action  its steps: FETCH_STEP first, then, from the moment the record is there, one for each of the
 *                 hook's actions; each is pending, done or dead, and knows when it is due
 *
 *      (webhook) ──receipt──▶ fetch pending ──┬─ outcome: done ──▶ record stored, actions pending
 *                                             └─ outcome: dead ──receipt──▶ pending
 *      action pending ──outcome──▶ done (never runs again) │ pending, due later │ dead ──replay──▶ pending
 *
 * Rows stay when all is done, without the record, so that a webhook that comes again is known for ever.
 *
 * Units are run by the writer's thread; reading functions by any thread with a connection of its own.
 */
#ifndef HERALD_RELAY_INBOX_H
#define HERALD_RELAY_INBOX_H

#include "base/buf.h"
#include "db/db.h"
#include "db/writer.h"
#include "relay/config.h"

enum step_state { STEP_PENDING, STEP_DONE, STEP_DEAD };
const char *step_state_name(enum step_state state);
/* False if there is none of that name. */
bool step_state_parse(const char *name, enum step_state *state) MUST_CHECK;

/* The database in a data directory; `path` holds its name and must outlive the result. */
struct db_config inbox_db_config(const char *data, struct arena *arena);

/* The id under which the relay's writer takes its lane: a relay's database never has a second node. */
struct id inbox_node(void);

/* Makes the tables of this version if they are not there; refuses a later version's. */
enum err_code inbox_migrate(struct db *db, struct error *err) MUST_CHECK;

/* A webhook to be stored. */
struct receipt {
    struct unit unit; /* kind: receipt_kind */
    /* set by the owner; texts must live until `done` */
    const char *hook;
    struct id activity;
    struct id delivery; /* X-Herald-Delivery; nil: not sent */
    int64_t attempt; /* X-Herald-Attempt; 0: not sent */
    /* set by the writer's thread */
    bool duplicate; /* it was there before, and its fetch is not dead: nothing was written */
};
extern const struct unit_kind receipt_kind;

/* How one attempt of a step ended. */
struct outcome {
    struct unit unit; /* kind: outcome_kind */
    /* set by the owner; texts must live until `done` */
    struct id inbox;
    const char *step;
    enum step_state state;
    int64_t attempts; /* that count towards the step's limit */
    int64_t next_at; /* STEP_PENDING: when it is due */
    int64_t status; /* of the answer, 0 without one */
    const char *reason; /* NULL on success */
    /* A fetch that is done: what was fetched, and for which hook's actions. NULL otherwise. */
    const char *record;
    const struct relay_hook *hook;
};
extern const struct unit_kind outcome_kind;

/* A step that is pending. */
struct due_step {
    struct id inbox, activity;
    int64_t attempts;
    int64_t next_at;
    int64_t status; /* of the last answer, 0 without one */
};

struct due_list {
    struct due_step *steps;
    size_t most, count;
};

struct due_times {
    int64_t now; /* wall clock */
    int64_t latest; /* nothing is put off for longer: what seems to be is due, since the clock was set back */
};

/*
 * The pending steps of that name in order of (next_at, inbox), at most `most`, up to and including the first that
 * is not due: the caller learns from it when to look again.
 */
enum err_code inbox_due(struct db *db, const char *hook, const char *step, const struct due_times *times,
    struct due_list *list, struct error *err) MUST_CHECK;

/* The steps that are due and were not tried yet, the newest first, at most `most`. */
enum err_code inbox_newest(struct db *db, const char *hook, const char *step, int64_t now,
    struct due_list *list, struct error *err) MUST_CHECK;

/* Appends the stored record; ERR_NOT_FOUND if it is not there. */
enum err_code inbox_record(struct db *db, struct id inbox, struct buf *record, struct error *err) MUST_CHECK;

/* How many steps are pending that this configuration has no hook or action for. They wait until it has. */
enum err_code inbox_strays(
    struct db *db, const struct relay_config *config, int64_t *count, struct error *err) MUST_CHECK;

/* A step for people, for `herald relay list`; texts live until the callback returns. */
struct step_line {
    struct id activity;
    const char *hook, *step;
    enum step_state state;
    int64_t attempts, received_at, next_at, status;
    const char *reason; /* "" if none */
};
/* All steps, or those in *state, in the order of arrival. */
enum err_code inbox_list(struct db *db, const enum step_state *state,
    void (*line)(void *ctx, const struct step_line *step), void *ctx, struct error *err) MUST_CHECK;

/* Makes the dead steps of an activity (nil: of all) pending and due now, in a transaction of its own. */
enum err_code inbox_replay(
    struct db *db, struct id activity, int64_t now, int64_t *steps, struct error *err) MUST_CHECK;

#endif
