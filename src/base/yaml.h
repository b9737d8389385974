/*
 * YAML as a tree whose every node knows its line, so that a complaint about a config file can name it.
 * libyaml parses; aliases, tags and duplicate keys are refused.
 *
 * One thread at a time; nodes live in the arena.
 */
#ifndef HERALD_BASE_YAML_H
#define HERALD_BASE_YAML_H

#include "base/arena.h"
#include "base/error.h"

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    int line; /* from 1 */
    const char *text; /* YAML_TEXT: the value; never NULL */
    bool plain; /* YAML_TEXT: written without quotes */
    size_t count; /* YAML_LIST, YAML_MAP */
    struct yaml **items;
    const char **keys; /* YAML_MAP: of each item */
    int *key_lines;
};

/* Errors name file, line and reason: "relay.yaml:3: ...". An empty file is an empty map. */
enum err_code yaml_load_file(
    struct arena *arena, const char *path, struct yaml **root, struct error *err) MUST_CHECK;

/* The same of a text; `name` stands for the file in errors. */
enum err_code yaml_load_text(struct arena *arena, const char *name, const char *text, struct yaml **root,
    struct error *err) MUST_CHECK;

/* The value of a key, or NULL. */
struct yaml *yaml_get(const struct yaml *map, const char *key);

#endif
