#include "relay/message.h"

#include <string.h>

/* A member's text, NULL if it is missing, not a text, or empty. */
static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && *text ? text : NULL;
}

static const char *article(const char *noun)
{
    return strchr("AEIOUaeiou", noun[0]) ? "an" : "a";
}

static void add_company(struct buf *out, const json_t *entities)
{
    size_t count = json_array_size(entities);
    const char *first = text_of(json_array_get(entities, 0), "display_name");
    if (!first)
        return;
    buf_printf(out, " with %s", first);
    if (count > 1)
        buf_printf(out, " and %zu other%s", count - 1, count > 2 ? "s" : "");
}

void message_sentence(struct buf *out, const json_t *record)
{
    const char *who = text_of(json_object_get(record, "logged_by"), "display_name");
    const char *what = text_of(json_object_get(record, "activity_object"), "name");
    what = what ? what : "activity";
    buf_printf(out, "%s logged %s %s", who ? who : "Someone", article(what), what);
    add_company(out, json_object_get(record, "associated_entities"));
    buf_add_text(out, ".");
}

const char *message_notes(const json_t *record, size_t *len)
{
    static const char space[] = " \t\r\n";
    const char *notes = text_of(record, "notes");
    notes = notes ? notes + strspn(notes, space) : "";
    *len = strlen(notes);
    while (*len && strchr(space, notes[*len - 1]))
        --*len;
    return notes;
}
