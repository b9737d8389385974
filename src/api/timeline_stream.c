/*
 * GET /api/records/{object}/{id}/timeline/stream: what happens on a timeline, as server-sent events. The request is
 * checked on a worker's thread like any other; then the tail has the stream (crm/tail.h), and everything below "the
 * tail's thread" runs there.
 */
#include "api/timeline.h"
#include "crm/tail.h"

#define EVENT_MOST ANSWER_MOST
#define HEARTBEAT ": \n\n"
#define RETRY "retry: 1000\n" /* milliseconds that a client waits before it comes back */

struct timeline_stream {
    struct tail_watcher watcher; /* first */
    struct call *call; /* whose exchange is held until `end` */
    struct arena *arena; /* of the last question (T2), */
    struct actor actor; /* and who asked, with what they may */
};

static struct timeline_stream *stream_of(struct tail_watcher *watcher)
{
    return CONTAINER_OF(watcher, struct timeline_stream, watcher);
}

/* ── the tail's thread ───────────────────────────────────────────────────────────────────────── */

static enum err_code stream_may_read(
    struct tail_watcher *watcher, struct db *db, struct arena *arena, struct error *err)
{
    (void)arena;
    struct timeline_stream *stream = stream_of(watcher);
    arena_free(stream->arena);
    stream->arena = arena_new();
    enum err_code code = call_identify(stream->call, db, stream->arena, &stream->actor, err);
    return code ? code : timeline_may(&stream->actor, &watcher->of, err);
}

static const char *event_name(enum tail_event_kind kind)
{
    static const char *const names[] = {[TAIL_LOGGED] = "logged",
        [TAIL_SCHEDULED] = "scheduled",
        [TAIL_SCHEDULED_CHANGED] = "scheduled_changed",
        [TAIL_COMPLETED] = "completed",
        [TAIL_DELETED] = "deleted",
        [TAIL_RESET] = "reset",
        [TAIL_READY] = "ready"};
    return names[kind];
}

/*
 * What the reader is told: nothing of what they may not see, but that something has gone which they could see. False:
 * nothing.
 */
static bool as_seen(const struct actor *actor, const struct tail_event *event, enum tail_event_kind *kind)
{
    *kind = event->kind;
    if (event->kind == TAIL_RESET || event->kind == TAIL_READY)
        return true;
    if (event->kind != TAIL_DELETED && timeline_shows(actor, event->entry))
        return true;
    if (event->kind == TAIL_SCHEDULED_CHANGED)
        *kind = TAIL_DELETED;
    return *kind == TAIL_DELETED && timeline_showed(actor, event->entry_kind, &event->was);
}

static void emit_data(
    struct json *json, const struct actor *actor, enum tail_event_kind kind, const struct tail_event *event)
{
    bool whole = kind == TAIL_LOGGED || kind == TAIL_SCHEDULED || kind == TAIL_SCHEDULED_CHANGED;
    if (whole) {
        emit_timeline_entry(json, actor, event->entry);
        return;
    }
    emit_object(json, NULL);
    if (kind == TAIL_COMPLETED || kind == TAIL_DELETED) {
        emit_text(json, "kind", timeline_kind_name(event->entry_kind));
        emit_id(json, "id", event->entry_id);
    }
    if (kind == TAIL_COMPLETED)
        emit_id(json, "logged_activity_id", event->entry->counterpart_id);
    emit_object_end(json);
}

/* A document has no line breaks, so one line of data is enough. */
static bool stream_give(struct tail_watcher *watcher, const struct tail_event *event)
{
    const struct actor *actor = &stream_of(watcher)->actor;
    enum tail_event_kind kind;
    if (!as_seen(actor, event, &kind))
        return true; /* the cursor of the next event is beyond it */
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct buf text = BUF_INIT(EVENT_MOST);
    buf_printf(&text, "%sid: %s\nevent: %s\ndata: ", kind == TAIL_READY ? RETRY : "",
        timeline_cursor_text(arena, event->cursor), event_name(kind));
    struct json json = JSON_INTO(&text);
    emit_data(&json, actor, kind, event);
    buf_add_text(&text, "\n\n");
    bool given =
        !text.overflow && stream_write(stream_of(watcher)->call->exchange, buf_text(&text), text.len);
    buf_free(&text);
    return given;
}

