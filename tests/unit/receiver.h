/*
 * A webhook receiver for tests: an HTTP server on 127.0.0.1, one thread of its own, that remembers each request.
 * The path decides: /slow… is answered only once receiver_release was called, /fail… with 500, the rest with 200.
 */
#ifndef HERALD_TESTS_RECEIVER_H
#define HERALD_TESTS_RECEIVER_H

#include "base/id.h"

struct receiver;

struct hit {
    struct id activity;
    char path[32];
    bool recovered;
    int attempt;
};

struct receiver *receiver_start(void);
void receiver_stop(struct receiver *receiver);

/* "http://127.0.0.1:PORT/PATH", in a static buffer. */
const char *receiver_url(const struct receiver *receiver, const char *path);
/* Any thread. From now on nothing is held back. */
void receiver_release(struct receiver *receiver);

/* Requests so far to paths that begin with `prefix`; `distinct` counts each activity once. Any thread. */
size_t receiver_hits(struct receiver *receiver, const char *prefix);
size_t receiver_distinct(struct receiver *receiver, const char *prefix);
size_t receiver_recovered(struct receiver *receiver, const char *prefix);
/* Requests for one activity. */
size_t receiver_hits_of(struct receiver *receiver, struct id activity);

#endif
