#include "net/local.h"

#include <curl/curl.h>

static size_t take_answer(char *data, size_t size, size_t count, void *ctx)
{
    struct buf *answer = ctx;
    buf_add(answer, data, size * count);
    return answer->overflow ? 0 : size * count;
}

enum err_code local_post(const char *socket_path, const char *path, const char *body, int *status,
    struct buf *answer, struct error *err)
{
    char url[256];
    snprintf(url, sizeof url, "http://localhost%s", path);
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!easy || !headers) {
        curl_slist_free_all(headers);
        curl_easy_cleanup(easy);
        return error_set(err, ERR_UNAVAILABLE, "no memory for a request");
    }
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
    CURLcode result = curl_easy_perform(easy);
    long code = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    *status = (int)code;
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    return result == CURLE_OK ? ERR_OK
                              : error_set(err, ERR_UNAVAILABLE, "%s does not answer: %s", socket_path,
                                    curl_easy_strerror(result));
}
