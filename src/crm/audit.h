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
/* For what a User has everywhere (keys, the password): an entry in each Business of which they are an employee. */
enum err_code audit_add_of_user(struct audit *audit, struct id user_id, struct error *err) MUST_CHECK;

/* For a cold write of what is data (A4): it needs no entry. */
static inline void write_is_data(struct write *w)
{
    w->accounted = true;
}

#endif
