#include "message.h"

#include <strings.h>

static bool starts_with(const char *line, size_t len, const char *name)
{
    size_t n = strlen(name);
    return len >= n && strncasecmp(line, name, n) == 0;
}

/* Reads one header line; false when the message cannot be handled. */
static bool read_header(const char *line, size_t len, struct message *out)
{
    if (starts_with(line, len, "transfer-encoding:"))
        return false;
    if (starts_with(line, len, "connection:"))
        out->close = memmem(line, len, "close", 5) != NULL;
    if (!starts_with(line, len, "content-length:"))
        return true;
    out->body_len = 0;
    for (size_t i = strlen("content-length:"); i < len; i++) {
        if (line[i] >= '0' && line[i] <= '9')
            out->body_len = out->body_len * 10 + (size_t)(line[i] - '0');
        else if (line[i] != ' ')
            return false;
    }
    return true;
}

enum message_state message_read(const char *data, size_t len, struct message *out)
{
    const char *head_end = memmem(data, len, "\r\n\r\n", 4);
    if (!head_end)
        return MESSAGE_PARTIAL;
    *out = (struct message){.body = head_end + 4};
    const char *line = memmem(data, len, "\r\n", 2);
    while (line < head_end) {
        line += 2;
        const char *end = memmem(line, (size_t)(head_end + 2 - line), "\r\n", 2);
        if (!read_header(line, (size_t)(end - line), out))
            return MESSAGE_BROKEN;
        line = end;
    }
    out->len = (size_t)(out->body - data) + out->body_len;
    return out->len <= len ? MESSAGE_WHOLE : MESSAGE_PARTIAL;
}

int message_status(const char *data, size_t len)
{
    if (len < 12 || memcmp(data, "HTTP/1.", 7) != 0)
        return 0;
    int status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (data[i] < '0' || data[i] > '9')
            return 0;
        status = status * 10 + (data[i] - '0');
    }
    return status;
}

/* The end of the string that begins after the quote at `i`: the index of its closing quote, or `len`. */
static size_t string_end(const char *text, size_t i, size_t len)
{
    for (i++; i < len && text[i] != '"'; i++)
        if (text[i] == '\\')
            i++;
    return i;
}

/* The value of the member whose name's closing quote is at `i`, if it is a string with a UUID. */
static bool member_id(const char *text, size_t i, size_t len, struct id *id)
{
    do
        i++;
    while (i < len && (text[i] == ' ' || text[i] == ':'));
    return i + ID_TEXT_LEN + 1 < len && text[i] == '"' && text[i + ID_TEXT_LEN + 1] == '"' &&
           id_parse(text + i + 1, ID_TEXT_LEN, id);
}

bool message_json_id(const char *body, size_t len, struct id *id)
{
    int depth = 0;
    bool name = false; /* the next string is the name of a member */
    for (size_t i = 0; i < len; i++) {
        switch (body[i]) {
        case '{':
        case '[':
            name = ++depth == 1;
            break;
        case '}':
        case ']':
            depth--;
            break;
        case ',':
            name = depth == 1;
            break;
        case '"': {
            size_t end = string_end(body, i, len);
            if (name && end - i == 3 && memcmp(body + i, "\"id", 3) == 0)
                return member_id(body, end, len, id);
            name = false;
            i = end;
            break;
        }
        default:
            break;
        }
    }
    return false;
}

bool message_query_id(const char *data, size_t len, struct id *id)
{
    static const char name[] = "logged_activity_id=";
    const char *line_end = memchr(data, '\r', len);
    if (!line_end || !starts_with(data, len, "GET "))
        return false;
    const char *found = memmem(data, (size_t)(line_end - data), name, sizeof name - 1);
    if (!found || (found[-1] != '?' && found[-1] != '&'))
        return false;
    found += sizeof name - 1;
    return line_end - found >= ID_TEXT_LEN && id_parse(found, ID_TEXT_LEN, id);
}
