/*
 * The audit log: who changed what of a Business's settings, permissions, keys and credentials, when, from where, and
 * what it was before and after. Owns the table audit_entry.
 *
 *  A1  An entry is written in the transaction of its change: neither is there without the other.
 *  A2  Nothing updates or deletes an entry; the schema refuses both.
 *  A3  No secret is in it: no key, token or password, neither plain nor hashed, and no value of a URL's query.
 *  A4  What users wrote and logged is data, not settings. Of it only the deletion of a Logged Activity is here.
 *
 * In a cold write, after its checks:
 *
 *      struct audit audit = AUDIT(w, "role.changed", role.id, role.name);
 *      audit_text(&audit, "name", before.name, role.name);
 *      code = audit_add(&audit, err);
 *
 * Before and after NULL is JSON's null: what is made has been null before, what is deleted is null afterwards. Members
 * that are the same are left out; if all of those given are, there is no entry. Without any, the action says it all.
 *
 * What a User has everywhere is asked for and written in several Businesses; all else is bound to one (I8).
 *
 * Writing: on the writer's thread. Reading: any thread, with a connection of its own.
 */
#ifndef HERALD_CRM_AUDIT_H
#define HERALD_CRM_AUDIT_H

#include "crm/access.h"
#include "crm/page.h"

/* Who an entry is by. */
enum audit_actor {
    AUDIT_OPERATOR, /* of the server */
    AUDIT_EMPLOYEE, /* of the Business */
    AUDIT_NOBODY, /* somebody without credentials */
    AUDIT_ELSEWHERE, /* an employee of another Business, for what a User has everywhere */
};

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

struct audit_change;

struct audit {
    struct write *w;
    const char *action; /* a literal, "KIND.WHAT": the subject's kind, what happened to it */
    struct id subject_id;
    const char *subject_name; /* NULL: it has none */
    struct id business_id; /* the write's, unless set */
    const struct actor *actor; /* likewise */
    struct audit_change *changes;
    bool compared; /* members were given */
};

#define AUDIT(write, what, id, name)                                                                         \
    ((struct audit){.w = (write),                                                                            \
        .action = (what),                                                                                    \
        .subject_id = (id),                                                                                  \
        .subject_name = (name),                                                                              \
        .business_id = (write)->business_id,                                                                 \
        .actor = (write)->actor})
/* Without a subject, for the two functions that say whom it is about. */
#define AUDIT_OF_USER(write, what)                                                                           \
    ((struct audit){                                                                                         \
        .w = (write), .action = (what), .business_id = (write)->business_id, .actor = (write)->actor})

/* A member, before and after; names and values live until audit_add. */
void audit_text(struct audit *audit, const char *member, const char *before, const char *after);
void audit_bool(struct audit *audit, const char *member, bool before, bool after);
/* Moments; 0 is null. */
void audit_time(struct audit *audit, const char *member, int64_t before, int64_t after);
/* nil is null. */
void audit_id(struct audit *audit, const char *member, struct id before, struct id after);
/* A set, in whatever order. */
void audit_ids(struct audit *audit, const char *member, const struct id *before, size_t before_count,
    const struct id *after, size_t after_count);
/* Employees, by their ids. */
void audit_people(struct audit *audit, const char *member, const struct person *before, int64_t before_count,
    const struct person *after, int64_t after_count);
/* JSON as it is stored; NULL is null. */
void audit_json(struct audit *audit, const char *member, const char *before, const char *after);
/* A URL, shown without the values in its query (A3); that one of those has changed is told all the same. */
void audit_url(struct audit *audit, const char *member, const char *before, const char *after);

/* Writes the entry into the audit's Business. */
enum err_code audit_add(struct audit *audit, struct error *err) MUST_CHECK;
/*
 * For what a User has everywhere (keys, the password): an entry in each Business of which they are an employee. Without a
 * subject it is about them, as the employee of each. From where, by which key and request it was done stands only in the
 * Business in which it was done.
 */
enum err_code audit_add_of_user(struct audit *audit, struct id user_id, struct error *err) MUST_CHECK;
/* The same in the audit's Business alone, whether or not they are still active there. */
enum err_code audit_add_of_user_there(struct audit *audit, struct id user_id, struct error *err) MUST_CHECK;

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

struct audit_entry {
    struct id id;
    int64_t at;
    const char *action;
    const char *subject_kind, *subject_name; /* subject_name NULL: none */
    struct id subject_id; /* nil: none */
    enum audit_actor actor;
    struct id employee_id; /* nil: none of this Business */
    const char *actor_name; /* NULL: none of this Business */
    enum write_via via;
    struct id key_id, request_id; /* nil: none */
    const char *address; /* NULL: none */
    const char *changes; /* JSON: {member: {"before": ..., "after": ...}} */
};

const char *audit_actor_name(enum audit_actor actor);
const char *write_via_name(enum write_via via);

/* What is not set matches all. */
struct audit_filter {
    struct id employee_id, subject_id;
    const char *subject_kind, *action;
    int64_t after, before; /* at or after, before; INT64_MIN, INT64_MAX: any */
};

/*
 * A page, the newest first; its keys are `number`, the time, and `id`. ERR_DENIED.
 */
enum err_code audit_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct audit_filter *filter, struct page *page, struct audit_entry **entries, size_t *count,
    struct error *err) MUST_CHECK;

/*
 * The oldest first, after `from` (the key of an entry; NULL: from the beginning), until `each` returns false for one
 * that it does not take any more, and AUDIT_EXPORT_MOST at most. An entry and its texts live until `each` returns.
 * *more: there may be others.
 */
#define AUDIT_EXPORT_MOST 5000
enum err_code audit_export(struct db *db, const struct actor *actor, const struct audit_filter *filter,
    const struct page_key *from, bool (*each)(void *ctx, const struct audit_entry *entry), void *ctx,
    bool *more, struct error *err) MUST_CHECK;

/* The key of an entry, to go on from. ERR_NOT_FOUND. */
enum err_code audit_key(struct db *db, const struct actor *actor, struct id id, struct page_key *key,
    struct error *err) MUST_CHECK;

#endif
