/*
 * Records: contacts and the rows of Custom Objects. Owns the table record.
 *
 * A contact's email is unique among the Business's contacts, archived ones included, whatever its case: it is stored
 * in lower case. A record's version is its ETag. An archived record can be read and restored, but is in no list and
 * no search unless one asks for archived ones; activities cannot be about it any more.
 *
 * Reads: any thread, with a connection of its own. Changes: inside the writer's transaction, on its thread.
 */
#ifndef HERALD_CRM_RECORD_H
#define HERALD_CRM_RECORD_H

#include "crm/record_object.h"
#include "crm/search.h"
#include "crm/value.h"

struct record {
    struct id id, business_id, object_id;
    const char *first_name, *last_name; /* contacts; NULL elsewhere */
    const char *display_name;
    const char *email; /* NULL: none */
    struct person owner; /* nil id: nobody */
    const char *field_values; /* JSON object: what has no column */
    struct value_set values; /* of all fields */
    int64_t version;
    int64_t created_at, updated_at, archived_at; /* archived_at 0: it is not */
};

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

/* What activities say of a record that they are about. */
struct record_ref {
    struct id id, object_id, owner_id;
    const char *display_name, *object_name, *object_api_name;
    bool archived;
};
/* A record of any object by its id. ERR_NOT_FOUND. */
enum err_code record_find(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct record_ref *record, struct error *err) MUST_CHECK;

/* Whether the actor may see the record; false, too, when it is not there. */
enum err_code record_is_visible(
    struct db *db, const struct actor *actor, struct id id, bool *visible, struct error *err) MUST_CHECK;

/* ERR_NOT_FOUND also when it is a record of another object. */
enum err_code record_read(struct db *db, struct arena *arena, const struct actor *actor,
    const struct record_object *object, struct id id, struct record *record, struct error *err) MUST_CHECK;

/* A page by name, in any case; of archived ones the latest made first. *count at most page->limit. */
enum err_code record_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct record_object *object, bool archived, struct page *page, struct record **records,
    size_t *count, struct error *err) MUST_CHECK;
/* The key of a record in that list. */
struct page_key record_key(struct arena *arena, const struct record *record, bool archived);

struct record_search {
    const char *text; /* see search.h */
    enum search_order order;
    int64_t page, page_size; /* pages count from 1 */
};
/* ERR_INVALID: too many words. */
enum err_code record_search(struct db *db, struct arena *arena, const struct actor *actor,
    const struct record_object *object, const struct record_search *search, struct record **records,
    size_t *count, bool *more, struct error *err) MUST_CHECK;

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

/* What is given; NULL texts are left as they are. */
struct record_input {
    const char *first_name, *last_name; /* contacts */
    const char *email; /* contacts; "": none */
    const char *name; /* of a Custom Object's record */
    const json_t *fields; /* as values_read takes them; NULL: none */
    bool has_owner, has_archived;
    struct id owner_id; /* nil: nobody */
    bool archived;
};

/*
 * What has a member of its own may be given there or among the fields, not in both.
 * ERR_NOT_FOUND (the object), ERR_CONFLICT (the email is taken; the object is archived), ERR_INVALID
 * with `list`.
 */
enum err_code record_add(struct write *w, const char *object_key, const struct record_input *input,
    struct record_object *object, struct record *record, struct error_list *list,
    struct error *err) MUST_CHECK;

/* The same, and ERR_STALE unless `version` is the current one (-1: whichever it is). */
enum err_code record_change(struct write *w, const char *object_key, struct id id, int64_t version,
    const struct record_input *input, struct record_object *object, struct record *record,
    struct error_list *list, struct error *err) MUST_CHECK;

/*
 * Values of fields that logging an activity writes into a record that it is about: normal forms (value.h), checked
 * when the activity was. In the transaction that logs. ERR_NOT_FOUND; ERR_CONFLICT: the email is taken.
 */
struct record_value {
    struct id field_id;
    const char *json;
};
enum err_code record_write_values(struct db *db, struct arena *arena, struct id business_id,
    struct id record_id, const struct record_value *values, size_t count, struct error *err) MUST_CHECK;

/*
 * What record_write_values would refuse, told in *result before anything is written: a unit that is refused so does not
 * fail its batch. ERR_NOT_FOUND.
 */
enum err_code record_check_values(struct db *db, struct arena *arena, struct id business_id,
    struct id record_id, const struct record_value *values, size_t count, struct error *result,
    struct error *err) MUST_CHECK;

/* Puts records into the search that are not there: those of an older version of the program. At start, alone. */
enum err_code record_catch_up(struct db *db, struct error *err) MUST_CHECK;

#endif
