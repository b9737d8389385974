#include "db/writer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "db/locks.h"

#include <stdatomic.h>

#define KEPT_RETRY_US (200 * US_PER_MS)
#define LANE_TRIES 200

struct writer {
    /* set before start */
    struct writer_config config;
    pthread_t thread;
    /* shared */
    struct inbox inbox;
    struct inbox riders; /* units that start no transaction by themselves */
    atomic_size_t waiting;
    atomic_bool healthy;
    atomic_int_fast64_t held_until_boot_us;
    atomic_int_fast64_t stop_by_boot_us; /* 0: not stopping */
    /* owned by the writer's thread */
    struct db *db;
    struct lane lane;
    struct lane_set adopted; /* lanes of others that read_again gave away to be sent */
    int64_t renewed_at_boot_us; /* the last time, ... */
    int64_t steady_since_boot_us; /* ... and the start of an unbroken row of renewals */
    int64_t renew_at_boot_us;
    int64_t retry_at_boot_us; /* when kept units are run again */
    int64_t warned_at_boot_us; /* of a database that is away; 0: never */
    int64_t ride_by_boot_us; /* when riders go by themselves; 0: there are none */
    bool unannounced; /* a COMMIT's outcome is unknown: the lane must be read again (lane_changed) */
    struct inbox_item *kept, **kept_tail; /* units that wait for the database to come back (W5) */
    size_t kept_count;
};

static bool away(enum err_code code)
{
    return code == ERR_UNAVAILABLE || code == ERR_BUSY;
}

/* ── one transaction ─────────────────────────────────────────────────────────────────────────── */

static void number(struct writer *w, struct unit **units, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        units[i]->pos = (struct lane_pos){.lane = w->lane.id, .seq = w->lane.next_seq++};
        units[i]->result = (struct error){0};
    }
}

/* Length of the run of units of one kind at the front. */
static size_t same_kind(struct unit **units, size_t n)
{
    size_t i = 1;
    while (i < n && units[i]->kind == units[0]->kind)
        i++;
    return i;
}

static enum err_code lock_kinds(struct writer *w, struct unit **units, size_t n, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t at = 0, len; at < n && !code; at += len) {
        len = same_kind(units + at, n - at);
        if (units[at]->kind->lock)
            code = units[at]->kind->lock(w->db, units + at, len, err);
    }
    return code;
}

static enum err_code run_kinds(struct writer *w, struct unit **units, size_t n, struct error *err)
{
    enum err_code code = lane_check(w->db, &w->lane, err);
    if (!code)
        code = locks_take(w->db, units, n, err);
    if (!code)
        code = lock_kinds(w, units, n, err);
    for (size_t at = 0, len; at < n && !code; at += len) {
        len = same_kind(units + at, n - at);
        code = units[at]->kind->run(w->db, units + at, len, err);
        if (!code && !db_in_transaction(w->db))
            code = error_set(err, ERR_UNAVAILABLE, "the database rolled the transaction back by itself");
    }
    return code;
}

static void announce(struct writer *w, struct lane_range range)
{
    if (w->config.read_again)
        w->config.read_again(w->config.read_again_ctx, &range);
}

/* After a COMMIT of unknown outcome: whatever this epoch numbered so far may be there. */
static void announce_unknown(struct writer *w)
{
    w->unannounced = false;
    announce(w, (struct lane_range){.lane = w->lane.id,
                    .first = w->lane.epoch << LANE_SEQ_BITS,
                    .last = w->lane.next_seq - 1,
                    .own = true});
}

/*
 * Before anything with a later number is committed. Renewing the lane waits for the doubtful transaction, which
 * holds the lane's row: what is read after the announcement is final.
 */
static enum err_code settle_unknown(struct writer *w, struct error *err)
{
    enum err_code code = lane_renew(w->db, &w->lane, w->config.lease_us, err);
    if (!code)
        announce_unknown(w);
    return code;
}

