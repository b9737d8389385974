/* The employees of a Business, to choose from. Reads the table employee (employee.h). Any thread. */
#ifndef HERALD_CRM_EMPLOYEE_LIST_H
#define HERALD_CRM_EMPLOYEE_LIST_H

#include "crm/access.h"
#include "crm/page.h"

#define EMPLOYEE_SEARCH_MOST 100 /* characters */

/*
 * A page of the active employees (or of those who are not), by display name. With `search` (NULL: none) only those with a word in the display
 * name, or an email, that begins with it, whatever the case.
 */
enum err_code employee_list(struct db *db, struct arena *arena, const struct actor *actor, const char *search,
    bool active, struct page *page, struct person **people, size_t *count, struct error *err) MUST_CHECK;

/* One that work can be given to. ERR_NOT_FOUND: not an active employee of the Business. */
enum err_code employee_read_active(struct db *db, struct arena *arena, struct id business_id, struct id id,
    struct person *person, struct error *err) MUST_CHECK;

/* By the email of the User, in any case; active or not. ERR_NOT_FOUND. */
enum err_code employee_by_email(struct db *db, struct arena *arena, struct id business_id, const char *email,
    struct person *person, bool *active, struct error *err) MUST_CHECK;

/*
 * Each id that is not an active employee of the Business is added to `list`, as `pointer`/N. The code tells of the
 * database only.
 */
enum err_code employees_check(struct db *db, struct id business_id, const struct id *ids, size_t count,
    const char *pointer, struct error_list *list, struct error *err) MUST_CHECK;

#endif
