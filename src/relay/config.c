#include "relay/config.h"

#include "base/buf.h"
#include "net/guard.h"
#include "net/server.h"
#include "net/url.h"
#include "relay/action.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEY_MOST 512
#define NAME_MOST 40
#define HOUR_US (3600 * US_PER_S)

struct load {
    struct arena *arena;
    const char *path;
    struct error *err;
};

#define OPTION(type, name, field, preset, help, min, max)                                                    \
    {                                                                                                        \
        name, type, offsetof(struct relay_config, field), preset, help, min, max                             \
    }

static const struct option top_options[] = {
    OPTION(OPTION_TEXT, "listen", listen, "127.0.0.1:8090", "Where webhooks arrive", 0, 0),
    OPTION(OPTION_TEXT, "metrics_listen", metrics_listen, NULL, "Where /metrics is served", 0, 0),
    OPTION(OPTION_TEXT, "data", data, "./herald-relay", "Directory of the inbox", 0, 0),
    OPTION(OPTION_LIST, "hosts", hosts, NULL, "Further names that a request's Host may have", 0, 0),
    OPTION(OPTION_TEXT, "tls_cert", tls_cert, NULL, "PEM file of the certificate", 0, 0),
    OPTION(OPTION_TEXT, "tls_key", tls_key, NULL, "PEM file of its key", 0, 0),
    OPTION(OPTION_LIST, "behind_proxy", behind_proxy, NULL, "Networks of proxies that end TLS", 0, 0),
    OPTION(OPTION_TEXT, "ca_file", ca_file, NULL, "Authorities that are trusted besides the system's", 0, 0),
    OPTION(
        OPTION_INT, "address_rate", address_rate, "0", "Requests from one address in a second", 0, 1000000),
    OPTION(OPTION_INT, "address_burst", address_burst, "0", "Of them at once", 0, 1000000),
    OPTION(OPTION_DURATION, "retry_base", retry_base_us, "1s", "Most that passes before a first retry",
        US_PER_MS, HOUR_US),
    OPTION(OPTION_DURATION, "retry_cap", retry_cap_us, "10m", "Most that passes before any retry", US_PER_MS,
        24 * HOUR_US),
    OPTION(OPTION_DURATION, "drain", drain_us, "15s", "How long requests in flight may take at a stop", 0,
        HOUR_US),
};
static const char *const top_others[] = {"source", "fetch", "hooks", NULL};

static const struct option source_options[] = {
    OPTION(OPTION_TEXT, "url", source.url, NULL, "Address of the API", 0, 0),
    OPTION(OPTION_TEXT, "api_key", source.api_key, NULL, "The key", 0, 0),
    OPTION(OPTION_TEXT, "api_key_file", source.api_key_file, NULL, "A file that holds the key", 0, 0),
    OPTION(OPTION_TEXT, "business_id", source.business_id, NULL, "The Business", 0, 0),
    OPTION(OPTION_TEXT, "user_id", source.user_id, NULL, "The key's user", 0, 0),
};

static const struct option fetch_options[] = {
    OPTION(OPTION_DURATION, "timeout", fetch.timeout_us, "10s", "Limit of one fetch", US_PER_MS, HOUR_US),
    OPTION(OPTION_INT, "concurrency", fetch.concurrency, "8", "Fetches under way at once", 1, 64),
    OPTION(
        OPTION_INT, "attempts_most", fetch.attempts_most, "100", "Then the record is given up", 1, 1000000),
    OPTION(OPTION_INT, "failures_per_minute", fetch.failures_per_minute, "60", "Fetches that may fail", 1,
        1000000),
    OPTION(OPTION_SIZE, "record_most", fetch.body_most, "1MiB", "Largest record", 1024, 64 << 20),
};

#define ACTION_OPTION(type, name, field, preset, help, min, max)                                             \
    {                                                                                                        \
        name, type, offsetof(struct relay_action, field), preset, help, min, max                             \
    }

