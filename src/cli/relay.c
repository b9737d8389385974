/* `herald relay`: runs the relay in the foreground, lists its inbox, replays dead letters. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/dirlock.h"
#include "base/log.h"
#include "net/server.h"
#include "relay/inbox.h"
#include "relay/relay.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "Usage:\n"
    "  herald relay CONFIG.yaml                    receive webhooks until SIGTERM or SIGINT\n"
    "  herald relay list CONFIG.yaml [--state pending|done|dead]\n"
    "                                              what is in the inbox, a line for each step\n"
    "  herald relay replay CONFIG.yaml ACTIVITY|--all\n"
    "                                              try the dead steps of an activity, or of all, again;\n"
    "                                              while the relay is stopped\n"
    "\n"
    "docs/relay.md describes the configuration.\n";

/* What every verb begins with. */
struct session {
    struct arena *arena;
    struct relay_config config;
};

static int report(const struct error *err)
{
    return cli_fail("relay", err);
}

static int misused(const char *why)
{
    fprintf(stderr, "herald relay: %s\n\n%s", why, usage);
    return EXIT_USAGE;
}

static int unknown_option(const char *word)
{
    fprintf(stderr, "herald relay: '%s' is not an option\n\n%s", word, usage);
    return EXIT_USAGE;
}

static enum err_code session_open(struct session *session, const char *path, struct error *err)
{
    session->arena = arena_new();
    return relay_config_load(session->arena, path, &session->config, err);
}

static void session_close(struct session *session)
{
    arena_free(session->arena);
}

/* ── run ─────────────────────────────────────────────────────────────────────────────────────── */

/* SIGHUP: the certificate was renewed. */
static void read_certificate_again(struct relay *relay)
{
    struct error err;
    if (relay_read_certificate_again(relay, &err))
        LOG(LOG_ERROR, "the certificate stays as it was", F_TEXT("reason", err.text));
    else
        LOG(LOG_INFO, "the certificate was read again");
}

static void until_told_to_stop(struct relay *relay, const sigset_t *set)
{
    int number = 0;
    while (sigwait(set, &number) != 0 || number == SIGHUP)
        read_certificate_again(relay);
    LOG(LOG_INFO, "relay stopping", F_TEXT("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"));
}

static void say_where(const struct relay *relay, const struct relay_config *config)
{
    LOG(LOG_INFO, "relay listening", F_TEXT("address", relay_address(relay)), F_TEXT("data", config->data),
        F_TEXT("source", config->source.url));
    if (relay_metrics_address(relay))
        LOG(LOG_INFO, "metrics listening", F_TEXT("address", relay_metrics_address(relay)));
}

static void warn_of_open_hooks(const struct relay_config *config)
{
    if (server_address_is_loopback(config->listen))
        return;
    for (size_t i = 0; i < config->hook_count; i++)
        if (!config->hooks[i].secret)
            LOG(LOG_WARN,
                "a hook without a secret can be reached by other machines: anybody may send it forged ids",
                F_TEXT("hook", config->hooks[i].path));
}