static enum err_code transact(struct writer *w, struct unit **units, size_t n, struct error *err)
{
    int64_t started = clock_boot_us();
    enum err_code code = w->unannounced ? settle_unknown(w, err) : ERR_OK;
    if (code)
        return code;
    number(w, units, n);
    code = db_begin(w->db, err);
    if (code == ERR_BUSY) /* no unit's fault: halves would wait for the same lock again and again */
        code = ERR_UNAVAILABLE;
    if (code)
        return code;
    code = run_kinds(w, units, n, err);
    if (code) {
        db_rollback(w->db);
        return code;
    }
    code = db_commit(w->db, err);
    if (code) {
        w->unannounced = true;
        return code;
    }
    FAULT_KILL(after_commit);
    metric_add(METRIC_batches_committed_total, 1);
    histogram_observe(HISTOGRAM_commit_seconds, clock_boot_us() - started);
    return ERR_OK;
}

/* ── the lane ────────────────────────────────────────────────────────────────────────────────── */

static void announce_left_over(struct writer *w, int64_t lane)
{
    bool own = lane == w->lane.id;
    announce(w, (struct lane_range){.lane = lane,
                    .first = 0,
                    .last = own ? (w->lane.epoch << LANE_SEQ_BITS) - 1 : INT64_MAX,
                    .own = own,
                    .left_over = true});
}

/*
 * A gap of half a lease is one: whatever kept this node from renewing so long may have kept the others, too, whose
 * leases would then have run out although they live.
 */
static void note_lease(struct writer *w)
{
    bool alone = db_engine_of(w->db) == DB_SQLITE; /* nobody else can have this file */
    int64_t now = clock_boot_us();
    atomic_store(&w->held_until_boot_us, alone ? INT64_MAX : w->lane.held_until_boot_us);
    if (!w->renewed_at_boot_us || now - w->renewed_at_boot_us > w->config.lease_us / 2)
        w->steady_since_boot_us = now;
    w->renewed_at_boot_us = now;
    w->renew_at_boot_us = now + w->config.lease_us / 3;
}

/* Tells of the lanes that this node has lost, and of those that it has not announced yet. Takes `now` over. */
static void follow_adopted(struct writer *w, struct lane_set now)
{
    struct lane_set before = w->adopted;
    w->adopted = now;
    for (size_t i = 0; i < before.count; i++) {
        if (lane_set_has(&now, before.lanes[i]))
            continue;
        LOG(LOG_WARN, "lane lost to another node", F_INT("lane", before.lanes[i]));
        if (w->config.lane_lost)
            w->config.lane_lost(w->config.read_again_ctx, before.lanes[i]);
    }
    for (size_t i = 0; i < now.count; i++)
        if (!lane_set_has(&before, now.lanes[i]))
            announce_left_over(w, now.lanes[i]);
    lane_set_free(&before);
}

/* In one transaction; *lane and *adopted are this writer's only once it is committed. */
static enum err_code take_once(
    struct writer *w, struct lane *lane, struct lane_set *adopted, struct error *err)
{
    adopted->count = 0;
    enum err_code code = db_begin(w->db, err);
    if (code)
        return code;
    code = lane_take(w->db, w->config.node, w->config.lease_us, lane, err);
    if (!code)
        code = lane_read_adopted(w->db, lane, adopted, err);
    if (!code)
        return db_commit(w->db, err);
    db_rollback(w->db);
    return code;
}

static enum err_code take_lane(struct writer *w, struct error *err)
{
    struct lane lane;
    struct lane_set adopted = {0};
    enum err_code code = take_once(w, &lane, &adopted, err);
    /* Another node took the same new number. Each time one of them gets it, so this ends. */
    for (int tries = 1; code == ERR_CONFLICT && tries < LANE_TRIES; tries++)
        code = take_once(w, &lane, &adopted, err);
    if (code) {
        lane_set_free(&adopted);
        return code;
    }
    w->lane = lane;
    LOG(LOG_INFO, "lane taken", F_INT("lane", w->lane.id), F_INT("epoch", w->lane.epoch));
    w->unannounced = false;
    announce_left_over(w, w->lane.id);
    follow_adopted(w, adopted);
    note_lease(w);
    return ERR_OK;
}

static enum err_code renew_lane(struct writer *w, struct error *err)
{
    struct lane_set adopted = {0};
    enum err_code code = lane_renew(w->db, &w->lane, w->config.lease_us, err);
    if (!code)
        code = lane_read_adopted(w->db, &w->lane, &adopted, err);
    if (code) {
        lane_set_free(&adopted);
        return code;
    }
    follow_adopted(w, adopted);
    note_lease(w);
    return ERR_OK;
}

