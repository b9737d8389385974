/* What `herald serve` and the commands beside it can be told: by --config FILE, then by flags. */
#ifndef HERALD_CLI_SETTINGS_H
#define HERALD_CLI_SETTINGS_H

#include "base/config.h"
#include "crm/crm.h"
#include "net/guard.h"

struct settings {
    const char *tls_cert, *tls_key;
    const char *data, *database, *listen, *metrics_listen, *public_url;
    struct text_list hosts, behind_proxy;
    struct guard_lists targets; /* of webhooks */
    int64_t body_most, json_depth_most, json_values_most, connections_most, workers;
    int64_t idle_us, deadline_us, drain_us;
    int64_t delivery_us, delivery_connect_us, deliveries_most, lookups_most;
    int64_t batch_most, queue_most, lease_us;
    int64_t key_rate, key_burst, address_rate, address_burst, credential_failures;
    int64_t streams_most, stream_buffer_most, stream_beat_us, stream_resume_most;
    int64_t timeline_us, housekeeping_us;
    const char *smtp_url, *smtp_from, *smtp_user, *smtp_password_file, *smtp_ca;
    const char *smtp_password; /* what the file holds */
    bool smtp_plain;
    int64_t smtp_retry_us;
    struct crm_limits limits;
    bool unsafe_no_sync;
};

extern const struct option settings_options[];
extern const size_t settings_option_count;

/*
 * Presets, then the file that --config names, then the flags of argv from *at on; stops at the first word that
 * is no flag of these. Errors are for exit status 2.
 */
enum err_code settings_read(struct arena *arena, int argc, char **argv, int *at, struct settings *settings,
    struct error *err) MUST_CHECK;

/* For those that read single flags only. */
enum err_code settings_check_public_url(
    struct arena *arena, const struct settings *settings, struct error *err) MUST_CHECK;

#endif
