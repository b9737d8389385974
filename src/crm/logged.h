/*
 * Logged Activities: the fact that everything else follows from (I1, I3). Owns the tables logged_activity and
 * activity_association.
 *
 * Logging has two halves. logged_prepare, on a worker's thread, checks everything against what it reads and
 * fills a log_unit. logged_submit hands that to the writer; `done` is called once it is committed or refused.
 * Between the two the settings may change: the writer's transaction holds the Business's settings_version and
 * refuses (ERR_STALE) what was prepared under another one; the caller prepares again.
 *
 * What only the transaction can decide is decided there, before anything of the unit is inserted, and a unit that
 * loses is refused alone: a repeat of a request under the same Idempotency-Key gets the first one's answer; of two
 * that complete one Scheduled Activity, the later learns which activity the earlier logged.
 *
 * An activity is normally never changed. A deleted one leaves a tombstone: its row, without what people wrote, so that
 * its delivery is still sent and found.
 *
 *      logged_prepare.c  what is asked for, checked        logged_read.c    records, one or a page of them
 *      logged_fields.c   values, rules, bound fields       logged_list.c    which ones a page has
 *      logged_write.c    the transaction                   logged_delete.c  the tombstone
 */
#ifndef HERALD_CRM_LOGGED_H
#define HERALD_CRM_LOGGED_H

#include "crm/idempotency.h"
#include "crm/object.h"
#include "crm/page.h"
#include "crm/record.h"

/* A record, or, where record and object have one id, every record of that object. */
struct associated_entity {
    struct id id, object_id;
    struct id owner_id; /* of the record; nil: nobody's */
    const char *display_name, *object_name;
    bool hidden; /* from whoever reads: they may not see the record */
};

static inline bool associated_is_all(const struct associated_entity *entity)
{
    return id_equal(entity->id, entity->object_id);
}

/* Whether the actor may not see it. */
static inline bool associated_is_hidden(const struct actor *actor, const struct associated_entity *entity)
{
    const struct thing thing = {.employee_id = entity->owner_id};
    return !may_see(actor, ACTION_VIEW_RECORD, associated_is_all(entity) ? NULL : &thing);
}

/* The record of the wire table in MISSION.md. */
struct logged_activity {
    struct id id;
    struct activity_object object;
    struct associated_entity *associated;
    size_t associated_count;
    int64_t logged_at;
    struct person logged_by;
    int64_t completed_at; /* 0: it completed nothing */
    struct person completed_by; /* nil id likewise */
    struct id scheduled_activity_id;
    const char *mentions; /* JSON array of ids */
    const char *notes;
    const char *field_values; /* as they are stored, */
    struct value_set
        values; /* and as they are shown; `fields` NULL: its type has none, and none are stored */
    struct id delivery_id; /* nil: no webhook */
};

struct log_input {
    struct facts *facts; /* what the caller's worker remembers; NULL: nothing */
    struct id object_id;
    const char *object_name; /* api_name, if the object is named that way; else NULL */
    const char *notes; /* well-formed UTF-8, NFC */
    struct id *mentions; /* a nil one was refused already */
    size_t mention_count;
    struct id *associated; /* likewise */
    size_t associated_count;
    const json_t *fields; /* [{"name" or "id", "value"}]; NULL: none */
    /*
     * The Scheduled Activity that this completes; nil: none. Its Activity Object need then not be named, and if
     * `associated` is NULL, the activity is about what was scheduled. POST …/scheduled-activity/{id}/complete is
     * logged_complete in src/api/logged_post.c, which sets this from the path, and `completing`.
     */
    struct id scheduled_activity_id;
    bool completing; /* it is what the request is about: ERR_NOT_FOUND where else the member is refused */
};

/* Values that go into a record as well. */
struct bound_record {
    struct id record_id;
    struct record_value *values;
    size_t count;
};

/* Everything that the transaction needs; in the arena of its owner, who keeps it until `done`. */
struct log_unit {
    struct unit unit; /* first */
    struct id business_id;
    int64_t settings_version;
    struct arena *arena;
    struct logged_activity activity;
    struct id assigned_employee_id,
        assigned_role_id; /* whose the Scheduled Activity was when that was checked */
    struct bound_record *bound;
    size_t bound_count;
    /* set by the owner, if the request has an Idempotency-Key */
    const struct idempotency *idempotency;
    const char *answer; /* that it is to keep */
    void (*done)(struct log_unit *log, const struct error *result); /* on the writer's thread */
    void *owner;
    /* set by logged_prepare, or by the transaction, with ERR_CONFLICT */
    struct idempotent_answer first; /* text: this is a repeat; what the first got */
    struct id completed_by; /* not nil: the activity that had completed the Scheduled Activity before */
};

/*
 * Checks the input and fills `log` (what its owner sets, apart). `list` may have errors already; to them come those
 * of the domain, by JSON pointer, and the code is ERR_INVALID; what is not of this Business is "not there".
 * ERR_CONFLICT: the type is archived, or the Scheduled Activity is completed. ERR_NOT_FOUND: see `completing`.
 */
enum err_code logged_prepare(struct db *db, struct arena *arena, const struct actor *actor,
    const struct log_input *input, struct log_unit *log, struct error_list *list,
    struct error *err) MUST_CHECK;

/* ERR_BUSY, ERR_UNAVAILABLE: not taken, `done` is not called. */
enum err_code logged_submit(struct crm *crm, struct log_unit *log, struct error *err) MUST_CHECK;

/* The full record, under the actor's permissions (M11). ERR_NOT_FOUND, also once it is deleted. */
enum err_code logged_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct logged_activity *activity, struct error *err) MUST_CHECK;

/*
 * The same for whoever has logged it and gave an Idempotency-Key: also if they may not view it, as long as they may do
 * again what they did. ERR_DENIED, ERR_NOT_FOUND.
 */
enum err_code logged_read_again(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct logged_activity *activity, struct error *err) MUST_CHECK;

/*
 * Many of them, in the order of `ids`, in a number of queries that depends on neither them nor their associations
 * (but on how many types they have, if those have fields). Those that are gone are left out; *count is what is there.
 */
enum err_code logged_read_many(struct db *db, struct arena *arena, const struct actor *actor,
    const struct id *ids, size_t id_count, struct logged_activity **activities, size_t *count,
    struct error *err) MUST_CHECK;

struct logged_filter {
    struct id object_id, record_id, employee_id; /* nil: any */
    int64_t after, before; /* logged_at: from `after` on, before `before`; INT64_MIN, INT64_MAX: any */
};

/* A page of them, newest first. */
enum err_code logged_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct logged_filter *filter, struct page *page, struct logged_activity **activities, size_t *count,
    struct error *err) MUST_CHECK;

/*
 * The newest activities that had a webhook when they were logged, deleted ones included, by their ids alone: page->limit
 * + 1 of them at most, in the direction of the page. Of the types that are not hidden from the actor; whoever lists
 * what hangs on them asks what else they may.
 */
enum err_code logged_with_delivery(struct db *db, const struct actor *actor, const struct page *page,
    struct id *ids, size_t *count, struct error *err) MUST_CHECK;

/* Leaves the tombstone. ERR_NOT_FOUND, also when it is deleted already. A cold write. */
enum err_code logged_delete(struct write *w, struct id id, struct error *err) MUST_CHECK;

#endif