/*
 * Another node's lane whose lease has run out: this node sends what is left in it. Not after an outage that may
 * have hit all: first those who live must have had the time to renew.
 */
static void adopt_lane(struct writer *w)
{
    struct error err;
    int64_t lane = 0;
    if (clock_boot_us() - w->steady_since_boot_us < w->config.lease_us)
        return;
    enum err_code code = db_begin(w->db, &err);
    if (code)
        return;
    code = lane_adopt(w->db, w->config.node, w->config.lease_us, &lane, &err);
    if (!code && lane)
        code = db_commit(w->db, &err);
    else
        db_rollback(w->db);
    if (code || !lane) /* was it committed after all, the next renewal finds it */
        return;
    LOG(LOG_WARN, "lane of another node taken over", F_INT("lane", lane));
    lane_set_add(&w->adopted, lane);
    announce_left_over(w, lane);
}

static void keep_lane(struct writer *w)
{
    if (clock_boot_us() < w->renew_at_boot_us)
        return;
    struct error err;
    enum err_code code = renew_lane(w, &err);
    if (code == ERR_FENCED)
        code = take_lane(w, &err);
    if (code) {
        LOG(LOG_WARN, "cannot renew the lane", F_INT("lane", w->lane.id), F_TEXT("reason", err.text));
        w->renew_at_boot_us = clock_boot_us() + KEPT_RETRY_US;
        return;
    }
    atomic_store(&w->healthy, true);
    if (w->unannounced)
        announce_unknown(w);
    if (db_engine_of(w->db) == DB_POSTGRES)
        adopt_lane(w);
}

/* ── batches ─────────────────────────────────────────────────────────────────────────────────── */

static void announce_committed(struct unit **units, size_t n)
{
    for (size_t at = 0, len; at < n; at += len) {
        len = same_kind(units + at, n - at);
        size_t kept = 0;
        struct unit *accepted[len];
        for (size_t i = at; i < at + len; i++)
            if (!units[i]->result.code)
                accepted[kept++] = units[i];
        if (kept && units[at]->kind->committed)
            units[at]->kind->committed(accepted, kept);
    }
}

static void finish(struct unit **units, size_t n)
{
    for (size_t i = 0; i < n; i++)
        units[i]->done(units[i]);
}

static bool stopping_for_good(struct writer *w)
{
    int64_t by = atomic_load(&w->stop_by_boot_us);
    return by && clock_boot_us() >= by;
}

static void keep(struct writer *w, struct unit *unit)
{
    unit->item.next = NULL;
    *w->kept_tail = &unit->item;
    w->kept_tail = &unit->item.next;
    w->kept_count++;
    atomic_fetch_add(&w->waiting, 1);
    w->retry_at_boot_us = clock_boot_us() + KEPT_RETRY_US;
    metric_set(METRIC_unknown_outcomes_held, (int64_t)w->kept_count);
}

/* Units are told why, but those whose kind must not be dropped wait and are run again, whatever it was (W5). */
static void fail_or_keep(struct writer *w, struct unit **units, size_t n, const struct error *err)
{
    bool give_up = stopping_for_good(w);
    for (size_t i = 0; i < n; i++) {
        if (units[i]->kind->keep && !give_up) {
            keep(w, units[i]);
            continue;
        }
        units[i]->result = *err;
        units[i]->done(units[i]);
    }
}

/* A database that is away is told of once a second; what is the caller's own mistake, the caller hears of. */
static bool is_news(struct writer *w, enum err_code code, const struct unit_kind *kind)
{
    int64_t now = clock_boot_us();
    if (!away(code))
        return code == ERR_INTERNAL || kind->keep;
    if (w->warned_at_boot_us && now < w->warned_at_boot_us + US_PER_S)
        return false;
    w->warned_at_boot_us = now;
    return true;
}