static const struct option action_options[] = {
    ACTION_OPTION(OPTION_TEXT, "name", name, NULL, "What its steps are known by", 0, 0),
    ACTION_OPTION(OPTION_INT, "attempts_most", attempts_most, "12", "Then it is given up", 1, 1000000),
    ACTION_OPTION(OPTION_INT, "concurrency", concurrency, "4", "Requests under way at once", 1, 64),
    ACTION_OPTION(OPTION_DURATION, "timeout", timeout_us, "10s", "Limit of one request", US_PER_MS, HOUR_US),
};

static enum err_code complain(struct load *load, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
static enum err_code complain(struct load *load, int line, const char *fmt, ...)
{
    char text[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return error_set(load->err, ERR_INVALID, "%s:%d: %s", load->path, line, text);
}

/* The line of a key's value, for what is found wrong with it later; the map's own if the key is not there. */
static int line_of(const struct yaml *map, const char *key)
{
    const struct yaml *value = yaml_get(map, key);
    return value ? value->line : map->line;
}

/* Fit for a header: printable ASCII without blanks. */
static bool is_token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static enum err_code read_key_file(struct load *load, int line, const char *path, const char **key)
{
    char text[KEY_MOST + 2];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return complain(load, line, "cannot read the key from %s: %s", path, strerror(errno));
    ssize_t len = read(fd, text, sizeof text - 1);
    int reason = errno;
    close(fd);
    if (len < 0)
        return complain(load, line, "cannot read the key from %s: %s", path, strerror(reason));
    while (len && strchr(" \t\r\n", text[len - 1]))
        len--;
    text[len] = '\0';
    if (len > KEY_MOST || !is_token(text))
        return complain(load, line, "%s must hold the key and nothing else", path);
    *key = arena_strdup(load->arena, text);
    return ERR_OK;
}

static enum err_code read_api_key(struct load *load, const struct yaml *map, struct relay_source *source)
{
    if (source->api_key && source->api_key_file)
        return complain(load, line_of(map, "api_key_file"), "'api_key' and 'api_key_file': only one of them");
    if (source->api_key_file)
        return read_key_file(load, line_of(map, "api_key_file"), source->api_key_file, &source->api_key);
    if (!source->api_key)
        return complain(load, map->line, "'source' needs 'api_key' or 'api_key_file'");
    if (!is_token(source->api_key) || strlen(source->api_key) > KEY_MOST)
        return complain(load, line_of(map, "api_key"), "'api_key' must be one word of printable ASCII");
    return ERR_OK;
}

static enum err_code check_id(struct load *load, const struct yaml *map, const char *key, const char *value)
{
    if (!value)
        return complain(load, map->line, "'source' needs '%s'", key);
    if (!is_token(value) || strlen(value) > KEY_MOST)
        return complain(load, line_of(map, key), "'%s' must be one word of printable ASCII", key);
    if (strpbrk(value, "<>"))
        return complain(load, line_of(map, key), "'%s' is still %s: put the id there", key, value);
    return ERR_OK;
}

/* The address of the API, to which /api/… is added: so no query, and no slash at the end. */
static enum err_code check_source_url(struct load *load, const struct yaml *map, struct relay_source *source)
{
    if (!source->url)
        return complain(load, map->line, "'source' needs 'url'");
    struct url parsed;
    struct error why;
    if (url_parse(load->arena, source->url, &parsed, &why))
        return complain(load, line_of(map, "url"), "'url': %s", why.text);
    if (strchr(source->url, '?'))
        return complain(load, line_of(map, "url"), "'url' must be the API's address without a query");
    size_t len = strlen(source->url);
    while (len && source->url[len - 1] == '/')
        len--;
    source->url = arena_strndup(load->arena, source->url, len);
    return ERR_OK;
}

static enum err_code read_source(struct load *load, const struct yaml *root, struct relay_config *config)
{
    const struct yaml *map = yaml_get(root, "source");
    if (!map)
        return complain(
            load, root->line, "'source' is missing: where records are fetched, and with which key");
    enum err_code code = config_from_yaml(
        load->arena, source_options, ARRAY_LEN(source_options), load->path, map, NULL, config, load->err);
    if (!code)
        code = check_source_url(load, map, &config->source);
    if (!code)
        code = read_api_key(load, map, &config->source);
    if (!code)
        code = check_id(load, map, "business_id", config->source.business_id);
    return code ? code : check_id(load, map, "user_id", config->source.user_id);
}

static enum err_code read_fetch(struct load *load, const struct yaml *root, struct relay_config *config)
{
    const struct yaml *map = yaml_get(root, "fetch");
    return map ? config_from_yaml(load->arena, fetch_options, ARRAY_LEN(fetch_options), load->path, map, NULL,
                     config, load->err)
               : ERR_OK;
}

static bool is_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    return len && len <= NAME_MOST && !name[len];
}

static bool name_is_taken(const struct relay_hook *hook, size_t before, const char *name)
{
    for (size_t i = 0; i < before; i++)
        if (strcmp(hook->actions[i].name, name) == 0)
            return true;
    return strcmp(name, FETCH_STEP) == 0;
}

/* "slack" for the first, "slack-2" for the second of a kind. */
static enum err_code name_action(
    struct load *load, const struct yaml *map, struct relay_hook *hook, size_t at)
{
    struct relay_action *action = &hook->actions[at];
    if (action->name) {
        if (!is_name(action->name))
            return complain(load, line_of(map, "name"),
                "'name' must be 1 to %d lower-case letters, digits, '-' and '_'", NAME_MOST);
        if (name_is_taken(hook, at, action->name))
            return complain(load, line_of(map, "name"), "the name '%s' is taken", action->name);
        return ERR_OK;
    }
    action->name = action->kind->name;
    for (int n = 2; name_is_taken(hook, at, action->name); n++)
        action->name = arena_printf(load->arena, "%s-%d", action->kind->name, n);
    return ERR_OK;
}

static enum err_code read_action(
    struct load *load, const struct yaml *item, struct relay_hook *hook, size_t at)
{
    if (item->kind != YAML_MAP || item->count != 1)
        return complain(load, item->line, "an action is one line such as 'slack: {url: …}'");
    struct relay_action *action = &hook->actions[at];
    const struct yaml *map = item->items[0];
    action->kind = action_kind_find(item->keys[0]);
    if (!action->kind) {
        struct buf names = BUF_INIT(200);
        action_kind_names(&names);
        enum err_code code = complain(load, item->key_lines[0], "unknown action '%.40s'; there are: %s",
            item->keys[0], buf_text(&names));
        buf_free(&names);
        return code;
    }
    config_preset(load->arena, action_options, ARRAY_LEN(action_options), action);
    enum err_code code = config_from_yaml(load->arena, action_options, ARRAY_LEN(action_options), load->path,
        map, action->kind->own_keys, action, load->err);
    if (!code)
        code = action->kind->configure(load->arena, load->path, map, &action->settings, load->err);
    return code ? code : name_action(load, map, hook, at);
}

static enum err_code read_actions(struct load *load, const struct yaml *map, struct relay_hook *hook)
{
    const struct yaml *list = yaml_get(map, "actions");
    if (!list)
        return complain(load, map->line, "the hook needs 'actions'");
    if (list->kind != YAML_LIST || list->count == 0)
        return complain(load, list->line, "'actions' must be a list of at least one action");
    hook->actions = ARENA_ARRAY(load->arena, struct relay_action, list->count);
    for (size_t i = 0; i < list->count; i++) {
        enum err_code code = read_action(load, list->items[i], hook, i);
        if (code)
            return code;
    }
    hook->action_count = list->count;
    return ERR_OK;
}

static enum err_code check_path(struct load *load, const struct yaml *map, const struct relay_config *config,
    const struct relay_hook *hook)
{
    static const char *const own[] = {"/healthz", "/readyz"};
    int line = line_of(map, "path");
    if (!hook->path)
        return complain(load, line, "the hook needs 'path'");
    if (hook->path[0] != '/' || !is_token(hook->path) || strpbrk(hook->path, "?#%"))
        return complain(load, line, "'path' must begin with '/' and hold no blank, '?', '#' or '%%'");
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (strcmp(own[i], hook->path) == 0)
            return complain(load, line, "'path': %s is the relay's own", own[i]);
    if (relay_config_hook(config, hook->path))
        return complain(load, line, "'path': another hook has it already");
    return ERR_OK;
}

static enum err_code read_hook(
    struct load *load, const struct yaml *map, const struct relay_config *config, struct relay_hook *hook)
{
    static const struct option options[] = {
        {"path", OPTION_TEXT, offsetof(struct relay_hook, path), NULL, "Where webhooks arrive", 0, 0},
        {"secret", OPTION_TEXT, offsetof(struct relay_hook, secret), NULL, "What ?token= must be", 0, 0},
    };
    static const char *const others[] = {"actions", NULL};
    enum err_code code =
        config_from_yaml(load->arena, options, ARRAY_LEN(options), load->path, map, others, hook, load->err);
    if (!code)
        code = check_path(load, map, config, hook);
    if (!code && hook->secret && !is_token(hook->secret))
        code = complain(load, line_of(map, "secret"), "'secret' must be one word of printable ASCII");
    return code ? code : read_actions(load, map, hook);
}

static enum err_code read_hooks(struct load *load, const struct yaml *root, struct relay_config *config)
{
    const struct yaml *list = yaml_get(root, "hooks");
    if (!list)
        return complain(load, root->line, "'hooks' is missing: where webhooks arrive, and what to do then");
    if (list->kind != YAML_LIST || list->count == 0)
        return complain(load, list->line, "'hooks' must be a list of at least one hook");
    config->hooks = ARENA_ARRAY(load->arena, struct relay_hook, list->count);
    for (size_t i = 0; i < list->count; i++) {
        enum err_code code = read_hook(load, list->items[i], config, &config->hooks[i]);
        if (code)
            return code;
        config->hook_count = i + 1;
    }
    return ERR_OK;
}

static enum err_code check_listener(
    struct load *load, const struct yaml *root, const char *key, const char *listen, bool guarded)
{
    if (!listen || guarded || server_address_is_loopback(listen))
        return ERR_OK;
    return complain(load, line_of(root, key),
        "'%s' is no loopback address: that needs 'tls_cert' and 'tls_key', or 'behind_proxy'", key);
}

static enum err_code check_edge(struct load *load, const struct yaml *root, const struct relay_config *config)
{
    struct cidr network;
    bool guarded = config->tls_cert || config->behind_proxy.count;
    if (!config->tls_cert != !config->tls_key)
        return complain(load, line_of(root, config->tls_cert ? "tls_cert" : "tls_key"),
            "'tls_cert' and 'tls_key': neither is of use without the other");
    for (size_t i = 0; i < config->behind_proxy.count; i++)
        if (!cidr_parse(config->behind_proxy.items[i], &network))
            return complain(load, line_of(root, "behind_proxy"),
                "'behind_proxy': '%.60s' is not a network such as 10.0.0.0/8", config->behind_proxy.items[i]);
    enum err_code code = check_listener(load, root, "listen", config->listen, guarded);
    return code ? code : check_listener(load, root, "metrics_listen", config->metrics_listen, guarded);
}

enum err_code relay_config_load(
    struct arena *arena, const char *path, struct relay_config *config, struct error *err)
{
    struct load load = {.arena = arena, .path = path, .err = err};
    struct yaml *root;
    *config = (struct relay_config){0};
    config_preset(arena, top_options, ARRAY_LEN(top_options), config);
    config_preset(arena, fetch_options, ARRAY_LEN(fetch_options), config);
    enum err_code code = yaml_load_file(arena, path, &root, err);
    if (!code)
        code =
            config_from_yaml(arena, top_options, ARRAY_LEN(top_options), path, root, top_others, config, err);
    if (!code)
        code = check_edge(&load, root, config);
    if (!code)
        code = read_source(&load, root, config);
    if (!code)
        code = read_fetch(&load, root, config);
    return code ? code : read_hooks(&load, root, config);
}

const struct relay_hook *relay_config_hook(const struct relay_config *config, const char *path)
{
    for (size_t i = 0; i < config->hook_count; i++)
        if (strcmp(config->hooks[i].path, path) == 0)
            return &config->hooks[i];
    return NULL;
}
