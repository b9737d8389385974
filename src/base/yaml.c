#include "base/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MOST 32

struct load {
    struct arena *arena;
    const char *path;
    const char *text; /* all of it; NULL: it is read from a file */
    yaml_document_t *document;
    struct error *err;
    int depth;
    bool *seen; /* of each of the document's nodes: libyaml makes an alias a second way to a node */
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

/* libyaml gives each node that has no tag the one of its kind. */
static bool has_own_tag(const yaml_node_t *node)
{
    const char *usual = node->type == YAML_SCALAR_NODE     ? YAML_DEFAULT_SCALAR_TAG
                        : node->type == YAML_SEQUENCE_NODE ? YAML_DEFAULT_SEQUENCE_TAG
                                                           : YAML_DEFAULT_MAPPING_TAG;
    return node->tag && strcmp((const char *)node->tag, usual) != 0;
}

/* Refuses what could make a small file a large tree, or mean something else than it says. */
static enum err_code check_node(struct load *load, const yaml_node_t *node, int index, int line)
{
    const char *what = ++load->depth > DEPTH_MOST ? "nested too deeply"
                       : load->seen[index - 1]    ? "an alias (*name) repeats what stands here: write it out"
                       : has_own_tag(node)        ? "tags (!name) are not supported"
                                                  : NULL;
    load->seen[index - 1] = true;
    return what ? error_set(load->err, ERR_INVALID, "%s:%d: %s", load->path, line, what) : ERR_OK;
}

static enum err_code build(struct load *load, int index, struct yaml **out)
{
    const yaml_node_t *node = yaml_document_get_node(load->document, index);
    struct yaml *yaml = *out = ARENA_NEW(load->arena, struct yaml);
    yaml->line = (int)node->start_mark.line + 1;
    yaml->text = "";
    enum err_code code = check_node(load, node, index, yaml->line);
    if (code)
        return code;
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

/* What cannot be read at all libyaml tells by its place in bytes. */
static int line_of_problem(const struct load *load, const yaml_parser_t *parser)
{
    int line = 1;
    if (parser->error != YAML_READER_ERROR || !load->text)
        return (int)parser->problem_mark.line + 1;
    for (size_t i = 0; i < parser->problem_offset && load->text[i]; i++)
        line += load->text[i] == '\n';
    return line;
}

static enum err_code not_yaml(struct load *load, const yaml_parser_t *parser)
{
    return error_set(load->err, ERR_INVALID, "%s:%d: %s", load->path, line_of_problem(load, parser),
        parser->problem ? parser->problem : "not YAML");
}

/* A second document in the file would be ignored in silence. */
static enum err_code check_end(struct load *load, yaml_parser_t *parser)
{
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document))
        return not_yaml(load, parser);
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    enum err_code code = root ? error_set(load->err, ERR_INVALID, "%s:%d: a second document begins here",
                                    load->path, (int)root->start_mark.line + 1)
                              : ERR_OK;
    yaml_document_delete(&document);
    return code;
}

static enum err_code load_document(struct load *load, yaml_parser_t *parser, struct yaml **root)
{
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document))
        return not_yaml(load, parser);
    load->document = &document;
    load->seen = ARENA_ARRAY(load->arena, bool, (size_t)(document.nodes.top - document.nodes.start));
    enum err_code code = ERR_OK;
    if (yaml_document_get_root_node(&document)) {
        code = build(load, 1, root);
        if (!code)
            code = check_end(load, parser);
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

enum err_code yaml_load_text(
    struct arena *arena, const char *name, const char *text, struct yaml **root, struct error *err)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return error_set(err, ERR_UNAVAILABLE, "%s: there is no memory to read it", name);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    enum err_code code =
        load_document(&(struct load){.arena = arena, .path = name, .text = text, .err = err}, &parser, root);
    yaml_parser_delete(&parser);
    return code;
}

struct yaml *yaml_get(const struct yaml *map, const char *key)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++)
        if (strcmp(map->keys[i], key) == 0)
            return map->items[i];
    return NULL;
}
