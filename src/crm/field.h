/*
 * Fields: what an Activity Object or a record object asks for besides its own members. Owns the table field.
 * Values are stored by a field's `name`, which never changes; a field that is archived keeps it.
 *
 * Reads: any thread, with a connection of its own. Changes are cold writes (crm.h).
 */
#ifndef HERALD_CRM_FIELD_H
#define HERALD_CRM_FIELD_H

#include "crm/access.h"

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

struct field_option {
    struct id id;
    const char *name, *color; /* color: NULL or #rrggbb */
    bool archived;
};

struct field {
    struct id id, owner_id;
    const char *name, *display_name, *description;
    enum field_type type;
    bool required, archived, standard;
    const char *default_json; /* NULL: none */
    const char *limits_json;
    struct field_option *options;
    size_t option_count;
    struct id target_object_id; /* FIELD_RECORD: whose records; nil: any */
    struct id bound_field_id; /* nil: not bound */
};

struct field_set {
    struct field *items; /* by position */
    size_t count;
};

/* All fields of an owner, archived ones too, in order: one query. */
enum err_code fields_read(struct db *db, struct arena *arena, struct id business_id, struct id owner_id,
    struct field_set *fields, struct error *err) MUST_CHECK;

/* NULL: there is none. */
const struct field *field_by_name(const struct field_set *fields, const char *name);
const struct field *field_by_id(const struct field_set *fields, struct id id);

#endif
