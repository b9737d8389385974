/*
 * The power-cut VFS: a child commits rows and reports each on a pipe; it is killed, and the file is read without
 * the VFS. With synchronous=FULL every reported row must be there; with OFF the same test must find losses, or it
 * would prove nothing.
 */
#include "base/macros.h"
#include "db/vfs_powercut.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef HERALD_FAULTS

#define ROUNDS 20

/* ── the child; it must not use cmocka, and ends by _exit ─────────────────────────────────────────────────── */

enum { CHILD_DIED = 10, CHILD_SAW_NONSENSE };

struct child {
    const char *path;
    bool safe;
    int reports;
};

static void demand(bool ok, int status)
{
    if (!ok)
        _exit(status);
}

static sqlite3 *child_open(const struct child *child)
{
    sqlite3 *handle = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    demand(powercut_vfs_name() != NULL, CHILD_DIED);
    demand(sqlite3_open_v2(child->path, &handle, flags, powercut_vfs_name()) == SQLITE_OK, CHILD_DIED);
    sqlite3_busy_timeout(handle, 10000);
    const char *sync = child->safe ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF";
    demand(sqlite3_exec(handle, sync, NULL, NULL, NULL) == SQLITE_OK, CHILD_DIED);
    return handle;
}

static int64_t one_number(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
        number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return number;
}

/* Another connection sees what is committed, through the same cache, and never less than before. */
static void *reader_main(void *arg)
{
    sqlite3 *handle = child_open(arg);
    for (int64_t last = 0;;) {
        int64_t missing = one_number(handle, "SELECT max(n) - count(*) FROM kept");
        int64_t now = one_number(handle, "SELECT count(*) FROM kept");
        demand(missing == 0 && now >= last, CHILD_SAW_NONSENSE);
        last = now;
    }
    return NULL;
}

static void commit_for_ever(const struct child *child, sqlite3 *handle)
{
    sqlite3_stmt *insert = NULL;
    const char *sql = "INSERT INTO kept (n, filler) VALUES (?1, randomblob(?1 % 5000))";
    demand(sqlite3_prepare_v2(handle, sql, -1, &insert, NULL) == SQLITE_OK, CHILD_DIED);
    for (int64_t n = 2;; n++) {
        sqlite3_bind_int64(insert, 1, n);
        demand(sqlite3_step(insert) == SQLITE_DONE && sqlite3_reset(insert) == SQLITE_OK, CHILD_DIED);
        demand(write(child->reports, &n, sizeof n) == sizeof n, CHILD_DIED);
    }
}

static void child_main(struct child *child)
{
    sqlite3 *handle = child_open(child);
    const char *start = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 40;"
                        "CREATE TABLE kept (n INTEGER PRIMARY KEY, filler BLOB);"
                        "INSERT INTO kept VALUES (1, NULL)";
    demand(sqlite3_exec(handle, start, NULL, NULL, NULL) == SQLITE_OK, CHILD_DIED);
    pthread_t reader;
    demand(pthread_create(&reader, NULL, reader_main, child) == 0, CHILD_DIED);
    commit_for_ever(child, handle);
}

/* ── the parent ───────────────────────────────────────────────────────────────────────────────────────────── */

static pid_t start_child(const char *path, bool safe, unsigned seed, int *reports)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char text[16];
        snprintf(text, sizeof text, "%u", seed);
        setenv("HERALD_POWERCUT", "1", 1);
        setenv("HERALD_POWERCUT_SEED", text, 1);
        child_main(&(struct child){.path = path, .safe = safe, .reports = ends[1]});
    }
    close(ends[1]);
    *reports = ends[0];
    return pid;
}

/* Kills after `most` reports, and returns the last that came; the child goes on meanwhile. */
static int64_t kill_after(pid_t pid, int reports, int most)
{
    int64_t last = 0, n;
    for (int i = 0; i < most && read(reports, &n, sizeof n) == sizeof n; i++)
        last = n;
    kill(pid, SIGKILL);
    while (read(reports, &n, sizeof n) == sizeof n)
        last = n;
    close(reports);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        fail_msg("the child ended by itself with %d", WEXITSTATUS(status));
    return last;
}

/* Whether all rows up to `last` are there, and the file is sound. */
static bool is_all_there(const char *path, int64_t last)
{
    sqlite3 *handle = NULL;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM kept WHERE n <= %lld", (long long)last);
    bool complete = one_number(handle, sql) == last;
    bool sound = one_number(handle,
                     "SELECT count(*) = 1 FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1;
    sqlite3_close(handle);
    return complete && sound;
}

/* How many of the rounds lost something. */
static int rounds_with_losses(bool safe)
{
    char folder[] = "/tmp/herald-powercut-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64], file[80];
    snprintf(path, sizeof path, "%s/db", folder);
    int losses = 0;
    unsigned random = 20260101;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        int reports;
        pid_t pid = start_child(path, safe, round, &reports);
        int64_t last = kill_after(pid, reports, 1 + rand_r(&random) % 250);
        losses += !is_all_there(path, last);
        for (const char *const *end = (const char *const[]){"", "-wal", "-shm", NULL}; *end; end++) {
            snprintf(file, sizeof file, "%s%s", path, *end);
            unlink(file);
        }
    }
    rmdir(folder);
    return losses;
}

static void I3_a_full_sync_survives_the_cut(void **state)
{
    (void)state;
    assert_int_equal(rounds_with_losses(true), 0);
}

static void without_sync_the_cut_takes_something(void **state)
{
    (void)state;
    assert_true(rounds_with_losses(false) > 0);
}

static void nobody_asked_for_it(void **state)
{
    (void)state;
    assert_null(powercut_vfs_name());
}

int main(void)
{
    unsetenv("HERALD_POWERCUT");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(I3_a_full_sync_survives_the_cut),
        cmocka_unit_test(without_sync_the_cut_takes_something),
        cmocka_unit_test(nobody_asked_for_it), /* last: it settles the question for this process */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void needs_faults(void **state)
{
    (void)state;
    skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(needs_faults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
