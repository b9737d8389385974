#include "crm/record.h"

#include "crm/record_row.h"

static void take_record(struct db_rows *rows, struct arena *arena, struct record *record)
{
    *record = (struct record){
        .id = db_col_id(rows, 0),
        .business_id = db_col_id(rows, 1),
        .object_id = db_col_id(rows, 2),
        .first_name = db_col_text_copy(rows, 3, arena),
        .last_name = db_col_text_copy(rows, 4, arena),
        .display_name = db_col_text_copy(rows, 5, arena),
        .email = db_col_text_copy(rows, 6, arena),
        .field_values = db_col_text_copy(rows, 7, arena),
        .version = db_col_int(rows, 8),
        .created_at = db_col_int(rows, 9),
        .updated_at = db_col_int(rows, 10),
        .archived_at = db_col_int(rows, 11),
        .owner = {.id = db_col_id(rows, 12),
            .first_name = db_col_text_copy(rows, 13, arena),
            .last_name = db_col_text_copy(rows, 14, arena),
            .display_name = db_col_text_copy(rows, 15, arena),
            .email = db_col_text_copy(rows, 16, arena)},
    };
}

static enum err_code no_such_record(struct error *err)
{
    return error_set(err, ERR_NOT_FOUND, "There is no such record in this Business.");
}

