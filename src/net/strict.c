#include "net/server_internal.h"

#include "base/text.h"

#include <ctype.h>
#include <strings.h>

/* Headers that mean different things to different readers when they come twice. */
static const char *const single_headers[] = {MHD_HTTP_HEADER_HOST, MHD_HTTP_HEADER_CONTENT_LENGTH,
    MHD_HTTP_HEADER_TRANSFER_ENCODING, MHD_HTTP_HEADER_CONTENT_TYPE, MHD_HTTP_HEADER_AUTHORIZATION,
    MHD_HTTP_HEADER_ORIGIN, MHD_HTTP_HEADER_IF_MATCH, NULL};

static bool refuse(struct request *request, int status, const char *why)
{
    request->refused_status = status;
    request->refusal = why;
    return false;
}

static bool refuse_about(struct request *request, const char *fmt, const char *name)
{
    struct arena *arena = request->exchange.arena;
    size_t len = strlen(fmt) + strlen(name) + 1;
    char *text = arena_alloc(arena, len);
    const char *hole = strstr(fmt, "{}");
    snprintf(text, len, "%.*s%s%s", (int)(hole - fmt), fmt, name, hole + 2);
    return refuse(request, MHD_HTTP_BAD_REQUEST, text);
}

void fields_add(struct fields *fields, struct arena *arena, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
    struct field *field = ARENA_NEW(arena, struct field);
    field->name = arena_strndup(arena, name, name_len);
    field->value = arena_strndup(arena, value, value_len);
    *fields->tail = field;
    fields->tail = &field->next;
    fields->count++;
}

/* A header that was found, and whether it came again. */
static const char *header_once(const struct fields *headers, const char *name, bool *again)
{
    const char *value = NULL;
    for (const struct field *field = headers->head; field; field = field->next) {
        if (!text_equal_nocase(field->name, name))
            continue;
        *again |= value != NULL;
        value = field->value;
    }
    return value;
}

static bool is_token(const char *name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (const char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr(marks, *at))
            return false;
    return *name != '\0';
}

static bool has_control(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if ((*at < 0x20 && *at != '\t') || *at == 0x7f)
            return true;
    return false;
}

static bool check_repeats(struct request *request, const char *const *names, bool *repeated)
{
    for (; names && *names; names++) {
        bool again = false;
        header_once(&request->headers, *names, &again);
        if (again) {
            *repeated = true;
            return refuse_about(request, "The header {} is given more than once.", *names);
        }
    }
    return true;
}

static bool check_header_texts(struct request *request, bool *bad)
{
    *bad = request->folded;
    if (request->folded)
        return refuse(request, MHD_HTTP_BAD_REQUEST, "A header goes over more than one line.");
    *bad = request->torn;
    if (request->torn)
        return refuse(request, MHD_HTTP_BAD_REQUEST,
            "A line does not end with CR and LF, or there is a NUL, a header without a name, or a blank too "
            "much "
            "in the first line.");
    for (const struct field *field = request->headers.head; field; field = field->next) {
        *bad = true;
        if (!is_token(field->name))
            return refuse(request, MHD_HTTP_BAD_REQUEST, "A header's name is not a token.");
        if (has_control(field->value))
            return refuse_about(request, "The header {} has a control character in its value.", field->name);
        *bad = false;
    }
    return true;
}

static bool check_length(struct request *request, const char *length, struct framing *framing)
{
    size_t digits = strspn(length, "0123456789");
    if (digits == 0 || length[digits] != '\0') {
        framing->ambiguous = true;
        return refuse(request, MHD_HTTP_BAD_REQUEST, "Content-Length is not a number.");
    }
    if (digits > 18 || strtoull(length, NULL, 10) > request->server->config.body_most)
        return refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, BODY_TOO_LARGE);
    if (strtoull(length, NULL, 10) + bodies_with_handlers(request->server) >
        request->server->config.bodies_most)
        return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, NO_MEMORY_FOR_BODY);
    return true;
}

