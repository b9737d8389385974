#include "mail/mailer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/retry.h"
#include "base/thread.h"
#include "crm/audit.h"
#include "crm/mail.h"
#include "mail/message.h"
#include "net/smtp.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define CONNECT_US (10 * US_PER_S)
#define SEND_US (60 * US_PER_S)
#define LEASE_US (2 * SEND_US)
#define LOOK_US (10 * US_PER_S) /* for what other nodes have left, if nothing is due here before */
#define TIDY_US (3600 * US_PER_S)
#define MESSAGE_MOST (256 << 10)

struct mailer {
    struct inbox bell; /* nothing is ever posted; it is poked */
    /* set before the thread starts */
    struct mailer_config config;
    struct mailbox from;
    struct smtp *smtp;
    struct retry_policy policy;
    struct arena *kept;
    pthread_t thread;
    bool started;
    /* the thread's */
    struct db *db;
    int64_t failures; /* of the server, one after the other */
    int64_t paused_until, tidy_at; /* boot clock */
    /* shared */
    _Atomic int64_t cut_at; /* boot clock: what is under way then is to end */
};

/* What one transaction does: the outcome of the last email, if there was one, and the next. */
struct step {
    struct mailer *mailer;
    const struct outgoing *last; /* NULL: none */
    enum mail_outcome outcome;
    int64_t delay_us;
    const char *reason;
    bool take, release, tidy;
    struct outgoing next;
    int64_t asked_at; /* boot clock: its lease ends no sooner than LEASE_US after this */
};

static enum err_code run_step(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct step *step = ctx;
    enum err_code code = ERR_OK;
    step->next = (struct outgoing){0};
    write_is_data(w);
    if (step->release)
        code = mail_release(w, step->mailer->config.node, err);
    if (!code && step->tidy)
        code = mail_tidy(w, err);
    if (!code && step->last)
        code = mail_settle(w, step->last, step->outcome, step->delay_us, step->reason, err);
    if (!code && step->take)
        code = mail_take(w, step->mailer->config.node, LEASE_US, &step->next, err);
    return code;
}

static bool is_stopping(struct mailer *mailer)
{
    return inbox_is_closed(&mailer->bell);
}

static bool is_cut(void *ctx)
{
    struct mailer *mailer = ctx;
    return clock_boot_us() >= atomic_load(&mailer->cut_at);
}

/* Until the bell rings, for a second at most. */
static void nap(struct mailer *mailer, int64_t us)
{
    if (is_stopping(mailer))
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
    else
        inbox_take_wait(&mailer->bell, 1, us < US_PER_S ? us : US_PER_S);
}

/* The database may be away for a while: what was sent is recorded as soon as it is back, or sent again after the lease. */
static enum err_code commit(struct mailer *mailer, struct arena *arena, struct step *step)
{
    struct error err = {0};
    struct error_list list;
    error_list_clear(&list);
    for (int64_t tries = 1;; tries++) {
        step->take = step->take && !is_stopping(mailer);
        step->asked_at = clock_boot_us();
        enum err_code code =
            crm_write(mailer->config.crm, arena, NULL, (struct id){0}, run_step, step, &list, &err);
        if (!code)
            return ERR_OK;
        if (tries == 1)
            LOG(LOG_WARN, "the state of emails cannot be stored now", F_TEXT("reason", err.text));
        if (is_cut(mailer) || (is_stopping(mailer) && !step->last))
            return code;
        nap(mailer, retry_delay_us(&mailer->policy, tries, -1));
    }
}

/* ── one email ───────────────────────────────────────────────────────────────────────────────── */

static const char *text_of(struct mailer *mailer, struct arena *arena, const struct outgoing *mail)
{
    const char *url = mailer->config.public_url;
    if (!mail->page)
        return arena_printf(arena, "%s\n\n--\nSent by Herald at %s\n", mail->body, url);
    return arena_printf(arena, "%s\n\n%s%s%s\n\n%s\n\n--\nSent by Herald at %s\n", mail->body, url,
        mail->page, mail->token, mail->closing, url);
}

