#include "webhook/notification.h"

#define KIND_DELIVERY_FAILED 1

#define INSERT_VALUES 12
/* Run again after a COMMIT of unknown outcome, the row may be there. */
static const char insert[] =
    "INSERT INTO notification (id, business_id, kind, created_at, delivery_id, attempt, activity_id, "
    "activity_object_id, url, status, error_class, detail) "
    "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM delivery "
    "WHERE id = $5 AND business_id = $2 AND state = 2 AND attempts = $6 AND finished_at = $4 "
    "ON CONFLICT DO NOTHING";

enum err_code notification_insert(
    struct db *db, struct arena *arena, const struct notification *list, size_t n, struct error *err)
{
    struct db_value *values = ARENA_ARRAY(arena, struct db_value, n * INSERT_VALUES), *v = values;
    for (size_t i = 0; i < n; i++) {
        *v++ = db_id(list[i].id);
        *v++ = db_id(list[i].business_id);
        *v++ = db_int(KIND_DELIVERY_FAILED);
        *v++ = db_int(list[i].created_at);
        *v++ = db_id(list[i].delivery_id);
        *v++ = db_int(list[i].attempt);
        *v++ = db_id(list[i].activity_id);
        *v++ = db_id(list[i].object_id);
        *v++ = db_text(list[i].url);
        *v++ = list[i].status ? db_int(list[i].status) : db_null(DB_INT);
        *v++ = db_text(list[i].error_class);
        *v++ = db_text(list[i].detail);
    }
    return db_exec_many(db, insert, values, INSERT_VALUES, n, err);
}

/* $4: whom sharing takes some types away from, or NULL. */
#define SHARED "AND ($4 IS NULL OR " ACCESS_SHARED("n.activity_object_id", "$1", "$4") ") "
#define NOTIFICATION_QUERY                                                                                   \
    "SELECT n.id, n.created_at, n.delivery_id, n.activity_id, n.activity_object_id, o.name, n.url, "         \
    "n.status, n.error_class, n.detail FROM notification n "                                                 \
    "JOIN activity_object o ON o.id = n.activity_object_id AND o.business_id = n.business_id "

static void take_notification(
    struct db_rows *rows, struct arena *arena, struct id business_id, struct notification *n)
{
    *n = (struct notification){
        .id = db_col_id(rows, 0),
        .business_id = business_id,
        .created_at = db_col_int(rows, 1),
        .delivery_id = db_col_id(rows, 2),
        .activity_id = db_col_id(rows, 3),
        .object_id = db_col_id(rows, 4),
        .object_name = db_col_text_copy(rows, 5, arena),
        .url = db_col_text_copy(rows, 6, arena),
        .status = (int)db_col_int(rows, 7),
        .error_class = db_col_text_copy(rows, 8, arena),
        .detail = db_col_text_copy(rows, 9, arena),
    };
}

enum err_code notification_list(struct db *db, struct arena *arena, const struct actor *actor,
    struct page *page, struct notification **list, size_t *count, struct error *err)
{
    static const char forward[] =
        NOTIFICATION_QUERY "WHERE n.business_id = $1 AND n.id < $2 " SHARED "ORDER BY n.id DESC LIMIT $3";
    static const char back[] =
        NOTIFICATION_QUERY "WHERE n.business_id = $1 AND n.id > $2 " SHARED "ORDER BY n.id LIMIT $3";
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t most = page->limit + 1;
    *list = ARENA_ARRAY(arena, struct notification, most);
    *count = 0;
    enum err_code code = may(actor, ACTION_VIEW_NOTIFICATION, NULL, err);
    if (!code)
        code = db_query(db, page->back ? back : forward,
            DB_PARAMS(db_id(actor->business_id), db_id(page_id_bound(page)), db_int((int64_t)most),
                db_id_or_null(access_shared_for(actor))),
            &rows, err);
    while (!code && *count < most && db_next(rows, &code, err))
        take_notification(rows, arena, actor->business_id, &(*list)[(*count)++]);
    if (!code)
        *count = page_cut(page, *list, sizeof **list, *count);
    return code;
}
