/* herald demo: the worked example for real, on throwaway data, and then the pages. */
#include "cli/demo.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define USUAL_PORT 8080
#define LOOK_AGAIN_US (5 * US_PER_MS) /* into a log */
#define DRAIN "2s"

struct choices {
    bool ends; /* after the story */
    int64_t port; /* -1: the usual one if it is free, else any */
    bool help;
};

static const struct option options[] = {
    {"exit", OPTION_BOOL, offsetof(struct choices, ends), "no",
        "End after the story; status 0 only if all of it happened"},
    {"port", OPTION_INT, offsetof(struct choices, port), NULL,
        "Port of the API and the pages: 8080 if it is free, else any; 0 for any", 0, 65535},
    {"help", OPTION_BOOL, offsetof(struct choices, help), "no", "This"},
};

/* ── waiting ─────────────────────────────────────────────────────────────────────────────────── */

static enum err_code stopped(struct demo *demo, struct error *err)
{
    demo->told_to_stop = true;
    return error_set(err, ERR_UNAVAILABLE, "told to stop before the end of the story");
}

static void collect(struct demo *demo)
{
    *demo->seen_tail = inbox_take_all(&demo->tap.inbox);
    while (*demo->seen_tail)
        demo->seen_tail = &(*demo->seen_tail)->next;
}

static struct seen *find(const struct demo *demo, enum seen_kind kind, size_t n)
{
    for (struct inbox_item *item = demo->seen; item; item = item->next) {
        struct seen *seen = CONTAINER_OF(item, struct seen, item);
        if (seen->kind == kind && --n == 0)
            return seen;
    }
    return NULL;
}

size_t demo_count(const struct demo *demo, enum seen_kind kind)
{
    size_t count = 0;
    while (find(demo, kind, count + 1))
        count++;
    return count;
}

static void forget_seen(struct demo *demo)
{
    while (demo->seen) {
        struct seen *seen = CONTAINER_OF(demo->seen, struct seen, item);
        demo->seen = demo->seen->next;
        seen_free(seen);
    }
    demo->seen_tail = &demo->seen;
}

/* Until the tap has seen something, or the time has come (boot clock). An error: a signal, or a child's end. */
static enum err_code wait_until(struct demo *demo, int64_t until_us, struct error *err)
{
    struct pollfd fds[] = {{.fd = demo->signal_fd, .events = POLLIN},
        {.fd = demo->serve.pid ? demo->serve.pid_fd : -1, .events = POLLIN},
        {.fd = demo->relay.pid ? demo->relay.pid_fd : -1, .events = POLLIN},
        {.fd = demo->tap.server ? demo->tap.inbox.event_fd : -1, .events = POLLIN}};
    int64_t left = until_us - clock_boot_us();
    poll(fds, ARRAY_LEN(fds), left > 0 ? (int)((left + US_PER_MS - 1) / US_PER_MS) : 0);
    if (fds[0].revents)
        return stopped(demo, err);
    if (fds[1].revents)
        return child_ended(demo->arena, &demo->serve, err);
    if (fds[2].revents)
        return child_ended(demo->arena, &demo->relay, err);
    if (fds[3].revents)
        collect(demo);
    return ERR_OK;
}

enum err_code demo_await(
    struct demo *demo, enum seen_kind kind, size_t n, const char *what, struct seen **seen, struct error *err)
{
    int64_t until = clock_boot_us() + DEMO_PATIENCE_US;
    for (;;) {
        *seen = find(demo, kind, n);
        if (*seen)
            return ERR_OK;
        if (clock_boot_us() >= until)
            return error_set(err, ERR_UNAVAILABLE, "%s did not come within %d s", what,
                (int)(DEMO_PATIENCE_US / US_PER_S));
        enum err_code code = wait_until(demo, until, err);
        if (code)
            return code;
    }
}

