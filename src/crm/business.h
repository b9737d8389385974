/* Businesses, the tenants. Owns the table business. Any thread. */
#ifndef HERALD_CRM_BUSINESS_H
#define HERALD_CRM_BUSINESS_H

#include "crm/crm.h"

enum err_code business_add(
    struct crm *crm, const char *name, struct id *business_id, struct error *err) MUST_CHECK;

/* The same inside an operator's write, whose business_id is the id that the new one is to have. */
enum err_code business_add_in(struct write *w, const char *name, struct error *err) MUST_CHECK;

/* For operators: those of that name, which need not be its only one; *count is 2 for more than one. */
enum err_code business_by_name(
    struct db *db, const char *name, struct id *business_id, size_t *count, struct error *err) MUST_CHECK;

struct business {
    struct id id;
    const char *name;
    int64_t created_at;
    int64_t employee_count; /* active ones */
};
/* For operators. ERR_NOT_FOUND. */
enum err_code business_read(struct db *db, struct arena *arena, struct id id, struct business *business,
    struct error *err) MUST_CHECK;

/* For operators: all, the oldest first, from after `from` (nil: the first) on, at most `most`. */
enum err_code business_list(struct db *db, struct arena *arena, struct id from, size_t most,
    struct business **list, size_t *count, struct error *err) MUST_CHECK;

/* For operators: how many Businesses there are (2: two or more), and the first one. */
enum err_code business_only(
    struct db *db, struct id *business_id, size_t *count, struct error *err) MUST_CHECK;

/*
 * Inside a transaction that changes something which logging depends on (settings of an object, an employee, a
 * key): raises the Business's settings_version, so that activities which were prepared before are prepared again.
 */
enum err_code business_touch(struct db *db, struct id business_id, struct error *err) MUST_CHECK;

/* The same for each Business in which a User is an employee. */
enum err_code business_touch_of_user(struct db *db, struct id user_id, struct error *err) MUST_CHECK;

/*
 * Reads the settings_version of each in `list`, which has the ids; one may be there several times, ID_LIST_MOST are the
 * most. That of a Business that is gone stays as it was.
 */
struct business_version {
    struct id id;
    int64_t version;
};
enum err_code business_versions(
    struct db *db, struct business_version *list, size_t count, struct error *err) MUST_CHECK;

/*
 * At the beginning of a transaction that may come to business_touch: locks the Businesses, `ids` in any order and as
 * often as may be, which it sorts. Whoever logs in the same transaction has the lock then that it would share.
 */
enum err_code business_lock(struct db *db, struct id *ids, size_t count, struct error *err) MUST_CHECK;

/* Inside the transaction that logs: the version now, locked against changes until the commit; -1 if gone. */
enum err_code business_hold_version(
    struct db *db, struct id business_id, int64_t *version, struct error *err) MUST_CHECK;

#endif
