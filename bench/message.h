/*
 * As much of HTTP/1.1 as the generator and the receiver need: where a message ends, its status, the id in it.
 * Only messages with a Content-Length or without a body; chunked ones are reported as broken.
 */
#ifndef HERALD_BENCH_MESSAGE_H
#define HERALD_BENCH_MESSAGE_H

#include "base/id.h"

enum message_state { MESSAGE_PARTIAL, MESSAGE_WHOLE, MESSAGE_BROKEN };

struct message {
    const char *body;
    size_t body_len;
    size_t len; /* head and body */
    bool close; /* the sender closes the connection after it */
};

/* Looks at the message at the start of `data`; `out` is filled when it is whole. */
enum message_state message_read(const char *data, size_t len, struct message *out);

/* The status of an answer; 0 when the status line is not one. */
int message_status(const char *data, size_t len);

/* The member "id" of the outermost object, which must be a UUID in a string. */
bool message_json_id(const char *body, size_t len, struct id *id);

/* The query parameter logged_activity_id of the request line that `data` begins with. */
bool message_query_id(const char *data, size_t len, struct id *id);

#endif
