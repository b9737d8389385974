/*
 * Writes JSON into a buf: commas, quotes and nesting, nothing else. For answers, whose shape is fixed; JSON
 * that comes from outside is read by jansson (src/api/body.h).
 *
 * One thread at a time. A name of NULL is for elements of arrays and for the outermost value.
 */
#ifndef HERALD_BASE_JSON_H
#define HERALD_BASE_JSON_H

#include "base/buf.h"
#include "base/id.h"

#include <stdint.h>

struct json {
    struct buf *out;
    bool comma; /* the next value needs one before it */
};

#define JSON_INTO(buf_ptr) ((struct json){.out = (buf_ptr)})

void json_object(struct json *json, const char *name);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *name);
void json_array_end(struct json *json);

void json_text(struct json *json, const char *name, const char *text); /* NULL gives null */
void json_int(struct json *json, const char *name, int64_t number);
void json_bool(struct json *json, const char *name, bool value);
void json_null(struct json *json, const char *name);
void json_id(struct json *json, const char *name, struct id id); /* nil gives null */
void json_time(struct json *json, const char *name, int64_t us); /* 0 gives null */
void json_raw(struct json *json, const char *name, const char *value); /* already JSON */

#endif
