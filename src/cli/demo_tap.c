#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/demo.h"
#include "net/local.h"

#include <stdio.h>
#include <string.h>

#define BODY_MOST (1 << 20)
#define HEADERS_MOST (32 << 10)
#define WORKERS 8 /* each waits for one answer that it passes on */

/* ── what was seen ───────────────────────────────────────────────────────────────────────────── */

static const char *header_value(const char *header, const char *name)
{
    size_t len = strlen(name);
    return strncasecmp(header, name, len) == 0 && header[len] == ':' ? header + len + 2 : NULL;
}

const char *seen_header(const struct seen *seen, const char *name)
{
    const char *found = NULL;
    for (const char **header = seen->headers; *header; header++) {
        const char *value = header_value(*header, name);
        if (value && found)
            return NULL;
        found = value ? value : found;
    }
    return found;
}

void seen_free(struct seen *seen)
{
    arena_free(seen->arena);
}

static enum seen_kind kind_of(const char *path)
{
    return strcmp(path, TAP_HOOK) == 0      ? SEEN_WEBHOOK
           : strcmp(path, TAP_SLACK) == 0   ? SEEN_SLACK
           : strncmp(path, "/api/", 5) == 0 ? SEEN_FETCH
                                            : SEEN_OTHER;
}

static struct seen *seen_new(const struct exchange *exchange)
{
    struct arena *arena = arena_new();
    struct seen *seen = ARENA_NEW(arena, struct seen);
    const char *name, *value;
    size_t count = 0;
    while (exchange_header_at(exchange, count, &name, &value))
        count++;
    *seen = (struct seen){.arena = arena,
        .kind = kind_of(exchange->path),
        .request_line =
            arena_printf(arena, "%s %s %s", exchange->method, exchange->target, exchange->version),
        .headers = ARENA_ARRAY(arena, const char *, count + 1),
        .body = arena_strndup(arena, exchange->body, exchange->body_len),
        .body_len = exchange->body_len,
        .arrived_us = exchange->started_boot_us};
    for (size_t i = 0; exchange_header_at(exchange, i, &name, &value); i++)
        seen->headers[i] = arena_printf(arena, "%s: %s", name, value);
    return seen;
}

/* ── passing on ──────────────────────────────────────────────────────────────────────────────── */

static bool is_one_of(const char *header, const char *const *names)
{
    for (; *names; names++)
        if (header_value(header, *names))
            return true;
    return false;
}

/* What describes a connection or the framing is not passed on; each side has its own. */
static const char **headers_to_pass(struct arena *arena, const struct seen *seen)
{
    static const char *const own[] = {
        "Connection", "Content-Length", "Expect", "Keep-Alive", "Transfer-Encoding", "Upgrade", NULL};
    size_t count = 0, kept = 0;
    while (seen->headers[count])
        count++;
    const char **headers = ARENA_ARRAY(arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        if (!is_one_of(seen->headers[i], own))
            headers[kept++] = seen->headers[i];
    return headers;
}

/* The answer's headers, without those that this server adds by itself. */
static struct reply_header *headers_to_return(
    struct arena *arena, const struct buf *lines, const char **content_type, size_t *count)
{
    static const char *const own[] = {"Connection", "Content-Length", "Date", "Keep-Alive",
        "Transfer-Encoding", "X-Content-Type-Options", "X-Request-Id", NULL};
    char *text = arena_strdup(arena, buf_text(lines)), *save = NULL;
    struct reply_header *headers = ARENA_ARRAY(arena, struct reply_header, lines->len / 2 + 1);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *colon = strchr(line, ':');
        if (!colon || is_one_of(line, own))
            continue;
        *colon = '\0';
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        if (text_equal_nocase(line, "Content-Type"))
            *content_type = value;
        else
            headers[(*count)++] = (struct reply_header){line, value};
    }
    return headers;
}

static void return_answer(struct exchange *exchange, struct seen *seen, struct local_answer *answer)
{
    struct reply reply = {.status = answer->status, .body_len = answer->body.len};
    reply.headers =
        headers_to_return(exchange->arena, &answer->headers, &reply.content_type, &reply.header_count);
    seen->status = answer->status;
    seen->answer = arena_strndup(seen->arena, buf_text(&answer->body), answer->body.len);
    reply.body = buf_take(&answer->body);
    exchange_reply(exchange, &reply);
}

