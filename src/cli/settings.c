#include "cli/settings.h"

#include "crm/check.h"
#include "mail/message.h"
#include "net/guard.h"
#include "net/server.h"
#include "net/smtp.h"
#include "net/url.h"

#include <errno.h>
#include <string.h>

_Static_assert(NAME_CEILING == 300, "the range of name_limit, below");

#define AT(member) offsetof(struct settings, member)

const struct option settings_options[] = {
    {"data", OPTION_TEXT, AT(data), "./herald-data", "Folder of this node: lock, id, and the SQLite file"},
    {"database", OPTION_TEXT, AT(database), NULL, "A PostgreSQL URL; without it, SQLite in the data folder"},
    {"listen", OPTION_TEXT, AT(listen), "127.0.0.1:8080", "Address of the API and the pages"},
    {"metrics_listen", OPTION_TEXT, AT(metrics_listen), NULL, "Address of /metrics, /healthz and /readyz"},
    {"public_url", OPTION_TEXT, AT(public_url), NULL, "How browsers reach the pages, for sign-in links"},
    {"host", OPTION_LIST, AT(hosts), NULL,
        "A name that is accepted in Host, besides the address listened on"},
    {"tls_cert", OPTION_TEXT, AT(tls_cert), NULL,
        "PEM file of this server's certificate and those that lead to its root; with it, only TLS is spoken; "
        "SIGHUP "
        "reads it again"},
    {"tls_key", OPTION_TEXT, AT(tls_key), NULL, "PEM file of its private key"},
    {"behind_proxy", OPTION_LIST, AT(behind_proxy), NULL,
        "Network (CIDR) of a proxy that ends TLS, whose X-Forwarded-For and X-Forwarded-Proto are believed; "
        "this or "
        "tls_cert is needed to listen off loopback"},
    {"allow_target", OPTION_LIST, AT(targets.allow), NULL,
        "Network (CIDR) or name that webhooks may reach although it is not public: 10.1.0.0/16, "
        "*.example.com"},
    {"deny_target", OPTION_LIST, AT(targets.deny), NULL,
        "Network (CIDR) or name that webhooks may not reach, even if allowed; *: nothing but what is "
        "allowed"},
    {"key_rate", OPTION_INT, AT(key_rate), "0",
        "Requests of one key in a second, on this node; beyond it, 429; 0: without limit", 0, 1000000},
    {"key_burst", OPTION_INT, AT(key_burst), "0", "Of them at once, after a rest; 0: as many as in a second",
        0, 1000000},
    {"address_rate", OPTION_INT, AT(address_rate), "0",
        "Requests from one address (of IPv6: one /64) in a second, pages included, on this node; beyond it, "
        "429; "
        "0: without limit",
        0, 1000000},
    {"address_burst", OPTION_INT, AT(address_burst), "0",
        "Of them at once, after a rest; 0: as many as in a second", 0, 1000000},
    {"credential_failures", OPTION_INT, AT(credential_failures), "60",
        "Requests with wrong credentials from one address in a minute, on this node; beyond it, 429; 0: "
        "without "
        "limit",
        0, 1000000},
    {"body_limit", OPTION_SIZE, AT(body_most), "1MiB", "Largest body of a request", 1024, 1 << 30},
    {"json_depth", OPTION_INT, AT(json_depth_most), "32",
        "Most levels of arrays and objects in a request's JSON", 8, 1024},
    {"json_values", OPTION_INT, AT(json_values_most), "20000",
        "Most members and elements in a request's JSON, on all levels together", 100, 10000000},
    {"connections", OPTION_INT, AT(connections_most), "12000", "Connections at once", 16, 1000000},
    {"workers", OPTION_INT, AT(workers), "2", "Threads that handle requests", 1, 256},
    {"idle_timeout", OPTION_DURATION, AT(idle_us), "75s", "An idle or slow connection is closed", US_PER_S,
        86400 * US_PER_S},
    {"request_timeout", OPTION_DURATION, AT(deadline_us), "15s", "A request not answered by then gets a 503",
        US_PER_S, 600 * US_PER_S},
    {"drain_timeout", OPTION_DURATION, AT(drain_us), "10s", "At SIGTERM, how long work under way may go on",
        0, 600 * US_PER_S},
    {"delivery_timeout", OPTION_DURATION, AT(delivery_us), "10s", "Limit of one webhook request",
        10 * US_PER_MS, 60 * US_PER_S},
    {"delivery_connect_timeout", OPTION_DURATION, AT(delivery_connect_us), "5s",
        "Limit of its DNS, TCP and TLS", 10 * US_PER_MS, 60 * US_PER_S},
    {"deliveries", OPTION_INT, AT(deliveries_most), "512", "Webhook requests at once", 1, 100000},
    {"lookups", OPTION_INT, AT(lookups_most), "64", "Name look-ups at once", 1, 1000},
    {"batch", OPTION_INT, AT(batch_most), "256", "Most units of work in one transaction", 2, 1024},
    {"queue", OPTION_INT, AT(queue_most), "20000", "Most units of work that may wait; beyond it, 503", 16,
        1000000},
    {"lease", OPTION_DURATION, AT(lease_us), "30s", "Lease of a lane on PostgreSQL", US_PER_S,
        3600 * US_PER_S},
    {"streams", OPTION_INT, AT(streams_most), "1000", "Live streams at once; beyond it, 503", 0, 1000000},
    {"stream_heartbeat", OPTION_DURATION, AT(stream_beat_us), "15s",
        "A live stream without news gets a comment, and its permission is checked", 10 * US_PER_MS,
        3600 * US_PER_S},
    {"stream_buffer", OPTION_SIZE, AT(stream_buffer_most), "256KiB",
        "What may wait for a client that reads its live stream slowly; beyond it, it is cut off", 64 << 10,
        1 << 30},
    {"stream_resume", OPTION_INT, AT(stream_resume_most), "10000",
        "Most rows to go through for a live stream that resumes; beyond it, it is told to read anew", 1,
        10000000},
    {"smtp_url", OPTION_TEXT, AT(smtp_url), NULL,
        "Server that emails are handed to: smtp://HOST (STARTTLS) or smtps://HOST; without it none are sent"},
    {"smtp_from", OPTION_TEXT, AT(smtp_from), NULL,
        "Whom emails come from: herald@example.com, or with a name: Herald <herald@example.com>"},
    {"smtp_user", OPTION_TEXT, AT(smtp_user), NULL, "User to sign in with at the SMTP server"},
    {"smtp_password_file", OPTION_TEXT, AT(smtp_password_file), NULL, "File with that user's password"},
    {"smtp_ca", OPTION_TEXT, AT(smtp_ca), NULL,
        "File with the certificates to trust at the SMTP server, instead of the system's"},
    {"smtp_plain", OPTION_BOOL, AT(smtp_plain), "no", "Use smtp:// without STARTTLS: for a server next door"},
    {"smtp_retry", OPTION_DURATION, AT(smtp_retry_us), "5s",
        "Most that passes before an email is tried again; doubles each time, up to 15 minutes, for a day",
        10 * US_PER_MS, 900 * US_PER_S},
    {"name_limit", OPTION_INT, AT(limits.name_chars), "100",
        "Characters of a name: of a person, an Activity Object, a record object, a field, a role", 1, 300},
    {"text_limit", OPTION_INT, AT(limits.text_chars), "1000",
        "Characters of a description, and of a value of type text", 1, 100000},
    {"long_text_limit", OPTION_INT, AT(limits.long_text_chars), "20000",
        "Characters of a value of type long_text", 1, 1000000},
    {"notes_limit", OPTION_INT, AT(limits.notes_chars), "10000", "Characters of notes", 1, 1000000},
    {"list_limit", OPTION_INT, AT(limits.list_items), "100",
        "Mentions, associated records, and record objects of an association, each", 1, 1000},
    {"field_limit", OPTION_INT, AT(limits.fields), "200", "Fields of one object, archived ones included", 1,
        1000},
    {"option_limit", OPTION_INT, AT(limits.options), "500", "Options of one field, archived ones included", 1,
        10000},
    {"rule_limit", OPTION_INT, AT(limits.rules), "100", "Rules of one Activity Object", 1, 1000},
    {"condition_limit", OPTION_INT, AT(limits.conditions), "50",
        "Conditions of one rule, and likewise its targets", 1, 1000},
    {"idempotency", OPTION_DURATION, AT(limits.idempotency_us), "48h",
        "How long the answer to an Idempotency-Key is kept, at least", 24 * 3600 * US_PER_S,
        720 * 3600 * US_PER_S},
    {"session", OPTION_DURATION, AT(limits.session_us), "12h",
        "How long a person stays signed in to the pages at most", 60 * US_PER_S, 720 * 3600 * US_PER_S},
    {"session_idle", OPTION_DURATION, AT(limits.session_idle_us), "2h",
        "A session that nobody uses for so long ends", 300 * US_PER_S, 720 * 3600 * US_PER_S},
    {"timeline_keep", OPTION_DURATION, AT(timeline_us), "168h",
        "How long changes of timelines are kept, for live streams that resume", 3600 * US_PER_S,
        8760 * 3600 * US_PER_S},
    {"housekeeping", OPTION_DURATION, AT(housekeeping_us), "60s",
        "How often what is kept for a time only is looked through", 10 * US_PER_MS, 86400 * US_PER_S},
    {"unsafe_no_sync", OPTION_BOOL, AT(unsafe_no_sync), "no",
        "For tests: SQLite may lose what was acknowledged when the power fails"},
};
const size_t settings_option_count = ARRAY_LEN(settings_options);

