#include "base/clock.h"
#include "cli/cli.h"
#include "cli/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MOST 32
#define LINE_SIZE 8192
#define COMPLAINTS_MOST 40

/* In the child, after the fork of a process with threads: nothing but system calls. */
static void become(char *const *words, pid_t parent, int log_fd)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0); /* the terminal's Ctrl-C is for the parent, which stops its children in order */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (getppid() != parent || nothing < 0)
        _exit(EXIT_FAILED);
    if (dup2(nothing, STDIN_FILENO) < 0 || dup2(log_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0)
        _exit(EXIT_FAILED);
    execv("/proc/self/exe", words);
    _exit(EXIT_FAILED);
}

static void copy_words(struct arena *arena, const char *const *words, char **argv)
{
    size_t count = 0;
    argv[count++] = arena_strdup(arena, "herald");
    for (; *words && count < WORDS_MOST; words++)
        argv[count++] = arena_strdup(arena, *words);
    argv[count] = NULL;
}

enum err_code child_start(
    struct arena *arena, struct child *child, const char *const *words, struct error *err)
{
    char *argv[WORDS_MOST + 1];
    copy_words(arena, words, argv);
    int log_fd = open(child->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        return error_set(err, ERR_UNAVAILABLE, "cannot write %s: %s", child->log, strerror(errno));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(argv, parent, log_fd);
    int cause = errno;
    close(log_fd);
    if (pid < 0)
        return error_set(err, ERR_UNAVAILABLE, "cannot start %s: %s", child->name, strerror(cause));
    child->pid = pid;
    child->pid_fd = pidfd_open(pid, 0);
    if (child->pid_fd < 0)
        return error_set(err, ERR_UNAVAILABLE, "cannot watch %s: %s", child->name, strerror(errno));
    return ERR_OK;
}

/* Calls `look` with each line of the log until it returns false. */
static void each_line(const struct child *child, bool (*look)(void *ctx, const char *line), void *ctx)
{
    char text[LINE_SIZE];
    FILE *file = fopen(child->log, "re");
    if (!file)
        return;
    while (fgets(text, sizeof text, file)) {
        size_t len = strcspn(text, "\n");
        bool whole = text[len] == '\n';
        text[len] = '\0';
        if (!whole || !look(ctx, text))
            break;
    }
    fclose(file);
}

struct address_search {
    struct arena *arena;
    const char *message, *address;
};

static bool look_for_address(void *ctx, const char *line)
{
    struct address_search *search = ctx;
    json_auto_t *entry = json_loads(line, 0, NULL);
    const char *message = json_string_value(json_object_get(entry, "message"));
    const char *address = json_string_value(json_object_get(entry, "address"));
    if (!message || !address || strcmp(message, search->message) != 0)
        return true;
    search->address = arena_strdup(search->arena, address);
    return false;
}

const char *child_address(struct arena *arena, const struct child *child, const char *message)
{
    struct address_search search = {.arena = arena, .message = message};
    each_line(child, look_for_address, &search);
    return search.address;
}

static void forget(struct child *child)
{
    close(child->pid_fd);
    child->pid = 0;
}

struct last_line {
    char text[160];
};

static bool keep_last(void *ctx, const char *line)
{
    struct last_line *last = ctx;
    snprintf(last->text, sizeof last->text, "%s", line);
    return true;
}

static const char *how_it_ended(struct arena *arena, int status)
{
    return WIFSIGNALED(status) ? arena_printf(arena, "was killed by signal %d", WTERMSIG(status))
                               : arena_printf(arena, "ended with status %d", WEXITSTATUS(status));
}

enum err_code child_ended(struct arena *arena, struct child *child, struct error *err)
{
    struct last_line last = {"it said nothing"};
    int status = 0;
    waitpid(child->pid, &status, 0);
    forget(child);
    each_line(child, keep_last, &last);
    size_t name = strlen(child->name); /* it begins with its own name, too */
    const char *why = strncmp(last.text, child->name, name) == 0 ? last.text + name : last.text;
    why += strspn(why, ": ");
    return error_set(err, ERR_UNAVAILABLE, "%s %s: %s", child->name, how_it_ended(arena, status), why);
}

struct complaints {
    const struct child *child;
    int count;
};

/* "key=value" of a log entry's own fields. */
static void describe(const json_t *entry, struct buf *out)
{
    const char *key;
    json_t *value;
    buf_add_text(out, json_string_value(json_object_get(entry, "message")));
    json_object_foreach((json_t *)entry, key, value)
    {
        if (strcmp(key, "time") == 0 || strcmp(key, "level") == 0 || strcmp(key, "message") == 0)
            continue;
        if (json_is_integer(value))
            buf_printf(out, "  %s=%lld", key, (long long)json_integer_value(value));
        else if (json_is_string(value))
            buf_printf(out, "  %s=%s", key, json_string_value(value));
    }
}

static bool show_complaint(void *ctx, const char *line)
{
    struct complaints *complaints = ctx;
    json_auto_t *entry = json_loads(line, 0, NULL);
    const char *level = json_string_value(json_object_get(entry, "level"));
    const char *name = complaints->child->name;
    /* A line that is no log entry is a sanitizer's, or the reason of an end, which has been told. */
    if (level ? strcmp(level, "warn") != 0 && strcmp(level, "error") != 0
              : strncmp(line, name, strlen(name)) == 0)
        return true;
    struct buf text = BUF_INIT(LINE_SIZE);
    if (level)
        describe(entry, &text);
    else
        buf_add_text(&text, line);
    fprintf(stderr, "%s: %s\n", name, buf_text(&text));
    buf_free(&text);
    return ++complaints->count < COMPLAINTS_MOST;
}

void child_complaints(const struct child *child)
{
    struct complaints complaints = {.child = child};
    each_line(child, show_complaint, &complaints);
}

/* False after the patience. */
static bool has_ended_within(const struct child *child, int64_t patience_us)
{
    struct pollfd ended = {.fd = child->pid_fd, .events = POLLIN};
    int64_t until = clock_boot_us() + patience_us, left = patience_us;
    while (left > 0) {
        if (poll(&ended, 1, (int)(left / US_PER_MS) + 1) > 0)
            return true;
        left = until - clock_boot_us();
    }
    return false;
}

enum err_code child_stop(struct arena *arena, struct child *child, struct error *err)
{
    int status = 0;
    if (child->pid == 0)
        return ERR_OK;
    kill(child->pid, SIGTERM);
    if (child->pid_fd < 0 || !has_ended_within(child, DEMO_PATIENCE_US))
        kill(child->pid, SIGKILL);
    waitpid(child->pid, &status, 0);
    forget(child);
    return status == 0 ? ERR_OK
                       : error_set(err, ERR_INTERNAL, "%s was told to stop, and %s", child->name,
                             how_it_ended(arena, status));
}