static bool stream_is_there(struct tail_watcher *watcher)
{
    return stream_is_open(stream_of(watcher)->call->exchange);
}

static bool stream_has_room(struct tail_watcher *watcher)
{
    struct call *call = stream_of(watcher)->call;
    return stream_room(call->exchange) > (size_t)call->api->config.stream_buffer_most / 2;
}

static void stream_over(struct tail_watcher *watcher, const char *why)
{
    struct exchange *exchange = stream_of(watcher)->call->exchange;
    arena_free(stream_of(watcher)->arena);
    stream_of(watcher)->arena = NULL;
    if (why) {
        struct buf text = BUF_INIT(1024);
        buf_add_text(&text, "event: end\ndata: ");
        struct json json = JSON_INTO(&text);
        emit_object(&json, NULL);
        emit_text(&json, "detail", why);
        emit_object_end(&json);
        buf_add_text(&text, "\n\n");
        bool told = stream_write(exchange, buf_text(&text), text.len);
        (void)told; /* or its client has gone before */
        buf_free(&text);
    }
    stream_end(exchange);
}

static const struct tail_watcher_ops stream_ops = {.may_read = stream_may_read,
    .give = stream_give,
    .is_there = stream_is_there,
    .has_room = stream_has_room,
    .end = stream_over};

/* ── a worker's thread ───────────────────────────────────────────────────────────────────────── */

/*
 * A browser that comes back sends Last-Event-ID with the address that it had at first, so that counts before ?cursor=.
 * What cannot be read there is not the client's doing (it may be another version's): the stream begins anew.
 */
static bool read_cursor(struct call *call, struct tail_watcher *watcher)
{
    const char *last = exchange_header(call->exchange, "Last-Event-ID");
    const char *given = exchange_query(call->exchange, "cursor"), *text = last && *last ? last : given;
    if (!text)
        return true;
    struct timeline_cursor *cursor = ARENA_NEW(call->arena, struct timeline_cursor);
    bool readable = timeline_cursor_parse(call->arena, text, cursor);
    if (!readable && text == given)
        return call_refuse_parameter(
            call, "cursor", "'cursor' must be the 'live_cursor' of a timeline or the 'id' of an event.");
    watcher->lost = !readable;
    watcher->from = readable ? cursor : NULL;
    return true;
}

static void begin(struct call *call, struct timeline_stream *stream)
{
    static const struct reply_header headers[] = {
        {"X-Accel-Buffering", "no"}}; /* proxies must not collect events */
    struct stream_start start = {.content_type = "text/event-stream",
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
        .beat = HEARTBEAT,
        .farewell = RETRY "\n"};
    struct error err = {0};
    if (exchange_stream_start(call->exchange, &start, &err))
        call_fail(call, &err, NULL);
    else if (!tail_watch(call->api->config.tail, &stream->watcher))
        stream_end(call->exchange);
}

void timeline_stream_get(struct call *call)
{
    struct timeline_stream *stream = ARENA_NEW(call->arena, struct timeline_stream);
    *stream = (struct timeline_stream){
        .watcher = {.ops = &stream_ops, .business_id = call->actor.business_id}, .call = call};
    struct error err = {0};
    if (!read_cursor(call, &stream->watcher))
        return;
    if (timeline_find(call->db, &call->actor, call->path_object, call->path_id, &stream->watcher.of, &err))
        call_fail(call, &err, NULL);
    else if (strcmp(call->exchange->method, "HEAD") == 0)
        exchange_reply(call->exchange, &(struct reply){.status = 200, .content_type = "text/event-stream"});
    else
        begin(call, stream);
}
