/* Cold writes of the API: no worker waits for a commit. */
#include "api/call.h"

#include "base/clock.h"
#include "crm/business.h"
#include "db/locks.h"
#include "net/address.h"

struct api_write {
    struct unit unit; /* first */
    struct call *call;
    write_fn *run;
    void (*reply)(struct call *call, void *ctx);
    struct error_list list;
};

static struct api_write *write_of(struct unit *unit)
{
    return CONTAINER_OF(unit, struct api_write, unit);
}

static struct origin origin_of(const struct call *call)
{
    bool key = exchange_header(call->exchange, "X-API-KEY") != NULL;
    struct address_text address = address_format(exchange_client(call->exchange));
    return (struct origin){.via = call->route->flags & ROUTE_OPEN ? VIA_NOTHING
                                  : key                           ? VIA_API_KEY
                                                                  : VIA_SESSION,
        .key_id = call->actor.credential.key_id,
        .request_id = call->exchange->request_id,
        .address = *address.text ? arena_strdup(call->arena, address.text) : NULL};
}

static enum err_code write_run_one(struct db *db, struct api_write *w, struct error *err)
{
    struct call *call = w->call;
    struct write write = {.crm = call->api->config.crm,
        .db = db,
        .arena = call->arena,
        .actor = &call->actor,
        .business_id = call->actor.business_id,
        .origin = origin_of(call),
        .pos = w->unit.pos,
        .now = clock_wall_us()};
    error_list_clear(&w->list);
    enum err_code code = call->actor.access ? actor_still_may(db, call->arena, &call->actor, err) : ERR_OK;
    return code ? code : w->run(&write, w->unit.ctx, &w->list, err);
}

/* What the caller is told, whatever else there is in the transaction. */
static bool is_refusal(enum err_code code)
{
    return code != ERR_UNAVAILABLE && code != ERR_BUSY && code != ERR_FENCED && code != ERR_INTERNAL;
}

/*
 * One that is refused before it has written anything is refused alone: the others of the batch need not be run again
 * for it.
 */
static enum err_code write_run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t writes = db_writes(db);
        struct error why = {0};
        enum err_code code = write_run_one(db, write_of(units[i]), &why);
        if (code && is_refusal(code) && db_writes(db) == writes)
            units[i]->result = why;
        else if (code) {
            *err = why;
            return code;
        }
    }
    return ERR_OK;
}

static void write_done(struct unit *unit)
{
    struct api_write *w = write_of(unit);
    if (unit->result.code)
        call_fail(w->call, &unit->result, &w->list);
    else
        w->reply(w->call, unit->ctx);
}

static enum err_code settings_lock(struct db *db, struct unit **units, size_t n, struct error *err)
{
    struct id businesses[n];
    for (size_t i = 0; i < n; i++)
        businesses[i] = write_of(units[i])->call->actor.business_id;
    return business_lock(db, businesses, n, err);
}

/* What is changed stands in the path; what is made refers to its Business. */
static void name_locks(const struct unit *unit, struct lock_list *list, bool settings)
{
    const struct call *call = CONTAINER_OF(unit, const struct api_write, unit)->call;
    lock_list_add(list, call->actor.business_id.bytes, sizeof call->actor.business_id.bytes, settings);
    if (!id_is_nil(call->path_id))
        lock_list_add(list, call->path_id.bytes, sizeof call->path_id.bytes, true);
}

static void write_name_locks(const struct unit *unit, struct lock_list *list)
{
    name_locks(unit, list, false);
}

static void settings_name_locks(const struct unit *unit, struct lock_list *list)
{
    name_locks(unit, list, true);
}

static void submit(struct call *call, const struct unit_kind *kind, write_fn *run,
    void (*reply)(struct call *call, void *ctx), void *ctx)
{
    struct api_write *w = ARENA_NEW(call->arena, struct api_write);
    *w = (struct api_write){
        .unit = {.kind = kind, .ctx = ctx, .done = write_done}, .call = call, .run = run, .reply = reply};
    struct error err = {0};
    if (writer_submit(call->api->config.crm->writer, &w->unit, &err))
        call_fail(call, &err, NULL);
}

void call_write(struct call *call, write_fn *run, void (*reply)(struct call *call, void *ctx), void *ctx)
{
    static const struct unit_kind kind = {.name = "write", .run = write_run, .name_locks = write_name_locks};
    submit(call, &kind, run, reply, ctx);
}

void call_write_settings(
    struct call *call, write_fn *run, void (*reply)(struct call *call, void *ctx), void *ctx)
{
    static const struct unit_kind kind = {
        .name = "settings", .lock = settings_lock, .run = write_run, .name_locks = settings_name_locks};
    submit(call, &kind, run, reply, ctx);
}

bool call_if_match(struct call *call, int64_t *version)
{
    const char *match = exchange_header(call->exchange, "If-Match");
    if (!match) {
        exchange_reply_problem(
            call->exchange, 428, "Changing settings needs If-Match with the ETag that you read.", NULL);
        return false;
    }
    char *end = NULL;
    *version = *match == '"' && match[1] != '-' ? strtoll(match + 1, &end, 10) : -1;
    if (!end || strcmp(end, "\"") != 0) {
        exchange_reply_problem(call->exchange, 412,
            "If-Match must be the ETag as it was read, with its quotation marks, e.g. If-Match: \"3\".",
            NULL);
        return false;
    }
    return true;
}

struct reply_header etag_header(struct call *call, int64_t version)
{
    return (struct reply_header){"ETag", arena_printf(call->arena, "\"%lld\"", (long long)version)};
}