enum err_code record_find(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct record_ref *record, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT r.id, r.object_id, r.display_name, o.name, o.api_name, r.archived_at, r.owner_id FROM record "
        "r "
        "JOIN record_object o ON o.id = r.object_id AND o.business_id = r.business_id "
        "WHERE r.id = $1 AND r.business_id = $2",
        DB_PARAMS(db_id(id), db_id(actor->business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : no_such_record(err);
    *record = (struct record_ref){.id = db_col_id(rows, 0),
        .object_id = db_col_id(rows, 1),
        .display_name = db_col_text_copy(rows, 2, arena),
        .object_name = db_col_text_copy(rows, 3, arena),
        .object_api_name = db_col_text_copy(rows, 4, arena),
        .archived = db_col_int(rows, 5) != 0,
        .owner_id = db_col_id(rows, 6)};
    const struct thing thing = {.employee_id = record->owner_id};
    return may(actor, ACTION_VIEW_RECORD, &thing, err);
}

enum err_code record_is_visible(
    struct db *db, const struct actor *actor, struct id id, bool *visible, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum permission_level level = access_level(actor, ACTION_VIEW_RECORD);
    *visible = level == LEVEL_ALL;
    if (level != LEVEL_MY)
        return ERR_OK;
    enum err_code code = db_query(db, "SELECT owner_id FROM record WHERE id = $1 AND business_id = $2",
        DB_PARAMS(db_id(id), db_id(actor->business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code;
    const struct thing thing = {.employee_id = db_col_id(rows, 0)};
    *visible = may_see(actor, ACTION_VIEW_RECORD, &thing);
    return ERR_OK;
}

enum err_code record_get(struct db *db, struct arena *arena, const struct record_object *object, struct id id,
    struct record *record, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT " RECORD_COLUMNS "FROM record r " RECORD_OWNER
        "WHERE r.id = $1 AND r.business_id = $2 AND r.object_id = $3",
        DB_PARAMS(db_id(id), db_id(object->business_id), db_id(object->id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : no_such_record(err);
    take_record(rows, arena, record);
    return ERR_OK;
}

enum err_code record_read(struct db *db, struct arena *arena, const struct actor *actor,
    const struct record_object *object, struct id id, struct record *record, struct error *err)
{
    enum err_code code = may(actor, ACTION_VIEW_RECORD, NULL, err);
    struct thing thing = {0};
    if (!code)
        code = record_get(db, arena, object, id, record, err);
    if (!code)
        thing.employee_id = record->owner.id;
    if (!code)
        code = may(actor, ACTION_VIEW_RECORD, &thing, err);
    return code ? code : record_load_values(db, arena, actor, object, record, 1, err);
}

/* ── lists ───────────────────────────────────────────────────────────────────────────────────── */

/* The page first, by the search's index of names; its records then. */
#define LIST_BY_NAME(own, compare, order)                                                                    \
    "SELECT " RECORD_COLUMNS "FROM (SELECT record_id, business_id, sort_name FROM record_search "            \
    "WHERE object_id = $1 AND business_id = $2 AND (sort_name, record_id) " compare " ($3, $4) " own         \
    "ORDER BY sort_name " order ", record_id " order                                                         \
    " LIMIT $5) s JOIN record r ON r.id = s.record_id AND r.business_id = s.business_id " RECORD_OWNER       \
    "ORDER BY s.sort_name " order ", s.record_id " order

/* $6, the owner. */
#define OWN_BY_NAME "AND owner_id = $6 "

/* `owner`: only that employee's; nil: all. */
static enum err_code query_by_name(struct db *db, const struct record_object *object, struct id owner,
    const struct page *page, struct db_rows **rows, struct error *err)
{
    static const char *const statements[2][2] = {
        {LIST_BY_NAME("", ">", "ASC"), LIST_BY_NAME("", "<", "DESC")},
        {LIST_BY_NAME(OWN_BY_NAME, ">", "ASC"), LIST_BY_NAME(OWN_BY_NAME, "<", "DESC")}};
    bool own = !id_is_nil(owner);
    const struct db_value values[] = {db_id(object->id), db_id(object->business_id),
        db_text(page->key.text ? page->key.text : ""), db_id(page->key.id), db_int((int64_t)page->limit + 1),
        db_id(owner)};
    return db_query(db, statements[own][page->back], (struct db_params){values, own ? 6 : 5}, rows, err);
}

#define LIST_ARCHIVED(own, compare, order)                                                                   \
    "SELECT " RECORD_COLUMNS "FROM record r " RECORD_OWNER                                                   \
    "WHERE r.object_id = $1 AND r.business_id = $2 AND r.archived_at IS NOT NULL AND r.id " compare          \
    " $3 " own "ORDER BY r.id " order " LIMIT $4"

#define OWN_ARCHIVED "AND r.owner_id = $5 "

static enum err_code query_archived(struct db *db, const struct record_object *object, struct id owner,
    const struct page *page, struct db_rows **rows, struct error *err)
{
    static const char *const statements[2][2] = {
        {LIST_ARCHIVED("", "<", "DESC"), LIST_ARCHIVED("", ">", "ASC")},
        {LIST_ARCHIVED(OWN_ARCHIVED, "<", "DESC"), LIST_ARCHIVED(OWN_ARCHIVED, ">", "ASC")}};
    bool own = !id_is_nil(owner);
    const struct db_value values[] = {db_id(object->id), db_id(object->business_id),
        db_id(page_id_bound(page)), db_int((int64_t)page->limit + 1), db_id(owner)};
    return db_query(db, statements[own][page->back], (struct db_params){values, own ? 5 : 4}, rows, err);
}

/* At most `most` rows; closes them. */
static enum err_code take_all(struct db_rows *rows, struct arena *arena, size_t most, struct record **records,
    size_t *count, struct error *err)
{
    enum err_code code = ERR_OK;
    *records = ARENA_ARRAY(arena, struct record, most);
    *count = 0;
    while (!code && *count < most && db_next(rows, &code, err))
        take_record(rows, arena, &(*records)[(*count)++]);
    db_rows_close(rows);
    return code;
}

/* Whose records a list has; nil: everybody's. */
static struct id own_only(const struct actor *actor)
{
    static const struct id nobody = {0};
    return access_level(actor, ACTION_VIEW_RECORD) == LEVEL_ALL ? nobody : actor->employee.id;
}

enum err_code record_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct record_object *object, bool archived, struct page *page, struct record **records,
    size_t *count, struct error *err)
{
    struct db_rows *rows = NULL;
    enum err_code code = may(actor, ACTION_VIEW_RECORD, NULL, err);
    if (!code)
        code = archived ? query_archived(db, object, own_only(actor), page, &rows, err)
                        : query_by_name(db, object, own_only(actor), page, &rows, err);
    if (!code)
        code = take_all(rows, arena, page->limit + 1, records, count, err);
    if (code)
        return code;
    *count = page_cut(page, *records, sizeof **records, *count);
    return record_load_values(db, arena, actor, object, *records, *count, err);
}

struct page_key record_key(struct arena *arena, const struct record *record, bool archived)
{
    return (struct page_key){
        .text = archived ? NULL : search_sort_key(arena, record->display_name), .id = record->id};
}

enum err_code record_search(struct db *db, struct arena *arena, const struct actor *actor,
    const struct record_object *object, const struct record_search *search, struct record **records,
    size_t *count, bool *more, struct error *err)
{
    struct search_needles needles;
    struct search_query query = {.business_id = object->business_id,
        .object_id = object->id,
        .owner_id = own_only(actor),
        .needles = &needles,
        .order = search->order,
        .skip = (search->page - 1) * search->page_size,
        .most = search->page_size + 1};
    struct db_rows *rows = NULL;
    enum err_code code = may(actor, ACTION_VIEW_RECORD, NULL, err);
    if (code)
        return code;
    if (!search_needles(arena, search->text, object->kind == RECORD_CONTACT, &needles))
        return error_set(err, ERR_INVALID, "A search has at most %d words.", SEARCH_TERMS_MOST);
    code = search_find(db, arena, &query, &rows, err);
    if (!code)
        code = take_all(rows, arena, (size_t)query.most, records, count, err);
    if (code)
        return code;
    *more = *count > (size_t)search->page_size;
    *count -= *more;
    return record_load_values(db, arena, actor, object, *records, *count, err);
}
