#include "net/http.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "net/http_hosts.h"
#include "net/http_outcome.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define HEADERS_KEPT 4096
#define HEADER_BYTES_MOST (64 * 1024)
/* A body this much longer than what is kept is read to its end, so that the connection can be used again. */
#define BODY_DRAINED_MOST (64 * 1024)
#define SPARE_CALLS_MOST 1024
#define SPARE_BODY_MOST (16 * 1024)
#define IDLE_CONNECTION_S 5L
#define RECEIVE_BUFFER 4096L
#define DNS_KEPT_S 55L
#define HOUSEKEEPING_US (5 * US_PER_S)

#define HOST_LOOKUPS_MOST 2
#define HOST_KNOWN_US (DNS_KEPT_S * US_PER_S)

struct http_call {
    struct http_client *client;
    CURL *easy; /* keeps the options that are the same for all requests */
    struct http_call *next_spare;
    /* of the request under way */
    void (*done)(void *ctx, const struct http_result *result);
    void *ctx;
    struct curl_slist *headers_sent;
    struct host *host; /* NULL: an address, or a name that has no place in the table */
    bool host_is_name;
    char host_text[256]; /* as in the URL, without brackets */
    struct http_seen seen;
    size_t header_bytes;
    struct buf headers, body;
    int64_t retry_after_us;
};

struct http_client {
    struct loop *loop;
    const struct guard *guard;
    struct http_limits limits;
    CURLSH *share; /* TLS sessions */
    struct http_call *spare;
    int spare_count, calls, lookups;
    /* see "housekeeping" */
    CURL *housekeeper;
    struct loop_timer housekeeping;
    bool keeping_house;
    int64_t last_send_us;
    struct host_table hosts;
};

/* ---- look-ups ---- */

static void lookup_begins(struct http_call *call)
{
    if (call->seen.looking_up || !call->host_is_name)
        return;
    call->seen.looking_up = true;
    call->client->lookups++;
    if (call->host)
        call->host->lookups++;
}

static void lookup_ends(struct http_call *call, bool found)
{
    if (!call->seen.looking_up)
        return;
    call->seen.looking_up = false;
    call->client->lookups--;
    if (!call->host)
        return;
    call->host->lookups--;
    if (found)
        call->host->known_until_us = clock_boot_us() + HOST_KNOWN_US;
}

/* Whether a look-up is to be expected, and if so whether there is room for one more. */
static enum err_code expect_lookup(
    struct http_call *call, const char *name, int64_t now_us, struct error *err)
{
    struct http_client *client = call->client;
    call->host = host_find(&client->hosts, name);
    if (call->host && call->host->known_until_us > now_us)
        return ERR_OK;
    if (client->limits.lookups_most > 0 && client->lookups >= client->limits.lookups_most)
        return error_set(err, ERR_BUSY, "%d names are being looked up already", client->lookups);
    if (call->host && call->host->lookups >= HOST_LOOKUPS_MOST)
        return error_set(err, ERR_BUSY, "the name %s is being looked up already", name);
    lookup_begins(call);
    return ERR_OK;
}

/* ---- what libcurl calls ---- */

static int on_lookup(void *resolver, void *reserved, void *ctx)
{
    (void)resolver, (void)reserved;
    lookup_begins(ctx);
    return 0;
}

/* I5: the one place where connections come from. */
static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_call *call = ctx;
    lookup_ends(call, true);
    if (!guard_permits(call->client->guard, call->host_text, &address->addr, call->seen.blocked))
        return CURL_SOCKET_BAD;
    call->seen.address_tried = true;
    memset(&call->seen.last, 0, sizeof call->seen.last);
    if (address->addrlen <= sizeof call->seen.last)
        memcpy(&call->seen.last, &address->addr, address->addrlen);
    bool fault = FAULT(net_connect);
    int fd = fault ? -1 : socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        call->seen.socket_errno = fault ? EMFILE : errno;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* Once for each time that the request goes out. */
static int on_send(void *ctx, char *peer, char *local, int peer_port, int local_port)
{
    (void)peer, (void)local, (void)peer_port, (void)local_port;
    struct http_call *call = ctx;
    lookup_ends(call, true);
    call->seen.sends++;
    return CURL_PREREQFUNC_OK;
}

