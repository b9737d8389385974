/* Rows of the table record, with what is searched of them; and the values that logging writes into a record. */
#include "crm/record_row.h"

#include "base/clock.h"

enum err_code record_hold(struct db *db, struct arena *arena, const struct record_object *object,
    struct id id, struct record *record, struct error *err)
{
    struct db_rows *rows = NULL;
    enum err_code code = db_query(db, "SELECT id FROM record WHERE id = $1 AND business_id = $2{update}",
        DB_PARAMS(db_id(id), db_id(object->business_id)), &rows, err);
    db_rows_close(rows);
    if (!code)
        code = record_get(db, arena, object, id, record, err);
    return code ? code : record_load_values(db, arena, NULL, object, record, 1, err);
}

enum err_code record_email_taken(
    struct db *db, const struct record *record, bool *taken, bool *archived, struct error *err)
{
    *taken = *archived = false;
    if (!record->email)
        return ERR_OK;
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT archived_at FROM record WHERE object_id = $1 AND email = $2 AND business_id = $3 AND id <> "
        "$4",
        DB_PARAMS(
            db_id(record->object_id), db_text(record->email), db_id(record->business_id), db_id(record->id)),
        &rows, err);
    *taken = !code && db_next(rows, &code, err);
    *archived = *taken && !db_col_null(rows, 0);
    return code;
}

/* ── rows ────────────────────────────────────────────────────────────────────────────────────── */

enum err_code record_insert(
    struct db *db, struct arena *arena, enum record_kind kind, const struct record *r, struct error *err)
{
    enum err_code code = db_exec(db,
        "INSERT INTO record (id, business_id, object_id, first_name, last_name, display_name, email, "
        "owner_id, field_values, version, created_at, updated_at, searched) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)",
        DB_PARAMS(db_id(r->id), db_id(r->business_id), db_id(r->object_id), db_text(r->first_name),
            db_text(r->last_name), db_text(r->display_name), db_text(r->email), db_id_or_null(r->owner.id),
            db_text(r->field_values), db_int(r->version), db_int(r->created_at), db_int(r->updated_at)),
        NULL, err);
    if (code)
        return code;
    struct search_entry entry;
    record_search_entry(arena, kind, r, &entry);
    return search_insert(db, &entry, 1, err);
}

