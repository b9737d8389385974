#include "net/smtp.h"

#include "base/alloc.h"

#include <curl/curl.h>
#include <string.h>

#define COMMAND_LEN 4

struct smtp {
    struct smtp_config config;
    CURL *easy; /* NULL: no connection is kept */
    /* of the email that is being sent */
    const char *message;
    size_t len, read;
    char command[COMMAND_LEN +
                 1]; /* the last that was sent but for QUIT: "RCPT"; "data": the message itself */
    char line[160]; /* the last that the server said to it */
    bool quits;
    char why[CURL_ERROR_SIZE];
};

/* ── the address of the server ───────────────────────────────────────────────────────────────── */

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK && text && *text && strcmp(text, "/") != 0;
    curl_free(text);
    return there;
}

static bool is_scheme(CURLU *url)
{
    char *text = NULL;
    bool good = curl_url_get(url, CURLUPART_SCHEME, &text, 0) == CURLUE_OK &&
                (strcmp(text, "smtp") == 0 || strcmp(text, "smtps") == 0);
    curl_free(text);
    return good;
}

enum err_code smtp_check_url(const char *text, struct error *err)
{
    static const CURLUPart unwanted[] = {
        CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_PATH, CURLUPART_QUERY, CURLUPART_FRAGMENT};
    CURLU *url = curl_url();
    bool good = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK && is_scheme(url) &&
                has_part(url, CURLUPART_HOST);
    for (size_t i = 0; good && i < ARRAY_LEN(unwanted); i++)
        good = !has_part(url, unwanted[i]);
    curl_url_cleanup(url);
    if (good)
        return ERR_OK;
    return error_set(err, ERR_INVALID,
        "it must be smtp://HOST or smtps://HOST, with a port if need be, and without user or password");
}

bool smtp_is_local(const char *text)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    CURLU *url = curl_url();
    char *host = NULL;
    bool local = false;
    if (url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            local = local || strcmp(host, names[i]) == 0;
    curl_free(host);
    curl_url_cleanup(url);
    return local;
}

/* ── what libcurl calls ──────────────────────────────────────────────────────────────────────── */

static size_t give_message(char *to, size_t size, size_t count, void *ctx)
{
    struct smtp *smtp = ctx;
    size_t left = smtp->len - smtp->read, some = size * count < left ? size * count : left;
    memcpy(to, smtp->message + smtp->read, some);
    smtp->read += some;
    return some;
}

static size_t take_line(const char *line, size_t size, size_t count, void *ctx)
{
    struct smtp *smtp = ctx;
    size_t len = 0;
    if (smtp->quits)
        return size * count;
    for (size_t i = 0; i < size * count && len + 1 < sizeof smtp->line; i++)
        if (line[i] != '\r' && line[i] != '\n')
            smtp->line[len++] = line[i] >= ' ' && line[i] <= '~' ? line[i] : '?';
    smtp->line[len] = '\0';
    return size * count;
}

/* How far it came: only then is it known whether an answer is about this email or about all. */
static int note_command(CURL *easy, curl_infotype what, char *data, size_t len, void *ctx)
{
    (void)easy;
    struct smtp *smtp = ctx;
    smtp->quits = smtp->quits || (what == CURLINFO_HEADER_OUT && len >= COMMAND_LEN &&
                                     memcmp(data, "QUIT", COMMAND_LEN) == 0);
    if (smtp->quits)
        return 0;
    if (what == CURLINFO_HEADER_OUT)
        snprintf(
            smtp->command, sizeof smtp->command, "%.*s", len < COMMAND_LEN ? (int)len : COMMAND_LEN, data);
    else if (what == CURLINFO_DATA_OUT)
        snprintf(smtp->command, sizeof smtp->command, "data");
    return 0;
}

static int check_cut(void *ctx, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    (void)down_all, (void)down, (void)up_all, (void)up;
    const struct smtp *smtp = ctx;
    return smtp->config.is_cut(smtp->config.is_cut_ctx);
}

/* ── the client ──────────────────────────────────────────────────────────────────────────────── */

