/* What the files behind field.h share. */
#ifndef HERALD_CRM_FIELD_INTERNAL_H
#define HERALD_CRM_FIELD_INTERNAL_H

#include "crm/field.h"
#include "crm/object.h"
#include "crm/record_object.h"

/* Which limits a type has. */
enum field_limit {
    LIMIT_RANGE = 1, /* min, max */
    LIMIT_LENGTH = 2, /* min_length, max_length */
    LIMIT_SCALE = 4,
    LIMIT_CURRENCY = 8,
    LIMIT_RATING = 16, /* max */
    LIMIT_ITEMS = 32, /* max_items */
};

struct field_kind {
    const char *name;
    unsigned limits; /* of enum field_limit */
    bool options;
};
const struct field_kind *field_kind_of(enum field_type type);
/* Of all types, with commas. In the arena. */
const char *field_type_names(struct arena *arena);

/* ── limits (field_limits.c) ─────────────────────────────────────────────────────────────────── */

/*
 * Puts what `json` (an object; NULL: nothing) sets over the limits in `field`, which must have been there before or be
 * preset. What is refused is in `list` as /limits/NAME.
 */
void field_limits_read(struct arena *arena, const struct crm_limits *most, const json_t *json,
    struct field *field, struct error_list *list);
void field_limits_preset(const struct crm_limits *most, struct field *field);

/* What is stored was checked when it was. False: there is no memory. */
bool field_limits_load(struct arena *arena, const char *stored, struct field *field) MUST_CHECK;

/* ── options (field_options.c) ───────────────────────────────────────────────────────────────── */

/*
 * Makes `json`, an array, the options of `field`. What has the id, or else the name, of one that was there is that
 * one; what is left out is archived. Refused ones are in `list` as /options/N.
 */
void field_options_read(struct arena *arena, const struct crm_limits *most, const json_t *json,
    struct field *field, struct error_list *list);
const char *field_options_json(struct arena *arena, const struct field *field);
/* False: there is no memory. */
bool field_options_load(struct arena *arena, const char *stored, struct field *field) MUST_CHECK;

/* ── standard fields (field_standard.c) ──────────────────────────────────────────────────────── */

#define STANDARD_FIELDS_MOST 9
/* Fills `fields` with those of the object; returns how many there are. */
size_t field_standard(enum field_owner kind, struct id object_id, struct field *fields);

/* ── the owner (field_owner.c) ───────────────────────────────────────────────────────────────── */

/* An owner whose row nobody else changes until the commit. */
struct field_held {
    struct field_holder owner;
    struct activity_object object; /* one of the two */
    struct record_object record_object;
};

/* ERR_NOT_FOUND, ERR_DENIED, ERR_STALE. */
enum err_code field_owner_hold(
    struct write *w, const struct field_holder *owner, struct field_held *held, struct error *err) MUST_CHECK;
/*
 * Raises its version, and the Business's settings_version; `more` fields that are not archived. ERR_CONFLICT, before
 * anything is written, if the owner is archived.
 */
enum err_code field_owner_touch(
    struct write *w, struct field_held *held, int64_t more, struct error *err) MUST_CHECK;

/* ── the audit log (field_audit.c) ───────────────────────────────────────────────────────────── */

/* `before` NULL: it is new. */
enum err_code field_audit(struct write *w, const struct field_held *held, const struct field *before,
    const struct field *after, struct error *err) MUST_CHECK;
enum err_code field_audit_order(struct write *w, const struct field_held *held,
    const struct field_set *before, const struct field_order *after, struct error *err) MUST_CHECK;

/* ── checks of a definition (field_check.c) ──────────────────────────────────────────────────── */

/* What a new field says of itself; refused members are in `list`, the code is of the database only. */
enum err_code field_check_new(struct write *w, const struct field_input *input, const struct field_held *held,
    const struct field_set *fields, struct field *field, struct error_list *list,
    struct error *err) MUST_CHECK;
/* The same of what a change puts over `field`. */
enum err_code field_check_change(struct write *w, const struct field_input *input, struct field *field,
    struct error_list *list, struct error *err) MUST_CHECK;
/* ERR_CONFLICT when something needs the field: another field that is bound to it, or a rule. */
enum err_code field_check_unused(struct write *w, const struct field *field, struct error *err) MUST_CHECK;
/* /name, as a conflict. */
void field_name_taken(const char *name, struct error_list *list);
/* Whether one of the fields that are not archived is bound to it. */
bool field_bound_to(const struct field_set *fields, struct id target_id);
/* A field of a record object, by its id, standard or not; its kind and object are in it. ERR_NOT_FOUND. */
enum err_code field_of_records(
    struct write *w, struct id field_id, struct field *field, struct error *err) MUST_CHECK;

#endif
