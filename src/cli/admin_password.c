#include "cli/admin_password.h"

#include "base/text.h"
#include "crm/password.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* ── the server's side ───────────────────────────────────────────────────────────────────────── */

struct password_job {
    struct job *job;
    struct password_hash hash;
};

static enum err_code set(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct password_job *setting = ctx;
    return password_set(w, setting->job->user, setting->hash.text, err);
}

static enum err_code check(struct job *job, const char *password)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct password_owner owner;
    struct error_list list = {0};
    enum err_code code = db_open(job->context->db, true, &db, job->err);
    if (!code)
        code = password_owner_read(db, job->arena, job->user, &owner, job->err);
    if (code || password_check(job->arena, password, &owner, "/password", &list))
        return code;
    return error_set(job->err, ERR_INVALID, "%s", list.items[0].text);
}

/* On the thread of the administration socket, which serves operators one after the other. */
enum err_code password_verb(struct job *job)
{
    struct password_job setting = {.job = job};
    if (!job->words.password)
        return error_set(job->err, ERR_INVALID, "a password is needed, from the standard input");
    const char *password = text_nfc(job->arena, job->words.password);
    enum err_code code = job_need_id(job, "user", job->words.user, &job->user);
    if (!code)
        code = check(job, password);
    if (!code)
        code = password_hash(password, &setting.hash, job->err);
    struct error_list list = {0};
    if (!code)
        code = crm_write(job->context->crm, job->arena, NULL, job->business, set, &setting, &list, job->err);
    if (!code)
        job_answer(job, "The password is set; whoever was signed in as that user is signed out.",
            &(struct fact){"user_id", job_text(job, job->user)}, 1, NULL);
    return code;
}

/* ── the command's side ──────────────────────────────────────────────────────────────────────── */

/* Switches the terminal's echo; false: it is none. */
static bool echo(bool on)
{
    struct termios terminal;
    if (tcgetattr(STDIN_FILENO, &terminal) != 0)
        return false;
    terminal.c_lflag = on ? terminal.c_lflag | ECHO : terminal.c_lflag & ~(tcflag_t)ECHO;
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal) == 0;
}

enum err_code password_from_stdin(struct arena *arena, char **password, struct error *err)
{
    char line[4096];
    bool typed = isatty(STDIN_FILENO) && echo(false);
    if (typed)
        fprintf(stderr, "Password: ");
    bool read = fgets(line, sizeof line, stdin) != NULL;
    if (typed) {
        echo(true);
        fprintf(stderr, "\n");
    }
    if (!read)
        return error_set(
            err, ERR_INVALID, "the password is to be written to the standard input, as one line");
    line[strcspn(line, "\r\n")] = '\0';
    *password = arena_strdup(arena, line);
    return ERR_OK;
}