static void set_server(CURL *easy, const struct smtp_config *config)
{
    curl_easy_setopt(easy, CURLOPT_URL, config->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(config->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (config->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
    if (config->user)
        curl_easy_setopt(easy, CURLOPT_USERNAME, config->user);
    if (config->password)
        curl_easy_setopt(easy, CURLOPT_PASSWORD, config->password);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(config->connect_us / US_PER_MS));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(config->total_us / US_PER_MS));
}

static void set_callbacks(CURL *easy, struct smtp *smtp)
{
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_message);
    curl_easy_setopt(easy, CURLOPT_READDATA, smtp);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, smtp);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, note_command);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, smtp);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, check_cut);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, smtp);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, smtp->why);
}

enum err_code smtp_new(const struct smtp_config *config, struct smtp **smtp, struct error *err)
{
    enum err_code code = smtp_check_url(config->url, err);
    if (code)
        return code;
    *smtp = mem_zalloc(sizeof **smtp);
    (*smtp)->config = *config;
    return ERR_OK;
}

void smtp_hang_up(struct smtp *smtp)
{
    curl_easy_cleanup(smtp->easy);
    smtp->easy = NULL;
}

void smtp_free(struct smtp *smtp)
{
    if (!smtp)
        return;
    smtp_hang_up(smtp);
    mem_free(smtp);
}

/* ── one email ───────────────────────────────────────────────────────────────────────────────── */

/* A server that wants a password, or TLS, first says so at any command. */
static bool is_about_login(int reply)
{
    return reply == 530 || reply == 534 || reply == 535 || reply == 538;
}

/*
 * Refused at MAIL, or before, it would be refused whatever the email: then it is the server, or how Herald is set up, and
 * no email is to die of that within the minute.
 */
static enum smtp_verdict judge(const struct smtp *smtp, CURLcode code, int reply)
{
    static const char *const of_this_one[] = {"RCPT", "DATA", "data"};
    if (code == CURLE_OK)
        return SMTP_SENT;
    bool about_it = false;
    for (size_t i = 0; i < ARRAY_LEN(of_this_one); i++)
        about_it = about_it || strcmp(smtp->command, of_this_one[i]) == 0;
    if (!about_it || reply == 421 || is_about_login(reply))
        return SMTP_AWAY;
    return reply / 100 == 5 ? SMTP_REFUSED : reply / 100 == 4 ? SMTP_LATER : SMTP_AWAY;
}

static void describe(const struct smtp *smtp, CURLcode code, struct smtp_result *result)
{
    bool server_said = result->reply >= 400 && *smtp->line;
    const char *why = *smtp->why ? smtp->why : curl_easy_strerror(code);
    snprintf(result->detail, sizeof result->detail, server_said ? "The server said: %s" : "%s",
        server_said ? smtp->line : why);
    for (char *c = result->detail; *c; c++)
        *c = *c >= ' ' && *c <= '~' ? *c : '?';
}

void smtp_send(struct smtp *smtp, const char *from, const char *to, const char *message, size_t len,
    struct smtp_result *result)
{
    *result = (struct smtp_result){.verdict = SMTP_AWAY};
    struct curl_slist *recipient = curl_slist_append(NULL, to);
    if (!smtp->easy && (smtp->easy = curl_easy_init())) {
        set_server(smtp->easy, &smtp->config);
        set_callbacks(smtp->easy, smtp);
    }
    if (!smtp->easy || !recipient) {
        snprintf(result->detail, sizeof result->detail, "There is no memory for it now.");
        curl_slist_free_all(recipient);
        return;
    }
    smtp->message = message;
    smtp->len = len;
    smtp->read = 0;
    smtp->quits = false;
    smtp->command[0] = smtp->line[0] = smtp->why[0] = '\0';
    curl_easy_setopt(smtp->easy, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(smtp->easy, CURLOPT_MAIL_RCPT, recipient);
    curl_easy_setopt(smtp->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)len);
    CURLcode code = curl_easy_perform(smtp->easy);
    long reply = 0;
    curl_easy_getinfo(smtp->easy, CURLINFO_RESPONSE_CODE, &reply);
    result->reply = (int)reply;
    result->verdict = judge(smtp, code, result->reply);
    if (code != CURLE_OK)
        describe(smtp, code, result);
    curl_easy_setopt(smtp->easy, CURLOPT_MAIL_RCPT, NULL);
    curl_slist_free_all(recipient);
    if (code != CURLE_OK)
        smtp_hang_up(smtp);
}
