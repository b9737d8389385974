/* The half of record.h that writes. */
#include "crm/record_row.h"

#include "base/alloc.h"
#include "crm/check.h"

#include <unicase.h>
#include <uninorm.h>

/* As emails are stored and compared: "" and NULL are none. In the arena. */
static const char *email_form(struct arena *arena, const char *email)
{
    if (!email || !*email)
        return NULL;
    size_t len = 0;
    uint8_t *lower = u8_tolower((const uint8_t *)email, strlen(email), NULL, UNINORM_NFC, NULL, &len);
    if (!lower)
        return email;
    const char *copy = arena_strndup(arena, (const char *)lower, len);
    mem_free(lower);
    return copy;
}

/* ── checks ──────────────────────────────────────────────────────────────────────────────────── */

static void check_contact(struct write *w, const struct record *record, struct error_list *list)
{
    size_t most = (size_t)crm_limits(w->crm)->name_chars;
    if (!check_name(record->first_name, most))
        error_list_add(list, "/first_name", "A first name of 1 to %zu characters is needed.", most);
    if (text_chars(record->last_name) > most)
        error_list_add(list, "/last_name", "A last name has at most %zu characters.", most);
    if (record->email && !check_email(record->email))
        error_list_add(list, "/email", "'%.80s' is not an email address.", record->email);
}

static void check_custom(struct write *w, const struct record *record, struct error_list *list)
{
    size_t most = (size_t)crm_limits(w->crm)->name_chars;
    if (!check_name(record->display_name, most))
        error_list_add(list, "/name", "A name of 1 to %zu characters is needed.", most);
}

/* Members that records of this object do not have. */
static void check_members(
    const struct record_object *object, const struct record_input *input, struct error_list *list)
{
    static const char *const members[] = {"/first_name", "/last_name", "/email", "/name"};
    const char *const given[] = {input->first_name, input->last_name, input->email, input->name};
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (given[i] && (i == 3) == (object->kind == RECORD_CONTACT))
            error_list_add(list, members[i], "%.60s records have no member of this name.", object->name);
}

static enum err_code check_owner(struct write *w, const struct record_input *input, struct record *record,
    struct error_list *list, struct error *err)
{
    if (!input->has_owner)
        return ERR_OK;
    record->owner = (struct person){0};
    if (id_is_nil(input->owner_id))
        return ERR_OK;
    enum err_code code = person_read(w->db, w->arena, w->business_id, input->owner_id, &record->owner, err);
    if (code != ERR_NOT_FOUND)
        return code;
    error_list_add(list, "/owner_id", "%s", err->text);
    return ERR_OK;
}

static enum err_code email_taken(
    const struct record *record, bool archived, struct error_list *list, struct error *err)
{
    error_list_add(list, "/email", "A contact with the email %.120s is there already%s.", record->email,
        archived ? ", archived" : "");
    return error_set(err, ERR_CONFLICT, "%s", list->items[0].text);
}

static enum err_code check_email_free(
    struct write *w, const struct record *record, struct error_list *list, struct error *err)
{
    if (!record->email)
        return ERR_OK;
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT archived_at FROM record WHERE object_id = $1 AND email = $2 AND business_id = $3 AND id <> "
        "$4",
        DB_PARAMS(
            db_id(record->object_id), db_text(record->email), db_id(record->business_id), db_id(record->id)),
        &rows, err);
    if (code || !db_next(rows, &code, err))
        return code;
    return email_taken(record, db_col_int(rows, 0) != 0, list, err);
}

