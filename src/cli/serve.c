/* herald serve: API, pages, dispatcher. */
#include "api/api.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "cli/admin.h"
#include "cli/cli.h"
#include "cli/node.h"
#include "net/tls.h"

#include <signal.h>

struct service {
    struct settings settings;
    struct tls *tls; /* NULL: none */
    struct node node;
    struct api *api;
    struct server *metrics, *admin;
    struct admin_context admin_context;
};

static bool is_ready(void *ctx)
{
    const struct service *service = ctx;
    return writer_is_healthy(service->node.crm.writer);
}

static enum err_code start_api(struct service *service, struct error *err)
{
    const struct settings *s = &service->settings;
    struct api_config config = {.listen = s->listen,
        .hosts = s->hosts,
        .behind_proxy = s->behind_proxy,
        .tls = service->tls,
        .limits = {.key_rate = s->key_rate,
            .key_burst = s->key_burst,
            .address_rate = s->address_rate,
            .address_burst = s->address_burst,
            .credential_failures = s->credential_failures},
        .body_most = s->body_most,
        .json = {.depth_most = s->json_depth_most, .values_most = s->json_values_most},
        .connections_most = s->connections_most,
        .idle_us = s->idle_us,
        .deadline_us = s->deadline_us,
        .workers = s->workers,
        .db = &service->node.db,
        .crm = &service->node.crm,
        .tail = service->node.tail,
        .streams_most = s->streams_most,
        .stream_buffer_most = s->stream_buffer_most,
        .stream_beat_us = s->stream_beat_us,
        .secure_cookies = s->public_url && strncmp(s->public_url, "https:", 6) == 0};
    return api_start(&config, &service->api, err);
}

static enum err_code start_admin(struct arena *arena, struct service *service, struct error *err)
{
    const struct settings *s = &service->settings;
    service->admin_context = (struct admin_context){
        .crm = &service->node.crm,
        .db = &service->node.db,
        .public_url = s->public_url ? s->public_url
                                    : arena_printf(arena, "%s://%s", s->tls_cert ? "https" : "http",
                                          api_address(service->api)),
    };
    return admin_listener_start(arena, s->data, &service->admin_context, &service->admin, err);
}

/* Connections and deliveries share the limit of open files. */
static void respect_file_limit(struct settings *s)
{
    struct files_share files = files_share();
    if (s->deliveries_most > files.outgoing || s->connections_most > files.incoming)
        LOG(LOG_WARN, "fewer connections and deliveries than configured: the limit of open files is low",
            F_INT("files", files.limit));
    s->deliveries_most = s->deliveries_most < files.outgoing ? s->deliveries_most : files.outgoing;
    s->connections_most = s->connections_most < files.incoming ? s->connections_most : files.incoming;
}

/* On loopback without TLS: what scrapes it there needs no certificate. */
static enum err_code start_metrics(struct service *service, struct error *err)
{
    const struct settings *s = &service->settings;
    struct tls *tls = server_address_is_loopback(s->metrics_listen) ? NULL : service->tls;
    return operator_listener_start(
        s->metrics_listen, &s->hosts, tls, is_ready, service, &service->metrics, err);
}

static enum err_code start(struct arena *arena, struct service *service, struct error *err)
{
    respect_file_limit(&service->settings);
    const struct settings *s = &service->settings;
    enum err_code code = s->tls_cert ? tls_new(s->tls_cert, s->tls_key, &service->tls, err) : ERR_OK;
    if (!code)
        code = node_start(arena, s, true, &service->node, err);
    if (!code)
        code = start_api(service, err);
    if (!code && s->metrics_listen)
        code = start_metrics(service, err);
    return code ? code : start_admin(arena, service, err);
}

static int64_t left_until(int64_t boot_us)
{
    int64_t left = boot_us - clock_boot_us();
    return left > 0 ? left : 0;
}

/*
 * Stop accepting, finish what is under way within the one limit, leave the rest in the outbox. The operators'
 * listener asks the writer, so it goes first.
 */
static void stop(struct service *service)
{
    int64_t by = clock_boot_us() + service->settings.drain_us;
    if (service->metrics)
        server_stop(service->metrics, 0);
    if (service->api)
        api_stop(service->api, left_until(by));
    if (service->admin)
        server_stop(service->admin, left_until(by));
    node_stop(&service->node, left_until(by));
    tls_free(service->tls);
}

/* SIGHUP: the certificate was renewed. */
static void read_certificate_again(struct service *service)
{
    struct error err;
    if (tls_reload(service->tls, &err))
        LOG(LOG_ERROR, "the certificate stays as it was", F_TEXT("reason", err.text));
    else
        LOG(LOG_INFO, "the certificate was read again");
}

static void until_told_to_stop(struct service *service, const sigset_t *signals, int *number)
{
    while (sigwait(signals, number) != 0 || *number == SIGHUP)
        read_certificate_again(service);
}

static int help(void)
{
    struct buf text = BUF_INIT(1 << 16);
    config_help(settings_options, settings_option_count, &text);
    printf("usage: herald serve [--config FILE] [--OPTION VALUE …]\n\nAPI, pages and dispatcher in one "
           "process. Options "
           "(in the file with _ for -):\n\n%s",
        buf_text(&text));
    buf_free(&text);
    return EXIT_DONE;
}

int cli_serve(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help();
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct service service = {.node.lock = -1};
    struct error err = {0};
    int at = 1, signal_number = 0;
    if (settings_read(arena, argc, argv, &at, &service.settings, &err))
        return cli_fail("serve", &err);
    if (at < argc) {
        error_set(&err, ERR_INVALID, "'%s' is not an option; see herald serve --help", argv[at]);
        return cli_fail("serve", &err);
    }
    sigset_t signals; /* blocked before the first thread, so that only sigwait below takes them */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (service.settings.tls_cert)
        sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);

    enum err_code code = start(arena, &service, &err);
    if (!code) {
        LOG(LOG_INFO, "listening", F_TEXT("address", api_address(service.api)),
            F_TEXT("metrics", service.metrics ? server_address(service.metrics) : ""),
            F_TEXT("data", service.settings.data), F_TEXT("version", HERALD_VERSION));
        until_told_to_stop(&service, &signals, &signal_number);
        LOG(LOG_INFO, "stopping", F_INT("signal", signal_number));
    }
    stop(&service);
    if (code)
        return cli_fail("serve", &err);
    LOG(LOG_INFO, "stopped");
    return EXIT_DONE;
}