static void pass_on(struct exchange *exchange, struct seen *seen, const char *address)
{
    struct local_request request = {.address = address,
        .method = exchange->method,
        .target = exchange->target,
        .headers = headers_to_pass(exchange->arena, seen),
        .body = exchange->body_len > 0 ? exchange->body : NULL,
        .body_len = exchange->body_len,
        .timeout_us = DEMO_PATIENCE_US};
    struct local_answer answer = {.headers = BUF_INIT(HEADERS_MOST), .body = BUF_INIT(BODY_MOST)};
    struct error err;
    if (!address) {
        seen->answer = "the relay does not listen yet";
        exchange_reply_problem(exchange, 502, seen->answer, NULL);
    } else if (local_send(&request, &answer, &err)) {
        seen->answer = arena_strdup(seen->arena, err.text);
        exchange_reply_problem(exchange, 502, err.text, NULL);
    } else {
        return_answer(exchange, seen, &answer);
    }
    buf_free(&answer.headers);
    buf_free(&answer.body);
}

/* ── standing in ─────────────────────────────────────────────────────────────────────────────── */

static void reply_text(struct exchange *exchange, struct seen *seen, int status, const char *text)
{
    seen->status = status;
    seen->answer = text;
    exchange_reply(exchange, &(struct reply){.status = status,
                                 .content_type = "text/plain; charset=utf-8",
                                 .static_body = text,
                                 .body_len = strlen(text)});
}

/* As Slack's incoming webhook answers. */
static void play_slack(struct exchange *exchange, struct seen *seen)
{
    json_auto_t *message = json_loadb(seen->body, seen->body_len, 0, NULL);
    bool readable = json_is_string(json_object_get(message, "text"));
    if (strcmp(exchange->method, "POST") == 0 && readable)
        reply_text(exchange, seen, 200, "ok");
    else
        reply_text(exchange, seen, 400, "invalid_payload");
}

static void handle(struct exchange *exchange, void *worker UNUSED)
{
    struct tap *tap = exchange->server_ctx;
    struct seen *seen = seen_new(exchange);
    bool visited = strcmp(exchange->path, TAP_VISITED) == 0;
    if (seen->kind == SEEN_WEBHOOK)
        pass_on(exchange, seen, atomic_load(&tap->relay));
    else if (seen->kind == SEEN_FETCH)
        pass_on(exchange, seen, tap->serve);
    else if (seen->kind == SEEN_SLACK)
        play_slack(exchange, seen);
    else if (visited)
        reply_text(exchange, seen, 200, "A Site Visit was logged: its Activity Object sends you here.\n");
    else
        reply_text(exchange, seen, 404, "There is nothing here.\n");
    seen->answered_us = clock_boot_us();
    if (!inbox_post(&tap->inbox, &seen->item))
        seen_free(seen);
}

/* ── life ────────────────────────────────────────────────────────────────────────────────────── */

enum err_code tap_start(struct tap *tap, struct error *err)
{
    struct server_config config = {.name = "tap",
        .listen = "127.0.0.1:0",
        .body_most = BODY_MOST,
        .connections_most = 256,
        .idle_s = 60,
        .deadline_us = 2 * DEMO_PATIENCE_US,
        .workers = WORKERS,
        .ctx = tap,
        .handle = handle};
    enum err_code code = inbox_init(&tap->inbox, true, err);
    if (code)
        return code;
    code = server_start(&config, &tap->server, err);
    if (code)
        inbox_destroy(&tap->inbox);
    return code;
}

void tap_stop(struct tap *tap)
{
    if (!tap->server)
        return;
    server_stop(tap->server, US_PER_S);
    tap->server = NULL;
    struct inbox_item *item = inbox_take_all(&tap->inbox);
    while (item) {
        struct inbox_item *next = item->next;
        seen_free(CONTAINER_OF(item, struct seen, item));
        item = next;
    }
    inbox_destroy(&tap->inbox);
}
