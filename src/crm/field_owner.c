/* The owner of fields: an Activity Object or a record object, whose version stands for its fields, too. */
#include "crm/field_internal.h"

static enum field_owner kind_of(const struct record_object *object)
{
    return object->kind == RECORD_CONTACT ? FIELDS_OF_CONTACTS : FIELDS_OF_CUSTOM_OBJECT;
}

static enum err_code read_record_object(struct db *db, struct arena *arena, const struct actor *actor,
    struct field_holder *holder, struct error *err)
{
    struct record_object object = {0};
    enum err_code code = record_object_read(db, arena, actor, holder->key, &object, err);
    holder->kind = kind_of(&object);
    holder->id = object.id;
    holder->version = object.version;
    return code;
}

enum err_code field_owner_read(struct db *db, struct arena *arena, const struct actor *actor,
    struct field_holder *holder, struct error *err)
{
    if (holder->kind != FIELDS_OF_ACTIVITY_OBJECT)
        return read_record_object(db, arena, actor, holder, err);
    struct activity_object object = {0};
    enum err_code code = object_read(db, arena, actor, holder->id, NULL, &object, err);
    holder->version = object.version;
    return code;
}

enum err_code field_owner_hold(
    struct write *w, const struct field_holder *owner, struct field_held *held, struct error *err)
{
    *held = (struct field_held){.owner = *owner};
    if (owner->kind == FIELDS_OF_ACTIVITY_OBJECT)
        return object_hold(w, owner->id, owner->version, &held->object, err);
    enum err_code code = record_object_hold(w, owner->key, owner->version, &held->record_object, err);
    held->owner.kind = kind_of(&held->record_object);
    held->owner.id = held->record_object.id;
    return code;
}

enum err_code field_owner_touch(struct write *w, struct field_held *held, int64_t more, struct error *err)
{
    bool activity = held->owner.kind == FIELDS_OF_ACTIVITY_OBJECT;
    enum err_code code = activity ? object_touch(w, &held->object, more, 0, err)
                                  : record_object_touch(w, &held->record_object, err);
    held->owner.version = activity ? held->object.version : held->record_object.version;
    return code;
}