static void send_one(
    struct mailer *mailer, struct arena *arena, const struct outgoing *mail, struct smtp_result *result)
{
    struct buf text = BUF_INIT(MESSAGE_MOST);
    struct message message = {.from = mailer->from,
        .to = {mail->name, mail->address},
        .subject = mail->subject,
        .body = text_of(mailer, arena, mail),
        .id = mail->id,
        .at = mail->created_at};
    message_compose(&message, &text);
    *result = (struct smtp_result){.verdict = SMTP_REFUSED, .detail = "The text is too long for an email."};
    if (!text.overflow)
        smtp_send(mailer->smtp, mailer->from.address, mail->address, buf_text(&text), text.len, result);
    buf_free(&text);
}

static void pause_all(struct mailer *mailer, const struct smtp_result *result)
{
    int64_t delay = retry_delay_us(&mailer->policy, ++mailer->failures, -1);
    mailer->paused_until = clock_boot_us() + delay;
    if (!is_cut(mailer))
        LOG(LOG_WARN, "the SMTP server does not take emails", F_TEXT("reason", result->detail),
            F_INT("reply", result->reply), F_INT("again_in_ms", delay / US_PER_MS));
}

/* What is to be recorded of it. The server's own words may hold an address: they go into the table, not into the log. */
static struct step conclude(
    struct mailer *mailer, const struct outgoing *mail, const struct smtp_result *result)
{
    struct step step = {.mailer = mailer, .last = mail, .reason = result->detail, .take = true};
    if (result->verdict == SMTP_AWAY) {
        pause_all(mailer, result);
        metric_add(METRIC_mails_retried_total, 1);
        step.outcome = MAIL_LATER; /* due at once: all wait for the server together */
        step.take = false;
        return step;
    }
    mailer->failures = 0;
    switch (result->verdict) {
    case SMTP_SENT:
        step.outcome = MAIL_SENT;
        metric_add(METRIC_mails_sent_total, 1);
        LOG(LOG_INFO, "email sent", F_ID("mail", mail->id), F_INT("attempt", mail->attempt));
        break;
    case SMTP_REFUSED:
        step.outcome = MAIL_DEAD;
        metric_add(METRIC_mails_dead_total, 1);
        LOG(LOG_WARN, "email refused for good: herald admin mail list tells why", F_ID("mail", mail->id),
            F_INT("reply", result->reply));
        break;
    default:
        step.outcome = MAIL_LATER;
        step.delay_us = retry_delay_us(&mailer->policy, mail->attempt, -1);
        metric_add(METRIC_mails_retried_total, 1);
        LOG(LOG_INFO, "email refused for now", F_ID("mail", mail->id), F_INT("reply", result->reply));
        break;
    }
    return step;
}

/* As long as there is something due: each transaction records one and takes the next. */
static void send_due(struct mailer *mailer)
{
    struct arena *arena = arena_new();
    struct step step = {.mailer = mailer, .take = true};
    struct outgoing mail;
    struct smtp_result result;
    for (;;) {
        if (commit(mailer, arena, &step) || id_is_nil(step.next.id))
            break;
        /* Stopped for long between the two, another node may have taken it: then it is that one's. */
        if (clock_boot_us() - step.asked_at > LEASE_US - SEND_US)
            break;
        struct arena *last = arena; /* holds what is to be sent */
        mail = step.next;
        arena = arena_new();
        send_one(mailer, last, &mail, &result);
        FAULT_KILL(after_mail);
        mail = (struct outgoing){.id = mail.id, .attempt = mail.attempt, .kind = mail.kind};
        arena_free(last);
        step = conclude(mailer, &mail, &result);
    }
    arena_free(arena);
}

/* ── the thread ──────────────────────────────────────────────────────────────────────────────── */

