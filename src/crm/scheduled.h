/*
 * Scheduled Activities: planned work with a due time, for an employee or a role. Never fires a webhook (M4). Owns the
 * tables scheduled_activity and scheduled_association.
 *
 * Its state follows from what is stored: completed once completed_at and logged_activity_id are there (always both),
 * overdue while it is not and due_at has passed, open until it is completed. A completed one is not changed any more; it
 * may be deleted, and the activity that it became stays. Who is first to complete it decides the transaction that logs
 * (logged.h), by scheduled_complete_in.
 *
 * Each change notes in the same transaction on which timelines it is seen (timeline_change.h).
 *
 *      scheduled.c         what is asked for, checked; creating one
 *      scheduled_change.c  change, delete, complete
 *      scheduled_read.c    some by their ids, with all that belongs to them
 *      scheduled_list.c    which ones a page has
 *
 * Reads and checks: any thread, with a connection of its own.
 */
#ifndef HERALD_CRM_SCHEDULED_H
#define HERALD_CRM_SCHEDULED_H

#include "crm/logged.h"
#include "crm/page.h"

struct scheduled_activity {
    struct id id;
    struct activity_object object; /* id, name, api_name, association_mode */
    struct associated_entity *associated;
    size_t associated_count;
    int64_t due_at, original_due_at; /* any time, 0 too */
    struct person employee; /* nil id: nobody, or a role */
    struct id role_id; /* nil likewise; never both */
    const char *role_name;
    const char *note;
    const char *mentions; /* JSON array of ids */
    const char *mentions_seen; /* those of them whom the reader may know of; NULL: all */
    bool notify_mentioned;
    struct person scheduled_by;
    int64_t created_at, updated_at;
    int64_t completed_at; /* 0: it is open */
    struct id logged_activity_id; /* nil likewise */
};

/* ── creating ────────────────────────────────────────────────────────────────────────────────── */

struct schedule_input {
    struct id object_id;
    const char *object_name; /* name or api_name; counts if object_id is nil */
    int64_t due_at, original_due_at;
    struct id employee_id, role_id; /* nil: none; one of them at most */
    const char *note;
    struct id *mentions;
    size_t mention_count;
    bool notify_mentioned;
    struct id *associated; /* records */
    size_t associated_count;
};

/* Like struct log_unit: in the arena of its owner, who keeps it until `done`. */
struct schedule_unit {
    struct unit unit; /* first */
    struct id business_id;
    int64_t settings_version; /* under which it was checked who may do this; another one: ERR_STALE */
    struct scheduled_activity scheduled;
    void (*done)(struct schedule_unit *unit, const struct error *result); /* on the writer's thread */
    void *owner;
};

/* A worker's thread: checks, and fills the unit. Refused members are in `list`, the code is ERR_INVALID. */
enum err_code scheduled_prepare(struct db *db, struct arena *arena, const struct actor *actor,
    const struct schedule_input *input, struct schedule_unit *unit, struct error_list *list,
    struct error *err) MUST_CHECK;

/* ERR_BUSY, ERR_UNAVAILABLE: not taken, `done` is not called. */
enum err_code scheduled_submit(struct crm *crm, struct schedule_unit *unit, struct error *err) MUST_CHECK;

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

/* Whose it is, for may(). */
struct thing scheduled_thing(const struct scheduled_activity *scheduled);

/* Whoever asks. ERR_NOT_FOUND. */
enum err_code scheduled_find(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct scheduled_activity *scheduled, struct error *err) MUST_CHECK;

/* The same, for who may view it. */
enum err_code scheduled_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct scheduled_activity *scheduled, struct error *err) MUST_CHECK;

/* Those that are there, and that the actor may view, in the order of `ids`; two questions for each fifty. */
enum err_code scheduled_read_many(struct db *db, struct arena *arena, const struct actor *actor,
    const struct id *ids, size_t id_count, struct scheduled_activity **scheduled, size_t *count,
    struct error *err) MUST_CHECK;

enum scheduled_state { SCHEDULED_ANY, SCHEDULED_OPEN, SCHEDULED_COMPLETED, SCHEDULED_OVERDUE };

struct scheduled_filter {
    struct id employee_id, role_id, object_id, record_id; /* nil: whatever */
    bool after, before; /* whether the following count */
    int64_t due_after, due_before; /* at or after; before */
    enum scheduled_state state;
    int64_t now; /* what SCHEDULED_OVERDUE compares with */
};

/* A page by (due_at, id), the first due first. */
enum err_code scheduled_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct scheduled_filter *filter, struct page *page, struct scheduled_activity **scheduled,
    size_t *count, struct error *err) MUST_CHECK;

/* ── changing, in the writer's transaction ───────────────────────────────────────────────────── */

/* What `has` does not name is left as it is. */
struct scheduled_change {
    struct id id;
    struct {
        bool due_at, employee, role, note, mentions, notify_mentioned, associated;
    } has;
    int64_t due_at; /* original_due_at stays */
    /* One of them takes the place of the other, unless both are named. */
    struct id employee_id, role_id; /* nil: none */
    const char *note;
    struct id *mentions;
    size_t mention_count;
    bool notify_mentioned;
    struct id *associated;
    size_t associated_count;
};

/*
 * ERR_NOT_FOUND; ERR_INVALID, with `list`; ERR_CONFLICT: it is completed, and result->logged_activity_id says by which
 * activity.
 */
enum err_code scheduled_change(struct write *write, const struct scheduled_change *change,
    struct scheduled_activity *result, struct error_list *list, struct error *err) MUST_CHECK;

/* ERR_NOT_FOUND. */
enum err_code scheduled_delete(struct write *write, struct id id, struct error *err) MUST_CHECK;

struct scheduled_completion {
    struct id business_id, scheduled_id;
    struct id employee_id, role_id; /* whose it was when it was checked who may complete it */
    struct id logged_activity_id; /* the activity that completes it, */
    int64_t completed_at; /* when, */
    struct lane_pos pos; /* and where it is committed */
};

/*
 * A part of the transaction that logs, before anything else of its unit is written. *winner is the activity that it is
 * completed by now: this one, or the one that came first; then nothing was changed. ERR_NOT_FOUND: it was deleted, or
 * given to somebody else.
 */
enum err_code scheduled_complete_in(struct db *db, const struct scheduled_completion *completion,
    struct id *winner, struct error *err) MUST_CHECK;

#endif
