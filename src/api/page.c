/*
 * Pages of lists: ?limit= and ?cursor=, `next` and `previous`. A cursor is the key of the row at the page's edge and
 * a direction, in base64: opaque, since what a list is ordered by is no promise.
 */
#include "api/call.h"

#include "base/clock.h"
#include "base/text.h"

#include <inttypes.h>
#include <sodium.h>

#define CURSOR_MOST 4096 /* bytes; the longest key is a display name of two names, see NAME_CEILING */

static bool read_limit(struct call *call, struct page *page)
{
    const char *text = exchange_query(call->exchange, "limit");
    page->limit = PAGE_LIMIT_PRESET;
    if (!text)
        return true;
    if (!*text || strlen(text) > 9 || text[strspn(text, "0123456789")])
        return false;
    page->limit = strtoul(text, NULL, 10);
    return page->limit >= 1 && page->limit <= PAGE_LIMIT_MOST;
}

/* "n|number|id|text": direction, then the key. */
char *call_cursor(struct call *call, bool back, const struct page_key *key)
{
    char *plain = arena_printf(call->arena, "%c|%" PRId64 "|%s|%s", back ? 'p' : 'n', key->number,
        id_format(key->id).text, key->text ? key->text : "");
    size_t len = strlen(plain),
           room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *cursor = arena_alloc(call->arena, room);
    sodium_bin2base64(
        cursor, room, (const unsigned char *)plain, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return cursor;
}

static bool parse_cursor(struct call *call, const char *cursor, struct page *page)
{
    size_t len = strlen(cursor), plain_len = 0;
    char *plain = arena_alloc(call->arena, len + 1), *at;
    if (len > CURSOR_MOST || sodium_base642bin((unsigned char *)plain, len, cursor, len, NULL, &plain_len,
                                 NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return false;
    plain[plain_len] = '\0';
    if (strlen(plain) != plain_len || (plain[0] != 'n' && plain[0] != 'p') || plain[1] != '|')
        return false;
    page->from = true;
    page->back = plain[0] == 'p';
    page->key.number = strtoll(plain + 2, &at, 10);
    if (*at != '|' || strlen(at + 1) <= ID_TEXT_LEN || at[1 + ID_TEXT_LEN] != '|' ||
        !id_parse(at + 1, ID_TEXT_LEN, &page->key.id))
        return false;
    page->key.text = at + 2 + ID_TEXT_LEN;
    return text_is_utf8(page->key.text, strlen(page->key.text));
}

bool call_page(struct call *call, struct page *page)
{
    const char *cursor = exchange_query(call->exchange, "cursor");
    *page = (struct page){0};
    if (!read_limit(call, page))
        return call_refuse_parameter(call, "limit", "'limit' must be a number from 1 to 200.");
    return !cursor || parse_cursor(call, cursor, page) ||
           call_refuse_parameter(
               call, "cursor", "'cursor' must be the 'next' or the 'previous' of another page.");
}

struct json emit_page(struct buf *body)
{
    *body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(body);
    emit_object(&json, NULL);
    emit_array(&json, "results");
    return json;
}

void emit_page_end(struct json *json, struct call *call, const struct page *page,
    const struct page_key *first, const struct page_key *last)
{
    emit_array_end(json);
    emit_text(json, "next", last && page->more_after ? call_cursor(call, false, last) : NULL);
    emit_text(json, "previous", first && page->more_before ? call_cursor(call, true, first) : NULL);
    emit_object_end(json);
}

void emit_page_end_ids(
    struct json *json, struct call *call, const struct page *page, struct id first, struct id last)
{
    if (!id_is_nil(page->edge)) {
        first = page->back || id_is_nil(first) ? page->edge : first;
        last = page->back && !id_is_nil(last) ? last : page->edge;
    }
    struct page_key keys[] = {{.id = first}, {.id = last}};
    bool empty = id_is_nil(first);
    emit_page_end(json, call, page, empty ? NULL : &keys[0], empty ? NULL : &keys[1]);
}

/* Half of the rows, those nearest to the cursor. False: it is one row already. */
static bool halve(struct page *page, size_t *at, size_t *count)
{
    size_t kept = *count / 2;
    if (kept == 0)
        return false;
    if (page->back)
        *at += *count - kept;
    *(page->back ? &page->more_before : &page->more_after) = true;
    page->edge = (struct id){0};
    *count = kept;
    return true;
}

void call_reply_page(
    struct call *call, struct page *page, page_render_fn *render, const void *rows, size_t count)
{
    size_t at = 0;
    struct buf body = render(call, page, rows, at, count);
    while (body.overflow && halve(page, &at, &count)) {
        buf_free(&body);
        body = render(call, page, rows, at, count);
    }
    call_reply_json(call, 200, &body, NULL, 0);
}

/* ── other parameters ────────────────────────────────────────────────────────────────────────── */

static bool refuse(struct call *call, const char *name, const char *what)
{
    return call_refuse_parameter(call, name, arena_printf(call->arena, "'%s' must be %s.", name, what));
}

bool query_id(struct call *call, const char *name, struct id *id)
{
    const char *text = exchange_query(call->exchange, name);
    *id = (struct id){0};
    return !text || (id_parse(text, strlen(text), id) && !id_is_nil(*id)) ||
           refuse(call, name, "a UUID, and not the nil one");
}

bool query_time(struct call *call, const char *name, int64_t *us, bool *given)
{
    const char *text = exchange_query(call->exchange, name);
    *us = 0;
    *given = text != NULL;
    return !text || time_parse(text, strlen(text), us) ||
           refuse(call, name, "a date and time such as 2026-11-24T09:00:00Z");
}

bool query_choice(struct call *call, const char *name, const char *const *names, int preset, int *choice)
{
    const char *text = exchange_query(call->exchange, name);
    *choice = preset;
    if (!text)
        return true;
    struct buf all = BUF_INIT(512);
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], text) == 0) {
            *choice = i;
            buf_free(&all);
            return true;
        }
        buf_printf(&all, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    const char *what = arena_printf(call->arena, "one of %s", buf_text(&all));
    buf_free(&all);
    return refuse(call, name, what);
}