static enum err_code read_file(
    struct arena *arena, const char *path, struct settings *settings, struct error *err)
{
    struct yaml *root;
    enum err_code code = yaml_load_file(arena, path, &root, err);
    return code ? code
                : config_from_yaml(
                      arena, settings_options, settings_option_count, path, root, NULL, settings, err);
}

/* The file counts first, wherever --config stands, so that a flag always wins. */
static enum err_code read_config_flag(
    struct arena *arena, int argc, char **argv, int at, struct settings *settings, struct error *err)
{
    for (int i = at; i < argc; i++) {
        if (strncmp(argv[i], "--config=", 9) == 0)
            return read_file(arena, argv[i] + 9, settings, err);
        if (strcmp(argv[i], "--config") == 0)
            return i + 1 < argc ? read_file(arena, argv[i + 1], settings, err)
                                : error_set(err, ERR_INVALID, "--config needs a file");
    }
    return ERR_OK;
}

static enum err_code check_address(const char *option, const char *listen, struct error *err)
{
    struct error why;
    if (!listen || !server_address_check(listen, &why))
        return ERR_OK;
    return error_set(err, ERR_INVALID, "--%s: %s", option, why.text);
}

static enum err_code check_listeners(const struct settings *settings, struct error *err)
{
    enum err_code code = check_address("listen", settings->listen, err);
    if (!code)
        code = check_address("metrics-listen", settings->metrics_listen, err);
    if (!code && !settings->tls_cert != !settings->tls_key)
        code = error_set(err, ERR_INVALID, "--tls-cert and --tls-key: neither is of use without the other");
    if (code || settings->behind_proxy.count || settings->tls_cert)
        return code;
    bool api_inside = server_address_is_loopback(settings->listen);
    bool inside = !settings->metrics_listen || server_address_is_loopback(settings->metrics_listen);
    if (api_inside && inside)
        return ERR_OK;
    return error_set(err, ERR_INVALID,
        "--%s: %s is not a loopback address: give it a certificate with --tls-cert and --tls-key, or put a "
        "proxy "
        "that ends TLS in front and name its network with --behind-proxy",
        api_inside ? "metrics-listen" : "listen", api_inside ? settings->metrics_listen : settings->listen);
}

