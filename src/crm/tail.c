#include "crm/tail.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "crm/tail_rows.h"
#include "crm/tail_settings.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SWEEP_US US_PER_S
#define CHECK_US (15 * US_PER_S)
#define RESUME_MOST 10000
#define ROUND_US                                                                                             \
    (10 * US_PER_MS) /* between two looks at this node's lane: under load one is for many commits */
#define PIECE 1000 /* rows that are read at once */
#define TAKE_MOST 32 /* new watchers between two looks */
#define BUCKETS 1024

#define REVOKED "The credentials are not valid any more, or do not permit this."
#define AWAY "This is not possible just now; come back."

TAILQ_HEAD(watcher_list, tail_watcher);

struct tail {
    /* set before start */
    struct tail_config config;
    pthread_t thread;
    bool runs; /* whoever closes it */
    /* shared */
    struct inbox inbox; /* new watchers */
    atomic_size_t watching; /* 0: nobody needs to be woken */
    atomic_bool woken;
    atomic_int_fast64_t own_lane; /* of this node's writer; 0: not known yet */
    /* owned by the tail's thread */
    struct db *db;
    struct timeline_cursor at; /* all watchers have got what is up to here */
    size_t lanes_room;
    struct timeline_cursor swept; /* `at` as it was when all lanes were looked at the last time */
    bool following; /* `at` is kept up to date */
    struct watcher_list watchers, by_record[BUCKETS], by_object[BUCKETS];
    int64_t sweep_at, round_at; /* boot clock: when to look next */
    uint64_t round; /* counts them */
    bool failing; /* told of in the log, until it works again */
};

static size_t bucket_of(struct id id)
{
    /* The last bytes of a UUIDv7 are random. */
    return ((size_t)id.bytes[14] << 8 | id.bytes[15]) % BUCKETS;
}

/* ── watchers ────────────────────────────────────────────────────────────────────────────────── */

static void enter(struct tail *tail, struct tail_watcher *watcher)
{
    TAILQ_INSERT_TAIL(&tail->watchers, watcher, link);
    TAILQ_INSERT_TAIL(&tail->by_record[bucket_of(watcher->of.record_id)], watcher, record_link);
    TAILQ_INSERT_TAIL(&tail->by_object[bucket_of(watcher->of.object_id)], watcher, object_link);
}

static void leave(struct tail *tail, struct tail_watcher *watcher)
{
    TAILQ_REMOVE(&tail->watchers, watcher, link);
    TAILQ_REMOVE(&tail->by_record[bucket_of(watcher->of.record_id)], watcher, record_link);
    TAILQ_REMOVE(&tail->by_object[bucket_of(watcher->of.object_id)], watcher, object_link);
}

static void end(struct tail *tail, struct tail_watcher *watcher, const char *why)
{
    atomic_fetch_sub(&tail->watching, 1);
    watcher->ops->end(watcher, why);
}

static void finish(struct tail_watcher *watcher, const char *why)
{
    watcher->over = true;
    watcher->why = why;
}

/* Whether it may get something now; if not, it is over. */
static bool ask(struct tail *tail, struct tail_watcher *watcher, struct arena *arena, bool now)
{
    struct error err = {0};
    watcher->asked_boot_us = clock_boot_us();
    enum err_code code = watcher->ops->may_read(watcher, tail->db, arena, &err);
    bool unknown = code == ERR_UNAVAILABLE || code == ERR_BUSY;
    if (code && !(unknown && !now))
        finish(watcher, unknown ? AWAY : REVOKED);
    return !code;
}

/* Those are to be asked whose Business has changed its settings. */
static void notice_settings(struct tail *tail)
{
    struct tail_watcher *some[TAIL_SETTINGS_MOST];
    size_t count = 0;
    for (struct tail_watcher *w = TAILQ_FIRST(&tail->watchers); w; w = TAILQ_NEXT(w, link)) {
        some[count++] = w;
        if (count < TAIL_SETTINGS_MOST)
            continue;
        tail_settings_notice(tail->db, some, count);
        count = 0;
    }
    tail_settings_notice(tail->db, some, count);
}

/* Lets those go that are over, after asking for those to whom nothing has happened for long. */
static void look_after(struct tail *tail)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    notice_settings(tail);
    int64_t asked_before = clock_boot_us() - tail->config.check_us;
    for (struct tail_watcher *watcher = TAILQ_FIRST(&tail->watchers), *next; watcher; watcher = next) {
        next = TAILQ_NEXT(watcher, link);
        if (!watcher->over && !watcher->ops->is_there(watcher))
            finish(watcher, NULL);
        if (!watcher->over && watcher->asked_boot_us <= asked_before)
            (void)ask(tail, watcher, arena, false);
        if (!watcher->over)
            continue;
        leave(tail, watcher);
        end(tail, watcher, watcher->why);
    }
}

