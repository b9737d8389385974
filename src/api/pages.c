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

static void reply_file(
    struct call *call, const struct embedded_file *file, const char *content_policy, bool for_ever)
{
    struct reply_header headers[] = {
        {"Cache-Control", for_ever ? "public, max-age=31536000, immutable" : "no-cache"},
        {"Content-Security-Policy", content_policy},
        {"Referrer-Policy", "no-referrer"},
    };
    exchange_reply(call->exchange, &(struct reply){.status = 200,
                                       .content_type = type_of(file->path),
                                       .headers = headers,
                                       .header_count = ARRAY_LEN(headers),
                                       .static_body = file->data,
                                       .body_len = embedded_size(file)});
}

void pages_get(struct call *call)
{
    const char *path = call->exchange->path + 1;
    const struct embedded_file *reference =
        find(embedded_reference, strcmp(path, "reference") == 0 ? "reference.html" : path);
    if (reference) {
        reply_file(call, reference, reference_policy, false);
        return;
    }
    bool asset = strncmp(path, "assets/", 7) == 0;
    const struct embedded_file *file = find(embedded_pages, path);
    if (!file && !asset)
        file = find(embedded_pages, "index.html");
    if (file)
        reply_file(call, file, policy, asset);
    else
        exchange_reply_problem(call->exchange, 404,
            asset ? "There is nothing at this address." : "This program was built without its pages.", NULL);
}

void openapi_get(struct call *call)
{
    const struct embedded_file *file = &embedded_openapi[0];
    exchange_reply(call->exchange, &(struct reply){.status = 200,
                                       .content_type = "application/yaml",
                                       .static_body = file->data,
                                       .body_len = embedded_size(file)});
}