/* How long there is nothing to do. */
static int64_t idle_us(struct mailer *mailer)
{
    int64_t now = clock_boot_us(), wait = INT64_MAX;
    struct error err = {0};
    if (mailer->paused_until > now)
        return mailer->paused_until - now;
    enum err_code code = mailer->db ? ERR_OK : db_open(mailer->config.db, true, &mailer->db, &err);
    if (!code)
        code = mail_next_due(mailer->db, &wait, &err);
    if (code)
        return US_PER_S;
    return wait < LOOK_US ? wait : LOOK_US;
}

static void tidy(struct mailer *mailer, bool first)
{
    if (!first && clock_boot_us() < mailer->tidy_at)
        return;
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct step step = {.mailer = mailer, .release = first, .tidy = true};
    mailer->tidy_at = clock_boot_us() + TIDY_US;
    (void)!commit(mailer, arena, &step);
}

static void *run(void *ctx)
{
    struct mailer *mailer = ctx;
    thread_begin("mailer", THREAD_AFTER);
    tidy(mailer, true);
    while (!is_stopping(mailer)) {
        int64_t idle = idle_us(mailer);
        if (idle <= 0) {
            send_due(mailer);
            continue;
        }
        smtp_hang_up(mailer->smtp);
        inbox_take_wait(&mailer->bell, 1, idle);
        tidy(mailer, false);
    }
    db_close(mailer->db);
    return NULL;
}

/* Signals are the main thread's; the threads that libcurl starts for look-ups inherit this. */
static enum err_code start_thread(struct mailer *mailer, struct error *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&mailer->thread, NULL, run, mailer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    mailer->started = rc == 0;
    return rc == 0 ? ERR_OK
                   : error_set(err, ERR_UNAVAILABLE, "cannot start the thread mailer: %s", strerror(rc));
}

enum err_code mailer_new(struct mailer **mailer, struct error *err)
{
    struct mailer *made = mem_zalloc(sizeof *made);
    enum err_code code = inbox_init(&made->bell, false, err);
    if (code) {
        mem_free(made);
        return code;
    }
    made->kept = arena_new();
    atomic_init(&made->cut_at, INT64_MAX);
    *mailer = made;
    return ERR_OK;
}

enum err_code mailer_start(struct mailer *mailer, const struct mailer_config *config, struct error *err)
{
    mailer->config = *config;
    size_t len = strlen(config->public_url);
    while (len > 0 && config->public_url[len - 1] == '/')
        len--;
    mailer->config.public_url = arena_strndup(mailer->kept, config->public_url, len);
    mailer->policy = (struct retry_policy){.base_us = config->retry_us, .cap_us = MAILER_PAUSE_MOST};
    if (!mailbox_parse(mailer->kept, config->from, &mailer->from))
        return error_set(err, ERR_INVALID, "'%.80s' is no address that emails can come from", config->from);
    struct smtp_config smtp = {.url = config->smtp_url,
        .user = config->smtp_user,
        .password = config->smtp_password,
        .ca_file = config->smtp_ca,
        .plain = config->smtp_plain,
        .connect_us = CONNECT_US,
        .total_us = SEND_US,
        .is_cut = is_cut,
        .is_cut_ctx = mailer};
    enum err_code code = smtp_new(&smtp, &mailer->smtp, err);
    return code ? code : start_thread(mailer, err);
}

void mailer_wake(struct mailer *mailer)
{
    inbox_poke(&mailer->bell);
}

void mailer_stop(struct mailer *mailer, int64_t drain_us)
{
    if (!mailer)
        return;
    atomic_store(&mailer->cut_at, clock_boot_us() + drain_us);
    inbox_close(&mailer->bell);
    if (mailer->started)
        pthread_join(mailer->thread, NULL);
    smtp_free(mailer->smtp);
    inbox_destroy(&mailer->bell);
    arena_free(mailer->kept);
    mem_free(mailer);
}
