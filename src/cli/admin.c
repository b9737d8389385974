/* herald admin and herald deliveries: the words go to the server that has the data folder, or are run here. */
#include "cli/admin.h"

#include "base/alloc.h"
#include "base/emit.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/admin_password.h"
#include "cli/apply_file.h"
#include "cli/cli.h"
#include "cli/node.h"
#include "net/local.h"

#include <jansson.h>
#include <unistd.h>

#define OUTPUT_MOST (8 << 20)
#define BODY_MOST (4 << 20) /* the longest file, each byte of it escaped, and more */
#define WORDS_MOST 64

/* ── the server's side ───────────────────────────────────────────────────────────────────────── */

static int take_words(struct arena *arena, json_t *args, char **words)
{
    size_t count = json_array_size(args);
    if (!json_is_array(args) || count > WORDS_MOST)
        return -1;
    for (size_t i = 0; i < count; i++) {
        json_t *word = json_array_get(args, i);
        if (!json_is_string(word))
            return -1;
        words[i] = arena_strdup(arena, json_string_value(word));
    }
    return (int)count;
}

/* What was printed until it was refused goes with the problem document. */
static void put_refusal(struct buf *out, const struct error *err)
{
    struct buf problem = BUF_INIT(2 * OUTPUT_MOST);
    struct json json = JSON_INTO(&problem);
    emit_object(&json, NULL);
    emit_text(&json, "detail", err->text);
    emit_text(&json, "complaints", buf_text(out));
    emit_object_end(&json);
    buf_free(out);
    *out = problem;
}

static void admin_handle(struct exchange *exchange, void *worker)
{
    (void)worker;
    json_error_t why;
    json_t *args = json_loadb(exchange->body, exchange->body_len, 0, &why);
    char *words[WORDS_MOST];
    int count = take_words(exchange->arena, args, words);
    json_decref(args);
    if (count < 0) {
        exchange_reply_problem(exchange, 400, "The body must be an array of words.", NULL);
        return;
    }
    struct buf out = BUF_INIT(OUTPUT_MOST);
    struct error err = {0};
    enum err_code code = admin_run(exchange->server_ctx, exchange->arena, count, words, &out, &err);
    if (code && out.len)
        put_refusal(&out, &err);
    else if (code) {
        buf_free(&out);
        exchange_reply_error(exchange, &err, NULL);
        return;
    }
    struct reply reply = {.status = code ? error_http_status(code) : 200,
        .content_type = code ? "application/problem+json" : "text/plain; charset=utf-8",
        .body_len = out.len};
    reply.body = buf_take(&out);
    exchange_reply(exchange, &reply);
}

static const char *socket_of(struct arena *arena, const char *dir)
{
    return arena_printf(arena, "%s/admin.sock", dir);
}

enum err_code admin_listener_start(struct arena *arena, const char *dir, struct admin_context *context,
    struct server **server, struct error *err)
{
    struct server_config config = {.name = "admin",
        .listen = arena_printf(arena, "unix:%s", socket_of(arena, dir)),
        .body_most = BODY_MOST,
        .connections_most = 64,
        .idle_s = 60,
        .deadline_us = 60 * US_PER_S,
        .workers = 1,
        .ctx = context,
        .handle = admin_handle};
    return server_start(&config, server, err);
}

/* ── the command's side ──────────────────────────────────────────────────────────────────────── */

static char *words_as_json(int argc, char **argv)
{
    struct buf body = BUF_INIT(BODY_MOST);
    struct json json = JSON_INTO(&body);
    emit_array(&json, NULL);
    for (int i = 0; i < argc; i++)
        emit_text(&json, NULL, argv[i]);
    emit_array_end(&json);
    return buf_take(&body);
}

/* The detail of a problem document, as an error of the command; what complaints it has are the answer. */
static enum err_code problem_as_error(int status, struct buf *answer, struct error *err)
{
    json_error_t why;
    json_t *problem = json_loadb(buf_text(answer), answer->len, 0, &why);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *complaints = json_string_value(json_object_get(problem, "complaints"));
    buf_reset(answer);
    if (complaints)
        buf_add_text(answer, complaints);
    enum err_code code = status == 422 || status == 400 ? ERR_INVALID : ERR_UNAVAILABLE;
    error_set(err, code, "%s", detail ? detail : "the server gave an answer that cannot be read");
    json_decref(problem);
    return code;
}

enum err_code admin_ask_server(struct arena *arena, const char *dir, int argc, char **argv, struct buf *out,
    bool *served, struct error *err)
{
    CLEANUP(mem_free_ptr) char *body = words_as_json(argc, argv);
    int status = 0;
    *served = false;
    if (access(socket_of(arena, dir), F_OK) != 0)
        return ERR_OK;
    enum err_code code = local_post(socket_of(arena, dir), "/admin", body, &status, out, err);
    if (code == ERR_NOT_FOUND) /* a socket that a killed server left behind */
        return ERR_OK;
    *served = true;
    if (code) /* it may have been done: never a second time here */
        return code;
    return status == 200 ? ERR_OK : problem_as_error(status, out, err);
}