static enum err_code check_networks(struct arena *arena, const struct settings *settings, struct error *err)
{
    const struct guard *guard;
    struct cidr network;
    struct error why;
    if (guard_new(arena, &settings->targets, &guard, &why))
        return error_set(err, ERR_INVALID, "--allow-target, --deny-target: %s", why.text);
    for (size_t i = 0; i < settings->behind_proxy.count; i++)
        if (!cidr_parse(settings->behind_proxy.items[i], &network))
            return error_set(err, ERR_INVALID, "--behind-proxy: '%.60s' is not a network such as 10.0.0.0/8",
                settings->behind_proxy.items[i]);
    return ERR_OK;
}

enum err_code settings_check_public_url(
    struct arena *arena, const struct settings *settings, struct error *err)
{
    const char *text = settings->public_url;
    struct url url;
    struct error why;
    if (!text || (!url_parse(arena, text, &url, &why) && !strpbrk(text, "?#")))
        return ERR_OK;
    return error_set(err, ERR_INVALID,
        "--public-url: '%.80s' must be http://HOST or https://HOST, with a port or path if need be", text);
}

static enum err_code read_password(struct arena *arena, struct settings *settings, struct error *err)
{
    char text[1024];
    const char *path = settings->smtp_password_file;
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, sizeof text, file) : 0;
    bool failed = !file || ferror(file);
    if (file)
        fclose(file);
    if (failed)
        return error_set(err, ERR_INVALID, "--smtp-password-file: cannot read %s: %s", path, strerror(errno));
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    if (len == 0 || len == sizeof text || memchr(text, '\0', len))
        return error_set(err, ERR_INVALID, "--smtp-password-file: %s holds no password", path);
    settings->smtp_password = arena_strndup(arena, text, len);
    return ERR_OK;
}

