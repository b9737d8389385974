#include "crm/id_list.h"

#include <assert.h>

#define MORE_MOST 8

void ids_add(struct arena *arena, struct ids *ids, struct id id)
{
    size_t n = ids->count;
    if ((n & (n - 1)) == 0) { /* 0 and the powers of two: full */
        struct id *more = ARENA_ARRAY(arena, struct id, n ? 2 * n : 1);
        if (n)
            memcpy(more, ids->items, n * sizeof *more);
        ids->items = more;
    }
    ids->items[ids->count++] = id;
}

enum err_code id_list_query(struct db *db, const char *sql, const struct id *ids, size_t count,
    struct db_params more, struct db_rows **rows, struct error *err)
{
    struct db_value values[ID_LIST_MOST + MORE_MOST];
    assert(count > 0 && count <= ID_LIST_MOST && more.count <= MORE_MOST);
    for (size_t i = 0; i < ID_LIST_MOST; i++)
        values[i] = db_id(ids[i < count ? i : count - 1]);
    for (size_t i = 0; i < more.count; i++)
        values[ID_LIST_MOST + i] = more.values[i];
    return db_query(db, sql, (struct db_params){values, ID_LIST_MOST + more.count}, rows, err);
}
