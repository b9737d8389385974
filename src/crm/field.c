#include "crm/field_internal.h"
#include "crm/value_internal.h"

static const struct field_kind kinds[FIELD_TYPES] = {
    [FIELD_TEXT] = {"text", LIMIT_LENGTH},
    [FIELD_LONG_TEXT] = {"long_text", LIMIT_LENGTH},
    [FIELD_INTEGER] = {"integer", LIMIT_RANGE},
    [FIELD_DECIMAL] = {"decimal", LIMIT_RANGE | LIMIT_SCALE},
    [FIELD_MONEY] = {"money", LIMIT_RANGE | LIMIT_SCALE | LIMIT_CURRENCY},
    [FIELD_YES_NO] = {"yes_no"},
    [FIELD_DATE] = {"date", LIMIT_RANGE},
    [FIELD_DATETIME] = {"datetime", LIMIT_RANGE},
    [FIELD_SINGLE_SELECT] = {"single_select", .options = true},
    [FIELD_MULTI_SELECT] = {"multi_select", LIMIT_ITEMS, .options = true},
    [FIELD_STATUS] = {"status", .options = true},
    [FIELD_RATING] = {"rating", LIMIT_RATING},
    [FIELD_EMAIL] = {"email"},
    [FIELD_PHONE] = {"phone"},
    [FIELD_URL] = {"url"},
    [FIELD_TEAM_MEMBER] = {"team_member"},
    [FIELD_RECORD] = {"record"},
    [FIELD_TAGS] = {"tags", LIMIT_ITEMS},
};

const struct field_kind *field_kind_of(enum field_type type)
{
    return &kinds[type];
}

const char *field_type_name(enum field_type type)
{
    return kinds[type].name;
}

bool field_type_has_options(enum field_type type)
{
    return kinds[type].options;
}

const char *field_type_names(struct arena *arena)
{
    const char *names = kinds[0].name;
    for (int i = 1; i < FIELD_TYPES; i++)
        names = arena_printf(arena, "%s, %s", names, kinds[i].name);
    return names;
}

bool field_type_parse(const char *name, enum field_type *type)
{
    for (int i = 0; i < FIELD_TYPES; i++) {
        if (strcmp(kinds[i].name, name) != 0)
            continue;
        *type = (enum field_type)i;
        return true;
    }
    return false;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

/* The record's field may have lost an option, or got other limits, since this default was checked. */
static bool renew_default(struct arena *arena, struct field *field)
{
    if (id_is_nil(field->bound_field_id) || !field->default_json)
        return true;
    const json_t *value = json_tree(arena, field->default_json);
    const char *wrong = value_normalise(arena, field, value, NULL, &field->default_json);
    if (wrong)
        field->default_json = NULL;
    return value != NULL;
}

static enum err_code take_field(
    struct db_rows *rows, struct arena *arena, struct field *field, struct error *err)
{
    *field = (struct field){
        .id = db_col_id(rows, 0),
        .owner_id = db_col_id(rows, 1),
        .name = db_col_text_copy(rows, 2, arena),
        .display_name = db_col_text_copy(rows, 3, arena),
        .description = db_col_text_copy(rows, 4, arena),
        .type = (enum field_type)db_col_int(rows, 5),
        .required = db_col_int(rows, 6) != 0,
        .default_json = db_col_text_copy(rows, 7, arena),
        .target_object_id = db_col_id(rows, 10),
        .bound_field_id = db_col_id(rows, 11),
        .bound_object_id = db_col_id(rows, 12),
        .bound_name = db_col_text_copy(rows, 13, arena),
        .created_at = db_col_int(rows, 14),
        .archived_at = db_col_int(rows, 15),
        .archived = !db_col_null(rows, 15),
    };
    if (field_options_load(arena, db_col_text(rows, 8), field) &&
        field_limits_load(arena, db_col_text(rows, 9), field) && renew_default(arena, field))
        return ERR_OK;
    return error_set(err, ERR_BUSY, "There is no memory for these fields now.");
}

/* One more place in an array that doubles. */
static struct field *grow(struct arena *arena, struct field_set *fields, size_t *room)
{
    if (fields->count == *room) {
        struct field *more = ARENA_ARRAY(arena, struct field, 2 * *room + 8);
        if (fields->count)
            memcpy(more, fields->items, fields->count * sizeof *more);
        fields->items = more;
        *room = 2 * *room + 8;
    }
    return &fields->items[fields->count++];
}

/* Those that are not archived first; both parts in the order in which they are. */
static void archived_last(struct arena *arena, struct field_set *fields)
{
    struct field *sorted = ARENA_ARRAY(arena, struct field, fields->count + 1);
    size_t n = 0;
    for (int archived = 0; archived <= 1; archived++)
        for (size_t i = 0; i < fields->count; i++)
            if (fields->items[i].archived == (archived == 1))
                sorted[n++] = fields->items[i];
    fields->items = sorted;
}

enum err_code record_fields_read(struct db *db, struct arena *arena, struct id business_id,
    enum field_owner kind, struct id object_id, struct field_set *fields, struct error *err)
{
    size_t room = STANDARD_FIELDS_MOST;
    *fields = (struct field_set){.items = ARENA_ARRAY(arena, struct field, room)};
    fields->count = field_standard(kind, object_id, fields->items);
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT f.id, f.owner_id, f.name, f.display_name, f.description, f.type, f.required, "
        "f.default_value, COALESCE(b.options, f.options), COALESCE(b.limits, f.limits), f.target_object_id, "
        "f.bound_field_id, f.bound_object_id, f.bound_name, f.created_at, f.archived_at "
        "FROM field f LEFT JOIN field b ON b.id = f.bound_field_id AND b.business_id = f.business_id "
        "WHERE f.owner_id = $1 AND f.business_id = $2 ORDER BY f.position, f.id",
        DB_PARAMS(db_id(object_id), db_id(business_id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        code = take_field(rows, arena, grow(arena, fields, &room), err);
    archived_last(arena, fields);
    return code;
}

enum err_code fields_read(struct db *db, struct arena *arena, struct id business_id, struct id owner_id,
    struct field_set *fields, struct error *err)
{
    return record_fields_read(db, arena, business_id, FIELDS_OF_ACTIVITY_OBJECT, owner_id, fields, err);
}

/* ── finding ─────────────────────────────────────────────────────────────────────────────────── */

const struct field *field_by_name(const struct field_set *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (strcmp(fields->items[i].name, name) == 0)
            return &fields->items[i];
    return NULL;
}

const struct field *field_by_id(const struct field_set *fields, struct id id)
{
    for (size_t i = 0; i < fields->count; i++)
        if (id_equal(fields->items[i].id, id))
            return &fields->items[i];
    return NULL;
}

const struct field_option *field_option_by_id(const struct field *field, struct id id)
{
    for (size_t i = 0; i < field->option_count; i++)
        if (id_equal(field->options[i].id, id))
            return &field->options[i];
    return NULL;
}
