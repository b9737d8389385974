/* What of a record is searched, and the records that are not in the search yet. */
#include "crm/record_row.h"

#include "base/clock.h"
#include "base/json_read.h"
#include "base/log.h"

#define BATCH_MOST 500 /* records in one transaction */

static const char *const phone_fields[] = {"home_phone", "mobile_phone", "business_phone"};

/* The members of `values` that are texts, in the arena; NULL where there is none. */
static void take_texts(
    struct arena *arena, const char *values, const char *const *names, size_t count, const char **texts)
{
    json_t *root = json_load(values, strlen(values));
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_object_get(root, names[i]));
        texts[i] = text ? arena_strdup(arena, text) : NULL;
    }
    json_decref(root);
}

void record_search_entry(
    struct arena *arena, enum record_kind kind, const struct record *record, struct search_entry *entry)
{
    const char *texts[] = {record->first_name, record->last_name, record->email};
    const char *phones[ARRAY_LEN(phone_fields)];
    struct search_source source = {.texts = &record->display_name, .text_count = 1};
    if (kind == RECORD_CONTACT) {
        take_texts(arena, record->field_values, phone_fields, ARRAY_LEN(phone_fields), phones);
        source = (struct search_source){.texts = texts,
            .text_count = ARRAY_LEN(texts),
            .phones = phones,
            .phone_count = ARRAY_LEN(phones),
            .by_digits = true};
    }
    *entry = (struct search_entry){.record_id = record->id,
        .business_id = record->business_id,
        .object_id = record->object_id,
        .owner_id = record->owner.id,
        .sort_name = search_sort_key(arena, record->display_name),
        .sort_email = record->email,
        .text = search_text(arena, &source)};
}

/* ── catching up ─────────────────────────────────────────────────────────────────────────────── */

static enum err_code mark(struct db *db, const struct record *records, size_t count, struct error *err)
{
    struct db_value values[2 * BATCH_MOST];
    for (size_t i = 0; i < count; i++) {
        values[2 * i] = db_id(records[i].id);
        values[2 * i + 1] = db_id(records[i].business_id);
    }
    return db_exec_many(
        db, "UPDATE record SET searched = 1 WHERE id = $1 AND business_id = $2", values, 2, count, err);
}

/* The next ones after an id, held against other nodes that catch up, too. */
static enum err_code read_batch(struct db *db, struct arena *arena, struct id after, struct record *records,
    struct search_entry *entries, size_t *entry_count, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *count = *entry_count = 0;
    enum err_code code = db_query(db,
        "SELECT r.id, r.business_id, r.object_id, r.first_name, r.last_name, r.display_name, r.email, "
        "r.field_values, r.archived_at, o.kind, r.owner_id FROM record r "
        "JOIN record_object o ON o.id = r.object_id AND o.business_id = r.business_id "
        "WHERE r.searched = 0 AND r.id > $1 ORDER BY r.id LIMIT $2{update}",
        DB_PARAMS(db_id(after), db_int(BATCH_MOST)), &rows, err);
    while (!code && *count < BATCH_MOST && db_next(rows, &code, err)) {
        struct record *record = &records[(*count)++];
        *record = (struct record){.id = db_col_id(rows, 0),
            .business_id = db_col_id(rows, 1),
            .object_id = db_col_id(rows, 2),
            .first_name = db_col_text_copy(rows, 3, arena),
            .last_name = db_col_text_copy(rows, 4, arena),
            .display_name = db_col_text_copy(rows, 5, arena),
            .email = db_col_text_copy(rows, 6, arena),
            .field_values = db_col_text_copy(rows, 7, arena),
            .owner.id = db_col_id(rows, 10)};
        if (db_col_null(rows, 8))
            record_search_entry(
                arena, (enum record_kind)db_col_int(rows, 9), record, &entries[(*entry_count)++]);
    }
    return code;
}

/* Goes on after *last. */
static enum err_code catch_up_some(struct db *db, struct id *last, size_t *count, struct error *err)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct record *records = ARENA_ARRAY(arena, struct record, BATCH_MOST);
    struct search_entry *entries = ARENA_ARRAY(arena, struct search_entry, BATCH_MOST);
    size_t entry_count = 0;
    enum err_code code = db_begin(db, err);
    if (code)
        return code;
    code = read_batch(db, arena, *last, records, entries, &entry_count, count, err);
    if (!code)
        code = search_insert(db, entries, entry_count, err);
    if (!code)
        code = mark(db, records, *count, err);
    if (code) {
        db_rollback(db);
        return code;
    }
    if (*count)
        *last = records[*count - 1].id;
    return db_commit(db, err);
}

enum err_code record_catch_up(struct db *db, struct error *err)
{
    size_t total = 0, count = BATCH_MOST;
    struct id last = {0};
    enum err_code code = ERR_OK;
    while (!code && count == BATCH_MOST) {
        code = catch_up_some(db, &last, &count, err);
        total += code ? 0 : count;
    }
    if (!code && total > 0)
        LOG(LOG_INFO, "records are searched now", F_INT("records", (int64_t)total));
    return code;
}