/* Printable ASCII only: what is kept is stored and shown. */
static void keep_header(struct http_call *call, const char *line, size_t len)
{
    struct buf *headers = &call->headers;
    size_t room = headers->cap - headers->len;
    size_t kept = len + 1 <= room ? len : room;
    size_t at = headers->len;
    buf_add(headers, line, kept);
    for (; at < headers->len; at++)
        if (headers->data[at] != '\t' && (headers->data[at] < ' ' || headers->data[at] > '~'))
            headers->data[at] = '?';
    if (kept < room)
        buf_add(headers, "\n", 1);
}

static void read_retry_after(struct http_call *call, const char *line, size_t len)
{
    static const char name[] = "retry-after:";
    char value[64];
    size_t skip = sizeof name - 1;
    if (len < skip || strncasecmp(line, name, skip) != 0)
        return;
    while (skip < len && (line[skip] == ' ' || line[skip] == '\t'))
        skip++;
    while (len > skip && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    if (len - skip >= sizeof value)
        return;
    memcpy(value, line + skip, len - skip);
    value[len - skip] = '\0';
    call->retry_after_us = http_retry_after_us(value);
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;
    size_t len = size * count, line = len;
    call->header_bytes += len;
    if (call->header_bytes > HEADER_BYTES_MOST) {
        call->seen.header_endless = true;
        return 0;
    }
    while (line > 0 && (data[line - 1] == '\n' || data[line - 1] == '\r'))
        line--;
    if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) { /* after a 1xx the real answer begins anew */
        buf_reset(&call->headers);
        call->retry_after_us = -1;
        call->seen.header_ended = false;
    } else if (line == 0) {
        call->seen.header_ended = true;
    } else if (!call->seen.header_ended) { /* afterwards these are trailers */
        keep_header(call, data, line);
        read_retry_after(call, data, line);
    }
    return len;
}

/* More came than is kept: whether to read on. */
static bool over_body(struct http_call *call)
{
    curl_off_t announced = -1;
    if (call->client->limits.fail_over_body) {
        call->seen.body_refused = true;
        return false;
    }
    call->seen.body_cut = true;
    curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    return announced >= 0 && (size_t)announced <= call->body.cap + BODY_DRAINED_MOST;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;
    size_t len = size * count, room = call->body.cap - call->body.len;
    buf_add(&call->body, data, len < room ? len : room);
    if (call->body.overflow) {
        call->seen.no_memory = true;
        return 0;
    }
    return len <= room || over_body(call) ? len : 0;
}

/* ---- calls: pooled, each with its easy handle ---- */

static void set_callbacks(struct http_call *call)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, on_lookup);
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, call);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->seen.curl_text);
}

/* For libcurl 0 is no limit at all. */
static long milliseconds(int64_t us)
{
    return us < US_PER_MS ? 1 : (long)(us / US_PER_MS);
}

static void set_policy(CURL *easy, const struct http_client *client)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* or the end of a transfer waits for its look-up */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (client->limits.ca_file) /* the system's are in a folder, too, which stays */
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->limits.ca_file);
    curl_easy_setopt(easy, CURLOPT_SHARE, client->share);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_S);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L); /* see "housekeeping" */
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "herald/" HERALD_VERSION);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(client->limits.total_us));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(client->limits.connect_us));
}

static struct http_call *take_call(struct http_client *client)
{
    struct http_call *call = client->spare;
    if (call) {
        client->spare = call->next_spare;
        client->spare_count--;
        return call;
    }
    CURL *easy = curl_easy_init();
    if (!easy)
        return NULL;
    call = mem_zalloc(sizeof *call);
    call->client = client;
    call->easy = easy;
    call->headers = BUF_INIT(HEADERS_KEPT);
    call->body = BUF_INIT(client->limits.body_most);
    set_policy(easy, client);
    set_callbacks(call);
    return call;
}

static void free_call(struct http_call *call)
{
    curl_easy_cleanup(call->easy);
    buf_free(&call->headers);
    buf_free(&call->body);
    mem_free(call);
}

static void return_call(struct http_call *call)
{
    struct http_client *client = call->client;
    lookup_ends(call, false);
    curl_slist_free_all(call->headers_sent);
    call->headers_sent = NULL;
    if (call->body.size > SPARE_BODY_MOST)
        buf_free(&call->body);
    if (client->spare_count >= SPARE_CALLS_MOST) {
        free_call(call);
        return;
    }
    call->next_spare = client->spare;
    client->spare = call;
    client->spare_count++;
}

