/* Cold writes of the API: no worker waits for a commit. */
#include "api/body.h"

#include "base/clock.h"
#include "crm/business.h"
#include "crm/id_list.h"
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
    error_list_rewind(&w->list);
    enum err_code code = call->actor.access ? actor_still_may(db, call->arena, &call->actor, err) : ERR_OK;
    if (!code)
        code = crm_run_write(&write, w->run, w->unit.ctx, &w->list, err);
    return code ? code : error_list_refuse(&w->list, err); /* nothing is written of what is refused in part */
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
    enum err_code code = unit->result.code;
    /* A conflict of the thing itself says nothing of the members. */
    bool of_members = code == ERR_INVALID || (code == ERR_CONFLICT && w->list.conflicts == w->list.count);
    if (code)
        call_fail(w->call, &unit->result, of_members ? &w->list : NULL);
    else
        w->reply(w->call, unit->ctx);
}

static enum err_code settings_lock(struct db *db, struct unit **units, size_t n, struct error *err)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct ids businesses = {0};
    for (size_t i = 0; i < n; i++) {
        const struct call *call = write_of(units[i])->call;
        ids_add(arena, &businesses, call->actor.business_id);
        for (size_t j = 0; j < call->business_count; j++)
            ids_add(arena, &businesses, call->businesses[j]);
    }
    return business_lock(db, businesses.items, businesses.count, err);
}

/* What is changed stands in the path; what is made refers to its Business. */
static void name_locks(const struct unit *unit, struct lock_list *list, bool settings)
{
    const struct call *call = CONTAINER_OF(unit, const struct api_write, unit)->call;
    lock_list_add(list, call->actor.business_id.bytes, sizeof call->actor.business_id.bytes, settings);
    for (size_t i = 0; i < call->business_count; i++)
        lock_list_add(list, call->businesses[i].bytes, sizeof call->businesses[i].bytes, settings);
    if (!id_is_nil(call->path_id))
        lock_list_add(list, call->path_id.bytes, sizeof call->path_id.bytes, true);
    if (!id_is_nil(call->sub_id))
        lock_list_add(list, call->sub_id.bytes, sizeof call->sub_id.bytes, true);
}

static void write_name_locks(const struct unit *unit, struct lock_list *list)
{
    name_locks(unit, list, false);
}

static void settings_name_locks(const struct unit *unit, struct lock_list *list)
{
    name_locks(unit, list, true);
}

/* unread: what could not be read of the body; NULL: nothing. */
static void submit(struct call *call, const struct unit_kind *kind, const struct error_list *unread,
    write_fn *run, void (*reply)(struct call *call, void *ctx), void *ctx)
{
    struct api_write *w = ARENA_NEW(call->arena, struct api_write);
    w->unit = (struct unit){.kind = kind, .ctx = ctx, .done = write_done};
    w->call = call;
    w->run = run;
    w->reply = reply;
    if (unread)
        w->list = *unread;
    error_list_reading_done(&w->list);
    struct error err = {0};
    if (writer_submit(call->api->config.crm->writer, &w->unit, &err))
        call_fail(call, &err, NULL);
}

static const struct unit_kind write_kind = {
    .name = "write", .run = write_run, .name_locks = write_name_locks};
static const struct unit_kind settings_kind = {
    .name = "settings", .lock = settings_lock, .run = write_run, .name_locks = settings_name_locks};

void call_write(struct call *call, write_fn *run, void (*reply)(struct call *call, void *ctx), void *ctx)
{
    submit(call, &write_kind, NULL, run, reply, ctx);
}

void call_write_settings(
    struct call *call, write_fn *run, void (*reply)(struct call *call, void *ctx), void *ctx)
{
    submit(call, &settings_kind, NULL, run, reply, ctx);
}

void body_write(struct body *body, write_fn *run, void (*reply)(struct call *call, void *ctx), void *ctx)
{
    body_close(body);
    submit(body->call, &write_kind, &body->errors, run, reply, ctx);
}

void body_write_settings(
    struct body *body, write_fn *run, void (*reply)(struct call *call, void *ctx), void *ctx)
{
    body_close(body);
    submit(body->call, &settings_kind, &body->errors, run, reply, ctx);
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