static enum err_code run_here(struct arena *arena, const struct settings *settings, int argc, char **argv,
    struct buf *out, struct error *err)
{
    struct node node;
    log_set_level(LOG_WARN);
    enum err_code code = node_start(arena, settings, false, &node, err);
    if (code)
        return code;
    node.crm.operators_via = VIA_COMMAND;
    struct admin_context context = {
        .crm = &node.crm,
        .db = &node.db,
        .public_url =
            settings->public_url ? settings->public_url : arena_printf(arena, "http://%s", settings->listen),
    };
    code = admin_run(&context, arena, argc, argv, out, err);
    node_stop(&node, US_PER_S);
    return code;
}

/* Where the verb begins; options of the node may stand before it or after it. */
static enum err_code split_words(struct arena *arena, int argc, char **argv, struct settings *settings,
    int *count, char **words, struct error *err)
{
    *settings = (struct settings){0};
    config_preset(arena, settings_options, settings_option_count, settings);
    *count = 0;
    for (int at = 1; at < argc;) {
        bool known = false;
        bool node_option = strncmp(argv[at], "--data", 6) == 0 || strncmp(argv[at], "--database", 10) == 0 ||
                           strncmp(argv[at], "--public-url", 12) == 0;
        enum err_code code = node_option ? config_from_flag(arena, settings_options, settings_option_count,
                                               argc, argv, &at, settings, &known, err)
                                         : ERR_OK;
        if (code)
            return code;
        if (!known && *count < WORDS_MOST)
            words[(*count)++] = argv[at++];
    }
    return ERR_OK;
}

/* What is wrong with the words themselves, or with the place: nothing is opened or made for those. */
static enum err_code check_words(struct arena *arena, const struct settings *settings, int count,
    char **words, struct admin_needs *needs, struct error *err)
{
    for (int i = 0; i < count; i++)
        if (!text_is_utf8(words[i], strlen(words[i])))
            return error_set(err, ERR_INVALID, "word %d is not UTF-8", i + 1);
    enum err_code code = settings_check_public_url(arena, settings, err);
    if (!code)
        code = admin_check(arena, count, words, needs, err);
    if (!code && !needs->begins && !node_is_in(settings->data))
        code = error_set(err, ERR_UNAVAILABLE,
            "there is no Herald data in %s: is this the right folder? --data DIR", settings->data);
    return code;
}

/* `words` has room for two more. */
static enum err_code add_password(struct arena *arena, int *count, char **words, struct error *err)
{
    char *password;
    enum err_code code = password_from_stdin(arena, &password, err);
    if (!code && !text_is_utf8(password, strlen(password)))
        code = error_set(err, ERR_INVALID, "the password is not UTF-8");
    if (code)
        return code;
    words[(*count)++] = arena_strdup(arena, "--password");
    words[(*count)++] = password;
    return ERR_OK;
}

static int run_words(
    const char *command, struct arena *arena, const struct settings *settings, int count, char **words)
{
    struct buf out = BUF_INIT(OUTPUT_MOST);
    struct error err = {0};
    bool served = false;
    struct admin_needs needs = {0};
    enum err_code code = apply_take_file(arena, &count, words, &err);
    if (!code)
        code = check_words(arena, settings, count, words, &needs, &err);
    if (!code && needs.password)
        code = add_password(arena, &count, words, &err);
    if (!code)
        code = admin_ask_server(arena, settings->data, count, words, &out, &served, &err);
    if (!code && !served)
        code = run_here(arena, settings, count, words, &out, &err);
    fwrite(buf_text(&out), 1, out.len, code ? stderr : stdout);
    buf_free(&out);
    return code ? cli_fail(command, &err) : EXIT_DONE;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static const char where_help[] =
    "\nWhere the data is, with each of them:\n"
    "  --data DIR\n        The node's folder; a server that runs on it does the work (default: "
    "./herald-data)\n"
    "  --database URL\n        The PostgreSQL of the folder, needed while no server runs\n"
    "  --public-url URL\n        What the printed addresses begin with, needed while no server runs\n";

/* Of what the words before the first option name; of all, if that is nothing. */
static int help(const char *usage, int argc, char **argv)
{
    struct buf text = BUF_INIT(1 << 16);
    int words = 0;
    while (words < argc && argv[words][0] != '-')
        words++;
    if (admin_help(words, argv, &text) == 0)
        admin_help(0, NULL, &text);
    printf("usage: %s\n\n%s%s", usage, buf_text(&text), where_help);
    buf_free(&text);
    return EXIT_DONE;
}

static int run(const char *command, const char *first_word, int argc, char **argv)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct settings settings;
    struct error err = {0};
    char *words[WORDS_MOST + 4]; /* with the first, a file's text, and a password */
    int count = 0, given = 0;
    if (first_word)
        words[count++] = arena_strdup(arena, first_word);
    if (split_words(arena, argc, argv, &settings, &given, words + count, &err))
        return cli_fail(command, &err);
    return run_words(command, arena, &settings, count + given, words);
}

int cli_admin(int argc, char **argv)
{
    if (argc < 2 || asks_for_help(argc, argv))
        return help("herald admin NOUN VERB [--OPTION VALUE …]", argc - 1, argv + 1);
    return run("admin", NULL, argc, argv);
}

int cli_deliveries(int argc, char **argv)
{
    if (asks_for_help(argc, argv))
        return help("herald deliveries [--OPTION VALUE …]", 1, argv);
    return run("deliveries", "deliveries", argc, argv);
}