/* Puts what is given over the record, and checks what comes out. */
static enum err_code apply(struct write *w, const struct record_object *object,
    const struct record_input *input, struct record *record, struct error_list *list, struct error *err)
{
    check_members(object, input, list);
    if (object->kind == RECORD_CONTACT) {
        record->first_name = input->first_name ? input->first_name : record->first_name;
        record->last_name = input->last_name ? input->last_name : record->last_name;
        record->email = input->email ? email_form(w->arena, input->email) : record->email;
        check_contact(w, record, list);
    } else {
        record->display_name = input->name ? input->name : record->display_name;
        check_custom(w, record, list);
    }
    enum err_code code = check_owner(w, input, record, list, err);
    if (!code && list->count)
        code = error_set(err, ERR_INVALID, "%s", list->items[0].text);
    if (code)
        return code;
    if (object->kind == RECORD_CONTACT)
        record->display_name = arena_printf(
            w->arena, "%s%s%s", record->first_name, *record->last_name ? " " : "", record->last_name);
    return check_email_free(w, record, list, err);
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

static enum err_code insert(
    struct write *w, const struct record *r, struct error_list *list, struct error *err)
{
    enum err_code code = db_exec(w->db,
        "INSERT INTO record (id, business_id, object_id, first_name, last_name, display_name, email, "
        "owner_id, field_values, version, created_at, updated_at, searched) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)",
        DB_PARAMS(db_id(r->id), db_id(r->business_id), db_id(r->object_id), db_text(r->first_name),
            db_text(r->last_name), db_text(r->display_name), db_text(r->email), db_id_or_null(r->owner.id),
            db_text(r->field_values), db_int(r->version), db_int(r->created_at), db_int(r->updated_at)),
        NULL, err);
    return code == ERR_CONFLICT ? email_taken(r, false, list, err) : code; /* another node was quicker */
}

static enum err_code update(
    struct write *w, const struct record *r, struct error_list *list, struct error *err)
{
    enum err_code code = db_exec(w->db,
        "UPDATE record SET first_name = $1, last_name = $2, display_name = $3, email = $4, owner_id = $5, "
        "field_values = $6, version = $7, updated_at = $8, archived_at = $9 "
        "WHERE id = $10 AND business_id = $11",
        DB_PARAMS(db_text(r->first_name), db_text(r->last_name), db_text(r->display_name), db_text(r->email),
            db_id_or_null(r->owner.id), db_text(r->field_values), db_int(r->version), db_int(r->updated_at),
            r->archived_at ? db_int(r->archived_at) : db_null(DB_INT), db_id(r->id), db_id(r->business_id)),
        NULL, err);
    return code == ERR_CONFLICT ? email_taken(r, false, list, err) : code;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_entry(const struct search_entry *a, const struct search_entry *b)
{
    return same_text(a->text, b->text) && same_text(a->sort_name, b->sort_name) &&
           same_text(a->sort_email, b->sort_email);
}

static enum err_code update_search(struct write *w, const struct record_object *object,
    const struct record *before, const struct record *after, struct error *err)
{
    struct search_entry old, new;
    record_search_entry(w->arena, object->kind, before, &old);
    record_search_entry(w->arena, object->kind, after, &new);
    bool was = !before->archived_at, is = !after->archived_at;
    if (was == is && (!is || same_entry(&old, &new)))
        return ERR_OK;
    enum err_code code = was ? search_remove(w->db, before->id, before->business_id, err) : ERR_OK;
    return code || !is ? code : search_insert(w->db, &new, 1, err);
}

static enum err_code insert_search(
    struct write *w, const struct record_object *object, const struct record *record, struct error *err)
{
    struct search_entry entry;
    record_search_entry(w->arena, object->kind, record, &entry);
    return search_insert(w->db, &entry, 1, err);
}

/* ── making ──────────────────────────────────────────────────────────────────────────────────── */

enum err_code record_add(struct write *w, const char *object_key, const struct record_input *input,
    struct record_object *object, struct record *record, struct error_list *list, struct error *err)
{
    enum err_code code = record_object_find(w, object_key, object, err);
    if (!code)
        code = write_may(w, ACTION_EDIT_RECORD, err);
    if (!code && object->archived_at)
        code = error_set(err, ERR_CONFLICT, "%.60s is archived: it takes no new records.", object->name);
    if (code)
        return code;
    bool contact = object->kind == RECORD_CONTACT;
    *record = (struct record){.id = id_new(),
        .business_id = w->business_id,
        .object_id = object->id,
        .first_name = contact ? "" : NULL,
        .last_name = contact ? "" : NULL,
        .display_name = "",
        .field_values = "{}",
        .version = 1,
        .created_at = w->now,
        .updated_at = w->now};
    code = apply(w, object, input, record, list, err);
    if (!code)
        code = insert(w, record, list, err);
    return code ? code : insert_search(w, object, record, err);
}

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

/* Holds the record's row until the commit, so that no other node comes between. */
static enum err_code hold(struct write *w, const struct record_object *object, struct id id,
    struct record *record, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db, "SELECT id FROM record WHERE id = $1 AND business_id = $2{update}",
        DB_PARAMS(db_id(id), db_id(w->business_id)), &rows, err);
    return code ? code : record_get(w->db, w->arena, object, id, record, err);
}

enum err_code record_change(struct write *w, const char *object_key, struct id id, int64_t version,
    const struct record_input *input, struct record_object *object, struct record *record,
    struct error_list *list, struct error *err)
{
    enum err_code code = record_object_find(w, object_key, object, err);
    if (!code)
        code = hold(w, object, id, record, err);
    if (!code)
        code = write_may(w, ACTION_EDIT_RECORD, err);
    if (!code && version >= 0 && version != record->version)
        code = error_set(err, ERR_STALE, "This record was changed by somebody else since you read it.");
    if (code)
        return code;
    const struct record before = *record;
    if (input->has_archived)
        record->archived_at = input->archived ? w->now : 0;
    if (before.archived_at && record->archived_at)
        return error_set(err, ERR_CONFLICT, "This record is archived; it can only be restored.");
    code = apply(w, object, input, record, list, err);
    if (code)
        return code;
    record->version++;
    record->updated_at = w->now;
    code = update(w, record, list, err);
    return code ? code : update_search(w, object, &before, record, err);
}