/*
 * ---- housekeeping ----
 * libcurl drops old DNS answers at the end of each transfer, by a walk over all of them: with thousands of receivers
 * that is most of the time there is. It closes old connections only when a new one is made. So calls keep answers
 * for ever (-1), and a transfer that never gets a socket runs every few seconds and causes both clean-ups.
 */

static curl_socket_t on_housekeeper_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)ctx, (void)purpose, (void)address;
    return CURL_SOCKET_BAD;
}

static void schedule_housekeeping(struct http_client *client, int64_t now_us)
{
    if (!client->keeping_house && !client->housekeeping.slot)
        loop_timer_arm(client->loop, &client->housekeeping, now_us + HOUSEKEEPING_US);
}

static void on_house_kept(void *ctx, CURL *easy, CURLcode code)
{
    (void)easy, (void)code;
    struct http_client *client = ctx;
    int64_t now_us = clock_boot_us();
    client->keeping_house = false;
    if (client->calls > 0 || now_us - client->last_send_us < 2 * DNS_KEPT_S * US_PER_S)
        schedule_housekeeping(client, now_us);
}

static void keep_house(struct loop_timer *timer)
{
    struct http_client *client = CONTAINER_OF(timer, struct http_client, housekeeping);
    if (loop_add_transfer(client->loop, client->housekeeper, on_house_kept, client, NULL) == ERR_OK)
        client->keeping_house = true;
    else
        schedule_housekeeping(client, clock_boot_us());
}

static bool open_housekeeper(struct http_client *client)
{
    client->housekeeping.run = keep_house;
    client->housekeeper = curl_easy_init();
    if (!client->housekeeper)
        return false;
    set_policy(client->housekeeper, client);
    curl_easy_setopt(client->housekeeper, CURLOPT_DNS_CACHE_TIMEOUT, DNS_KEPT_S);
    curl_easy_setopt(client->housekeeper, CURLOPT_OPENSOCKETFUNCTION, on_housekeeper_socket);
    return curl_easy_setopt(client->housekeeper, CURLOPT_URL, "http://0.0.0.0:9/") == CURLE_OK;
}

/* ---- the end of a call ---- */

static int64_t time_of(CURL *easy, CURLINFO what)
{
    curl_off_t us = 0;
    curl_easy_getinfo(easy, what, &us);
    return us;
}

static void read_answer(struct http_call *call, struct http_result *result)
{
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &call->seen.os_errno);
    *result = (struct http_result){.status = status >= 200 ? (int)status : 0,
        .headers = buf_text(&call->headers),
        .body = buf_text(&call->body),
        .body_len = call->body.len,
        .body_cut = call->seen.body_cut,
        .sends = call->seen.sends,
        .retry_after_us = call->retry_after_us,
        .timings = {.dns = time_of(call->easy, CURLINFO_NAMELOOKUP_TIME_T),
            .connect = time_of(call->easy, CURLINFO_CONNECT_TIME_T),
            .tls = time_of(call->easy, CURLINFO_APPCONNECT_TIME_T),
            .first_byte = time_of(call->easy, CURLINFO_STARTTRANSFER_TIME_T),
            .total = time_of(call->easy, CURLINFO_TOTAL_TIME_T)}};
}

static void finish(struct http_call *call, const struct http_result *result)
{
    lookup_ends(call, false);
    call->client->calls--;
    call->done(call->ctx, result);
    return_call(call);
}

static void on_done(void *ctx, CURL *easy, CURLcode code)
{
    (void)easy;
    struct http_call *call = ctx;
    struct http_result result;
    read_answer(call, &result);
    http_outcome(code, &call->seen, &call->client->limits, &result);
    finish(call, &result);
}

void http_cancel(struct http_call *call)
{
    struct http_result result;
    loop_remove_transfer(call->client->loop, call->easy);
    read_answer(call, &result);
    result.error = HTTP_CANCELLED;
    snprintf(result.detail, sizeof result.detail, "the request was cancelled");
    finish(call, &result);
}

/* ---- the start of a call ---- */

