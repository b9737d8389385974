#include "webhook/delivery.h"

#include "base/alloc.h"
#include "crm/id_list.h"

static const char *const state_names[] = {"pending", "delivered", "failed"};

const char *delivery_state_name(enum delivery_state state)
{
    return state_names[state];
}

bool delivery_state_parse(const char *name, enum delivery_state *state)
{
    for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
        if (strcmp(state_names[i], name) == 0) {
            *state = (enum delivery_state)i;
            return true;
        }
    }
    return false;
}

/* ── the log step (I1) ───────────────────────────────────────────────────────────────────────── */

static const char *const delivery_columns[] = {"id", "business_id", "lane", "seq", "activity_id",
    "activity_object_id", "settings_version", "url", "state", "attempts", "created_at"};
static const struct db_insert insert_delivery = {
    .table = "delivery", .columns = delivery_columns, .column_count = ARRAY_LEN(delivery_columns)};

static bool has_delivery(const struct log_unit *log)
{
    return !id_is_nil(log->activity.delivery_id);
}

static enum err_code step_run(void *ctx, struct db *db, struct log_unit **units, size_t n, struct error *err)
{
    (void)ctx;
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct db_value *values = ARENA_ARRAY(arena, struct db_value, n * ARRAY_LEN(delivery_columns)),
                    *v = values;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct log_unit *log = units[i];
        if (!has_delivery(log))
            continue;
        count++;
        *v++ = db_id(log->activity.delivery_id);
        *v++ = db_id(log->business_id);
        *v++ = db_int(log->unit.pos.lane);
        *v++ = db_int(log->unit.pos.seq);
        *v++ = db_id(log->activity.id);
        *v++ = db_id(log->activity.object.id);
        *v++ = db_int(log->activity.object.version);
        *v++ = db_text(log->activity.object.webhook_url);
        *v++ = db_int(DELIVERY_PENDING);
        *v++ = db_int(0);
        *v++ = db_int(log->activity.logged_at);
    }
    return db_insert_many(db, &insert_delivery, values, count, err);
}

static struct delivery_job *job_new(const char *url)
{
    size_t size = strlen(url) + 1;
    struct delivery_job *job = mem_zalloc(sizeof *job + size);
    memcpy(job->url, url, size);
    return job;
}

static struct delivery_job *job_of(const struct log_unit *log)
{
    struct delivery_job *job = job_new(log->activity.object.webhook_url);
    job->delivery_id = log->activity.delivery_id;
    job->business_id = log->business_id;
    job->activity_id = log->activity.id;
    job->object_id = log->activity.object.id;
    job->pos = log->unit.pos;
    job->created_at = log->activity.logged_at;
    return job;
}

static void step_committed(void *ctx, struct log_unit **units, size_t n)
{
    const struct delivery_sink *sink = ctx;
    struct delivery_job *jobs = NULL, **tail = &jobs;
    for (size_t i = 0; i < n; i++) {
        if (has_delivery(units[i])) {
            *tail = job_of(units[i]);
            tail = &(*tail)->next;
        }
    }
    if (jobs)
        sink->handover(sink->ctx, jobs);
}

void delivery_register(struct crm *crm, const struct delivery_sink *sink)
{
    crm_add_log_step(
        crm, (struct log_step){.ctx = (void *)sink, .run = step_run, .committed = step_committed});
}

/* ── the outbox ──────────────────────────────────────────────────────────────────────────────── */

enum err_code outbox_next_object(
    struct db *db, int64_t lane, struct id after, struct id *object, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *object = (struct id){0};
    enum err_code code = db_query(db,
        "SELECT activity_object_id FROM delivery WHERE state = 0 AND lane = $1 AND activity_object_id > $2 "
        "ORDER BY activity_object_id LIMIT 1",
        DB_PARAMS(db_int(lane), db_id(after)), &rows, err);
    if (!code && db_next(rows, &code, err))
        *object = db_col_id(rows, 0);
    return code;
}