/* W4: optimistic, then in halves. */
static void run_batch(struct writer *w, struct unit **units, size_t n)
{
    struct error err = {0};
    enum err_code code = transact(w, units, n, &err);
    if (code == ERR_FENCED) {
        code = take_lane(w, &err);
        if (!code)
            code = transact(w, units, n, &err);
    }
    atomic_store(&w->healthy, !away(code));
    if (!code) {
        announce_committed(units, n);
        finish(units, n);
        if (w->config.committed)
            w->config.committed(w->config.committed_ctx, w->lane.id);
        w->retry_at_boot_us = 0; /* the database is there: kept units go next */
        return;
    }
    if (code == ERR_UNAVAILABLE || n == 1) {
        if (is_news(w, code, units[0]->kind))
            LOG(LOG_WARN, "transaction failed", F_INT("units", (int64_t)n),
                F_TEXT("kind", units[0]->kind->name), F_TEXT("reason", err.text));
        fail_or_keep(w, units, n, &err);
        return;
    }
    metric_add(METRIC_batches_retried_total, 1);
    run_batch(w, units, n / 2);
    run_batch(w, units + n / 2, n - n / 2);
}

/* Units of a kind side by side, in the order they came. They mostly are already, so this mostly only looks. */
static void group_by_kind(struct unit **units, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct unit *unit = units[i];
        size_t to = i;
        while (to > 0 && units[to - 1]->kind != unit->kind)
            to--;
        if (to == 0) /* the first of its kind */
            continue;
        memmove(&units[to + 1], &units[to], (i - to) * sizeof *units);
        units[to] = unit;
    }
}

/* They have a pace of their own: while the database is away, each new unit finds that out without them. */
static bool kept_are_due(struct writer *w)
{
    return w->kept && (clock_boot_us() >= w->retry_at_boot_us || stopping_for_good(w));
}

static size_t take_kept(struct writer *w, struct unit **batch, size_t most)
{
    size_t n = 0;
    for (; w->kept && n < most; n++) {
        batch[n] = CONTAINER_OF(w->kept, struct unit, item);
        w->kept = w->kept->next;
    }
    if (!w->kept)
        w->kept_tail = &w->kept;
    w->kept_count -= n;
    metric_set(METRIC_unknown_outcomes_held, (int64_t)w->kept_count);
    return n;
}

static size_t append(struct unit **batch, size_t n, struct inbox_item *list)
{
    for (; list; list = list->next)
        batch[n++] = CONTAINER_OF(list, struct unit, item);
    return n;
}

/* Kept units first, then what came, then the riders. */
static void run_waiting(struct writer *w, struct inbox_item *list, struct inbox_item *riders, size_t room)
{
    struct unit *batch[2 * w->config.batch_most];
    size_t n = kept_are_due(w) ? take_kept(w, batch, w->config.batch_most - room) : 0;
    n = append(batch, n, list);
    n = append(batch, n, riders);
    if (n == 0)
        return;
    atomic_fetch_sub(&w->waiting, n);
    group_by_kind(batch, n);
    run_batch(w, batch, n);
    if (w->unannounced) /* if nothing else comes, keep_lane settles it */
        w->renew_at_boot_us = clock_boot_us() + KEPT_RETRY_US;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t wait_us(const struct writer *w)
{
    int64_t until = w->renew_at_boot_us, now = clock_boot_us();
    if (w->kept)
        until = sooner(until, w->retry_at_boot_us);
    if (w->ride_by_boot_us)
        until = sooner(until, w->ride_by_boot_us);
    return until > now ? until - now : 0;
}

/* How many new units fit beside the kept ones: always some, so that what is kept starves nobody. */
static size_t room_for_new(const struct writer *w)
{
    size_t half = w->config.batch_most / 2;
    return w->kept_count < half ? w->config.batch_most - w->kept_count : half;
}

/* The riders, if something goes that they can ride with, or they have waited long enough, or are many. */
static struct inbox_item *take_riders(struct writer *w, bool something_goes)
{
    size_t count = inbox_count(&w->riders), most = w->config.batch_most;
    int64_t now = clock_boot_us();
    if (count && !w->ride_by_boot_us)
        w->ride_by_boot_us = now + WRITER_RIDE_US;
    bool due = count && (now >= w->ride_by_boot_us || count >= most / 2 || inbox_is_closed(&w->inbox));
    if (!count || !(something_goes || due))
        return NULL;
    struct inbox_item *riders = inbox_take(&w->riders, most);
    w->ride_by_boot_us = inbox_count(&w->riders) ? now : 0;
    return riders;
}

static bool is_over(struct writer *w, const struct inbox_item *list)
{
    return !list && inbox_is_closed(&w->inbox) &&
           ((!w->kept && inbox_count(&w->riders) == 0) || stopping_for_good(w));
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    thread_begin("writer", THREAD_AT_ONCE);
    for (;;) {
        size_t room = room_for_new(w);
        struct inbox_item *list = inbox_take_wait(&w->inbox, room, wait_us(w));
        if (is_over(w, list))
            break;
        bool retry = kept_are_due(w);
        struct inbox_item *riders = take_riders(w, list || retry);
        if (!list && !riders &&
            inbox_is_closed(&w->inbox)) /* nothing will come: only the database is waited for */
            clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 20000000}, NULL);
        if (list || riders || retry)
            run_waiting(w, list, riders, room);
        keep_lane(w);
    }
    for (struct inbox_item *riders; w->kept || (riders = inbox_take(&w->riders, w->config.batch_most));)
        run_waiting(w, NULL, w->kept ? NULL : riders, room_for_new(w));
    struct error err;
    if (lane_release(w->db, &w->lane, &err))
        LOG(LOG_WARN, "cannot give the lane back", F_TEXT("reason", err.text));
    return NULL;
}

