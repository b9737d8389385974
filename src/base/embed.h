/* Files that are part of the program, put there by tools/embed.py at build time. Immutable. */
#ifndef HERALD_BASE_EMBED_H
#define HERALD_BASE_EMBED_H

#include <stddef.h>

struct embedded_file {
    const char *path; /* relative, '/' between names; NULL ends a table */
    const char *data; /* a NUL follows the last byte */
    const char *limit; /* that NUL */
};

extern const struct embedded_file embedded_migrations[]; /* src/db/migrations, in order */
extern const struct embedded_file embedded_openapi[]; /* api/openapi.yaml */
extern const struct embedded_file embedded_reference[]; /* the page at /reference, and what it needs */
extern const struct embedded_file embedded_pages[]; /* ui/dist, if it was built */

static inline size_t embedded_size(const struct embedded_file *file)
{
    return (size_t)(file->limit - file->data);
}

#endif
