/*
 * Contacts, the records that activities are about. Owns the table contact. Reads: any thread, with a connection
 * of its own.
 */
#ifndef HERALD_CRM_CONTACT_H
#define HERALD_CRM_CONTACT_H

#include "crm/access.h"

#define CONTACT_OBJECT_NAME "Contact"

struct contact {
    struct id id;
    const char *first_name, *last_name, *display_name;
    const char *email; /* NULL: none */
};

struct new_contact {
    struct id business_id;
    const char *first_name, *last_name, *email; /* last_name, email may be "" */
};

/* ERR_INVALID, ERR_NOT_FOUND (the Business), ERR_CONFLICT (the email is taken). */
enum err_code contact_add(
    struct crm *crm, const struct new_contact *input, struct id *contact_id, struct error *err) MUST_CHECK;

/* ERR_NOT_FOUND. */
enum err_code contact_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct contact *contact, struct error *err) MUST_CHECK;

/* A page of those of whom a name or the email begins with `search`, in any case, by name. Pages count from 1. */
enum err_code contact_search(struct db *db, struct arena *arena, const struct actor *actor,
    const char *search, int64_t page, size_t page_size, struct contact **contacts, size_t *count, bool *more,
    struct error *err) MUST_CHECK;

#endif
