#include "crm/association.h"

/* What is being checked. */
struct check {
    struct db *db;
    struct arena *arena;
    const struct actor *actor;
    const struct activity_object *object; /* NULL: not known */
    struct associated_entity *entities;
    size_t count;
    struct error_list *list;
};

static void refuse(const struct check *check, size_t i, const char *why)
{
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/associated_entities/%zu/id", i);
    error_list_add(check->list, pointer, "%s", why);
}

static bool is_there(const struct check *check, struct id record_id)
{
    for (size_t i = 0; i < check->count; i++)
        if (id_equal(check->entities[i].id, record_id))
            return true;
    return false;
}

static enum err_code add_record(struct check *check, struct id id, size_t i, struct error *err)
{
    struct record_ref record;
    if (id_is_nil(id) || is_there(check, id))
        return ERR_OK;
    enum err_code code = record_find(check->db, check->arena, check->actor, id, &record, err);
    if (!code && record.archived)
        code = error_set(err, ERR_NOT_FOUND, "This record is archived.");
    if (code == ERR_NOT_FOUND || code == ERR_DENIED) {
        refuse(check, i, err->text);
        return ERR_OK;
    }
    if (code)
        return code;
    if (check->object && !object_takes(check->object, record.object_id))
        refuse(check, i, "Activities of this type are about records of other objects.");
    check->entities[check->count++] = (struct associated_entity){.id = record.id,
        .object_id = record.object_id,
        .owner_id = record.owner_id,
        .display_name = record.display_name,
        .object_name = record.object_name};
    return ERR_OK;
}

/* One entity that stands for all records of the one object. */
static enum err_code add_every_record(struct check *check, struct id object_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(check->db, "SELECT name FROM record_object WHERE id = $1 AND business_id = $2",
            DB_PARAMS(db_id(object_id), db_id(check->actor->business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_INTERNAL, "the record object of an Activity Object is gone");
    const char *name = db_col_text_copy(rows, 0, check->arena);
    check->entities[check->count++] = (struct associated_entity){
        .id = object_id, .object_id = object_id, .display_name = name, .object_name = name};
    return ERR_OK;
}

/* Every record of the object is meant anyway; saying so is fine. */
static enum err_code check_every_record(
    struct check *check, const struct id *ids, size_t count, struct error *err)
{
    struct id object_id = check->object->association_objects[0];
    for (size_t i = 0; i < count; i++)
        if (!id_is_nil(ids[i]) && !id_equal(ids[i], object_id))
            refuse(check, i, "Activities of this type are about every record of their object.");
    return add_every_record(check, object_id, err);
}

enum err_code associations_check(struct db *db, struct arena *arena, const struct actor *actor,
    const struct activity_object *object, const struct id *ids, size_t count,
    struct associated_entity **entities, size_t *entity_count, struct error_list *list, struct error *err)
{
    struct check check = {.db = db,
        .arena = arena,
        .actor = actor,
        .object = object,
        .entities = ARENA_ARRAY(arena, struct associated_entity, count + 1),
        .list = list};
    enum err_code code = ERR_OK;
    if (object && object->association_mode == ASSOCIATE_ALL)
        code = check_every_record(&check, ids, count, err);
    else if (object && object->association_mode == ASSOCIATE_NONE && count > 0)
        error_list_add(list, "/associated_entities", "Activities of the type %.60s are not about records.",
            object->name);
    else
        for (size_t i = 0; i < count && !code; i++)
            code = add_record(&check, ids[i], i, err);
    *entities = check.entities;
    *entity_count = check.count;
    return code;
}