/* ── giving ──────────────────────────────────────────────────────────────────────────────────── */

/* Rows that were read together, on their way to whom they concern. */
struct giving {
    struct tail *tail;
    struct arena *arena;
    struct lane_pos *pos; /* of the lane that is read, in `cursor`: up to where it is given */
    const struct timeline_cursor *cursor;
    struct tail_watcher *only; /* the one that catches up; NULL: all that are concerned */
};

typedef void watcher_fn(const struct giving *giving, struct tail_row *row, struct tail_watcher *watcher);

static bool concerns(const struct tail_row *row, const struct tail_watcher *watcher)
{
    return id_equal(watcher->business_id, row->business_id) &&
           (id_equal(watcher->of.record_id, row->record_id) ||
               id_equal(watcher->of.object_id, row->record_id));
}

/* A record and its object have different ids, so nobody is met twice. */
static void each_concerned(const struct giving *giving, struct tail_row *row, watcher_fn *fn)
{
    if (giving->only) {
        if (concerns(row, giving->only))
            fn(giving, row, giving->only);
        return;
    }
    const struct watcher_list *records = &giving->tail->by_record[bucket_of(row->record_id)],
                              *objects = &giving->tail->by_object[bucket_of(row->record_id)];
    for (struct tail_watcher *w = TAILQ_FIRST(records); w; w = TAILQ_NEXT(w, record_link))
        if (id_equal(w->of.record_id, row->record_id) && concerns(row, w))
            fn(giving, row, w);
    for (struct tail_watcher *w = TAILQ_FIRST(objects); w; w = TAILQ_NEXT(w, object_link))
        if (id_equal(w->of.object_id, row->record_id) && concerns(row, w))
            fn(giving, row, w);
}

static void want(const struct giving *giving, struct tail_row *row, struct tail_watcher *watcher)
{
    (void)giving;
    row->wanted |= !watcher->over;
}

static void note_last(const struct giving *giving, struct tail_row *row, struct tail_watcher *watcher)
{
    (void)giving;
    watcher->last_row = row;
}

static bool is_about(const struct timeline_entry *entry, const struct timeline_of *of)
{
    for (size_t i = 0; i < entry->entity_count; i++)
        if (id_equal(entry->entities[i].id, of->record_id) || id_equal(entry->entities[i].id, of->object_id))
            return true;
    return false;
}

/* What was planned may come to be about other records: from the timelines that it leaves it is gone. */
static enum tail_event_kind event_kind(const struct tail_row *row, const struct tail_watcher *watcher)
{
    bool planned = row->kind == TIMELINE_SCHEDULED || row->kind == TIMELINE_SCHEDULED_CHANGED;
    if (planned && !is_about(row->entry, &watcher->of))
        return TAIL_DELETED;
    switch (row->kind) {
    case TIMELINE_SCHEDULED:
        return TAIL_SCHEDULED;
    case TIMELINE_SCHEDULED_CHANGED:
        return TAIL_SCHEDULED_CHANGED;
    case TIMELINE_COMPLETED:
        return TAIL_COMPLETED;
    default:
        return tail_row_is_deletion(row) ? TAIL_DELETED : TAIL_LOGGED;
    }
}

/*
 * Of several rows with one position, which are one unit's, only the last carries a cursor that is beyond them: whoever
 * is cut off between them gets all of them again.
 */
static void give(const struct giving *giving, struct tail_row *row, struct tail_watcher *watcher)
{
    struct tail *tail = giving->tail;
    bool gone = !tail_row_is_deletion(row) && !row->entry; /* its deletion comes later */
    if (watcher->over || gone)
        return;
    if (watcher->asked_round != tail->round && !ask(tail, watcher, giving->arena, true)) /* T2 */
        return;
    watcher->asked_round = tail->round;
    watcher->full |= giving->only && !watcher->ops->has_room(watcher);
    if (watcher->full)
        return;
    struct tail_event event = {.kind = event_kind(row, watcher),
        .entry_kind = tail_row_entry_kind(row),
        .entry_id = row->entry_id,
        .entry = row->entry,
        .was = row->was,
        .cursor = giving->cursor};
    int64_t before = giving->pos->seq;
    if (watcher->last_row == row)
        giving->pos->seq = row->seq;
    if (!watcher->ops->give(watcher, &event))
        finish(watcher, NULL);
    giving->pos->seq = before;
}

