/* Whom values refer to: employees and records, looked up a handful at a time. */
#include "crm/value_internal.h"

#define AT_ONCE 8

struct chunk {
    struct value_lookup *of[AT_ONCE];
    size_t count;
};

/* The statement always has eight ids; those too many repeat the last one. */
static struct db_value id_at(const struct chunk *chunk, size_t i)
{
    return db_id(chunk->of[i < chunk->count ? i : chunk->count - 1]->id);
}

#define EIGHT_IDS(chunk)                                                                                     \
    id_at(chunk, 0), id_at(chunk, 1), id_at(chunk, 2), id_at(chunk, 3), id_at(chunk, 4), id_at(chunk, 5),    \
        id_at(chunk, 6), id_at(chunk, 7)

static enum err_code take_rows(
    struct db_rows *rows, struct arena *arena, struct chunk *chunk, struct error *err)
{
    enum err_code code = ERR_OK;
    while (db_next(rows, &code, err)) {
        struct id id = db_col_id(rows, 0);
        const char *name = db_col_text_copy(rows, 2, arena);
        for (size_t i = 0; i < chunk->count; i++) {
            if (!id_equal(chunk->of[i]->id, id))
                continue;
            chunk->of[i]->object_id = db_col_id(rows, 1);
            chunk->of[i]->display_name = name;
            chunk->of[i]->owner_id = db_col_id(rows, 4);
            chunk->of[i]->inactive = db_col_int(rows, 3) != 0;
        }
    }
    return code;
}

static enum err_code look_up(struct db *db, struct arena *arena, struct id business_id, enum field_type type,
    struct chunk *chunk, struct error *err)
{
    if (chunk->count == 0)
        return ERR_OK;
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        type == FIELD_RECORD
            ? db_query(db,
                  "SELECT id, object_id, display_name, archived_at, owner_id FROM record WHERE business_id = "
                  "$1 "
                  "AND id IN ($2, $3, $4, $5, $6, $7, $8, $9)",
                  DB_PARAMS(db_id(business_id), EIGHT_IDS(chunk)), &rows, err)
            : db_query(db,
                  "SELECT id, business_id, display_name, 1 - active, id FROM employee WHERE business_id = $1 "
                  "AND id IN ($2, $3, $4, $5, $6, $7, $8, $9)",
                  DB_PARAMS(db_id(business_id), EIGHT_IDS(chunk)), &rows, err);
    if (!code)
        code = take_rows(rows, arena, chunk, err);
    chunk->count = 0;
    return code;
}

static enum err_code look_up_type(struct db *db, struct arena *arena, struct id business_id,
    enum field_type type, struct value_lookup *lookups, size_t n, struct error *err)
{
    struct chunk chunk = {0};
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < n && !code; i++) {
        if (lookups[i].type != type)
            continue;
        chunk.of[chunk.count++] = &lookups[i];
        if (chunk.count == AT_ONCE)
            code = look_up(db, arena, business_id, type, &chunk, err);
    }
    return code ? code : look_up(db, arena, business_id, type, &chunk, err);
}

enum err_code value_look_up(struct db *db, struct arena *arena, struct id business_id,
    struct value_lookup *lookups, size_t n, struct error *err)
{
    enum err_code code = look_up_type(db, arena, business_id, FIELD_TEAM_MEMBER, lookups, n, err);
    return code ? code : look_up_type(db, arena, business_id, FIELD_RECORD, lookups, n, err);
}
