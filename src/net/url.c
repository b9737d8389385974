#include "net/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

/* The text cut at its joints. */
struct pieces {
    const char *authority, *rest; /* "host:port"; "/path?query" up to the end */
};

static enum err_code refuse(struct error *err, const char *reason)
{
    error_set(err, ERR_INVALID, "%s", reason);
    return ERR_INVALID;
}

_Static_assert(URL_MOST == 2048, "a message says so");

static enum err_code check_bytes(const char *text, struct error *err)
{
    if (*text == '\0')
        return refuse(err, "the URL is empty");
    if (strlen(text) > URL_MOST)
        return refuse(err, "the URL is longer than 2048 bytes");
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == ' ')
            return refuse(err, "the URL contains a space; write it as %20");
        if (*at < ' ' || *at == 0x7f)
            return refuse(err, "the URL contains a control character");
        if (*at > 0x7f)
            return refuse(err,
                "the URL contains a character outside ASCII; write the host in its xn-- form and "
                "other places percent-encoded");
        if (*at == '\\')
            return refuse(err, "the URL contains a backslash; write it as %5C");
        if (*at == '#')
            return refuse(
                err, "the URL contains a fragment (#), which is never sent; write a literal # as %23");
    }
    return ERR_OK;
}

/* curl's parser forgives one slash, or three, and takes credentials: those are refused here. */
static enum err_code cut(const char *text, struct pieces *out, struct error *err)
{
    size_t scheme = 0;
    if (strncasecmp(text, "https:", 6) == 0)
        scheme = 6;
    else if (strncasecmp(text, "http:", 5) == 0)
        scheme = 5;
    else
        return refuse(err, "the URL must start with http:// or https://");
    if (strncmp(text + scheme, "//", 2) != 0)
        return refuse(err, "two slashes must follow the URL's scheme");
    out->authority = text + scheme + 2;
    size_t len = strcspn(out->authority, "/?");
    out->rest = out->authority + len;
    if (len == 0 || *out->authority == ':')
        return refuse(err, "the URL has no host");
    if (memchr(out->authority, '@', len))
        return refuse(err, "the URL contains credentials (before an @); they would be stored and shown");
    if (memchr(out->authority, '%', len))
        return refuse(err, "the URL's host contains a %");
    if (out->authority[len - 1] == ':')
        return refuse(err, "the URL's port is empty");
    return ERR_OK;
}

static const char *reason_of(CURLUcode code)
{
    switch (code) {
    case CURLUE_BAD_PORT_NUMBER:
        return "the URL's port is not a number from 1 to 65535";
    case CURLUE_NO_HOST:
        return "the URL has no host";
    case CURLUE_BAD_HOSTNAME:
        return "the URL's host contains a character that no host name has";
    case CURLUE_BAD_IPV6:
        return "the URL's host is not an IPv6 address, which is what [ ] says";
    default:
        return curl_url_strerror(code);
    }
}

/* A part of the URL in the arena; "" if it is not there. */
static const char *part(struct arena *arena, CURLU *parsed, CURLUPart what, unsigned flags)
{
    char *text = NULL;
    if (curl_url_get(parsed, what, &text, flags) != CURLUE_OK)
        return "";
    char *copy = arena_strdup(arena, text);
    curl_free(text);
    for (char *at = copy; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return copy;
}

static bool is_address(const char *host)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static enum err_code split(
    struct arena *arena, CURLU *parsed, const struct pieces *pieces, struct url *out, struct error *err)
{
    const char *host = part(arena, parsed, CURLUPART_HOST, 0);
    size_t len = strlen(host);
    if (*host == '[' && len > 2)
        host = arena_strndup(arena, host + 1, len - 2);
    int port = (int)strtol(part(arena, parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT), NULL, 10);
    if (*host == '\0')
        return refuse(err, reason_of(CURLUE_NO_HOST));
    if (port < 1 || port > 65535)
        return refuse(err, reason_of(CURLUE_BAD_PORT_NUMBER));
    *out = (struct url){.scheme = part(arena, parsed, CURLUPART_SCHEME, 0),
        .host = host,
        .port = port,
        .target = *pieces->rest == '/' ? arena_strdup(arena, pieces->rest)
                                       : arena_printf(arena, "/%s", pieces->rest),
        .host_is_address = is_address(host)};
    return ERR_OK;
}

enum err_code url_parse(struct arena *arena, const char *text, struct url *out, struct error *err)
{
    struct pieces pieces = {0};
    enum err_code rc = check_bytes(text, err);
    if (rc == ERR_OK)
        rc = cut(text, &pieces, err);
    if (rc != ERR_OK)
        return rc;
    CURLU *parsed = curl_url();
    if (!parsed) {
        error_set(err, ERR_UNAVAILABLE, "no memory to read a URL");
        return ERR_UNAVAILABLE;
    }
    CURLUcode code = curl_url_set(parsed, CURLUPART_URL, text, CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
    rc = code == CURLUE_OK ? split(arena, parsed, &pieces, out, err) : refuse(err, reason_of(code));
    curl_url_cleanup(parsed);
    return rc;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* True if the `len` bytes at `text`, decoded as a form's, read `name`. */
static bool decodes_to(const char *text, size_t len, const char *name)
{
    for (size_t i = 0; i < len; i++, name++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        }
        if (*name == '\0' || c != *name)
            return false;
    }
    return *name == '\0';
}

enum err_code url_check_without(struct arena *arena, const char *text, const char *name, struct error *err)
{
    struct url url;
    enum err_code rc = url_parse(arena, text, &url, err);
    if (rc != ERR_OK)
        return rc;
    const char *at = strchr(url.target, '?');
    while (at) {
        at++;
        size_t len = strcspn(at, "&;");
        if (decodes_to(at, strcspn(at, "=&;"), name))
            return error_set(err, ERR_INVALID,
                "the URL already has the parameter %s, which is added to each request", name);
        at = at[len] ? at + len : NULL;
    }
    return ERR_OK;
}

char *url_with_parameter(struct arena *arena, const char *text, const char *name, const char *value)
{
    const char *query = strchr(text, '?'), *joint = "&";
    char last = text[strlen(text) - 1];
    if (!query)
        joint = "?";
    else if (query[1] == '\0' || last == '&')
        joint = "";
    return arena_printf(arena, "%s%s%s=%s", text, joint, name, value);
}
