/* Private to records and their search: a row of the table record, with its owner, as all of them read it. */
#ifndef HERALD_CRM_RECORD_ROW_H
#define HERALD_CRM_RECORD_ROW_H

#include "crm/record.h"

#define RECORD_COLUMNS                                                                                       \
    "r.id, r.business_id, r.object_id, r.first_name, r.last_name, r.display_name, r.email, r.field_values, " \
    "r.version, r.created_at, r.updated_at, r.archived_at, e.id, e.first_name, e.last_name, "                \
    "e.display_name, e.email "
/* Behind "record r". */
#define RECORD_OWNER "LEFT JOIN employee e ON e.id = r.owner_id AND e.business_id = r.business_id "

/* The record, whoever asks. ERR_NOT_FOUND. */
enum err_code record_get(struct db *db, struct arena *arena, const struct record_object *object, struct id id,
    struct record *record, struct error *err) MUST_CHECK;

/* ── values (record_values.c) ────────────────────────────────────────────────────────────────── */

/* The fields of a record object, standard ones included. */
enum err_code record_fields(struct db *db, struct arena *arena, const struct record_object *object,
    struct field_set *fields, struct error *err) MUST_CHECK;
/* Fills `values` of each: from what is stored, from the columns, with the names that the actor (NULL: anybody) sees. */
enum err_code record_load_values(struct db *db, struct arena *arena, const struct actor *actor,
    const struct record_object *object, struct record *records, size_t count, struct error *err) MUST_CHECK;
/* The columns' values into `values`. */
void record_put_columns(struct arena *arena, enum record_kind kind, struct record *record);

/* The other way: display_name with them; the owner apart. */
void record_take_columns(struct arena *arena, enum record_kind kind, struct record *record);

/* ── rows (record_write.c), in the writer's transaction ──────────────────────────────────────── */

/* The record with its values; its row is held until the commit. ERR_NOT_FOUND. */
enum err_code record_hold(struct db *db, struct arena *arena, const struct record_object *object,
    struct id id, struct record *record, struct error *err) MUST_CHECK;
/* Whether another contact has the email, and is archived. */
enum err_code record_email_taken(
    struct db *db, const struct record *record, bool *taken, bool *archived, struct error *err) MUST_CHECK;
/* ERR_CONFLICT: the email was taken by another node in this moment. */
enum err_code record_insert(struct db *db, struct arena *arena, enum record_kind kind,
    const struct record *record, struct error *err) MUST_CHECK;
/* Raises the version. Likewise. */
enum err_code record_update(struct db *db, struct arena *arena, enum record_kind kind,
    const struct record *before, struct record *record, struct error *err) MUST_CHECK;

/* ── the search (record_index.c) ─────────────────────────────────────────────────────────────── */

/* What is searched of a record. The texts are the record's, or in the arena. */
void record_search_entry(
    struct arena *arena, enum record_kind kind, const struct record *record, struct search_entry *entry);

#endif
