/*
 * The pages: ui/dist, which is part of the program. Names under /assets/ carry a hash and never change; every
 * other address is the application, which has its own router, but for the API's reference, which needs none.
 */
#include "api/call.h"

#include "base/embed.h"

#include <sodium.h>

struct type {
    const char *ending, *name;
};

static const struct type types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
};

/*
 * Everything comes from here, and nothing runs or styles that stands in the page itself, but for the styles that Mantine
 * writes at run time: those have the answer's nonce, which the page gets in place of NONCE_HOLE (ui/vite.config.ts).
 */
#define POLICY                                                                                               \
    "default-src 'none'; script-src 'self'; style-src 'self'%s; img-src 'self' data:; font-src 'self'; "     \
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
#define NONCE_HOLE "@CSP-NONCE@"
#define NONCE_BYTES 16
#define PAGE_MOST (1 << 20)
#define INDEX "index.html"

/* The reference has no script, and everything it shows is in three files. */
#define REFERENCE_POLICY                                                                                     \
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "            \
    "frame-ancestors 'none'"
/* Of a file that is no page, should anybody open it as one. */
#define ASSET_POLICY "default-src 'none'; style-src 'self'; frame-ancestors 'none'"

static const char *type_of(const char *path)
{
    size_t len = strlen(path);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        size_t ending = strlen(types[i].ending);
        if (len > ending && strcmp(path + len - ending, types[i].ending) == 0)
            return types[i].name;
    }
    return "application/octet-stream";
}

static const struct embedded_file *find(const struct embedded_file *files, const char *path)
{
    for (; files->path; files++)
        if (strcmp(files->path, path) == 0)
            return files;
    return NULL;
}

/* Of everything that a browser shows or runs; the first two are each kind's own. */
#define HEADERS(cache, policy)                                                                               \
    {                                                                                                        \
        {"Cache-Control", cache}, {"Content-Security-Policy", policy}, {"Referrer-Policy", "no-referrer"},   \
            {"Cross-Origin-Opener-Policy", "same-origin"}, {"Cross-Origin-Resource-Policy", "same-origin"},  \
            {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},          \
        {                                                                                                    \
            "X-Frame-Options", "DENY"                                                                        \
        }                                                                                                    \
    }
/* For ever: assets, whose names carry a hash. */
static const struct reply_header asset_headers[] =
    HEADERS("public, max-age=31536000, immutable", ASSET_POLICY);
static const struct reply_header file_headers[] = HEADERS("no-cache", ASSET_POLICY);
static const struct reply_header reference_headers[] = HEADERS("no-cache", REFERENCE_POLICY);

static struct reply reply_of(const struct embedded_file *file, const struct reply_header *headers)
{
    return (struct reply){.status = 200,
        .content_type = type_of(file->path),
        .headers = headers,
        .header_count = ARRAY_LEN(file_headers),
        .static_body = file->data,
        .body_len = embedded_size(file)};
}

static const char *new_nonce(struct arena *arena)
{
    unsigned char random[NONCE_BYTES];
    char text[sodium_base64_ENCODED_LEN(NONCE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(text, sizeof text, random, sizeof random, sodium_base64_VARIANT_ORIGINAL);
    return arena_strdup(arena, text);
}

/* The application's page, with a nonce of its own. */
static struct reply application(const struct embedded_file *file, struct arena *arena)
{
    const char *nonce = new_nonce(arena), *at = file->data;
    const struct reply_header own[] =
        HEADERS("no-cache", arena_printf(arena, POLICY, arena_printf(arena, " 'nonce-%s'", nonce)));
    struct reply_header *headers = ARENA_ARRAY(arena, struct reply_header, ARRAY_LEN(own));
    memcpy(headers, own, sizeof own);
    struct buf page = BUF_INIT(PAGE_MOST);
    for (const char *hole; (hole = strstr(at, NONCE_HOLE)); at = hole + strlen(NONCE_HOLE)) {
        buf_add(&page, at, (size_t)(hole - at));
        buf_add_text(&page, nonce);
    }
    buf_add_text(&page, at);
    struct reply reply = reply_of(file, headers);
    reply.static_body = NULL;
    reply.body_len = page.len;
    reply.body = buf_take(&page);
    return reply;
}

static bool is_asset(const char *path)
{
    return strncmp(path, "assets/", 7) == 0;
}

/* With a slash behind it what the reference links to would be elsewhere. */
static struct reply to_reference(void)
{
    static const struct reply_header headers[] = {{"Location", "/reference"}};
    return (struct reply){.status = 308, .headers = headers, .header_count = ARRAY_LEN(headers)};
}

bool page_at(const struct exchange *exchange, struct reply *reply)
{
    const char *path = exchange->path + 1;
    if (strcmp(path, "reference/") == 0) {
        *reply = to_reference();
        return true;
    }
    const struct embedded_file *file =
        find(embedded_reference, strcmp(path, "reference") == 0 ? "reference.html" : path);
    if (file) {
        *reply = reply_of(file, reference_headers);
        return true;
    }
    file = find(embedded_pages, path);
    if (file && strcmp(path, INDEX) != 0) {
        *reply = reply_of(file, is_asset(path) ? asset_headers : file_headers);
        return true;
    }
    file = is_asset(path) ? NULL : find(embedded_pages, INDEX);
    if (file)
        *reply = application(file, exchange->arena);
    return file != NULL;
}

void pages_get(struct call *call)
{
    struct reply reply;
    if (page_at(call->exchange, &reply))
        exchange_reply(call->exchange, &reply);
    else
        exchange_reply_problem(call->exchange, 404,
            is_asset(call->exchange->path + 1) ? "There is nothing at this address."
                                               : "This program was built without its pages.",
            NULL);
}

struct reply openapi_reply(void)
{
    return (struct reply){.status = 200,
        .content_type = "application/yaml",
        .static_body = embedded_openapi[0].data,
        .body_len = embedded_size(&embedded_openapi[0])};
}

void openapi_get(struct call *call)
{
    struct reply reply = openapi_reply();
    exchange_reply(call->exchange, &reply);
}