enum err_code outbox_load(struct db *db, struct lane_pos after, int64_t upto, struct id object, size_t most,
    struct delivery_job **jobs, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct delivery_job **tail = jobs;
    *jobs = NULL;
    *count = 0;
    enum err_code code = db_query(db,
        "SELECT id, business_id, activity_id, seq, url, attempts, created_at FROM delivery WHERE state = 0 "
        "AND lane = $1 AND activity_object_id = $2 AND seq > $3 AND seq <= $4 ORDER BY seq LIMIT $5",
        DB_PARAMS(db_int(after.lane), db_id(object), db_int(after.seq), db_int(upto), db_int((int64_t)most)),
        &rows, err);
    while (!code && db_next(rows, &code, err)) {
        struct delivery_job *job = *tail = job_new(db_col_text(rows, 4));
        tail = &job->next;
        job->delivery_id = db_col_id(rows, 0);
        job->business_id = db_col_id(rows, 1);
        job->activity_id = db_col_id(rows, 2);
        job->object_id = object;
        job->pos = (struct lane_pos){.lane = after.lane, .seq = db_col_int(rows, 3)};
        job->attempts = (int)db_col_int(rows, 5);
        job->created_at = db_col_int(rows, 6);
        ++*count;
    }
    while (code && *jobs) {
        struct delivery_job *job = *jobs;
        *jobs = job->next;
        mem_free(job);
    }
    return code;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

#define COLUMNS                                                                                              \
    "d.id, d.activity_id, d.activity_object_id, o.name, d.url, d.state, d.settings_version, d.created_at, "  \
    "d.finished_at "
#define DELIVERY_COLUMNS                                                                                     \
    COLUMNS "FROM delivery d JOIN activity_object o ON o.id = d.activity_object_id "                         \
            "AND o.business_id = d.business_id "

static void take_delivery(struct db_rows *rows, struct arena *arena, struct delivery *delivery)
{
    *delivery = (struct delivery){
        .id = db_col_id(rows, 0),
        .activity_id = db_col_id(rows, 1),
        .object_id = db_col_id(rows, 2),
        .object_name = db_col_text_copy(rows, 3, arena),
        .url = db_col_text_copy(rows, 4, arena),
        .state = (enum delivery_state)db_col_int(rows, 5),
        .settings_version = db_col_int(rows, 6),
        .created_at = db_col_int(rows, 7),
        .finished_at = db_col_int(rows, 8),
    };
}

#define ATTEMPTS_SHOWN 100

static enum err_code read_attempts(struct db *db, struct arena *arena, const struct actor *actor,
    struct delivery *delivery, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT number, started_at, succeeded, status, error_class, detail, recovered, wire_sends, dns_us, "
        "connect_us, tls_us, first_byte_us, total_us, response_headers, response_body, response_body_cut "
        "FROM delivery_attempt WHERE delivery_id = $1 AND business_id = $2 ORDER BY number LIMIT 100",
        DB_PARAMS(db_id(delivery->id), db_id(actor->business_id)), &rows, err);
    if (code)
        return code;
    delivery->attempts = ARENA_ARRAY(arena, struct delivery_attempt, ATTEMPTS_SHOWN);
    while (delivery->attempt_count < ATTEMPTS_SHOWN && db_next(rows, &code, err))
        delivery->attempts[delivery->attempt_count++] = (struct delivery_attempt){
            .number = (int)db_col_int(rows, 0),
            .started_at = db_col_int(rows, 1),
            .succeeded = db_col_int(rows, 2) != 0,
            .status = (int)db_col_int(rows, 3),
            .error_class = db_col_text_copy(rows, 4, arena),
            .detail = db_col_text_copy(rows, 5, arena),
            .recovered = db_col_int(rows, 6) != 0,
            .wire_sends = (int)db_col_int(rows, 7),
            .dns_us = db_col_int(rows, 8),
            .connect_us = db_col_int(rows, 9),
            .tls_us = db_col_int(rows, 10),
            .first_byte_us = db_col_int(rows, 11),
            .total_us = db_col_int(rows, 12),
            .response_headers = db_col_text_copy(rows, 13, arena),
            .response_body = db_col_text_copy(rows, 14, arena),
            .response_body_cut = db_col_int(rows, 15) != 0,
        };
    return code;
}

