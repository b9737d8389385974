/*
 * Record objects: what kinds of records a Business has. Owns the table record_object (business.c makes a new
 * Business's first row of it).
 *
 * Every Business has one Contact object, which is born with it and stays; people define Custom Objects. An object and
 * its fields have one version, the ETag. An archived object takes no new records; those that it has can be read.
 *
 * Reads: any thread, with a connection of its own. Changes: inside the writer's transaction, on its thread.
 */
#ifndef HERALD_CRM_RECORD_OBJECT_H
#define HERALD_CRM_RECORD_OBJECT_H

#include "crm/access.h"
#include "crm/page.h"

enum record_kind { RECORD_CONTACT = 0, RECORD_CUSTOM = 1 };

struct record_object {
    struct id id, business_id;
    enum record_kind kind;
    const char *name, *api_name, *description;
    int64_t version; /* the ETag */
    int64_t created_at, archived_at; /* archived_at 0: it is not */
};

#define CONTACT_API_NAME "contacts"

const char *record_kind_name(enum record_kind kind);

/* `key` is an id or an api_name. ERR_NOT_FOUND. Archived ones, too. */
enum err_code record_object_read(struct db *db, struct arena *arena, const struct actor *actor,
    const char *key, struct record_object *object, struct error *err) MUST_CHECK;

/* The same, whoever asks: for what is then decided record by record. */
enum err_code record_object_lookup(struct db *db, struct arena *arena, struct id business_id, const char *key,
    struct record_object *object, struct error *err) MUST_CHECK;

/* The same, in a cold write. */
enum err_code record_object_find(
    struct write *w, const char *key, struct record_object *object, struct error *err) MUST_CHECK;

/* A page by name. *count at most page->limit. With `archived` only the archived ones, else only the others. */
enum err_code record_object_list(struct db *db, struct arena *arena, const struct actor *actor, bool archived,
    struct page *page, struct record_object **objects, size_t *count, struct error *err) MUST_CHECK;

struct record_object_input {
    const char *name; /* NULL: as it is */
    const char *api_name; /* creation only; NULL: made of the name */
    const char *description; /* NULL: as it is */
    bool has_archived, archived;
};

/* ERR_INVALID, with each refused member in `list`; ERR_CONFLICT: the api_name is taken. */
enum err_code record_object_add(struct write *w, const struct record_object_input *input,
    struct record_object *object, struct error_list *list, struct error *err) MUST_CHECK;

/* ERR_STALE unless `version` is the current one. ERR_CONFLICT: contacts cannot be archived; what is archived is only
 * restored. */
enum err_code record_object_change(struct write *w, const char *key, int64_t version,
    const struct record_object_input *input, struct record_object *object, struct error_list *list,
    struct error *err) MUST_CHECK;

/*
 * For what hangs on a record object and shares its version: its fields. In a cold write, in this order:
 * record_object_hold, checks of your own, record_object_touch, writes of your own.
 *
 * record_object_hold reads the object and holds its row until the commit. ERR_NOT_FOUND, ERR_DENIED; ERR_STALE unless
 * `version` is the current one. Writes nothing.
 */
enum err_code record_object_hold(struct write *w, const char *key, int64_t version,
    struct record_object *object, struct error *err) MUST_CHECK;

/* Raises the version, and the Business's settings_version. ERR_CONFLICT, before anything is written, if archived. */
enum err_code record_object_touch(
    struct write *w, struct record_object *object, struct error *err) MUST_CHECK;

#endif
