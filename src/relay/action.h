/*
 * What the relay can do with a fetched record: a table of kinds, one file each. To add one, write action_NAME.c
 * with its `struct action_kind` and add a line to the table in action.c.
 *
 * A kind turns a record into one HTTP request; the worker sends it, judges the answer, retries and records. A
 * record's values go into bodies only: never into a log, a command or a URL.
 *
 * Any thread; kinds and settings are constant after start.
 */
#ifndef HERALD_RELAY_ACTION_H
#define HERALD_RELAY_ACTION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/yaml.h"
#include "net/http.h"

#include <jansson.h>

/* A Logged Activity as it was fetched. */
struct record {
    const char *text; /* byte for byte as the source sent it; NUL-terminated */
    size_t len;
    const json_t *json;
};

/*
 * New reference, NULL if it is not JSON. Numbers become reals, whatever their size: nobody here looks at them, and
 * what is passed on is the text.
 */
json_t *record_parse(const char *text, size_t len);

struct action_kind {
    const char *name; /* the key in the configuration */
    const char *const *own_keys; /* NULL-terminated */
    /* Reads its own keys; unknown ones have been refused already. The settings live in the arena. */
    enum err_code (*configure)(struct arena *arena, const char *path, const struct yaml *map,
        const void **settings, struct error *err);
    /* Fills url, headers and body of a POST; texts live in settings, record, arena or `body`. */
    enum err_code (*build)(const void *settings, const struct record *record, struct arena *arena,
        struct buf *body, struct http_request *request, struct error *err);
};

extern const struct action_kind action_slack;
extern const struct action_kind action_http;

/* NULL if there is none of that name. */
const struct action_kind *action_kind_find(const char *name);

/* "slack, http", for complaints. */
void action_kind_names(struct buf *out);

/* For `configure`: the map's 'url', which is required; complaints name the line. */
enum err_code action_url(struct arena *arena, const char *path, const struct yaml *map, const char **url,
    struct error *err) MUST_CHECK;

/* What an answer means. */
enum verdict {
    VERDICT_DONE,
    VERDICT_RETRY, /* counts as an attempt */
    VERDICT_LATER, /* "too many requests", or nothing was sent for want of means: the attempt does not count */
    VERDICT_REFUSED, /* the source takes nobody's fetch until its operator or ours mends it; does not count */
    VERDICT_UNKNOWN, /* "no such activity": too early or mistaken perhaps, so it is asked a few times */
    VERDICT_DEAD, /* trying again cannot help */
};
enum verdict action_judge(const struct http_result *result);
enum verdict fetch_judge(const struct http_result *result);

/* Nothing left this machine, and it is this machine's fault: no descriptor, no memory. */
bool result_is_unsent(const struct http_result *result);
/* 404 and 410. */
bool status_is_unknown(int64_t status);

/* For people: "answered 500", "timeout: no answer within 10 s". With no byte from the peer: fit for the log. */
void result_describe(const struct http_result *result, char *out, size_t size);

#endif