/* The delivery of an activity is named by the activity's row, whose key it is. */
static enum err_code delivery_of_activity(struct db *db, const struct actor *actor, struct id activity_id,
    struct id *delivery_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *delivery_id = (struct id){0};
    enum err_code code =
        db_query(db, "SELECT delivery_id FROM logged_activity WHERE id = $1 AND business_id = $2",
            DB_PARAMS(db_id(activity_id), db_id(actor->business_id)), &rows, err);
    if (!code && db_next(rows, &code, err))
        *delivery_id = db_col_id(rows, 0);
    return code;
}

enum err_code delivery_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct delivery *delivery, struct error *err)
{
    enum err_code code = may(actor, ACTION_VIEW_DELIVERY, NULL, err);
    if (code)
        return code;
    struct db_rows *rows = NULL;
    code = db_query(db, "SELECT " DELIVERY_COLUMNS "WHERE d.id = $1 AND d.business_id = $2",
        DB_PARAMS(db_id(id), db_id(actor->business_id)), &rows, err);
    bool found = !code && db_next(rows, &code, err);
    if (found)
        take_delivery(rows, arena, delivery);
    db_rows_close(rows);
    const struct thing thing = {.activity_object_id = delivery->object_id};
    if (!code)
        code = found ? may(actor, ACTION_VIEW_DELIVERY, &thing, err)
                     : error_set(err, ERR_NOT_FOUND, "There is no such delivery in this Business.");
    return code ? code : read_attempts(db, arena, actor, delivery, err);
}

static enum err_code list_one(struct db *db, struct arena *arena, const struct actor *actor,
    const struct delivery_filter *filter, struct page *page, struct delivery *list, size_t *count,
    struct error *err)
{
    struct id id;
    enum err_code code = delivery_of_activity(db, actor, filter->activity_id, &id, err);
    if (code || id_is_nil(id))
        return code;
    code = delivery_read(db, arena, actor, id, &list[0], err);
    if (code == ERR_NOT_FOUND)
        return ERR_OK;
    int order = code ? 0 : id_compare(delivery_key(filter, &list[0]), page_id_bound(page));
    bool wanted =
        (!filter->by_state || list[0].state == filter->state) && (page->back ? order > 0 : order < 0);
    *count = !code && wanted ? 1 : 0;
    return code;
}

/* ── those of a state that few have, by an index of that state ───────────────────────────────── */

/* $4: whom sharing takes some types away from, or NULL. */
#define SHARED "AND ($4 IS NULL OR " ACCESS_SHARED("d.activity_object_id", "$1", "$4") ") "
#define FAILED(compare, order)                                                                               \
    "SELECT " DELIVERY_COLUMNS "WHERE d.business_id = $1 AND d.id " compare " $2 AND d.state = 2 " SHARED    \
    "ORDER BY d.id" order " LIMIT $3"

/*
 * From the outbox, type by type: all that the Business has there, sorted. Both engines would rather go along the ids of
 * all Businesses, which are in order already; coalesce keeps them from it.
 */
#define ANY_ORDER "coalesce(d.id, d.id)"
#define PENDING(compare, order)                                                                              \
    "SELECT " COLUMNS "FROM lane n CROSS JOIN activity_object o CROSS JOIN delivery d "                      \
    "WHERE o.business_id = $1 AND o.had_webhook = 1 AND d.state = 0 AND d.lane = n.id "                      \
    "AND d.activity_object_id = o.id AND d.business_id = o.business_id AND " ANY_ORDER compare " $2 " SHARED \
    "ORDER BY " ANY_ORDER order " LIMIT $3"

static bool few_have(const struct delivery_filter *filter)
{
    return filter->by_state && filter->state != DELIVERY_DELIVERED;
}

static enum err_code list_few(struct db *db, struct arena *arena, const struct actor *actor,
    const struct delivery_filter *filter, struct page *page, struct delivery *list, size_t *count,
    struct error *err)
{
    static const char *const pending[] = {PENDING("<", " DESC"), PENDING(">", "")};
    static const char *const failed[] = {FAILED("<", " DESC"), FAILED(">", "")};
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, (filter->state == DELIVERY_PENDING ? pending : failed)[page->back],
        DB_PARAMS(db_id(actor->business_id), db_id(page_id_bound(page)), db_int((int64_t)page->limit + 1),
            db_id_or_null(access_shared_for(actor))),
        &rows, err);
    while (!code && *count <= page->limit && db_next(rows, &code, err))
        take_delivery(rows, arena, &list[(*count)++]);
    return code;
}