static enum err_code await_address(struct demo *demo, const struct child *child, const char *message,
    const char **address, struct error *err)
{
    int64_t until = clock_boot_us() + DEMO_PATIENCE_US;
    for (;;) {
        *address = child_address(demo->arena, child, message);
        if (*address)
            return ERR_OK;
        if (clock_boot_us() >= until)
            return error_set(err, ERR_UNAVAILABLE, "%s did not say where it listens within %d s", child->name,
                (int)(DEMO_PATIENCE_US / US_PER_S));
        enum err_code code = wait_until(demo, clock_boot_us() + LOOK_AGAIN_US, err);
        if (code)
            return code;
    }
}

/* ── setting up ──────────────────────────────────────────────────────────────────────────────── */

/* From here on signals wait for wait_until; every thread inherits that. */
static enum err_code catch_signals(struct demo *demo, struct error *err)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGHUP);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    demo->signal_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    return demo->signal_fd >= 0
               ? ERR_OK
               : error_set(err, ERR_UNAVAILABLE, "cannot wait for signals: %s", strerror(errno));
}

static enum err_code make_folder(struct demo *demo, struct error *err)
{
    const char *parent = getenv("TMPDIR");
    char *folder = arena_printf(demo->arena, "%s/herald-demo-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(folder))
        return error_set(err, ERR_UNAVAILABLE, "cannot make the folder %s: %s", folder, strerror(errno));
    demo->folder = folder;
    demo->serve_data = arena_printf(demo->arena, "%s/serve", folder);
    demo->serve = (struct child){
        .name = "herald serve", .log = arena_printf(demo->arena, "%s/serve.log", folder), .pid_fd = -1};
    demo->relay = (struct child){
        .name = "herald relay", .log = arena_printf(demo->arena, "%s/relay.log", folder), .pid_fd = -1};
    return ERR_OK;
}

static bool port_is_free(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    bool is_free = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_free;
}

static enum err_code start_serve(struct demo *demo, int64_t port, struct error *err)
{
    if (port < 0)
        port = port_is_free(USUAL_PORT) ? USUAL_PORT : 0;
    const char *words[] = {"serve", "--data", demo->serve_data, "--listen",
        arena_printf(demo->arena, "127.0.0.1:%d", (int)port), "--allow-target", "127.0.0.0/8",
        "--drain-timeout", DRAIN, NULL};
    enum err_code code = child_start(demo->arena, &demo->serve, words, err);
    return code ? code : await_address(demo, &demo->serve, "listening", &demo->tap.serve, err);
}

static enum err_code write_file(struct arena *arena, const char *folder, const char *name, const char *text,
    const char **path, struct error *err)
{
    *path = arena_printf(arena, "%s/%s", folder, name);
    int fd = open(*path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t len = strlen(text);
    bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;
    int cause = errno;
    if (fd >= 0)
        close(fd);
    return ok ? ERR_OK : error_set(err, ERR_UNAVAILABLE, "cannot write %s: %s", *path, strerror(cause));
}

/* What is quoted as JSON is quoted for YAML, too. */
static void add_setting(struct buf *yaml, const char *key, const char *value)
{
    buf_add_text(yaml, key);
    text_json_quote(yaml, value);
    buf_add_text(yaml, "\n");
}

static enum err_code write_relay_config(struct demo *demo, const char **path, struct error *err)
{
    struct arena *arena = demo->arena;
    const struct world *w = &demo->world;
    const char *tap = server_address(demo->tap.server), *key_file;
    enum err_code code = write_file(arena, demo->folder, "api-key", w->api_key, &key_file, err);
    if (code)
        return code;
    struct buf yaml = BUF_INIT(64 << 10);
    add_setting(&yaml, "listen: ", "127.0.0.1:0");
    add_setting(&yaml, "data: ", arena_printf(arena, "%s/relay", demo->folder));
    add_setting(&yaml, "drain: ", DRAIN);
    add_setting(&yaml, "source:\n  url: ", arena_printf(arena, "http://%s", tap));
    add_setting(&yaml, "  api_key_file: ", key_file);
    add_setting(&yaml, "  business_id: ", w->business_id);
    add_setting(&yaml, "  user_id: ", w->user_id);
    add_setting(&yaml, "hooks:\n  - path: ", TAP_HOOK);
    add_setting(&yaml,
        "    actions:\n      - slack:\n          url: ", arena_printf(arena, "http://%s" TAP_SLACK, tap));
    code = write_file(arena, demo->folder, "relay.yaml", buf_text(&yaml), path, err);
    buf_free(&yaml);
    return code;
}

static enum err_code start_relay(struct demo *demo, struct error *err)
{
    const char *config, *address;
    enum err_code code = write_relay_config(demo, &config, err);
    if (code)
        return code;
    const char *words[] = {"relay", config, NULL};
    code = child_start(demo->arena, &demo->relay, words, err);
    if (!code)
        code = await_address(demo, &demo->relay, "relay listening", &address, err);
    if (!code)
        atomic_store(&demo->tap.relay, address);
    return code;
}

static void tell_where(const struct demo *demo)
{
    printf("Herald's worked example, for real, on throwaway data in %s\n\n", demo->folder);
    printf("   serve  %-16s  API, pages, dispatcher\n", demo->tap.serve);
    printf("   relay  %-16s  takes webhooks, fetches records, tells Slack\n", atomic_load(&demo->tap.relay));
    printf("   tap    %-16s  between them: shows what is sent; stands in for Slack\n",
        server_address(demo->tap.server));
}

static enum err_code set_up(struct demo *demo, const struct choices *choices, struct error *err)
{
    enum err_code code = catch_signals(demo, err);
    if (!code)
        code = make_folder(demo, err);
    if (!code)
        code = start_serve(demo, choices->port, err);
    if (!code)
        code = tap_start(&demo->tap, err);
    if (!code)
        code = world_make(demo, err);
    if (!code)
        code = start_relay(demo, err);
    if (!code)
        tell_where(demo);
    return code;
}

/* ── taking down ─────────────────────────────────────────────────────────────────────────────── */

static int remove_one(
    const char *path, const struct stat *status UNUSED, int type UNUSED, struct FTW *at UNUSED)
{
    return remove(path);
}

static bool stop_child(struct demo *demo, struct child *child)
{
    struct error err;
    if (!child_stop(demo->arena, child, &err))
        return true;
    fprintf(stderr, "herald demo: %s\n", err.text);
    child_complaints(child);
    return false;
}

/* False: not everything ended well. */
static bool take_down(struct demo *demo)
{
    bool serve = stop_child(demo, &demo->serve); /* the one that sends, while those who answer are there */
    bool relay = stop_child(demo, &demo->relay);
    tap_stop(&demo->tap);
    forget_seen(demo);
    if (demo->folder && nftw(demo->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "herald demo: cannot remove %s: %s\n", demo->folder, strerror(errno));
    if (demo->signal_fd >= 0)
        close(demo->signal_fd);
    return serve && relay;
}

/* ── staying ─────────────────────────────────────────────────────────────────────────────────── */

static void offer_curl(const struct demo *demo)
{
    const struct world *w = &demo->world;
    printf("\nLog another Sales Call; what Slack gets is shown below.\n\n");
    printf("curl -sS http://%s/api/activities/logged \\\n", demo->tap.serve);
    printf("  -H 'X-API-KEY: %s' \\\n", w->api_key);
    printf("  -H 'X-BUSINESS-ID: %s' \\\n", w->business_id);
    printf("  -H 'X-USER-ID: %s' \\\n", w->user_id);
    printf("  -H 'Content-Type: application/json' \\\n");
    printf("  -d '{\"activity_object_id\": \"%s\",\n", w->sales_call_id);
    printf("       \"associated_entities\": [{\"id\": \"%s\"}],\n", w->contact_id);
    printf("       \"notes\": \"Called again.\"}'\n\n");
}

static enum err_code offer(struct demo *demo, struct error *err)
{
    const struct world *w = &demo->world;
    const char *link;
    enum err_code code = world_sign_in_link(demo, &link, err);
    if (code)
        return code;
    printf("\nAll of it happened. It stays up until Ctrl-C.\n\n");
    printf("   Pages          http://%s/\n", demo->tap.serve);
    printf("   Sign in, once  %s\n\n", link);
    printf("   X-API-KEY      %s\n", w->api_key);
    printf("   X-BUSINESS-ID  %s\n", w->business_id);
    printf("   X-USER-ID      %s\n", w->user_id);
    offer_curl(demo);
    return ERR_OK;
}

static void tell_messages(const struct demo *demo)
{
    for (const struct inbox_item *item = demo->seen; item; item = item->next) {
        const struct seen *seen = CONTAINER_OF(item, struct seen, item);
        if (seen->kind != SEEN_SLACK)
            continue;
        json_auto_t *message = json_loadb(seen->body, seen->body_len, 0, NULL);
        const char *text = json_string_value(json_object_get(message, "text"));
        int64_t wall_us = clock_wall_us() - (clock_boot_us() - seen->arrived_us);
        term_say(&demo->term, SAY_GOOD, "%.8s  Slack: %s", time_format(wall_us).text + 11,
            text ? text : seen->answer);
    }
}

/* Until a signal, which is no error. */
static enum err_code stay(struct demo *demo, struct error *err)
{
    enum err_code code = offer(demo, err);
    forget_seen(demo);
    while (!code) {
        code = wait_until(demo, clock_boot_us() + DEMO_PATIENCE_US, err);
        tell_messages(demo);
        forget_seen(demo);
    }
    if (!demo->told_to_stop)
        return code;
    printf("\nStopping; nothing of it stays.\n");
    return ERR_OK;
}

/* ── the command ─────────────────────────────────────────────────────────────────────────────── */

static int report(const struct demo *demo, const struct error *err)
{
    fprintf(stderr, "\nherald demo: %s\n", err->text);
    if (!demo->told_to_stop && demo->folder) {
        child_complaints(&demo->serve);
        child_complaints(&demo->relay);
    }
    return EXIT_FAILED;
}

static int run(const struct choices *choices)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct demo demo = {.arena = arena, .signal_fd = -1};
    struct error err;
    demo.seen_tail = &demo.seen;
    term_open(&demo.term);
    log_set_level(LOG_WARN);
    enum err_code code = set_up(&demo, choices, &err);
    if (!code)
        code = story_tell(&demo, &err);
    if (!code && !choices->ends)
        code = stay(&demo, &err);
    int status = code ? report(&demo, &err) : EXIT_DONE;
    return take_down(&demo) ? status : EXIT_FAILED;
}

static int help(void)
{
    struct buf text = BUF_INIT(1 << 16);
    config_help(options, ARRAY_LEN(options), &text);
    printf(
        "usage: herald demo [--exit] [--port N]\n\nThe worked example for real, on throwaway data: a Sales "
        "Call is logged, the webhook\ngoes out, the relay fetches the record and tells Slack (a stand-in). "
        "Then it stays up\nwith the pages until Ctrl-C.\n\n%s",
        buf_text(&text));
    buf_free(&text);
    return EXIT_DONE;
}

int cli_demo(int argc, char **argv)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct choices choices = {.port = -1};
    struct error err = {0};
    int at = 1;
    config_preset(arena, options, ARRAY_LEN(options), &choices);
    while (at < argc) {
        bool known;
        const char *word = argv[at];
        enum err_code code =
            config_from_flag(arena, options, ARRAY_LEN(options), argc, argv, &at, &choices, &known, &err);
        if (!code && !known)
            code = error_set(&err, ERR_INVALID, "'%s' is not an option; see herald demo --help", word);
        if (code)
            return cli_fail("demo", &err);
    }
    return choices.help ? help() : run(&choices);
}