/* ── life ────────────────────────────────────────────────────────────────────────────────────── */

static void writer_free(struct writer *w)
{
    db_close(w->db);
    lane_set_free(&w->adopted);
    inbox_destroy(&w->inbox);
    inbox_destroy(&w->riders);
    mem_free(w);
}

enum err_code writer_start(const struct writer_config *config, struct writer **writer, struct error *err)
{
    struct writer *w = mem_zalloc(sizeof *w);
    w->config = *config;
    w->kept_tail = &w->kept;
    enum err_code code = inbox_init(&w->inbox, false, err);
    if (!code)
        code = inbox_init(&w->riders, false, err);
    if (code) {
        mem_free(w);
        return code;
    }
    code = db_open(config->db, false, &w->db, err);
    if (!code)
        code = db_claim(w->db, config->node, err);
    if (!code)
        code = take_lane(w, err);
    if (!code && pthread_create(&w->thread, NULL, writer_main, w) != 0)
        code = error_set(err, ERR_UNAVAILABLE, "cannot start the writer's thread");
    if (code) {
        writer_free(w);
        return code;
    }
    atomic_store(&w->healthy, true);
    *writer = w;
    return ERR_OK;
}

/* The first rider, and the one that makes them many, tells the writer to look at its time-out again. */
static bool post_rider(struct writer *w, struct unit *unit)
{
    if (!inbox_post(&w->riders, &unit->item))
        return false;
    size_t count = inbox_count(&w->riders);
    if (count == 1 || count == w->config.batch_most / 2)
        inbox_poke(&w->inbox);
    return true;
}

enum err_code writer_submit(struct writer *writer, struct unit *unit, struct error *err)
{
    if (atomic_fetch_add(&writer->waiting, 1) >= writer->config.queue_most && !unit->kind->keep) {
        atomic_fetch_sub(&writer->waiting, 1);
        return error_set(err, ERR_BUSY, "too many writes are waiting; try again");
    }
    if (unit->kind->rides ? post_rider(writer, unit) : inbox_post(&writer->inbox, &unit->item))
        return ERR_OK;
    atomic_fetch_sub(&writer->waiting, 1);
    return error_set(err, ERR_UNAVAILABLE, "the server is stopping");
}

bool writer_is_healthy(struct writer *writer)
{
    return atomic_load(&writer->healthy);
}

int64_t writer_lease_until(struct writer *writer)
{
    return atomic_load(&writer->held_until_boot_us);
}

void writer_stop(struct writer *writer, int64_t grace_us)
{
    atomic_store(&writer->stop_by_boot_us, clock_boot_us() + grace_us + 1);
    inbox_close(&writer->riders);
    inbox_close(&writer->inbox);
    pthread_join(writer->thread, NULL);
    writer_free(writer);
}
