/*
 * The pages: ui/dist, which is part of the program. Names under /assets/ carry a hash and never change; every
 * other address is the application, which has its own router, but for the API's reference, which needs none.
 */
#include "api/call.h"

#include "base/embed.h"

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

/* Mantine writes its styles at run time, hence 'unsafe-inline' for styles; for scripts it never is. */
static const char policy[] = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
                             "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
                             "frame-ancestors 'none'";

/* The reference has no script, and everything it shows is in three files. */
static const char reference_policy[] =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

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

/* For ever: assets, whose names carry a hash. */
static const struct reply_header asset_headers[] = {{"Cache-Control", "public, max-age=31536000, immutable"},
    {"Content-Security-Policy", policy}, {"Referrer-Policy", "no-referrer"}};
static const struct reply_header page_headers[] = {
    {"Cache-Control", "no-cache"}, {"Content-Security-Policy", policy}, {"Referrer-Policy", "no-referrer"}};
static const struct reply_header reference_headers[] = {{"Cache-Control", "no-cache"},
    {"Content-Security-Policy", reference_policy}, {"Referrer-Policy", "no-referrer"}};

static struct reply reply_of(const struct embedded_file *file, const struct reply_header *headers)
{
    return (struct reply){.status = 200,
        .content_type = type_of(file->path),
        .headers = headers,
        .header_count = ARRAY_LEN(page_headers),
        .static_body = file->data,
        .body_len = embedded_size(file)};
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

bool page_at(const char *path, struct reply *reply)
{
    path++;
    if (strcmp(path, "reference/") == 0) {
        *reply = to_reference();
        return true;
    }
    const struct embedded_file *file =
        find(embedded_reference, strcmp(path, "reference") == 0 ? "reference.html" : path);
    const struct reply_header *headers = reference_headers;
    if (!file) {
        file = find(embedded_pages, path);
        headers = is_asset(path) ? asset_headers : page_headers;
    }
    if (!file && !is_asset(path))
        file = find(embedded_pages, "index.html");
    if (file)
        *reply = reply_of(file, headers);
    return file != NULL;
}

void pages_get(struct call *call)
{
    struct reply reply;
    if (page_at(call->exchange->path, &reply))
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
