#include "crm/housekeeping.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "crm/idempotency.h"
#include "crm/password_token.h"
#include "crm/session.h"
#include "crm/sign_in_link.h"
#include "crm/timeline_change.h"

#include <pthread.h>

#define PAUSE_US (20 * US_PER_MS) /* between two units when more is left */

struct housekeeping {
    struct unit unit; /* first; the writer's between writer_submit and `done` */
    struct inbox_item done; /* what `done` posts */
    /* set before start */
    struct housekeeping_config config;
    pthread_t thread;
    /* shared */
    struct inbox inbox; /* a unit has come back; closed: the thread ends */
    bool more; /* the unit's, then the thread's: something is left */
};

/* ── the writer's thread ─────────────────────────────────────────────────────────────────────── */

/* What a task has in hand; it sets `more` when it has not removed all. */
struct turn {
    struct housekeeping *housekeeping;
    struct db *db;
    const int64_t *lanes;
    size_t lane_count;
    int64_t now;
    bool more;
};

static enum err_code prune_timelines(struct turn *turn, struct error *err)
{
    int64_t before = turn->now - turn->housekeeping->config.timeline_us;
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < turn->lane_count && !code; i++) {
        bool more = false;
        code = timeline_prune(turn->db, turn->lanes[i], before, HOUSEKEEPING_MOST, &more, err);
        turn->more |= more;
    }
    return code;
}

static enum err_code expire_keys(struct turn *turn, struct error *err)
{
    int64_t before = turn->now - crm_limits(turn->housekeeping->config.crm)->idempotency_us;
    int64_t removed = 0;
    enum err_code code = idempotency_expire(turn->db, before, HOUSEKEEPING_MOST, &removed, err);
    turn->more |= removed == HOUSEKEEPING_MOST;
    return code;
}

/* What people sign in with, and no longer can. */
static enum err_code expire_sign_ins(struct turn *turn, struct error *err)
{
    static enum err_code (*const expire[])(struct db *, int64_t, int64_t, int64_t *, struct error *) = {
        sessions_expire, sign_in_tokens_expire, password_tokens_expire};
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(expire) && !code; i++) {
        int64_t removed = 0;
        code = expire[i](turn->db, turn->now, HOUSEKEEPING_MOST, &removed, err);
        turn->more |= removed == HOUSEKEEPING_MOST;
    }
    return code;
}

static enum err_code (*const tasks[])(struct turn *turn, struct error *err) = {
    prune_timelines, expire_keys, expire_sign_ins};

static enum err_code run_tasks(struct turn *turn, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(tasks) && !code; i++)
        code = tasks[i](turn, err);
    return code;
}

static enum err_code run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    (void)n; /* there is one */
    struct housekeeping *housekeeping = CONTAINER_OF(units[0], struct housekeeping, unit);
    const struct lane own = {.id = units[0]->pos.lane, .node = housekeeping->config.node};
    struct lane_set lanes = {0};
    lane_set_add(&lanes, own.id);
    enum err_code code = lane_read_adopted(db, &own, &lanes, err);
    struct turn turn = {.housekeeping = housekeeping,
        .db = db,
        .lanes = lanes.lanes,
        .lane_count = lanes.count,
        .now = clock_wall_us()};
    if (!code)
        code = run_tasks(&turn, err);
    housekeeping->more = turn.more;
    lane_set_free(&lanes);
    return code;
}

static void done(struct unit *unit)
{
    struct housekeeping *housekeeping = CONTAINER_OF(unit, struct housekeeping, unit);
    if (unit->result.code)
        LOG(LOG_WARN, "what is too old cannot be removed, trying again later",
            F_TEXT("reason", unit->result.text));
    bool taken = inbox_post(&housekeeping->inbox, &housekeeping->done);
    (void)taken; /* or the thread has ended */
}

/* ── the thread ──────────────────────────────────────────────────────────────────────────────── */

static void submit(struct housekeeping *housekeeping)
{
    static const struct unit_kind kind = {.name = "housekeeping", .run = run, .rides = true};
    struct writer *writer = housekeeping->config.crm->writer;
    housekeeping->unit = (struct unit){.kind = &kind, .done = done};
    struct error err = {0};
    if (writer_submit(writer, &housekeeping->unit, &err))
        done(&housekeeping->unit); /* later, then */
}

/* Waits for `us`, unless it is to end. */
static void pause_for(struct housekeeping *housekeeping, int64_t us)
{
    struct inbox_item *none = inbox_take_wait(&housekeeping->inbox, 1, us);
    (void)none; /* nothing is under way that could come back */
}

static void *housekeeping_main(void *arg)
{
    struct housekeeping *housekeeping = arg;
    thread_begin("housekeeping", THREAD_AFTER);
    for (;;) {
        pause_for(housekeeping, housekeeping->more ? PAUSE_US : housekeeping->config.every_us);
        if (inbox_is_closed(&housekeeping->inbox))
            return NULL;
        housekeeping->more = false;
        submit(housekeeping);
        if (!inbox_take_wait(&housekeeping->inbox, 1, -1)) /* closed */
            return NULL;
        housekeeping->more &= !housekeeping->unit.result.code;
    }
}

enum err_code housekeeping_start(
    const struct housekeeping_config *config, struct housekeeping **out, struct error *err)
{
    struct housekeeping *housekeeping = mem_zalloc(sizeof *housekeeping);
    housekeeping->config = *config;
    enum err_code code = inbox_init(&housekeeping->inbox, false, err);
    if (code) {
        mem_free(housekeeping);
        return code;
    }
    if (pthread_create(&housekeeping->thread, NULL, housekeeping_main, housekeeping) != 0) {
        inbox_destroy(&housekeeping->inbox);
        mem_free(housekeeping);
        return error_set(err, ERR_UNAVAILABLE, "cannot start the housekeeping's thread");
    }
    *out = housekeeping;
    return ERR_OK;
}

void housekeeping_close(struct housekeeping *housekeeping)
{
    if (!housekeeping)
        return;
    inbox_close(&housekeeping->inbox);
    pthread_join(housekeeping->thread, NULL);
}

void housekeeping_free(struct housekeeping *housekeeping)
{
    if (!housekeeping)
        return;
    inbox_destroy(&housekeeping->inbox);
    mem_free(housekeeping);
}
