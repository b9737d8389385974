/*
 * What the files of `herald demo` share; nobody else includes it.
 *      demo.c        the command: sets everything up, stays, takes everything down
 *      demo_child.c  herald serve and herald relay as child processes
 *      demo_tap.c    the server in between, which notes what goes over the wire, and plays Slack
 *      demo_world.c  the Business, its people and its Activity Objects; requests to the API
 *      demo_story.c  the worked example, step by step, each step verified
 *      demo_term.c   the terminal
 *
 *      demo ──POST──▶ serve ──webhook──▶ tap ──▶ relay          relay ──message──▶ tap (as Slack)
 *                       ▲────────────── tap ◀──fetch── relay
 *
 * Threads: the main thread has all of `struct demo`; the tap's workers reach it only through the tap's inbox.
 */
#ifndef HERALD_CLI_DEMO_H
#define HERALD_CLI_DEMO_H

#include "base/arena.h"
#include "base/error.h"
#include "base/inbox.h"
#include "net/server.h"

#include <jansson.h>
#include <stdatomic.h>
#include <sys/types.h>

#define DEMO_PATIENCE_US (10 * US_PER_S) /* whatever is waited for */

/* ── demo_term.c: plain text, in colour where there is a terminal that wants it ──────────────── */

struct term {
    bool colour;
};

void term_open(struct term *term);
/* "1  Title                                   12.3 ms", the time (microseconds) at the right edge; -1: none. */
void term_step(const struct term *term, int number, const char *title, int64_t us);

enum say {
    SAY_WIRE, /* what went over the wire */
    SAY_NOTE, /* a remark */
    SAY_GOOD, /* it is as it must be */
};
/* One line. */
void term_say(const struct term *term, enum say say, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* ── demo_tap.c ──────────────────────────────────────────────────────────────────────────────── */

#define TAP_HOOK "/sales"
#define TAP_SLACK "/services/T000/B000/DEMO"
#define TAP_VISITED "/visited"

enum seen_kind { SEEN_WEBHOOK, SEEN_FETCH, SEEN_SLACK, SEEN_OTHER };

/* A request that came to the tap, and its answer. In its own arena; constant once it is in the inbox. */
struct seen {
    struct inbox_item item; /* first */
    struct arena *arena;
    enum seen_kind kind;
    const char *request_line;
    const char **headers; /* "Name: value", as sent, NULL-terminated */
    const char *body;
    size_t body_len;
    int status;
    const char *answer;
    int64_t arrived_us, answered_us; /* boot clock */
};

/* The value of a header if it is there exactly once, else NULL. */
const char *seen_header(const struct seen *seen, const char *name);
void seen_free(struct seen *seen);

struct tap {
    /* set before start */
    const char *serve; /* its address */
    /* shared */
    _Atomic(const char *) relay; /* its address, NULL until it listens */
    struct inbox inbox; /* of struct seen, in the order of the answers */
    struct server *server;
};

/* tap->serve is set. */
enum err_code tap_start(struct tap *tap, struct error *err) MUST_CHECK;
void tap_stop(struct tap *tap);

/* ── demo_child.c ────────────────────────────────────────────────────────────────────────────── */

struct child {
    const char *name; /* "herald serve" */
    const char *log; /* the file that its stderr goes to */
    pid_t pid; /* 0: not running */
    int pid_fd; /* readable once it has ended */
};

/* `words` are the arguments after "herald", NULL-terminated. */
enum err_code child_start(
    struct arena *arena, struct child *child, const char *const *words, struct error *err) MUST_CHECK;
/* The "address" of the log line with that message, NULL if it is not there yet. */
const char *child_address(struct arena *arena, const struct child *child, const char *message);
/* After it has ended by itself: what it said last. */
enum err_code child_ended(struct arena *arena, struct child *child, struct error *err);
/* Its warnings and errors, to stderr. */
void child_complaints(const struct child *child);
/* SIGTERM; SIGKILL if that does not help. Waits for its end; an error if that was not a clean one. */
enum err_code child_stop(struct arena *arena, struct child *child, struct error *err) MUST_CHECK;

/* ── demo.c ──────────────────────────────────────────────────────────────────────────────────── */

/* What the story is about. */
struct world {
    const char *business_id, *user_id, *api_key, *contact_id;
    const char *sales_call_id, *site_visit_id;
};

struct demo {
    struct arena *arena;
    struct term term;
    const char *folder; /* NULL: not made */
    const char *serve_data;
    int signal_fd;
    bool told_to_stop; /* by a signal */
    struct child serve, relay;
    struct tap tap;
    struct world world;
    struct inbox_item *seen, **seen_tail; /* struct seen: what was taken from the tap's inbox */
};

/* Of all that was seen: the n-th of a kind, from 1. Waits for it; the error says that it did not come. */
enum err_code demo_await(struct demo *demo, enum seen_kind kind, size_t n, const char *what,
    struct seen **seen, struct error *err) MUST_CHECK;
size_t demo_count(const struct demo *demo, enum seen_kind kind);

/* ── demo_world.c ────────────────────────────────────────────────────────────────────────────── */

/* Makes it, by the administration socket of the server that runs. */
enum err_code world_make(struct demo *demo, struct error *err) MUST_CHECK;
/* A one-time link to the pages. */
enum err_code world_sign_in_link(struct demo *demo, const char **link, struct error *err) MUST_CHECK;

struct api_answer {
    int status;
    json_t *json; /* NULL if it is none; owned */
    int64_t started_us, took_us;
};

/* A request with the three credentials; `body` NULL: none. */
enum err_code world_ask(struct demo *demo, const char *method, const char *target, const char *body,
    struct api_answer *answer, struct error *err) MUST_CHECK;

/* ── demo_story.c ────────────────────────────────────────────────────────────────────────────── */

/* Tells it, and verifies it: the error says which step is not as it must be. */
enum err_code story_tell(struct demo *demo, struct error *err) MUST_CHECK;

#endif
