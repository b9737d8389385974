/* Posts the sentence, and the notes under it, to a Slack incoming webhook. */
#include "relay/action.h"

#include "base/text.h"
#include "relay/message.h"

#include <string.h>

/* Slack refuses a text of a block over 3,000 characters, and with it the whole message. */
#define BLOCK_CHARS_MOST 3000
#define BODY_MOST (128 << 10)
#define SENTENCE_MOST (64 << 20) /* as long as a record */

struct slack {
    const char *url;
};

static const char *const own_keys[] = {"url", NULL};

static enum err_code configure(
    struct arena *arena, const char *path, const struct yaml *map, const void **settings, struct error *err)
{
    struct slack *slack = ARENA_NEW(arena, struct slack);
    *settings = slack;
    return action_url(arena, path, map, &slack->url, err);
}

static const char *escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    default:
        return NULL;
    }
}

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* The three characters that Slack reads as markup are escaped; what is too long for a block ends in "…". */
static void add_escaped(struct buf *out, const char *text, size_t len)
{
    size_t chars = 0;
    for (size_t i = 0; i < len; i++) {
        const char *escape = escape_of(text[i]);
        if (starts_character(text[i]))
            chars += escape ? strlen(escape) : 1;
        if (chars >= BLOCK_CHARS_MOST) {
            buf_add_text(out, "…");
            return;
        }
        if (escape)
            buf_add_text(out, escape);
        else
            buf_add(out, &text[i], 1);
    }
}

static json_t *mrkdwn(const char *text)
{
    return json_pack("{s:s, s:s}", "type", "mrkdwn", "text", text);
}

/* New reference; NULL: no memory, or a text that is not UTF-8. */
static json_t *compose(const char *sentence, const char *notes)
{
    json_t *section = json_pack("{s:s, s:o}", "type", "section", "text", mrkdwn(sentence));
    if (!*notes)
        return json_pack("{s:s, s:[o]}", "text", sentence, "blocks", section);
    json_t *context = json_pack("{s:s, s:[o]}", "type", "context", "elements", mrkdwn(notes));
    return json_pack("{s:s, s:[o, o]}", "text", sentence, "blocks", section, context);
}

static int add_to_buf(const char *data, size_t len, void *buf)
{
    buf_add(buf, data, len);
    return 0;
}

/* Trying again helps against a want of memory, and against nothing else. */
static enum err_code compose_into(
    struct buf *body, const struct buf *sentence, const struct buf *notes, struct error *err)
{
    if (sentence->overflow || notes->overflow)
        return error_set(err, ERR_UNAVAILABLE, "no memory for the message");
    if (!text_is_utf8(buf_text(sentence), sentence->len) || !text_is_utf8(buf_text(notes), notes->len))
        return error_set(err, ERR_INVALID, "the record's texts are not UTF-8");
    json_t *message = compose(buf_text(sentence), buf_text(notes));
    if (message)
        json_dump_callback(message, add_to_buf, body, JSON_COMPACT);
    json_decref(message);
    if (!body->len || body->overflow)
        return error_set(err, ERR_UNAVAILABLE, "no memory for the message");
    return ERR_OK;
}

static enum err_code write_message(const struct record *record, struct buf *body, struct error *err)
{
    struct buf plain = BUF_INIT(SENTENCE_MOST), sentence = BUF_INIT(BODY_MOST), notes = BUF_INIT(BODY_MOST);
    message_sentence(&plain, record->json);
    add_escaped(&sentence, buf_text(&plain), plain.len);
    size_t len;
    const char *raw = message_notes(record->json, &len);
    add_escaped(&notes, raw, len);

    sentence.overflow |= plain.overflow;
    enum err_code code = compose_into(body, &sentence, &notes, err);
    buf_free(&plain);
    buf_free(&sentence);
    buf_free(&notes);
    return code;
}

static enum err_code build(const void *settings, const struct record *record, struct arena *arena UNUSED,
    struct buf *body, struct http_request *request, struct error *err)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    const struct slack *slack = settings;
    enum err_code code = write_message(record, body, err);
    if (code)
        return code;
    request->url = slack->url;
    request->headers = headers;
    request->body = body->data;
    request->body_len = body->len;
    return ERR_OK;
}

const struct action_kind action_slack = {"slack", own_keys, configure, build};
