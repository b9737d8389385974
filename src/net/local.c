#include "net/local.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#define POST_TIMEOUT_US (60 * US_PER_S)
#define URL_SIZE 256
#define HEADER_SIZE 8192

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct buf *body = ctx;
    buf_add(body, data, size * count);
    return body->overflow ? 0 : size * count;
}

/* Also gets the status line and the empty line at the end, which are no headers. */
static size_t take_header(char *line, size_t size, size_t count, void *ctx)
{
    size_t len = size * count, text = len;
    while (text > 0 && strchr("\r\n", line[text - 1]))
        text--;
    if (text > 0 && strncmp(line, "HTTP/", 5) != 0) {
        buf_add(ctx, line, text);
        buf_add_text(ctx, "\n");
    }
    return len;
}

static bool append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer)
        *list = longer;
    return longer != NULL;
}

/* libcurl takes "Name:" for the wish to send no such header; an empty one is written "Name;". */
static bool append_header(struct curl_slist **list, const char *header)
{
    size_t name = strcspn(header, ":");
    char empty[HEADER_SIZE];
    if (header[name] == '\0' || header[name + 1 + strspn(header + name + 1, " \t")] != '\0')
        return append(list, header);
    snprintf(empty, sizeof empty, "%.*s;", (int)name, header);
    return append(list, empty);
}

static bool has_header(const char *const *headers, const char *name)
{
    size_t len = strlen(name);
    for (; headers && *headers; headers++)
        if (strncasecmp(*headers, name, len) == 0 && (*headers)[len] == ':')
            return true;
    return false;
}

/* The caller's headers, and none of those that libcurl would add. */
static bool list_headers(const char *const *headers, struct curl_slist **list)
{
    static const char *const uninvited[] = {"Accept", "Content-Type", "Expect"};
    char none[32];
    bool ok = true;
    for (size_t i = 0; i < ARRAY_LEN(uninvited); i++) {
        snprintf(none, sizeof none, "%s:", uninvited[i]);
        ok = ok && (has_header(headers, uninvited[i]) || append(list, none));
    }
    for (; headers && *headers; headers++)
        ok = ok && append_header(list, *headers);
    return ok;
}

static void set_request(CURL *easy, const struct local_request *request)
{
    char url[URL_SIZE];
    snprintf(url, sizeof url, "http://%s/", request->socket_path ? "localhost" : request->address);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->socket_path);
    curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, request->target);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(request->timeout_us / US_PER_MS));
    if (request->body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    }
    if (strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static enum err_code perform(
    CURL *easy, const struct local_request *request, struct local_answer *answer, struct error *err)
{
    const char *where = request->socket_path ? request->socket_path : request->address;
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer->body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &answer->headers);
    CURLcode result = curl_easy_perform(easy);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    return result == CURLE_OK
               ? ERR_OK
               : error_set(err, result == CURLE_COULDNT_CONNECT ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
                     "%s does not answer: %s", where, curl_easy_strerror(result));
}

enum err_code local_send(const struct local_request *request, struct local_answer *answer, struct error *err)
{
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = NULL;
    enum err_code code = ERR_OK;
    if (!easy || !list_headers(request->headers, &headers))
        code = error_set(err, ERR_UNAVAILABLE, "no memory for a request");
    if (!code) {
        set_request(easy, request);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        code = perform(easy, request, answer, err);
    }
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    return code;
}

enum err_code local_post(const char *socket_path, const char *path, const char *body, int *status,
    struct buf *answer, struct error *err)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    struct local_request request = {.socket_path = socket_path,
        .method = "POST",
        .target = path,
        .headers = headers,
        .body = body,
        .body_len = strlen(body),
        .timeout_us = POST_TIMEOUT_US};
    struct local_answer whole = {.body = *answer};
    enum err_code code = local_send(&request, &whole, err);
    *answer = whole.body;
    *status = whole.status;
    return code;
}