/* ── all, by the activities of the types that have a webhook ─────────────────────────────────── */

/* How many activities are looked through for a page of those that are delivered, besides those that are on it. */
#define LOOKED_AT_MOST 2000

/* One for each of the activities, in their order; at most ID_LIST_MOST. */
static enum err_code read_some(struct db *db, struct arena *arena, const struct actor *actor,
    const struct id *activities, size_t count, struct delivery *deliveries, struct error *err)
{
    static const char sql[] =
        "SELECT " DELIVERY_COLUMNS "JOIN logged_activity l ON l.delivery_id = d.id AND l.business_id = "
        "d.business_id WHERE l.business_id = $101 AND l.id IN " ID_LIST;
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        id_list_query(db, sql, activities, count, DB_PARAMS(db_id(actor->business_id)), &rows, err);
    while (!code && db_next(rows, &code, err)) {
        struct delivery delivery;
        take_delivery(rows, arena, &delivery);
        for (size_t i = 0; i < count; i++)
            if (id_equal(activities[i], delivery.activity_id))
                deliveries[i] = delivery;
    }
    return code;
}

/* Adds those of the wanted state, as many as the page has room for, and one more. */
static enum err_code add_deliveries(struct db *db, struct arena *arena, const struct actor *actor,
    const struct delivery_filter *filter, const struct page *page, const struct id *activities,
    size_t activity_count, struct delivery *list, size_t *count, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t at = 0, n; at < activity_count && !code; at += n) {
        struct delivery some[ID_LIST_MOST] = {{.url = NULL}};
        n = activity_count - at < ID_LIST_MOST ? activity_count - at : ID_LIST_MOST;
        code = read_some(db, arena, actor, activities + at, n, some, err);
        for (size_t i = 0; i < n && !code && *count <= page->limit; i++)
            if (some[i].url && (!filter->by_state || some[i].state == filter->state))
                list[(*count)++] = some[i];
    }
    return code;
}

static enum err_code list_by_activity(struct db *db, struct arena *arena, const struct actor *actor,
    const struct delivery_filter *filter, struct page *page, struct delivery *list, size_t *count,
    struct error *err)
{
    struct id ids[PAGE_LIMIT_MOST + 1];
    struct page part = *page;
    if (part.limit > PAGE_LIMIT_MOST)
        part.limit = PAGE_LIMIT_MOST;
    for (size_t looked_at = 0, n; looked_at < *count + LOOKED_AT_MOST; looked_at += n) {
        enum err_code code = logged_with_delivery(db, actor, &part, ids, &n, err);
        if (!code)
            code = add_deliveries(db, arena, actor, filter, page, ids, n, list, count, err);
        if (code || n <= part.limit || *count > page->limit)
            return code;
        part.from = true;
        part.key.id = ids[n - 1];
    }
    page->edge = part.key.id;
    return ERR_OK;
}

struct id delivery_key(const struct delivery_filter *filter, const struct delivery *delivery)
{
    return few_have(filter) ? delivery->id : delivery->activity_id;
}

enum err_code delivery_list(struct db *db, struct arena *arena, const struct actor *actor,
    const struct delivery_filter *filter, struct page *page, struct delivery **list, size_t *count,
    struct error *err)
{
    *count = 0;
    *list = ARENA_ARRAY(arena, struct delivery, page->limit + 1);
    enum err_code code = may(actor, ACTION_VIEW_DELIVERY, NULL, err);
    if (code)
        return code;
    if (!id_is_nil(filter->activity_id))
        code = list_one(db, arena, actor, filter, page, *list, count, err);
    else if (few_have(filter))
        code = list_few(db, arena, actor, filter, page, *list, count, err);
    else
        code = list_by_activity(db, arena, actor, filter, page, *list, count, err);
    if (code)
        return code;
    *count = page_cut(page, *list, sizeof **list, *count);
    for (size_t i = 0; i < *count && !code; i++)
        if (!(*list)[i].attempts)
            code = read_attempts(db, arena, actor, &(*list)[i], err);
    return code;
}
