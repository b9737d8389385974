/* Scheduled Activities with all that belongs to them: the page that a list asks for takes four questions at most. */
#include "crm/mention.h"
#include "crm/scheduled_internal.h"

/* $1 is the Business; the ids follow. */
#define CHUNK 50
#define TEN(a) "$" a "2, $" a "3, $" a "4, $" a "5, $" a "6, $" a "7, $" a "8, $" a "9, "
#define IDS                                                                                                  \
    "($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, " TEN("1") "$20, $21, " TEN("2") "$30, $31, " TEN(           \
        "3") "$40, $41, " TEN("4") "$50, $51)"

static struct person take_person(struct db_rows *rows, int col, struct arena *arena)
{
    return (struct person){.id = db_col_id(rows, col),
        .first_name = db_col_text_copy(rows, col + 1, arena),
        .last_name = db_col_text_copy(rows, col + 2, arena),
        .display_name = db_col_text_copy(rows, col + 3, arena),
        .email = db_col_text_copy(rows, col + 4, arena)};
}

static void take_row(struct db_rows *rows, struct arena *arena, const struct actor *actor,
    struct scheduled_activity *scheduled)
{
    *scheduled = (struct scheduled_activity){.id = db_col_id(rows, 0),
        .created_at = db_col_int(rows, 1),
        .updated_at = db_col_int(rows, 2),
        .due_at = db_col_int(rows, 3),
        .original_due_at = db_col_int(rows, 4),
        .note = db_col_text_copy(rows, 5, arena),
        .mentions = db_col_text_copy(rows, 6, arena),
        .notify_mentioned = db_col_int(rows, 7) != 0,
        .completed_at = db_col_int(rows, 8),
        .logged_activity_id = db_col_id(rows, 9),
        .object = {.id = db_col_id(rows, 10),
            .business_id = actor->business_id,
            .name = db_col_text_copy(rows, 11, arena),
            .api_name = db_col_text_copy(rows, 12, arena),
            .association_mode = (enum association_mode)db_col_int(rows, 13)},
        .role_id = db_col_id(rows, 14),
        .role_name = db_col_text_copy(rows, 15, arena),
        .scheduled_by = take_person(rows, 16, arena),
        .employee = take_person(rows, 21, arena)};
    scheduled->mentions_seen = mentions_seen(actor, scheduled->mentions, arena);
}

/* A chunk of what is asked for, and where it goes. */
struct reading {
    struct db *db;
    struct arena *arena;
    const struct actor *actor;
    const struct id *ids;
    size_t count; /* at most CHUNK */
    struct scheduled_activity *places; /* of each id; what is not there keeps a nil id */
    struct db_value values[1 + CHUNK];
};

static struct scheduled_activity *place_of(const struct reading *r, struct id id)
{
    for (size_t i = 0; i < r->count; i++)
        if (id_equal(r->ids[i], id))
            return &r->places[i];
    return NULL;
}

static enum err_code read_rows(struct reading *r, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(r->db,
        "SELECT s.id, s.created_at, s.updated_at, s.due_at, s.original_due_at, s.note, s.mentions, "
        "s.notify_mentioned, s.completed_at, s.logged_activity_id, o.id, o.name, o.api_name, "
        "o.association_mode, r.id, r.name, b.id, b.first_name, b.last_name, b.display_name, b.email, "
        "e.id, e.first_name, e.last_name, e.display_name, e.email FROM scheduled_activity s "
        "JOIN activity_object o ON o.id = s.activity_object_id AND o.business_id = s.business_id "
        "JOIN employee b ON b.id = s.scheduled_by AND b.business_id = s.business_id "
        "LEFT JOIN employee e ON e.id = s.employee_id AND e.business_id = s.business_id "
        "LEFT JOIN role r ON r.id = s.role_id AND r.business_id = s.business_id "
        "WHERE s.business_id = $1 AND s.id IN " IDS,
        (struct db_params){r->values, ARRAY_LEN(r->values)}, &rows, err);
    while (!code && db_next(rows, &code, err)) {
        struct scheduled_activity *place = place_of(r, db_col_id(rows, 0));
        if (place)
            take_row(rows, r->arena, r->actor, place);
    }
    return code;
}

