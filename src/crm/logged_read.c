/* Records as the wire table has them: one, or a page of them with a constant number of queries. */
#include "crm/logged_internal.h"
#include "crm/mention.h"
#include "crm/scheduled.h"

/* $1 is the Business; the ids follow. */
#define CHUNK 100
#define TEN(a) "$" a "2, $" a "3, $" a "4, $" a "5, $" a "6, $" a "7, $" a "8, $" a "9"
#define IDS                                                                                                                    \
    "($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, " TEN("1") ", $20, $21, " TEN("2") ", $30, $31, " TEN("3") ", $40, $41, " TEN( \
        "4") ", $50, $51, " TEN("5") ", $60, $61, " TEN("6") ", $70, $71, " TEN("7") ", $80, $81, " TEN("8") ", $90, $91, " TEN("9") ", $100, $101)"

#define ACTIVITIES                                                                                           \
    "SELECT l.id, l.logged_at, l.completed_at, l.scheduled_activity_id, l.mentions, l.notes, "               \
    "l.field_values, l.delivery_id, o.id, o.name, o.api_name, o.association_mode, o.field_count, "           \
    "e.id, e.first_name, e.last_name, e.display_name, e.email, "                                             \
    "c.id, c.first_name, c.last_name, c.display_name, c.email "                                              \
    "FROM logged_activity l "                                                                                \
    "JOIN activity_object o ON o.id = l.activity_object_id AND o.business_id = l.business_id "               \
    "JOIN employee e ON e.id = l.logged_by AND e.business_id = l.business_id "                               \
    "LEFT JOIN employee c ON c.id = l.completed_by AND c.business_id = l.business_id "                       \
    "WHERE l.business_id = $1 AND l.deleted_at IS NULL AND l.id "

#define ASSOCIATIONS                                                                                         \
    "SELECT a.activity_id, a.record_id, r.display_name, a.object_id, o.name, r.owner_id FROM "               \
    "activity_association a "                                                                                \
    "JOIN record_object o ON o.id = a.object_id AND o.business_id = a.business_id "                          \
    "LEFT JOIN record r ON r.id = a.record_id AND r.business_id = a.business_id "                            \
    "WHERE a.business_id = $1 AND a.activity_id "
#define ASSOCIATIONS_ORDER " ORDER BY a.activity_id, a.position"

static struct person take_person(struct db_rows *rows, int col, struct arena *arena)
{
    return (struct person){.id = db_col_id(rows, col),
        .first_name = db_col_text_copy(rows, col + 1, arena),
        .last_name = db_col_text_copy(rows, col + 2, arena),
        .display_name = db_col_text_copy(rows, col + 3, arena),
        .email = db_col_text_copy(rows, col + 4, arena)};
}

static void take_activity(
    struct db_rows *rows, struct arena *arena, const struct actor *actor, struct logged_activity *activity)
{
    *activity = (struct logged_activity){
        .id = db_col_id(rows, 0),
        .logged_at = db_col_int(rows, 1),
        .completed_at = db_col_int(rows, 2),
        .scheduled_activity_id = db_col_id(rows, 3),
        .mentions = mentions_seen(actor, db_col_text_copy(rows, 4, arena), arena),
        .notes = db_col_text_copy(rows, 5, arena),
        .field_values = db_col_text_copy(rows, 6, arena),
        .delivery_id = db_col_id(rows, 7),
        .object = {.id = db_col_id(rows, 8),
            .business_id = actor->business_id,
            .name = db_col_text_copy(rows, 9, arena),
            .api_name = db_col_text_copy(rows, 10, arena),
            .association_mode = (enum association_mode)db_col_int(rows, 11),
            .field_count = db_col_int(rows, 12)},
        .logged_by = take_person(rows, 13, arena),
        .completed_by = take_person(rows, 18, arena),
    };
}

static enum err_code logged_may(
    const struct actor *actor, enum action action, const struct logged_activity *activity, struct error *err)
{
    const struct thing thing = {
        .activity_object_id = activity->object.id, .employee_id = activity->logged_by.id};
    return may(actor, action, &thing, err);
}

/* ── many ────────────────────────────────────────────────────────────────────────────────────── */

/* A place in the arena that grows; what is left behind goes with the arena. */
static void add_entity(struct arena *arena, struct logged_activity *activity, struct associated_entity entity)
{
    size_t count = activity->associated_count;
    if ((count & (count - 1)) == 0) { /* 0 and the powers of two: as many again */
        struct associated_entity *more = ARENA_ARRAY(arena, struct associated_entity, count ? 2 * count : 1);
        if (count)
            memcpy(more, activity->associated, count * sizeof *more);
        activity->associated = more;
    }
    activity->associated[activity->associated_count++] = entity;
}

static void take_entity(struct db_rows *rows, struct arena *arena, const struct actor *actor,
    struct logged_activity *activities, size_t count)
{
    struct id activity_id = db_col_id(rows, 0);
    for (size_t i = 0; i < count; i++) {
        if (!id_equal(activities[i].id, activity_id))
            continue;
        bool all = db_col_null(rows, 2);
        struct associated_entity entity = {.id = db_col_id(rows, 1),
            .owner_id = db_col_id(rows, 5),
            .display_name = db_col_text_copy(rows, all ? 4 : 2, arena),
            .object_id = db_col_id(rows, 3),
            .object_name = db_col_text_copy(rows, 4, arena)};
        entity.hidden = associated_is_hidden(actor, &entity);
        add_entity(arena, &activities[i], entity);
    }
}

