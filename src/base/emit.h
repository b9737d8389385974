/*
 * Writes JSON into a buf: commas, quotes and nesting, nothing else. For answers, whose shape is fixed; JSON
 * that comes from outside is read by jansson (src/api/body.h).
 *
 * One thread at a time. A name of NULL is for elements of arrays and for the outermost value.
 */
#ifndef HERALD_BASE_EMIT_H
#define HERALD_BASE_EMIT_H

#include "base/buf.h"
#include "base/id.h"

#include <stdint.h>

struct json {
    struct buf *out;
    bool comma; /* the next value needs one before it */
};

#define JSON_INTO(buf_ptr) ((struct json){.out = (buf_ptr)})

void emit_object(struct json *json, const char *name);
void emit_object_end(struct json *json);
void emit_array(struct json *json, const char *name);
void emit_array_end(struct json *json);

void emit_text(struct json *json, const char *name, const char *text); /* NULL gives null */
void emit_int(struct json *json, const char *name, int64_t number);
void emit_bool(struct json *json, const char *name, bool value);
void emit_null(struct json *json, const char *name);
void emit_id(struct json *json, const char *name, struct id id); /* nil gives null */
void emit_time(struct json *json, const char *name, int64_t us); /* 0 gives null */
void emit_moment(struct json *json, const char *name, int64_t us); /* 0 is a moment like any other */
void emit_raw(struct json *json, const char *name, const char *value); /* already JSON */

#endif