static void give_rows(const struct giving *giving, struct tail_rows *rows)
{
    struct tail_row *end = rows->items + rows->count, *next;
    for (struct tail_row *row = rows->items; row < end; row = next) {
        for (next = row; next < end && next->seq == row->seq; next++)
            each_concerned(giving, next, note_last);
        for (struct tail_row *each = row; each < next; each++)
            each_concerned(giving, each, give);
        giving->pos->seq = row->seq;
    }
}

/* One piece of a lane. */
static enum err_code follow_piece(
    const struct giving *giving, int64_t until, size_t *count, bool *more, struct error *err)
{
    struct tail *tail = giving->tail;
    struct tail_rows rows;
    enum err_code code = tail_rows_read(
        tail->db, giving->arena, giving->pos->lane, giving->pos->seq, until, PIECE, &rows, err);
    if (code)
        return code;
    tail->round++;
    for (size_t i = 0; i < rows.count; i++)
        each_concerned(giving, &rows.items[i], want);
    code = tail_rows_load(tail->db, giving->arena, &rows, err);
    if (code)
        return code;
    give_rows(giving, &rows);
    *count = rows.positions;
    *more = rows.more;
    return ERR_OK;
}

/* ── the lanes ───────────────────────────────────────────────────────────────────────────────── */

/* Its position; one that was not there before is read from its beginning. */
static struct lane_pos *lane_at(struct tail *tail, int64_t lane)
{
    struct lane_pos *pos = timeline_cursor_lane(&tail->at, lane);
    if (pos)
        return pos;
    if (tail->at.count == tail->lanes_room) {
        tail->lanes_room = tail->lanes_room ? 2 * tail->lanes_room : 8;
        tail->at.lanes = mem_realloc(tail->at.lanes, tail->lanes_room * sizeof *tail->at.lanes);
    }
    size_t i = tail->at.count++;
    for (; i > 0 && tail->at.lanes[i - 1].lane > lane; i--)
        tail->at.lanes[i] = tail->at.lanes[i - 1];
    tail->at.lanes[i] = (struct lane_pos){.lane = lane};
    return &tail->at.lanes[i];
}

static enum err_code follow_lane(struct tail *tail, int64_t lane, struct error *err)
{
    enum err_code code = ERR_OK;
    bool more = true;
    while (more && !code) {
        CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
        struct giving giving = {
            .tail = tail, .arena = arena, .pos = lane_at(tail, lane), .cursor = &tail->at};
        size_t count;
        code = follow_piece(&giving, INT64_MAX, &count, &more, err);
    }
    return code;
}

static void tell(struct tail *tail, struct tail_watcher *watcher, enum tail_event_kind kind)
{
    struct tail_event event = {.kind = kind, .cursor = &tail->at};
    if (!watcher->over && !watcher->ops->give(watcher, &event))
        finish(watcher, NULL);
}

/* Whether some of what comes after `read` has been removed. */
static bool is_pruned(const struct timeline_cursor *read, const struct timeline_cursor *floors)
{
    for (size_t i = 0; i < floors->count; i++) {
        const struct lane_pos *pos = timeline_cursor_lane(read, floors->lanes[i].lane);
        if (floors->lanes[i].seq > (pos ? pos->seq : 0))
            return true;
    }
    return false;
}

/*
 * The floors were read after what was given since the last look, so they tell whether that was complete. It was not if
 * this node could read nothing for longer than changes are kept: then all watchers go on from the floors.
 */
static void check_swept(struct tail *tail, const struct timeline_cursor *floors)
{
    if (!tail->following || !is_pruned(&tail->swept, floors))
        return;
    for (size_t i = 0; i < floors->count; i++) {
        struct lane_pos *pos = lane_at(tail, floors->lanes[i].lane);
        if (pos->seq < floors->lanes[i].seq)
            pos->seq = floors->lanes[i].seq;
    }
    for (struct tail_watcher *w = TAILQ_FIRST(&tail->watchers); w; w = TAILQ_NEXT(w, link))
        tell(tail, w, TAIL_RESET);
}

static void note_swept(struct tail *tail)
{
    size_t size = tail->at.count * sizeof *tail->at.lanes;
    tail->swept.count = tail->at.count;
    tail->swept.lanes = mem_realloc(tail->swept.lanes, size + 1);
    if (size)
        memcpy(tail->swept.lanes, tail->at.lanes, size);
}

