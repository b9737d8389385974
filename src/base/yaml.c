#include "base/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct load {
    struct arena *arena;
    const char *path;
    yaml_document_t *document;
    struct error *err;
    int depth;
};

static enum err_code build(struct load *load, int index, struct yaml **out);

static enum err_code build_list(struct load *load, const yaml_node_t *node, struct yaml *out)
{
    out->kind = YAML_LIST;
    out->count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    out->items = ARENA_ARRAY(load->arena, struct yaml *, out->count);
    for (size_t i = 0; i < out->count; i++) {
        enum err_code code = build(load, node->data.sequence.items.start[i], &out->items[i]);
        if (code)
            return code;
    }
    return ERR_OK;
}

static enum err_code build_map(struct load *load, const yaml_node_t *node, struct yaml *out)
{
    out->kind = YAML_MAP;
    size_t total = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    out->items = ARENA_ARRAY(load->arena, struct yaml *, total);
    out->keys = ARENA_ARRAY(load->arena, const char *, total);
    out->key_lines = ARENA_ARRAY(load->arena, int, total);
    for (size_t i = 0; i < total; i++) {
        const yaml_node_pair_t *pair = &node->data.mapping.pairs.start[i];
        struct yaml *key;
        enum err_code code = build(load, pair->key, &key);
        if (code)
            return code;
        if (key->kind != YAML_TEXT)
            return error_set(load->err, ERR_INVALID, "%s:%d: a key must be a word", load->path, key->line);
        if (yaml_get(out, key->text))
            return error_set(load->err, ERR_INVALID, "%s:%d: '%s' stands here a second time", load->path,
                key->line, key->text);
        out->keys[i] = key->text;
        out->key_lines[i] = key->line;
        code = build(load, pair->value, &out->items[i]);
        if (code)
            return code;
        out->count = i + 1;
    }
    return ERR_OK;
}

static enum err_code build(struct load *load, int index, struct yaml **out)
{
    const yaml_node_t *node = yaml_document_get_node(load->document, index);
    struct yaml *yaml = *out = ARENA_NEW(load->arena, struct yaml);
    yaml->line = (int)node->start_mark.line + 1;
    yaml->text = "";
    if (++load->depth > 32)
        return error_set(load->err, ERR_INVALID, "%s:%d: nested too deeply", load->path, yaml->line);
    enum err_code code = ERR_OK;
    if (node->type == YAML_SCALAR_NODE) {
        yaml->kind = YAML_TEXT;
        yaml->plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        yaml->text =
            arena_strndup(load->arena, (const char *)node->data.scalar.value, node->data.scalar.length);
        if (strlen(yaml->text) != node->data.scalar.length)
            code = error_set(load->err, ERR_INVALID, "%s:%d: NUL in a value", load->path, yaml->line);
    } else if (node->type == YAML_SEQUENCE_NODE) {
        code = build_list(load, node, yaml);
    } else {
        code = build_map(load, node, yaml);
    }
    load->depth--;
    return code;
}

static enum err_code load_document(struct load *load, yaml_parser_t *parser, struct yaml **root)
{
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document))
        return error_set(load->err, ERR_INVALID, "%s:%d: %s", load->path, (int)parser->problem_mark.line + 1,
            parser->problem ? parser->problem : "not YAML");
    load->document = &document;
    enum err_code code = ERR_OK;
    if (yaml_document_get_root_node(&document)) {
        code = build(load, 1, root);
    } else {
        *root = ARENA_NEW(load->arena, struct yaml);
        **root = (struct yaml){.kind = YAML_MAP, .line = 1, .text = ""};
    }
    yaml_document_delete(&document);
    return code;
}

enum err_code yaml_load_file(struct arena *arena, const char *path, struct yaml **root, struct error *err)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return error_set(err, ERR_INVALID, "%s: %s", path, strerror(errno));
    yaml_parser_t parser;
    enum err_code code = ERR_INTERNAL;
    if (yaml_parser_initialize(&parser)) {
        yaml_parser_set_input_file(&parser, file);
        code = load_document(&(struct load){.arena = arena, .path = path, .err = err}, &parser, root);
        yaml_parser_delete(&parser);
    }
    fclose(file);
    return code;
}

struct yaml *yaml_get(const struct yaml *map, const char *key)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++)
        if (strcmp(map->keys[i], key) == 0)
            return map->items[i];
    return NULL;
}
