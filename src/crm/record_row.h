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

/* The row's texts are copied into the arena. */
void record_take(struct db_rows *rows, struct arena *arena, struct record *record);

/* The record, whoever asks. ERR_NOT_FOUND. */
enum err_code record_get(struct db *db, struct arena *arena, const struct record_object *object, struct id id,
    struct record *record, struct error *err) MUST_CHECK;

/* What is searched of a record. The texts are the record's, or in the arena. */
void record_search_entry(
    struct arena *arena, enum record_kind kind, const struct record *record, struct search_entry *entry);

#endif
