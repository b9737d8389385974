/*
 * The relay's configuration: one YAML file, read once at start, constant afterwards. Every complaint names file,
 * line and reason. docs/relay.md is the reference for people; the option tables in config.c are its source.
 *
 * One thread, at start; any thread afterwards. Everything lives in the arena it was loaded into.
 */
#ifndef HERALD_RELAY_CONFIG_H
#define HERALD_RELAY_CONFIG_H

#include "base/arena.h"
#include "base/config.h"
#include "base/error.h"

#include <stdint.h>

struct action_kind;

/* The name of the step that fetches the record; no action may have it. */
#define FETCH_STEP "fetch"

struct relay_source {
    const char *url; /* without a slash at its end */
    const char *api_key, *business_id, *user_id;
    const char *api_key_file; /* NULL when the key stands in the file itself */
};

struct relay_fetch {
    int64_t timeout_us;
    int64_t concurrency;
    int64_t attempts_most;
    int64_t failures_per_minute;
    int64_t body_most; /* bytes */
};

struct relay_action {
    const struct action_kind *kind;
    const char *name; /* unique within the hook; what a step in the inbox is known by */
    int64_t attempts_most;
    int64_t concurrency;
    int64_t timeout_us;
    const void *settings; /* the kind's own */
};

struct relay_hook {
    const char *path;
    const char *secret; /* NULL: none */
    struct relay_action *actions;
    size_t action_count; /* at least one */
};

struct relay_config {
    const char *listen;
    const char *metrics_listen; /* NULL: no metrics */
    const char *data;
    struct text_list hosts, behind_proxy;
    const char *tls_cert, *tls_key; /* NULL: plain HTTP */
    const char *ca_file; /* trusted besides the system's; NULL: none */
    int64_t address_rate, address_burst; /* 0: no limit; as many as in a second */
    int64_t retry_base_us, retry_cap_us;
    int64_t drain_us;
    struct relay_source source;
    struct relay_fetch fetch;
    struct relay_hook *hooks;
    size_t hook_count; /* at least one */
};

/* ERR_INVALID: "relay.yaml:7: reason". */
enum err_code relay_config_load(
    struct arena *arena, const char *path, struct relay_config *config, struct error *err) MUST_CHECK;

const struct relay_hook *relay_config_hook(const struct relay_config *config, const char *path);

#endif
