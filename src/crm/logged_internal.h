/* What the files behind logged.h share. Private to them. */
#ifndef HERALD_CRM_LOGGED_INTERNAL_H
#define HERALD_CRM_LOGGED_INTERNAL_H

#include "crm/facts.h"
#include "crm/logged.h"

/* ── fields ──────────────────────────────────────────────────────────────────────────────────── */

/* The values that are given, under the rules of the activity's type: `values` and `field_values` of it. */
enum err_code logged_fields_prepare(struct db *db, struct arena *arena, const struct actor *actor,
    const struct activity_type *type, const json_t *given, struct logged_activity *activity,
    struct error_list *list, struct error *err) MUST_CHECK;

/* Which values go into which records. Pure. */
void logged_fields_bind(struct arena *arena, struct log_unit *log);

/* `values` of each from its `field_values`: one query for each type that has fields, and few for names. */
enum err_code logged_fields_read(struct db *db, struct arena *arena, const struct actor *actor,
    struct logged_activity *activities, size_t count, struct error *err) MUST_CHECK;

#define COMPLETED_BEFORE "This Scheduled Activity has been completed already."

#endif