/* Where the body ends must be told once and in one way. */
static bool check_framing(struct request *request, const char *version, struct framing *framing)
{
    const char *length = exchange_header(&request->exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *coding = exchange_header(&request->exchange, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    framing->expects = exchange_header(&request->exchange, MHD_HTTP_HEADER_EXPECT) != NULL;
    framing->ambiguous = true;
    if (length && coding)
        return refuse(
            request, MHD_HTTP_BAD_REQUEST, "Transfer-Encoding and Content-Length exclude each other.");
    if (coding && !text_equal_nocase(coding, "chunked"))
        return refuse(
            request, MHD_HTTP_BAD_REQUEST, "The only Transfer-Encoding that is accepted is chunked.");
    if (coding && strcmp(version, MHD_HTTP_VERSION_1_1) != 0)
        return refuse(request, MHD_HTTP_BAD_REQUEST, "Transfer-Encoding needs HTTP/1.1.");
    framing->ambiguous = false;
    return !length || check_length(request, length, framing);
}

/* The length of the name in "name", "name:80", "[::1]:80"; 0 if it is none of these. */
static size_t host_name_len(const char *host)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t len = strspn(host, letters);
    if (host[0] == '[') {
        len = 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
        if (host[len++] != ']')
            return 0;
    }
    const char *rest = host + len;
    if (*rest == ':')
        rest += 1 + strspn(rest + 1, "0123456789");
    return *rest == '\0' ? len : 0;
}

static bool host_listed(const struct server *server, const char *host, size_t len)
{
    for (size_t i = 0; i < server->hosts.count; i++) {
        const char *name = server->hosts.items[i];
        if (strlen(name) == len && strncasecmp(name, host, len) == 0)
            return true;
    }
    return false;
}

/* A name that is not on the list may be a page of somebody else's in a browser, by a DNS answer of theirs. */
static bool check_host(struct request *request, const char *version)
{
    const char *host = exchange_header(&request->exchange, MHD_HTTP_HEADER_HOST);
    if (!host)
        return strcmp(version, MHD_HTTP_VERSION_1_1) != 0 ||
               refuse(request, MHD_HTTP_BAD_REQUEST, "HTTP/1.1 needs a Host header.");
    size_t len = host_name_len(host);
    if (len == 0)
        return refuse(request, MHD_HTTP_BAD_REQUEST, "The Host header is not a host with an optional port.");
    if (!host_listed(request->server, host, len))
        return refuse(request, MHD_HTTP_MISDIRECTED_REQUEST,
            "This server does not answer for the host that was asked for; see the option `host`.");
    return true;
}

static bool check_proxy(struct request *request)
{
    if (!request->server->proxies_only || request->by_proxy)
        return true;
    return refuse(request, MHD_HTTP_FORBIDDEN,
        "This listener speaks no TLS, and answers only the proxies that `behind_proxy` names.");
}

static bool check_method(struct request *request)
{
    static const char *const known[] = {MHD_HTTP_METHOD_GET, MHD_HTTP_METHOD_HEAD, MHD_HTTP_METHOD_POST,
        MHD_HTTP_METHOD_PUT, MHD_HTTP_METHOD_PATCH, MHD_HTTP_METHOD_DELETE, MHD_HTTP_METHOD_OPTIONS};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(request->exchange.method, known[i]) == 0)
            return true;
    return refuse(request, MHD_HTTP_NOT_IMPLEMENTED, "The method is not known here.");
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* Percent-decoding; NULL for a broken escape, a NUL, or what is not UTF-8 afterwards. */
static const char *decode(struct arena *arena, const char *text, size_t len, bool plus_is_space)
{
    char *out = arena_alloc(arena, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '+' && plus_is_space)
            c = ' ';
        if (c == '%') {
            int high = len - i > 2 ? hex_digit(text[i + 1]) : -1;
            int low = len - i > 2 ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0')
            return NULL;
        out[n++] = c;
    }
    return text_is_utf8(out, n) ? out : NULL;
}

static bool has_encoded_slash(const char *text, size_t len)
{
    for (size_t i = 0; i + 2 < len; i++)
        if (text[i] == '%' && text[i + 1] == '2' && (text[i + 2] == 'F' || text[i + 2] == 'f'))
            return true;
    return false;
}

static bool read_path(struct request *request, const char *text, size_t len)
{
    /* An encoded slash is a separator to some readers and a letter to others. */
    const char *path =
        has_encoded_slash(text, len) ? NULL : decode(request->exchange.arena, text, len, false);
    if (!path || has_control(path))
        return refuse(request, MHD_HTTP_BAD_REQUEST,
            "The path has a broken percent escape, an encoded slash or control character, or is not UTF-8.");
    request->exchange.path = path;
    return true;
}

static bool read_query(struct request *request, const char *text)
{
    struct arena *arena = request->exchange.arena;
    while (*text) {
        size_t len = strcspn(text, "&"), name_len = strcspn(text, "&=");
        const char *name = decode(arena, text, name_len, true);
        const char *value =
            name_len < len ? decode(arena, text + name_len + 1, len - name_len - 1, true) : "";
        if (!name || !value)
            return refuse(request, MHD_HTTP_BAD_REQUEST,
                "The query has a broken percent escape, a NUL, or is not UTF-8.");
        if (len > 0)
            fields_add(&request->query, arena, name, strlen(name), value, strlen(value));
        text += len + (text[len] == '&');
    }
    return true;
}

static bool read_target(struct request *request)
{
    const char *target = request->exchange.target;
    if (target[0] != '/')
        return refuse(
            request, MHD_HTTP_BAD_REQUEST, "The request's target must be a path that begins with a slash.");
    for (const unsigned char *at = (const unsigned char *)target; *at; at++)
        if (*at <= 0x20 || *at == 0x7f || *at == '#')
            return refuse(request, MHD_HTTP_BAD_REQUEST,
                "The request's target has a blank, a control character or a fragment in it.");
    size_t len = strcspn(target, "?");
    return read_path(request, target, len) && read_query(request, target + len + (target[len] == '?'));
}

static bool check_version(struct request *request, const char *version)
{
    if (strcmp(version, MHD_HTTP_VERSION_1_1) == 0 || strcmp(version, MHD_HTTP_VERSION_1_0) == 0)
        return true;
    return refuse(request, MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED, "This server speaks HTTP/1.1 and HTTP/1.0.");
}

bool strict_check(struct request *request, const char *version, struct framing *framing)
{
    /* What makes the end of the body uncertain comes first. */
    return check_version(request, version) && check_header_texts(request, &framing->ambiguous) &&
           check_repeats(request, single_headers, &framing->ambiguous) &&
           check_framing(request, version, framing) &&
           check_repeats(request, request->server->config.single_headers, &(bool){false}) &&
           check_proxy(request) && check_host(request, version) && check_method(request) &&
           read_target(request);
}
