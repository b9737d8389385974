/*
 * A record's values: all of its fields in one set, those that have a column of their own included. Whether such a
 * column may be empty is said here and in record_change.c, not by the field.
 */
#include "crm/record_row.h"

#include "base/clock.h"

enum err_code record_fields(struct db *db, struct arena *arena, const struct record_object *object,
    struct field_set *fields, struct error *err)
{
    enum field_owner kind = object->kind == RECORD_CONTACT ? FIELDS_OF_CONTACTS : FIELDS_OF_CUSTOM_OBJECT;
    enum err_code code = record_fields_read(db, arena, object->business_id, kind, object->id, fields, err);
    for (size_t i = 0; i < fields->count && !code; i++)
        if (fields->items[i].in_column)
            fields->items[i].required = false;
    return code;
}

void record_put_columns(struct arena *arena, enum record_kind kind, struct record *record)
{
    struct value_set *values = &record->values;
    if (kind == RECORD_CONTACT) {
        values_put_text(arena, values, "first_name", record->first_name);
        values_put_text(arena, values, "last_name", record->last_name);
        values_put_text(arena, values, "email", record->email);
        return;
    }
    const struct id owner = record->owner.id;
    values_put_text(arena, values, "name", record->display_name);
    values_put_text(arena, values, "owner", id_is_nil(owner) ? NULL : id_format(owner).text);
    values_put_text(arena, values, "created", time_format(record->created_at).text);
}

enum err_code record_load_values(struct db *db, struct arena *arena, const struct actor *actor,
    const struct record_object *object, struct record *records, size_t count, struct error *err)
{
    if (count == 0)
        return ERR_OK;
    struct field_set *fields = ARENA_NEW(arena, struct field_set);
    struct value_set **sets = ARENA_ARRAY(arena, struct value_set *, count);
    enum err_code code = record_fields(db, arena, object, fields, err);
    for (size_t i = 0; i < count && !code; i++) {
        code = values_load(arena, fields, records[i].field_values, &records[i].values, err);
        if (!code)
            record_put_columns(arena, object->kind, &records[i]);
        sets[i] = &records[i].values;
    }
    return code ? code : values_read_names(db, arena, object->business_id, actor, sets, count, err);
}
