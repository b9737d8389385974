/*
 * Values of fields: from what a caller gave to what is stored, and out again. Pure but for references (team members,
 * records), which are looked up. What is given is JSON as jansson read it; what is kept is JSON text, one for each
 * field of the set, in a normal form (docs/fields.md), so that equal values are equal texts.
 *
 * A new activity, or a new record:    values_read, values_apply_defaults, rules, values_complete, values_store.
 * A change of a record:               values_load, values_change, values_store.
 * Reading:                            values_load, values_read_names, values_emit.
 *
 * Any thread; what comes out is in the arena.
 */
#ifndef HERALD_CRM_VALUE_H
#define HERALD_CRM_VALUE_H

#include "base/emit.h"
#include "crm/field.h"

/* An employee or a record that a value refers to. */
struct value_name {
    struct id id;
    const char *display_name; /* NULL: it is hidden from whoever reads */
};

struct value_set {
    const struct field_set *fields;
    const char **json; /* one for each of `fields`; NULL: empty */
    size_t *given; /* likewise: its place among what was given, from 1; 0: it was not given */
    const struct value_name
        *names; /* of whom values refer to, as far as they were read, by id; sets share them */
    size_t name_count;
};

/* All empty. */
void values_init(struct arena *arena, const struct field_set *fields, struct value_set *values);

/*
 * Reads [{"name" or "id", "value"}] (`given`; NULL: none) into `values`, all of which it makes new. Each refused value
 * is in `list` as /fields/N/value, and each unknown field as /fields/N/name (or id). A value of null, of "" or [] is
 * none. Requires nothing: see values_complete. The code tells of the database only.
 */
enum err_code values_read(struct db *db, struct arena *arena, const struct actor *actor,
    const struct field_set *fields, const json_t *given, struct value_set *values, struct error_list *list,
    struct error *err) MUST_CHECK;

/*
 * The same over values that are there (values_load): what is not given stays. An archived option may stay where it
 * was. A required field that would be emptied is in `list`; one that was empty before is not.
 */
enum err_code values_change(struct db *db, struct arena *arena, const struct actor *actor,
    const json_t *given, struct value_set *values, struct error_list *list, struct error *err) MUST_CHECK;

/* Fields that were not given (null counts as given) get their default. Before rules look at the values. */
void values_apply_defaults(struct value_set *values);

/*
 * For what is made new, after the rules: hidden fields (visible[i] false; NULL: all are visible) lose their values, and
 * a required field that is visible and empty is in `list`.
 */
void values_complete(struct value_set *values, const bool *visible, struct error_list *list);

/* The stored object, "{}" if there is none. Without the fields that have a column. */
const char *values_store(struct arena *arena, const struct value_set *values);
/* ERR_INTERNAL: what is stored is no JSON. */
enum err_code values_load(struct arena *arena, const struct field_set *fields, const char *stored,
    struct value_set *values, struct error *err) MUST_CHECK;

/* The value of a field as a plain text (types that are texts), for what has a column; NULL: empty, or no such field. */
const char *values_text(struct arena *arena, const struct value_set *values, const char *name);
/* Sets it, unchecked; NULL empties. */
void values_put_text(struct arena *arena, struct value_set *values, const char *name, const char *text);

/*
 * The display names of the employees and records that the values of `n` sets refer to: few queries, none without any.
 * What the actor (NULL: an operator) may not see is shown as if the field were empty.
 */
enum err_code values_read_names(struct db *db, struct arena *arena, struct id business_id,
    const struct actor *actor, struct value_set *const *sets, size_t n, struct error *err) MUST_CHECK;

/* The array `fields` of the wire table: fields that are not archived, and archived ones that have a value. */
void values_emit(struct json *json, const char *name, const struct value_set *values);

/* ── one value ───────────────────────────────────────────────────────────────────────────────── */

/*
 * Checks one value for a field (a default, a condition): `*json` is its normal form, NULL if it is empty; `*wrong` is
 * what is wrong with it, in one sentence, or NULL. The code tells of the database only.
 */
enum err_code value_check(struct db *db, struct arena *arena, struct id business_id,
    const struct field *field, const json_t *given, const char **json, const char **wrong,
    struct error *err) MUST_CHECK;

/*
 * The order of two values of one field, both in normal form: numbers, ratings, dates and times by size, texts
 * bytewise. Only for types that have an order. Less, equal, greater: below 0, 0, above 0.
 */
int value_compare(const struct field *field, const char *a, const char *b);

#endif
