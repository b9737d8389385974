/*
 * Values of fields: from what a caller gave to what is stored, and out again. Pure but for references (team members,
 * records), which are looked up. Values are JSON: jansson's trees while they are checked, one object "name: value"
 * where they are stored.
 */
#ifndef HERALD_CRM_VALUE_H
#define HERALD_CRM_VALUE_H

#include "base/emit.h"
#include "crm/field.h"

#include <jansson.h>

/* Normalised values, one for each field of the set, in its order; NULL: none. In the arena, as JSON text. */
struct value_set {
    const struct field_set *fields;
    const char **json;
};

/*
 * Reads [{"name" or "id", "value"}] (`given`, NULL: none). Each refused value is in `list` as /fields/N/value. A value
 * of null empties. Unknown fields are refused. The code tells of the database only.
 */
enum err_code values_read(struct db *db, struct arena *arena, const struct actor *actor,
    const struct field_set *fields, const json_t *given, struct value_set *values, struct error_list *list,
    struct error *err) MUST_CHECK;

/*
 * For what is made new: hidden fields (visible[i] false; NULL: all are visible) lose their values, absent ones get
 * their default, and a required one that is still empty is in `list`.
 */
void values_complete(
    struct arena *arena, struct value_set *values, const bool *visible, struct error_list *list);

/* The stored object, "{}" if there is none. */
const char *values_store(struct arena *arena, const struct value_set *values);
enum err_code values_load(struct arena *arena, const struct field_set *fields, const char *stored,
    struct value_set *values, struct error *err) MUST_CHECK;

/* The member `fields` as in the wire table. */
void values_emit(struct json *json, const struct value_set *values);

#endif