/* All lanes, those of other nodes and new ones too. */
static enum err_code follow_all(struct tail *tail, struct error *err)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct timeline_cursor now, floors = {0};
    enum err_code code = timeline_cursor_now(tail->db, arena, &now, &floors, err);
    check_swept(tail, &floors);
    for (size_t i = 0; i < now.count && !code; i++) {
        struct lane_pos *pos = lane_at(tail, now.lanes[i].lane);
        if (!tail->following)
            pos->seq = now.lanes[i].seq;
    }
    if (!code)
        note_swept(tail);
    for (size_t i = 0; i < now.count && !code && tail->following; i++)
        if (now.lanes[i].seq > lane_at(tail, now.lanes[i].lane)->seq)
            code = follow_lane(tail, now.lanes[i].lane, err);
    tail->following |= !code;
    return code;
}

static void report(struct tail *tail, enum err_code code, const struct error *err)
{
    if (code && !tail->failing)
        LOG(LOG_WARN, "cannot follow what is committed, trying again", F_TEXT("reason", err->text));
    tail->failing = code != ERR_OK;
}

/* ── newcomers ───────────────────────────────────────────────────────────────────────────────── */

/* Whether `from` may be a cursor of this database that lies behind what the tail has read. */
static bool is_behind(const struct tail *tail, const struct timeline_cursor *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct lane_pos *pos = timeline_cursor_lane(&tail->at, from->lanes[i].lane);
        if (!pos || from->lanes[i].seq > pos->seq)
            return false;
    }
    return true;
}

static struct timeline_cursor cursor_from(
    const struct tail *tail, struct arena *arena, const struct timeline_cursor *from)
{
    struct timeline_cursor cursor = {
        .lanes = ARENA_ARRAY(arena, struct lane_pos, tail->at.count + 1), .count = tail->at.count};
    for (size_t i = 0; i < cursor.count; i++) {
        const struct lane_pos *pos = timeline_cursor_lane(from, tail->at.lanes[i].lane);
        cursor.lanes[i] = (struct lane_pos){tail->at.lanes[i].lane, pos ? pos->seq : 0};
    }
    return cursor;
}

/* *reset: what it has missed is not all there any more. */
static enum err_code check_floors(struct tail *tail, struct arena *arena, const struct tail_watcher *watcher,
    bool *reset, struct error *err)
{
    struct timeline_cursor now, floors = {0};
    enum err_code code = timeline_cursor_now(tail->db, arena, &now, &floors, err);
    *reset |= is_pruned(watcher->from, &floors);
    return code;
}

/* From its cursor to where all others are. *reset: that would be too much. */
static enum err_code give_missed(
    struct tail *tail, struct arena *arena, struct tail_watcher *watcher, bool *reset, struct error *err)
{
    struct timeline_cursor cursor = cursor_from(tail, arena, watcher->from);
    int64_t left = tail->config.resume_most;
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < cursor.count && !code && left >= 0 && !watcher->full; i++) {
        struct giving giving = {
            .tail = tail, .arena = arena, .pos = &cursor.lanes[i], .cursor = &cursor, .only = watcher};
        int64_t until = tail->at.lanes[i].seq;
        bool more = cursor.lanes[i].seq < until;
        while (more && !code && left >= 0 && !watcher->full) {
            size_t count = 0;
            code = follow_piece(&giving, until, &count, &more, err);
            left -= (int64_t)count;
        }
        cursor.lanes[i].seq = until;
    }
    *reset = left < 0 || watcher->full;
    watcher->full = false;
    return code;
}

static enum err_code take_in_one(struct tail *tail, struct tail_watcher *watcher, struct error *err)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    enum err_code code = ERR_OK;
    bool reset = watcher->lost || (watcher->from && !is_behind(tail, watcher->from));
    if (watcher->from && !reset)
        code = check_floors(tail, arena, watcher, &reset, err);
    if (watcher->from && !reset && !code)
        code = give_missed(tail, arena, watcher, &reset, err);
    if (watcher->from && !reset && !code) /* once more: it may have been removed while it was read */
        code = check_floors(tail, arena, watcher, &reset, err);
    if (code)
        return code;
    watcher->asked_boot_us = clock_boot_us();
    if (reset)
        tell(tail, watcher, TAIL_RESET);
    tell(tail, watcher, TAIL_READY);
    return ERR_OK;
}

static enum err_code catch_up_first(struct tail *tail, struct error *err)
{
    enum err_code code = tail->db ? ERR_OK : db_open(tail->config.db, true, &tail->db, err);
    return code ? code : follow_all(tail, err);
}