/* "host:port" as written, and the host alone, without brackets. */
static void read_host(struct http_call *call, const char *url)
{
    const char *at = strstr(url, "://");
    at = at ? at + 3 : url;
    size_t len = strcspn(at, "/?");
    struct http_seen *seen = &call->seen;
    snprintf(seen->authority, sizeof seen->authority, "%.*s", (int)len, at);
    size_t host_len = strcspn(seen->authority, ":");
    bool brackets = *at == '[';
    if (brackets)
        host_len = strcspn(seen->authority, "]");
    snprintf(call->host_text, sizeof call->host_text, "%.*s", (int)(host_len - brackets),
        seen->authority + brackets);
    unsigned char v4[4];
    call->host_is_name = !brackets && inet_pton(AF_INET, call->host_text, v4) != 1;
}

static bool add_header(struct http_call *call, const char *header)
{
    struct curl_slist *longer = curl_slist_append(call->headers_sent, header);
    if (longer)
        call->headers_sent = longer;
    return longer != NULL;
}

static enum err_code set_headers(
    struct http_call *call, const struct http_request *request, struct error *err)
{
    bool added = true;
    for (const char *const *at = request->headers; at && *at; at++) {
        if (strpbrk(*at, "\r\n"))
            return error_set(err, ERR_INVALID, "a header contains a line break");
        added = added && add_header(call, *at);
    }
    /* libcurl adds both by itself; the second counts only if the caller has named no type */
    if (request->body)
        added = added && add_header(call, "Expect:") && add_header(call, "Content-Type:");
    if (!added)
        return error_set(err, ERR_UNAVAILABLE, "no memory for a request's headers");
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers_sent);
    return ERR_OK;
}

/* In this order, because each of these options also sets the method. */
static void set_method(CURL *easy, const struct http_request *request)
{
    const char *implied = "GET";
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body);
    if (request->body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        implied = "POST";
    } else if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        implied = "HEAD";
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    bool same = strcmp(request->method, implied) == 0;
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, same ? NULL : request->method);
}

static enum err_code prepare(struct http_call *call, const struct http_request *request, struct error *err)
{
    call->done = request->done;
    call->ctx = request->ctx;
    call->host = NULL;
    memset(&call->seen, 0, sizeof call->seen);
    call->header_bytes = 0;
    call->retry_after_us = -1;
    buf_reset(&call->headers);
    buf_reset(&call->body);
    enum err_code rc = set_headers(call, request, err);
    if (rc != ERR_OK)
        return rc;
    if (curl_easy_setopt(call->easy, CURLOPT_URL, request->url) != CURLE_OK)
        return error_set(err, ERR_UNAVAILABLE, "no memory for a request");
    set_method(call->easy, request);
    read_host(call, request->url);
    int64_t now_us = clock_boot_us();
    call->client->last_send_us = now_us;
    schedule_housekeeping(call->client, now_us);
    return call->host_is_name ? expect_lookup(call, call->host_text, now_us, err) : ERR_OK;
}

enum err_code http_send(struct http_client *client, const struct http_request *request,
    struct http_call **call, struct error *err)
{
    struct http_call *made = take_call(client);
    if (!made)
        return error_set(err, ERR_UNAVAILABLE, "no memory for a request");
    enum err_code rc = prepare(made, request, err);
    if (rc == ERR_OK)
        rc = loop_add_transfer(client->loop, made->easy, on_done, made, err);
    if (rc != ERR_OK) {
        return_call(made);
        return rc;
    }
    client->calls++;
    if (call)
        *call = made;
    return ERR_OK;
}

/* ---- the client ---- */

enum err_code http_client_new(struct loop *loop, const struct guard *guard, const struct http_limits *limits,
    struct http_client **client, struct error *err)
{
    CURLSH *share = curl_share_init();
    if (!share || curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) {
        curl_share_cleanup(share);
        return error_set(err, ERR_UNAVAILABLE, "libcurl does not start");
    }
    struct http_client *made = mem_zalloc(sizeof *made);
    made->loop = loop;
    made->guard = guard;
    made->limits = *limits;
    made->share = share;
    if (!open_housekeeper(made)) {
        http_client_free(made);
        return error_set(err, ERR_UNAVAILABLE, "libcurl does not start");
    }
    *client = made;
    return ERR_OK;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    assert(client->calls == 0);
    for (struct http_call *call = client->spare, *next; call; call = next) {
        next = call->next_spare;
        free_call(call);
    }
    curl_easy_cleanup(client->housekeeper);
    curl_share_cleanup(client->share);
    mem_free(client);
}

int http_lookups(const struct http_client *client)
{
    return client->lookups;
}

int http_calls(const struct http_client *client)
{
    return client->calls;
}