/* The Business, then the ids; what is left of the places is nil, which no row has. */
static struct db_value *chunk_values(
    struct arena *arena, const struct actor *actor, const struct id *ids, size_t count)
{
    struct db_value *values = ARENA_ARRAY(arena, struct db_value, CHUNK + 1);
    values[0] = db_id(actor->business_id);
    for (size_t i = 0; i < CHUNK; i++)
        values[i + 1] = db_id(i < count ? ids[i] : (struct id){0});
    return values;
}

static struct logged_activity *place_of(
    const struct id *ids, size_t count, struct id id, struct logged_activity *places)
{
    for (size_t i = 0; i < count; i++)
        if (id_equal(ids[i], id))
            return &places[i];
    return NULL;
}

/* Fills the places of those that are there; those of the others keep a nil id. At most CHUNK. */
static enum err_code read_chunk(struct db *db, struct arena *arena, const struct actor *actor,
    const struct id *ids, size_t count, struct logged_activity *places, struct error *err)
{
    struct db_params params = {chunk_values(arena, actor, ids, count), CHUNK + 1};
    struct db_rows *rows;
    enum err_code code = db_query(db, ACTIVITIES "IN " IDS, params, &rows, err);
    while (!code && db_next(rows, &code, err)) {
        struct logged_activity *place = place_of(ids, count, db_col_id(rows, 0), places);
        if (place)
            take_activity(rows, arena, actor, place);
    }
    db_rows_close(rows);
    if (code)
        return code;
    code = db_query(db, ASSOCIATIONS "IN " IDS ASSOCIATIONS_ORDER, params, &rows, err);
    while (!code && db_next(rows, &code, err))
        take_entity(rows, arena, actor, places, count);
    db_rows_close(rows);
    return code;
}

enum err_code logged_read_many(struct db *db, struct arena *arena, const struct actor *actor,
    const struct id *ids, size_t id_count, struct logged_activity **activities, size_t *count,
    struct error *err)
{
    struct logged_activity *all = ARENA_ARRAY(arena, struct logged_activity, id_count);
    enum err_code code = may(actor, ACTION_VIEW_ACTIVITY, NULL, err);
    for (size_t at = 0, n; at < id_count && !code; at += n) {
        n = id_count - at < CHUNK ? id_count - at : CHUNK;
        code = read_chunk(db, arena, actor, ids + at, n, all + at, err);
    }
    *activities = all;
    *count = 0;
    struct error hidden;
    for (size_t i = 0; i < id_count && !code; i++)
        if (!id_is_nil(all[i].id) && !logged_may(actor, ACTION_VIEW_ACTIVITY, &all[i], &hidden))
            all[(*count)++] = all[i];
    return code ? code : logged_fields_read(db, arena, actor, all, *count, err);
}

/* ── one ─────────────────────────────────────────────────────────────────────────────────────── */

static enum err_code find_one(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct logged_activity *activity, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, ACTIVITIES "= $2", DB_PARAMS(db_id(actor->business_id), db_id(id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code
                    : error_set(err, ERR_NOT_FOUND, "There is no such Logged Activity in this Business.");
    take_activity(rows, arena, actor, activity);
    return ERR_OK;
}

/* What it is about, and its values. */
static enum err_code complete_one(struct db *db, struct arena *arena, const struct actor *actor,
    struct logged_activity *activity, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, ASSOCIATIONS "= $2" ASSOCIATIONS_ORDER,
        DB_PARAMS(db_id(actor->business_id), db_id(activity->id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        take_entity(rows, arena, actor, activity, 1);
    return code ? code : logged_fields_read(db, arena, actor, activity, 1, err);
}

enum err_code logged_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct logged_activity *activity, struct error *err)
{
    enum err_code code = find_one(db, arena, actor, id, activity, err);
    if (!code)
        code = logged_may(actor, ACTION_VIEW_ACTIVITY, activity, err);
    return code ? code : complete_one(db, arena, actor, activity, err);
}

static enum err_code may_log_again(struct db *db, struct arena *arena, const struct actor *actor,
    const struct logged_activity *activity, struct error *err)
{
    struct scheduled_activity scheduled;
    if (id_is_nil(activity->scheduled_activity_id))
        return logged_may(actor, ACTION_LOG_ACTIVITY, activity, err);
    enum err_code code = scheduled_find(db, arena, actor, activity->scheduled_activity_id, &scheduled, err);
    const struct thing thing = scheduled_thing(&scheduled);
    return code ? code : may(actor, ACTION_COMPLETE_ACTIVITY, &thing, err);
}

enum err_code logged_read_again(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct logged_activity *activity, struct error *err)
{
    enum err_code code = find_one(db, arena, actor, id, activity, err);
    struct error ignored;
    if (!code && logged_may(actor, ACTION_VIEW_ACTIVITY, activity, &ignored))
        code = may_log_again(db, arena, actor, activity, err);
    return code ? code : complete_one(db, arena, actor, activity, err);
}