static enum err_code update_row(struct db *db, const struct record *r, struct error *err)
{
    return db_exec(db,
        "UPDATE record SET first_name = $1, last_name = $2, display_name = $3, email = $4, owner_id = $5, "
        "field_values = $6, version = $7, updated_at = $8, archived_at = $9 "
        "WHERE id = $10 AND business_id = $11",
        DB_PARAMS(db_text(r->first_name), db_text(r->last_name), db_text(r->display_name), db_text(r->email),
            db_id_or_null(r->owner.id), db_text(r->field_values), db_int(r->version), db_int(r->updated_at),
            r->archived_at ? db_int(r->archived_at) : db_null(DB_INT), db_id(r->id), db_id(r->business_id)),
        NULL, err);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_entry(const struct search_entry *a, const struct search_entry *b)
{
    return same_text(a->text, b->text) && same_text(a->sort_name, b->sort_name) &&
           same_text(a->sort_email, b->sort_email) && id_equal(a->owner_id, b->owner_id);
}

enum err_code record_update(struct db *db, struct arena *arena, enum record_kind kind,
    const struct record *before, struct record *record, struct error *err)
{
    record->version = before->version + 1;
    enum err_code code = update_row(db, record, err);
    if (code)
        return code;
    struct search_entry old, new;
    record_search_entry(arena, kind, before, &old);
    record_search_entry(arena, kind, record, &new);
    bool was = !before->archived_at, is = !record->archived_at;
    if (was == is && (!is || same_entry(&old, &new)))
        return ERR_OK;
    code = was ? search_remove(db, record->id, record->business_id, err) : ERR_OK;
    return code || !is ? code : search_insert(db, &new, 1, err);
}

/* ── values that logging writes ──────────────────────────────────────────────────────────────── */

/* The object of a record. ERR_NOT_FOUND. */
static enum err_code read_object(struct db *db, struct id business_id, struct id record_id,
    struct record_object *object, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT o.id, o.kind FROM record r "
        "JOIN record_object o ON o.id = r.object_id AND o.business_id = r.business_id "
        "WHERE r.id = $1 AND r.business_id = $2",
        DB_PARAMS(db_id(record_id), db_id(business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such record in this Business.");
    *object = (struct record_object){
        .id = db_col_id(rows, 0), .business_id = business_id, .kind = (enum record_kind)db_col_int(rows, 1)};
    return ERR_OK;
}

/* A field that is archived by now keeps what it has. */
static void put_values(struct value_set *into, const struct record_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct field *field = field_by_id(into->fields, values[i].field_id);
        if (field && !field->archived && !field->read_only)
            into->json[field - into->fields->items] = values[i].json;
    }
}

/* The owner of a Custom Object's record, by its field. */
static enum err_code take_owner(
    struct db *db, struct arena *arena, enum record_kind kind, struct record *record, struct error *err)
{
    const char *text = values_text(arena, &record->values, "owner");
    struct id id;
    if (kind != RECORD_CUSTOM || !text || !id_parse(text, strlen(text), &id))
        return ERR_OK;
    return person_read(db, arena, record->business_id, id, &record->owner, err);
}

/* A record with the values put over it, held until the commit. */
struct writing {
    struct record_object object;
    struct record before, record;
    bool taken; /* its email is another contact's */
};

static enum err_code put(struct db *db, struct arena *arena, struct id record_id,
    const struct record_value *values, size_t count, struct writing *w, struct error *err)
{
    enum err_code code = record_hold(db, arena, &w->object, record_id, &w->record, err);
    if (code)
        return code;
    w->before = w->record;
    put_values(&w->record.values, values, count);
    record_take_columns(arena, w->object.kind, &w->record);
    code = take_owner(db, arena, w->object.kind, &w->record, err);
    bool archived = false;
    return code ? code : record_email_taken(db, &w->record, &w->taken, &archived, err);
}

static enum err_code email_taken(const struct writing *w, struct error *err)
{
    return error_set(err, ERR_CONFLICT, "A contact with the email %.120s is there already.", w->record.email);
}

enum err_code record_check_values(struct db *db, struct arena *arena, struct id business_id,
    struct id record_id, const struct record_value *values, size_t count, struct error *result,
    struct error *err)
{
    struct writing w;
    w.object = (struct record_object){0}; /* for analyzers, which do not see that it is read */
    bool email = false;
    enum err_code code = read_object(db, business_id, record_id, &w.object, err);
    for (size_t i = 0; i < count && !code; i++)
        email |= field_is_email(w.object.id, values[i].field_id);
    if (code || !email)
        return code;
    code = put(db, arena, record_id, values, count, &w, err);
    if (!code && w.taken)
        (void)email_taken(&w, result);
    return code;
}

enum err_code record_write_values(struct db *db, struct arena *arena, struct id business_id,
    struct id record_id, const struct record_value *values, size_t count, struct error *err)
{
    struct writing w;
    w.object = (struct record_object){0}; /* likewise */
    enum err_code code = read_object(db, business_id, record_id, &w.object, err);
    if (!code)
        code = put(db, arena, record_id, values, count, &w, err);
    if (code)
        return code;
    if (w.taken)
        return email_taken(&w, err);
    w.record.field_values = values_store(arena, &w.record.values);
    w.record.updated_at = clock_wall_us();
    code = record_update(db, arena, w.object.kind, &w.before, &w.record, err);
    return code == ERR_CONFLICT ? email_taken(&w, err) : code; /* another node was quicker */
}