/* They get all that was committed before they came: it is there by the time that they are told they are ready. */
static void take_in(struct tail *tail, struct inbox_item *list)
{
    struct error err = {0};
    enum err_code code = list ? catch_up_first(tail, &err) : ERR_OK;
    while (list) {
        struct tail_watcher *watcher = CONTAINER_OF(list, struct tail_watcher, item);
        list = list->next;
        if (!code)
            code = take_in_one(tail, watcher, &err);
        if (code)
            finish(watcher, AWAY);
        if (watcher->over)
            end(tail, watcher, watcher->why);
        else
            enter(tail, watcher);
    }
    if (code)
        report(tail, code, &err);
}

/* ── the thread ──────────────────────────────────────────────────────────────────────────────── */

static void look(struct tail *tail)
{
    struct error err = {0};
    int64_t now = clock_boot_us();
    if (now >= tail->sweep_at) {
        atomic_store(&tail->woken, false);
        report(tail, follow_all(tail, &err), &err);
        look_after(tail);
        tail->sweep_at = now + tail->config.sweep_us;
    } else if (now >= tail->round_at && atomic_exchange(&tail->woken, false)) {
        report(tail, follow_lane(tail, atomic_load(&tail->own_lane), &err), &err);
        tail->round_at = now + ROUND_US;
    }
}

static int64_t wait_us(struct tail *tail)
{
    if (TAILQ_EMPTY(&tail->watchers))
        return -1;
    int64_t now = clock_boot_us(), until = tail->sweep_at;
    if (atomic_load(&tail->woken) && tail->round_at < until)
        until = tail->round_at;
    return until > now ? until - now : 0;
}

static void *tail_main(void *arg)
{
    struct tail *tail = arg;
    thread_begin("tail", THREAD_AFTER);
    for (;;) {
        struct inbox_item *list = inbox_take_wait(&tail->inbox, TAKE_MOST, wait_us(tail));
        if (!list && inbox_is_closed(&tail->inbox))
            break;
        take_in(tail, list);
        if (TAILQ_EMPTY(&tail->watchers))
            tail->following = false;
        else
            look(tail);
    }
    while (!TAILQ_EMPTY(&tail->watchers)) {
        struct tail_watcher *watcher = TAILQ_FIRST(&tail->watchers);
        leave(tail, watcher);
        end(tail, watcher, NULL);
    }
    return NULL;
}

void tail_wake(void *ctx, int64_t lane)
{
    struct tail *tail = ctx;
    atomic_store(&tail->own_lane, lane);
    if (atomic_load(&tail->watching) > 0 && !atomic_exchange(&tail->woken, true))
        inbox_poke(&tail->inbox);
}

bool tail_watch(struct tail *tail, struct tail_watcher *watcher)
{
    atomic_fetch_add(&tail->watching, 1);
    if (inbox_post(&tail->inbox, &watcher->item))
        return true;
    atomic_fetch_sub(&tail->watching, 1);
    return false;
}

enum err_code tail_start(const struct tail_config *config, struct tail **out, struct error *err)
{
    struct tail *tail = mem_zalloc(sizeof *tail);
    tail->config = *config;
    if (tail->config.sweep_us == 0)
        tail->config.sweep_us = SWEEP_US;
    if (tail->config.check_us == 0)
        tail->config.check_us = CHECK_US;
    if (tail->config.resume_most == 0)
        tail->config.resume_most = RESUME_MOST;
    TAILQ_INIT(&tail->watchers);
    for (size_t i = 0; i < BUCKETS; i++) {
        TAILQ_INIT(&tail->by_record[i]);
        TAILQ_INIT(&tail->by_object[i]);
    }
    enum err_code code = inbox_init(&tail->inbox, false, err);
    if (!code && pthread_create(&tail->thread, NULL, tail_main, tail) != 0)
        code = error_set(err, ERR_UNAVAILABLE, "cannot start the tail's thread");
    if (code) {
        mem_free(tail);
        return code;
    }
    tail->runs = true;
    *out = tail;
    return ERR_OK;
}

void tail_close(struct tail *tail)
{
    if (!tail->runs)
        return;
    inbox_close(&tail->inbox);
    pthread_join(tail->thread, NULL);
    tail->runs = false;
}

void tail_free(struct tail *tail)
{
    if (!tail)
        return;
    tail_close(tail);
    db_close(tail->db);
    inbox_destroy(&tail->inbox);
    mem_free(tail->at.lanes);
    mem_free(tail->swept.lanes);
    mem_free(tail);
}
