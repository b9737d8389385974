/* What the files behind value.h share, and those of field.h that check values in definitions. */
#ifndef HERALD_CRM_VALUE_INTERNAL_H
#define HERALD_CRM_VALUE_INTERNAL_H

#include "crm/value.h"

/* ── JSON text, in the arena (value_json.c) ──────────────────────────────────────────────────── */

/* Of a stored value; NULL: it is empty. */
const char *json_text(struct arena *arena, const json_t *json);
const char *json_quoted(struct arena *arena, const char *text);
const char *json_quoted_array(struct arena *arena, const char *const *texts, size_t n);
/* A tree of JSON text that is ours, kept by the arena; NULL when there is no memory, or it is no JSON. */
json_t *json_tree(struct arena *arena, const char *text);

/* ── one value (value_normal.c) ──────────────────────────────────────────────────────────────── */

/*
 * The normal form of one value, without looking at what it refers to: NULL, with *json set (NULL: empty), or what is
 * wrong with it, in one sentence. `before` is the value that is there now: an archived option may stay.
 */
const char *value_normalise(struct arena *arena, const struct field *field, const json_t *given,
    const char *before, const char **json);

/* ── references (value_lookup.c) ─────────────────────────────────────────────────────────────── */

/*
 * References that are to be checked, or whose names are wanted. Employees and records are looked up in few queries.
 */
struct value_lookup {
    struct id id;
    enum field_type type; /* FIELD_TEAM_MEMBER, FIELD_RECORD */
    struct id object_id; /* set when found: a record's object, an employee's Business */
    const char *display_name; /* set when found, else NULL */
    struct id owner_id; /* of a record that was found; nil: nobody's */
    bool inactive; /* set: an employee who left, a record that is archived */
};
enum err_code value_look_up(struct db *db, struct arena *arena, struct id business_id,
    struct value_lookup *lookups, size_t n, struct error *err) MUST_CHECK;

#endif
