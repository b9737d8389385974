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
    const char *sync; /* the pragma */
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
    demand(sqlite3_exec(handle, child->sync, NULL, NULL, NULL) == SQLITE_OK, CHILD_DIED);
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

static pid_t start_child(const char *path, const char *sync, unsigned seed, int *reports)
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
        child_main(&(struct child){.path = path, .sync = sync, .reports = ends[1]});
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

struct tally {
    int incomplete; /* rounds after which a reported row was missing */
    int unsound; /* rounds after which the file was not in order */
};

static void examine(const char *path, int64_t last, struct tally *tally)
{
    sqlite3 *handle = NULL;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM kept WHERE n <= %lld", (long long)last);
    const char *check = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
    tally->incomplete += one_number(handle, sql) != last;
    tally->unsound += one_number(handle, check) != 0;
    sqlite3_close(handle);
}

static void remove_database(const char *path)
{
    char file[80];
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", NULL}; *end; end++) {
        snprintf(file, sizeof file, "%s%s", path, *end);
        unlink(file);
    }
}

static struct tally cut_the_power(const char *sync)
{
    char folder[] = "/tmp/herald-powercut-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64];
    snprintf(path, sizeof path, "%s/db", folder);
    struct tally tally = {0};
    unsigned random = 20260101;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        int reports;
        pid_t pid = start_child(path, sync, round, &reports);
        int64_t last = kill_after(pid, reports, 1 + rand_r(&random) % 250);
        examine(path, last, &tally);
        remove_database(path);
    }
    rmdir(folder);
    return tally;
}

static void I3_a_full_sync_survives_the_cut(void **state)
{
    (void)state;
    struct tally tally = cut_the_power("PRAGMA synchronous = FULL");
    assert_int_equal(tally.incomplete, 0);
    assert_int_equal(tally.unsound, 0);
}

/* SQLite's promise for NORMAL: the last commits may go, the file stays in order. It holds the model to account. */
static void a_normal_sync_loses_rows_but_stays_sound(void **state)
{
    (void)state;
    struct tally tally = cut_the_power("PRAGMA synchronous = NORMAL");
    assert_true(tally.incomplete > 0);
    assert_int_equal(tally.unsound, 0);
}

static void without_sync_the_cut_takes_something(void **state)
{
    (void)state;
    struct tally tally = cut_the_power("PRAGMA synchronous = OFF");
    assert_true(tally.incomplete > 0);
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
        cmocka_unit_test(a_normal_sync_loses_rows_but_stays_sound),
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