/* The signals are blocked before any thread starts, so that only sigwait gets them. */
static int serve(const struct relay_config *config)
{
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    if (config->tls_cert)
        sigaddset(&stop, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    struct relay *relay;
    struct error err;
    if (relay_start(config, &relay, &err))
        return report(&err);
    say_where(relay, config);
    warn_of_open_hooks(config);
    until_told_to_stop(relay, &stop);
    pthread_sigmask(SIG_SETMASK, &before, NULL); /* a second signal ends it at once */
    relay_stop(relay);
    LOG(LOG_INFO, "relay stopped");
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    if (argc != 2)
        return misused("expected one configuration file");
    struct session session;
    struct error err;
    int status = session_open(&session, argv[1], &err) ? report(&err) : serve(&session.config);
    session_close(&session);
    return status;
}

/* ── list ────────────────────────────────────────────────────────────────────────────────────── */

static void print_step(void *ctx, const struct step_line *step)
{
    size_t *count = ctx;
    if ((*count)++ == 0)
        printf("%-36s  %-7s  %-12s  %8s  %-27s  %s\n", "ACTIVITY", "STATE", "STEP", "ATTEMPTS", "RECEIVED",
            "HOOK, REASON");
    printf("%s  %-7s  %-12s  %8lld  %s  %s", id_format(step->activity).text, step_state_name(step->state),
        step->step, (long long)step->attempts, time_format(step->received_at).text, step->hook);
    if (step->state != STEP_DONE && step->reason[0])
        printf("  %s", step->reason);
    if (step->state == STEP_PENDING && step->attempts)
        printf("  (again at %s)", time_format(step->next_at).text);
    printf("\n");
}

static enum err_code list_inbox(
    const struct session *session, const enum step_state *state, struct error *err)
{
    struct db_config config = inbox_db_config(session->config.data, session->arena);
    if (access(config.path, F_OK) != 0)
        return error_set(err, ERR_UNAVAILABLE, "there is no inbox at %s: %s", config.path, strerror(errno));
    CLEANUP(db_close_ptr) struct db *db = NULL;
    size_t count = 0;
    enum err_code code = db_open(&config, true, &db, err);
    if (!code)
        code = inbox_list(db, state, print_step, &count, err);
    if (!code && count == 0 && state)
        printf("No step is %s.\n", step_state_name(*state));
    else if (!code && count == 0)
        printf("The inbox is empty.\n");
    return code;
}

static int list(int argc, char **argv)
{
    enum step_state state;
    bool one_state = argc == 4 && strcmp(argv[2], "--state") == 0;
    if (argc != 2 && !one_state)
        return misused("expected: list CONFIG.yaml [--state pending|done|dead]");
    if (one_state && !step_state_parse(argv[3], &state))
        return misused("--state is pending, done or dead");
    struct session session;
    struct error err;
    enum err_code code = session_open(&session, argv[1], &err);
    if (!code)
        code = list_inbox(&session, one_state ? &state : NULL, &err);
    session_close(&session);
    return code ? report(&err) : EXIT_DONE;
}

/* ── replay ──────────────────────────────────────────────────────────────────────────────────── */

/* Under the lock: a running relay would not see what was changed behind its back. */
static enum err_code replay_inbox(const struct session *session, struct id activity, struct error *err)
{
    struct db_config config = inbox_db_config(session->config.data, session->arena);
    CLEANUP(db_close_ptr) struct db *db = NULL;
    int64_t steps = 0;
    enum err_code code = db_open(&config, false, &db, err);
    if (!code)
        code = inbox_migrate(db, err);
    if (!code)
        code = inbox_replay(db, activity, clock_wall_us(), &steps, err);
    if (!code && steps == 0)
        code = error_set(err, ERR_NOT_FOUND, "nothing is dead there: see herald relay list --state dead");
    if (!code)
        printf("%lld step%s will be tried again when the relay starts\n", (long long)steps,
            steps == 1 ? "" : "s");
    return code;
}

static int replay(int argc, char **argv)
{
    struct id activity = {0};
    if (argc != 3)
        return misused("expected: replay CONFIG.yaml ACTIVITY|--all");
    if (strcmp(argv[2], "--all") != 0 &&
        (!id_parse(argv[2], strlen(argv[2]), &activity) || id_is_nil(activity)))
        return misused("ACTIVITY is a logged activity's id, as herald relay list shows it");
    struct session session;
    struct error err;
    int lock = -1;
    enum err_code code = session_open(&session, argv[1], &err);
    if (!code)
        code = dirlock_take(session.config.data, &lock, &err);
    if (!code)
        code = replay_inbox(&session, activity, &err);
    dirlock_release(lock);
    session_close(&session);
    return code ? report(&err) : EXIT_DONE;
}

int cli_relay(int argc, char **argv)
{
    if (argc < 2)
        return misused("expected a configuration file");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return EXIT_DONE;
        }
    }
    if (argv[1][0] == '-')
        return unknown_option(argv[1]);
    if (strcmp(argv[1], "list") == 0)
        return list(argc - 1, argv + 1);
    if (strcmp(argv[1], "replay") == 0)
        return replay(argc - 1, argv + 1);
    return run(argc, argv);
}
