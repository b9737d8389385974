#include "net/http_outcome.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_AFTER_MOST_S (366LL * 24 * 3600)

const char *http_error_name(enum http_error error)
{
    switch (error) {
    case HTTP_OK:
        return "ok";
    case HTTP_BLOCKED:
        return "blocked_target";
    case HTTP_DNS:
        return "dns";
    case HTTP_REFUSED:
        return "connection_refused";
    case HTTP_TIMEOUT:
        return "timeout";
    case HTTP_TLS:
        return "tls";
    case HTTP_PROTOCOL:
        return "protocol";
    case HTTP_BODY_TOO_LARGE:
        return "body_too_large";
    case HTTP_CANCELLED:
        return "cancelled";
    case HTTP_LOCAL:
        return "local";
    }
    return "unknown";
}

static void say(struct http_result *result, enum http_error error, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void say(struct http_result *result, enum http_error error, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    result->error = error;
    vsnprintf(result->detail, sizeof result->detail, fmt, args);
    va_end(args);
}

struct peer_text {
    char text[INET6_ADDRSTRLEN + 8];
};

/* "127.0.0.1:80", "[::1]:80" */
static struct peer_text format_peer(const struct sockaddr_storage *addr)
{
    struct peer_text out;
    char host[INET6_ADDRSTRLEN] = "?";
    if (addr->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)addr;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(out.text, sizeof out.text, "[%s]:%u", host, ntohs(v6->sin6_port));
    } else {
        const struct sockaddr_in *v4 = (const void *)addr;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(out.text, sizeof out.text, "%s:%u", host, ntohs(v4->sin_port));
    }
    return out;
}

static double seconds(int64_t us)
{
    return (double)us / (double)US_PER_S;
}

static void explain_timeout(
    const struct http_seen *seen, const struct http_limits *limits, struct http_result *result)
{
    int64_t connect_us = limits->connect_us < limits->total_us ? limits->connect_us : limits->total_us;
    if (seen->sends == 0 && seen->looking_up)
        say(result, HTTP_TIMEOUT, "the name of %s did not resolve within %g s", seen->authority,
            seconds(connect_us));
    else if (seen->sends == 0 && seen->last.ss_family)
        say(result, HTTP_TIMEOUT, "no connection to %s within %g s", format_peer(&seen->last).text,
            seconds(connect_us));
    else if (result->status == 0)
        say(result, HTTP_TIMEOUT, "no answer within %g s", seconds(limits->total_us));
    else
        say(result, HTTP_TIMEOUT, "the answer did not end within %g s", seconds(limits->total_us));
}

/* What passes: the machine has run out of something. A family that it does not have is not a shortage. */
static bool is_shortage(int socket_errno)
{
    return socket_errno == EMFILE || socket_errno == ENFILE || socket_errno == ENOBUFS ||
           socket_errno == ENOMEM;
}

static void explain_no_connection(const struct http_seen *seen, struct http_result *result)
{
    if (!seen->address_tried && seen->blocked[0])
        say(result, HTTP_BLOCKED,
            "%s is not a permitted target (%s); the operator decides by --allow-target and --deny-target",
            seen->authority, seen->blocked);
    else if (is_shortage(seen->socket_errno))
        say(result, HTTP_LOCAL, "cannot open a socket: %s", strerror(seen->socket_errno));
    else if (seen->socket_errno)
        say(result, HTTP_REFUSED, "this machine has no way to %s: %s", format_peer(&seen->last).text,
            strerror(seen->socket_errno));
    else if (seen->os_errno == ECONNREFUSED)
        say(result, HTTP_REFUSED, "connection refused by %s", format_peer(&seen->last).text);
    else
        say(result, HTTP_REFUSED, "no connection to %s: %s", format_peer(&seen->last).text,
            seen->os_errno ? strerror((int)seen->os_errno) : "no address could be reached");
}

/* libcurl's own words without the prefixes that say nothing here. */
static const char *curl_words(const struct http_seen *seen, CURLcode code)
{
    static const char *const prefixes[] = {"SSL certificate problem: ", "SSL: ", "OpenSSL "};
    const char *text = seen->curl_text[0] ? seen->curl_text : curl_easy_strerror(code);
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
            return text + strlen(prefixes[i]);
    return text;
}

