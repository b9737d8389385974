/*
 * How a transfer ended, in words: from libcurl's code and what was seen on the way to an enum http_error and one
 * sentence for people. Private to the HTTP client. Owns nothing.
 */
#ifndef HERALD_NET_HTTP_OUTCOME_H
#define HERALD_NET_HTTP_OUTCOME_H

#include "net/http.h"

/* What the client's callbacks saw; zeroed before each request. */
struct http_seen {
    char authority[280]; /* "host:port" as the URL has it */
    char curl_text[CURL_ERROR_SIZE];
    struct sockaddr_storage last; /* the address tried last; family 0: none */
    char blocked[96]; /* the guard's reason for the last address that it refused */
    bool address_tried; /* at least one address was permitted */
    int socket_errno; /* no socket could be opened */
    long os_errno; /* of the last connect */
    bool looking_up; /* a name look-up may be under way */
    bool header_endless, header_ended;
    bool body_cut; /* more came than is kept */
    bool body_refused; /* …and that is an error */
    bool no_memory; /* for the body */
    int sends;
};

/* Fills error and detail; result->status is already there. */
void http_outcome(CURLcode code, const struct http_seen *seen, const struct http_limits *limits,
    struct http_result *result);

/* A Retry-After header's value (seconds or an HTTP date) as microseconds from now; -1 if it is neither. */
int64_t http_retry_after_us(const char *value);

#endif
