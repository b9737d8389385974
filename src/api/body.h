/*
 * The body of a request, read member by member. Every member that is asked for is known; what else is there is
 * counted (wire) or refused. All that is wrong is collected, by JSON pointer, and answered at once: by body_finish where
 * the body is all there is to check, by body_write together with what the domain finds wrong with the rest.
 *
 * A worker's thread. Texts come out NFC-normalised, in the call's arena.
 */
#ifndef HERALD_API_BODY_H
#define HERALD_API_BODY_H

#include "api/call.h"

#include <jansson.h>

#define BODY_MEMBERS_MOST 24

struct body {
    struct call *call;
    json_t *root;
    struct error_list errors;
    const char *known[BODY_MEMBERS_MOST];
    size_t known_count;
};

/* Replies itself, and returns false, when there is no JSON object to read (400, 415). */
bool body_read(struct call *call, struct body *body) MUST_CHECK;

/* Nothing more is read: releases the JSON; what nobody asked for is among the errors. */
void body_close(struct body *body);

/* The same. True when nothing was wrong; else it has replied. */
bool body_finish(struct body *body) MUST_CHECK;

/*
 * The same, then call_write, whatever was wrong: `run` finds it in its list (error_list_reading_done), checks what could
 * be read, and writes only if the list is empty then. So whoever calls is told all at once, and 403, 404 and 412 come
 * before what is wrong with the content.
 */
void body_write(struct body *body, write_fn *run, void (*reply)(struct call *call, void *ctx), void *ctx);
/* The same with call_write_settings. */
void body_write_settings(
    struct body *body, write_fn *run, void (*reply)(struct call *call, void *ctx), void *ctx);

/* Whether the member is there; null counts as there. Makes it known. */
bool body_has(struct body *body, const char *name);

/* Whether it is there and not null. Makes it known. */
bool body_given(struct body *body, const char *name);

/* A text of min to max characters; NULL when absent or null (an error if min > 0). */
const char *body_text(struct body *body, const char *name, size_t min, size_t max);
/* The same, but absent or null is fine whatever min says. */
const char *body_text_or_null(struct body *body, const char *name, size_t min, size_t max);
/* A uuid; nil when absent or null. */
struct id body_id(struct body *body, const char *name);
/* A date-time, into *us; false when absent or null (an error if required) or not one. Any moment is one, 0 too. */
bool body_time(struct body *body, const char *name, bool required, int64_t *us);
int64_t body_int(struct body *body, const char *name, int64_t min, int64_t max, int64_t preset);
bool body_bool(struct body *body, const char *name, bool preset);
/* An array of uuids, or of objects with a uuid in `member`; at most `most`. What is none is told, and nil. */
struct id *body_ids(struct body *body, const char *name, const char *member, size_t most, size_t *count);
/* The member as it came, for as long as the call lives; NULL when absent or null. */
json_t *body_json(struct body *body, const char *name);
/* The same for one that must be an array, or an object; NULL when it is not, too. */
json_t *body_array(struct body *body, const char *name);
json_t *body_object(struct body *body, const char *name);

#endif