static void explain_code(CURLcode code, const struct http_seen *seen, struct http_result *result)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        say(result, HTTP_TLS, "the certificate of %s is not accepted: %s", seen->authority,
            curl_words(seen, code));
        return;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
        say(result, HTTP_TLS, "the TLS handshake with %s failed: %s", seen->authority,
            curl_words(seen, code));
        return;
    case CURLE_GOT_NOTHING:
        say(result, HTTP_PROTOCOL, "%s closed the connection without an answer", seen->authority);
        return;
    case CURLE_PARTIAL_FILE:
        say(result, HTTP_PROTOCOL, "the answer was cut off in the middle");
        return;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        say(result, HTTP_PROTOCOL, "the connection to %s broke: %s", seen->authority, curl_words(seen, code));
        return;
    case CURLE_OUT_OF_MEMORY: /* libcurl's word also for a header line that is longer than it takes */
        if (seen->sends > 0 && !seen->header_ended) {
            say(result, HTTP_PROTOCOL, "a line of the answer's header is too long");
            return;
        }
        say(result, HTTP_LOCAL, "out of memory");
        return;
    case CURLE_FAILED_INIT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_NO_CONNECTION_AVAILABLE:
    case CURLE_ABORTED_BY_CALLBACK: /* the loop could not watch its socket */
        say(result, HTTP_LOCAL, "the request could not be made: %s", curl_words(seen, code));
        return;
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_URL_MALFORMAT:
        say(result, HTTP_PROTOCOL, "the request could not be made: %s", curl_words(seen, code));
        return;
    default:
        say(result, HTTP_PROTOCOL, "the answer is not valid HTTP: %s", curl_words(seen, code));
    }
}

/* Ends that the client's own callbacks have brought about. */
static bool explain_own(const struct http_seen *seen, struct http_result *result)
{
    if (seen->no_memory)
        say(result, HTTP_LOCAL, "out of memory for the answer's body");
    else if (seen->body_refused)
        say(result, HTTP_BODY_TOO_LARGE, "the answer's body is larger than is accepted");
    else if (seen->header_endless)
        say(result, HTTP_PROTOCOL, "the answer's header does not end within 64 KiB");
    else
        return seen->body_cut; /* answered: what comes after the part that is kept does not matter */
    return true;
}

void http_outcome(
    CURLcode code, const struct http_seen *seen, const struct http_limits *limits, struct http_result *result)
{
    result->error = HTTP_OK;
    result->detail[0] = '\0';
    if (explain_own(seen, result) || (code == CURLE_OK && seen->header_ended))
        return;
    if (code == CURLE_OK) /* libcurl takes a header that is cut off for a whole one */
        say(result, HTTP_PROTOCOL, "the answer was cut off in its header");
    else if (code == CURLE_OPERATION_TIMEDOUT)
        explain_timeout(seen, limits, result);
    else if (code == CURLE_COULDNT_RESOLVE_HOST)
        say(result, HTTP_DNS, "the name of %s does not resolve", seen->authority);
    else if (code == CURLE_COULDNT_CONNECT)
        explain_no_connection(seen, result);
    else
        explain_code(code, seen, result);
}

int64_t http_retry_after_us(const char *value)
{
    size_t digits = strspn(value, "0123456789");
    if (digits > 0 && value[digits] == '\0') {
        long long after = digits > 12 ? RETRY_AFTER_MOST_S : strtoll(value, NULL, 10);
        return (after < RETRY_AFTER_MOST_S ? after : RETRY_AFTER_MOST_S) * US_PER_S;
    }
    time_t when = curl_getdate(value, NULL);
    if (when == (time_t)-1)
        return -1;
    int64_t after = (int64_t)when * US_PER_S - clock_wall_us();
    if (after < 0)
        return 0;
    return after < RETRY_AFTER_MOST_S * US_PER_S ? after : RETRY_AFTER_MOST_S * US_PER_S;
}
