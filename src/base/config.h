/*
 * Options: one table line each. From the table come the YAML check (file, line, reason), the command line
 * flags, `--help` and the reference in docs/. A program's settings are a struct that is filled before threads
 * start and never changes afterwards.
 *
 *     struct settings { const char *listen; int64_t drain_us; struct text_list allow; };
 *     static const struct option options[] = {
 *         {"listen", OPTION_TEXT, offsetof(struct settings, listen), "127.0.0.1:8080", "Address of the API"},
 *
 * One thread, at start.
 */
#ifndef HERALD_BASE_CONFIG_H
#define HERALD_BASE_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/yaml.h"

#include <stdint.h>

enum option_type {
    OPTION_TEXT, /* const char * */
    OPTION_INT, /* int64_t */
    OPTION_BOOL, /* bool; true, false, yes, no */
    OPTION_DURATION, /* int64_t microseconds; 250ms, 5s, 10m, 2h */
    OPTION_SIZE, /* int64_t bytes; 512, 64KiB, 1MiB, 2GiB */
    OPTION_LIST, /* struct text_list; on the command line each use of the flag adds one */
};

struct text_list {
    const char **items;
    size_t count;
};

struct option {
    const char *name; /* of the key; the flag is --name with '-' for '_' */
    enum option_type type;
    size_t offset;
    const char *preset; /* as it would be written; NULL: none */
    const char *help; /* one sentence; NULL: not for people */
    int64_t min, max; /* of numbers, in the stored unit; both 0: no limit */
    bool required; /* for --help; whoever reads the value sees to it */
};

/* Presets into `settings`. */
void config_preset(struct arena *arena, const struct option *options, size_t count, void *settings);

/* A map of options; `ignore` (or NULL) names keys that the caller reads itself. */
enum err_code config_from_yaml(struct arena *arena, const struct option *options, size_t count,
    const char *path, const struct yaml *map, const char *const *ignore, void *settings,
    struct error *err) MUST_CHECK;

/*
 * Consumes --flag VALUE and --flag=VALUE (--flag alone for a bool) from argv[*at]; other words are left for the
 * caller: *known tells. Errors name the flag. A word that is itself one of these flags is no VALUE for another.
 */
enum err_code config_from_flag(struct arena *arena, const struct option *options, size_t count, int argc,
    char **argv, int *at, void *settings, bool *known, struct error *err) MUST_CHECK;

/* "  --listen TEXT   Address of the API (default: 127.0.0.1:8080)" for each, with its limits. */
void config_help(const struct option *options, size_t count, struct buf *out);

#endif
