/*
 * Fields: what an Activity Object or a record object asks for besides its own members. Owns the table field.
 * Values are stored by a field's `name`, which never changes; a field that is archived keeps it.
 *
 * A field is bound when it stands for a field of a record object: logging then writes the value into the first
 * associated record of that object, too. A bound field has the type, the options and the limits of that field.
 *
 * Standard fields (a contact's birthday) are constants of the code: they are in no table, cannot be changed, and have
 * ids that follow from the owner's id and their name.
 *
 * Reads: any thread, with a connection of its own. Changes are cold writes (crm.h); each needs the version of the
 * owner that the caller read (ERR_STALE), raises it, and raises the Business's settings_version.
 */
#ifndef HERALD_CRM_FIELD_H
#define HERALD_CRM_FIELD_H

#include "crm/access.h"

#include <jansson.h>

enum field_type {
    FIELD_TEXT,
    FIELD_LONG_TEXT,
    FIELD_INTEGER,
    FIELD_DECIMAL,
    FIELD_MONEY,
    FIELD_YES_NO,
    FIELD_DATE,
    FIELD_DATETIME,
    FIELD_SINGLE_SELECT,
    FIELD_MULTI_SELECT,
    FIELD_STATUS,
    FIELD_RATING,
    FIELD_EMAIL,
    FIELD_PHONE,
    FIELD_URL,
    FIELD_TEAM_MEMBER,
    FIELD_RECORD,
    FIELD_TAGS,
};
#define FIELD_TYPES 18

const char *field_type_name(enum field_type type);
bool field_type_parse(const char *name, enum field_type *type) MUST_CHECK;
bool field_type_has_options(enum field_type type);

enum field_owner { FIELDS_OF_ACTIVITY_OBJECT, FIELDS_OF_CONTACTS, FIELDS_OF_CUSTOM_OBJECT };

struct field_option {
    struct id id;
    const char *name, *color; /* color: NULL or #rrggbb */
    bool archived; /* kept for the values that have it; not to be chosen */
};

/* What a value must keep to. Which of them a type has is the table in docs/fields.md. */
struct field_limits {
    const char *min, *max; /* numbers, dates, date-times: as a value is stored; NULL: none */
    int64_t min_length, max_length; /* characters: text, long_text */
    int scale; /* digits after the point: decimal, money */
    char currency[4]; /* ISO 4217: money */
    int max_rating; /* 1 to 10 */
    int64_t max_items; /* multi_select, tags */
};

struct field {
    struct id id, owner_id;
    const char *name, *display_name, *description;
    enum field_type type;
    bool required, archived;
    bool standard; /* a constant of the code */
    bool in_column; /* its value has a column of its own in the record and is not among the stored values */
    bool read_only; /* nobody gives its value */
    const char *default_json; /* NULL: none. In the form in which values are stored */
    struct field_limits limits;
    struct field_option *options; /* in order, archived ones last */
    size_t option_count;
    struct id target_object_id; /* FIELD_RECORD: whose records; nil: any */
    struct id bound_field_id; /* nil: not bound */
    struct id bound_object_id; /* the record object that has that field */
    const char *bound_name; /* its name there; NULL: not bound */
    int64_t created_at, archived_at;
};

struct field_set {
    struct field *items; /* by position, standard ones first, archived ones last */
    size_t count;
};

/* All fields of an Activity Object, archived ones too: one query. Without one: no fields. */
enum err_code fields_read(struct db *db, struct arena *arena, struct id business_id, struct id owner_id,
    struct field_set *fields, struct error *err) MUST_CHECK;

/* Whether it is the standard field that a record of that object is called by: it must not be blank. Pure. */
bool field_is_name(struct id object_id, struct id field_id);
/* Whether it is the standard field of contacts that must be unique. Pure. */
bool field_is_email(struct id object_id, struct id field_id);

/* The same of a record object, its standard fields included. */
enum err_code record_fields_read(struct db *db, struct arena *arena, struct id business_id,
    enum field_owner kind, struct id object_id, struct field_set *fields, struct error *err) MUST_CHECK;

/* The Activity Object or the record object that fields belong to; its version stands for them, too. */
struct field_holder {
    enum field_owner kind; /* of a record object either one is given; which it is is found with it */
    struct id id;
    const char *key; /* of a record object: its id or its api_name; `id` is found with it */
    int64_t version;
};

/* Finds it, archived or not, and its version. ERR_NOT_FOUND, ERR_DENIED. */
enum err_code field_owner_read(struct db *db, struct arena *arena, const struct actor *actor,
    struct field_holder *holder, struct error *err) MUST_CHECK;

/* NULL: there is none. */
const struct field *field_by_name(const struct field_set *fields, const char *name);
const struct field *field_by_id(const struct field_set *fields, struct id id);

/* As they are stored and shown; in the arena. */
const char *field_limits_json(struct arena *arena, const struct field *field);

/* The option of that id, archived or not; NULL: there is none. */
const struct field_option *field_option_by_id(const struct field *field, struct id id);

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

/* What is given; the members of `has` tell what is there. JSON is as it came, and kept by the caller's arena. */
struct field_input {
    struct field_holder owner; /* with the version that the caller read */
    struct id field_id; /* changing */
    const char *name; /* creation only; NULL: made of display_name */
    const char *type; /* creation only */
    const char *display_name, *description; /* NULL: as it is */
    struct {
        bool required, archived, default_value, options, limits;
    } has;
    bool required, archived;
    json_t *default_value, *options, *limits;
    struct id target_object_id, bound_field_id; /* creation only */
};

/* What a change leaves. */
struct field_result {
    struct field field;
    struct field_set fields; /* all of the owner, after it */
    int64_t version; /* of the owner, after it */
};

/* ERR_NOT_FOUND (owner), ERR_STALE, ERR_CONFLICT (the name is taken), ERR_INVALID with `list`. */
enum err_code field_create(struct write *write, const struct field_input *input, struct field_result *result,
    struct error_list *list, struct error *err) MUST_CHECK;

/* The same, and ERR_CONFLICT when a field that another one is bound to would be archived. */
enum err_code field_change(struct write *write, const struct field_input *input, struct field_result *result,
    struct error_list *list, struct error *err) MUST_CHECK;

/* `ids`: each field that is not archived and not standard, once, in the new order. */
struct field_order {
    struct field_holder owner;
    const struct id *ids;
    size_t count;
};
enum err_code field_reorder(struct write *write, const struct field_order *input, struct field_result *result,
    struct error_list *list, struct error *err) MUST_CHECK;

#endif