static enum err_code check_smtp(struct arena *arena, struct settings *settings, struct error *err)
{
    struct mailbox from;
    struct error why;
    if (!settings->smtp_url)
        return ERR_OK;
    if (smtp_check_url(settings->smtp_url, &why))
        return error_set(err, ERR_INVALID, "--smtp-url: %s", why.text);
    if (!settings->smtp_from || !mailbox_parse(arena, settings->smtp_from, &from))
        return error_set(err, ERR_INVALID,
            "--smtp-url needs --smtp-from, whom emails come from: herald@example.com, or Herald "
            "<herald@example.com>");
    if (!settings->public_url)
        return error_set(err, ERR_INVALID, "--smtp-url needs --public-url, for the links in emails");
    if (!settings->smtp_user != !settings->smtp_password_file)
        return error_set(err, ERR_INVALID, "--smtp-user and --smtp-password-file are needed together");
    if (settings->smtp_user && settings->smtp_plain && !smtp_is_local(settings->smtp_url))
        return error_set(err, ERR_INVALID,
            "--smtp-plain would send the password of --smtp-user over the network as it is: leave it out");
    return settings->smtp_password_file ? read_password(arena, settings, err) : ERR_OK;
}

static enum err_code check(struct arena *arena, struct settings *settings, struct error *err)
{
    enum err_code code = check_listeners(settings, err);
    if (!code)
        code = check_networks(arena, settings, err);
    if (!code)
        code = settings_check_public_url(arena, settings, err);
    if (!code)
        code = check_smtp(arena, settings, err);
    if (code)
        return code;
    if (settings->lease_us < settings->delivery_us + US_PER_S)
        return error_set(err, ERR_INVALID,
            "--lease must be at least a second longer than --delivery-timeout, so that no request outlives "
            "it");
    return ERR_OK;
}

enum err_code settings_read(
    struct arena *arena, int argc, char **argv, int *at, struct settings *settings, struct error *err)
{
    *settings = (struct settings){0};
    config_preset(arena, settings_options, settings_option_count, settings);
    enum err_code code = read_config_flag(arena, argc, argv, *at, settings, err);
    while (!code && *at < argc) {
        bool known;
        if (strcmp(argv[*at], "--config") == 0) {
            *at += 2;
            continue;
        }
        if (strncmp(argv[*at], "--config=", 9) == 0) {
            ++*at;
            continue;
        }
        code = config_from_flag(
            arena, settings_options, settings_option_count, argc, argv, at, settings, &known, err);
        if (!code && !known)
            break;
    }
    return code ? code : check(arena, settings, err);
}