/* In the arena, which keeps what is left behind. */
static void add_entity(
    struct arena *arena, struct scheduled_activity *scheduled, struct associated_entity entity)
{
    size_t count = scheduled->associated_count;
    if ((count & (count - 1)) == 0) { /* 0 and the powers of two: room for as many again */
        struct associated_entity *more = ARENA_ARRAY(arena, struct associated_entity, count ? 2 * count : 1);
        if (count)
            memcpy(more, scheduled->associated, count * sizeof *more);
        scheduled->associated = more;
    }
    scheduled->associated[scheduled->associated_count++] = entity;
}

static enum err_code read_associated(struct reading *r, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(r->db,
        "SELECT a.scheduled_id, a.record_id, a.object_id, o.name, r.display_name, r.owner_id "
        "FROM scheduled_association a "
        "JOIN record_object o ON o.id = a.object_id AND o.business_id = a.business_id "
        "LEFT JOIN record r ON r.id = a.record_id AND r.business_id = a.business_id "
        "WHERE a.business_id = $1 AND a.scheduled_id IN " IDS " ORDER BY a.scheduled_id, a.position",
        (struct db_params){r->values, ARRAY_LEN(r->values)}, &rows, err);
    while (!code && db_next(rows, &code, err)) {
        struct scheduled_activity *place = place_of(r, db_col_id(rows, 0));
        if (!place)
            continue;
        struct associated_entity entity = {.id = db_col_id(rows, 1),
            .object_id = db_col_id(rows, 2),
            .owner_id = db_col_id(rows, 5),
            .object_name = db_col_text_copy(rows, 3, r->arena),
            .display_name = db_col_text_copy(rows, db_col_null(rows, 4) ? 3 : 4, r->arena)};
        entity.hidden = associated_is_hidden(r->actor, &entity);
        add_entity(r->arena, place, entity);
    }
    return code;
}

static enum err_code read_chunk(struct reading *r, struct error *err)
{
    r->values[0] = db_id(r->actor->business_id);
    for (size_t i = 0; i < CHUNK; i++)
        r->values[1 + i] = db_id(i < r->count ? r->ids[i] : (struct id){0});
    enum err_code code = read_rows(r, err);
    return code ? code : read_associated(r, err);
}

static enum err_code find_many(struct db *db, struct arena *arena, const struct actor *actor,
    const struct id *ids, size_t id_count, struct scheduled_activity *all, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t at = 0; at < id_count && !code; at += CHUNK) {
        struct reading reading = {.db = db,
            .arena = arena,
            .actor = actor,
            .ids = ids + at,
            .count = id_count - at < CHUNK ? id_count - at : CHUNK,
            .places = all + at};
        code = read_chunk(&reading, err);
    }
    return code;
}

struct thing scheduled_thing(const struct scheduled_activity *scheduled)
{
    return (struct thing){.activity_object_id = scheduled->object.id,
        .employee_id = scheduled->employee.id,
        .role_id = scheduled->role_id};
}

static bool is_seen(const struct actor *actor, const struct scheduled_activity *scheduled)
{
    const struct thing thing = scheduled_thing(scheduled);
    return !id_is_nil(scheduled->id) && may_see(actor, ACTION_VIEW_SCHEDULED_ACTIVITY, &thing);
}

enum err_code scheduled_read_many(struct db *db, struct arena *arena, const struct actor *actor,
    const struct id *ids, size_t id_count, struct scheduled_activity **scheduled, size_t *count,
    struct error *err)
{
    struct scheduled_activity *all = ARENA_ARRAY(arena, struct scheduled_activity, id_count);
    enum err_code code = find_many(db, arena, actor, ids, id_count, all, err);
    *scheduled = all;
    *count = 0;
    for (size_t i = 0; i < id_count && !code; i++)
        if (is_seen(actor, &all[i]))
            all[(*count)++] = all[i];
    return code;
}

enum err_code scheduled_find(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct scheduled_activity *scheduled, struct error *err)
{
    *scheduled = (struct scheduled_activity){0};
    enum err_code code = find_many(db, arena, actor, &id, 1, scheduled, err);
    if (!code && id_is_nil(scheduled->id))
        code = error_set(err, ERR_NOT_FOUND, "There is no such Scheduled Activity in this Business.");
    return code;
}

enum err_code scheduled_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct scheduled_activity *scheduled, struct error *err)
{
    enum err_code code = scheduled_find(db, arena, actor, id, scheduled, err);
    const struct thing thing = scheduled_thing(scheduled);
    return code ? code : may(actor, ACTION_VIEW_SCHEDULED_ACTIVITY, &thing, err);
}
