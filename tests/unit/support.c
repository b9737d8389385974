#include "support.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

void must(enum err_code code, const struct error *err)
{
    if (code)
        fail_msg("%s: %s", error_name(code), err->text);
}

/* ── a folder ─────────────────────────────────────────────────────────────────────────────────────────────── */

static char folder[64];
static int names;

int scratch_set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/herald-unit-XXXXXX");
    return sodium_init() >= 0 && mkdtemp(folder) ? 0 : -1;
}

int scratch_tear_down(void **state)
{
    (void)state;
    DIR *dir = opendir(folder);
    if (!dir)
        return -1;
    for (struct dirent *entry; (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return rmdir(folder);
}

struct scratch_path scratch_path(const char *name)
{
    struct scratch_path path;
    snprintf(path.text, sizeof path.text, "%s/%.40s-%d", folder, name, ++names);
    return path;
}

/* ── databases ────────────────────────────────────────────────────────────────────────────────────────────── */

static const char *server_url(void)
{
    return getenv("HERALD_TEST_POSTGRES");
}

static bool engine_is_there(enum db_engine engine)
{
    return engine == DB_SQLITE || server_url() != NULL;
}

struct db *open_database(const struct db_config *config, bool read_only)
{
    struct db *db = NULL;
    struct error err = {0};
    must(db_open(config, read_only, &db, &err), &err);
    return db;
}

/* Their text is made up, so each has its own connection: statements are found again by address. */
static void make_schema(const char *name)
{
    const struct db_config config = {.engine = DB_POSTGRES, .conninfo = server_url()};
    static char drop[128], create[128];
    snprintf(drop, sizeof drop, "DROP SCHEMA IF EXISTS %.60s CASCADE", name);
    snprintf(create, sizeof create, "CREATE SCHEMA %.60s", name);
    struct db *db = open_database(&config, false);
    run_sql(db, drop);
    run_sql(db, create);
    db_close(db);
}

const struct db_config *fresh_database(enum db_engine engine, const char *name)
{
    static struct db_config config;
    static char where[1024];
    if (engine == DB_SQLITE) {
        snprintf(where, sizeof where, "%s", scratch_path(name).text);
    } else {
        make_schema(name);
        snprintf(where, sizeof where, "%s%coptions=-csearch_path%%3D%s", server_url(),
            strchr(server_url(), '?') ? '&' : '?', name);
    }
    config = (struct db_config){.engine = engine, .path = where, .conninfo = where};
    struct db *db = open_database(&config, false);
    struct error err = {0};
    int version = 0;
    must(db_migrate(db, &version, &err), &err);
    db_close(db);
    return &config;
}

int64_t ask(struct db *db, const char *sql)
{
    struct error err = {0};
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db, sql, DB_NO_PARAMS, &rows, &err);
    must(code, &err);
    if (!db_next(rows, &code, &err))
        fail_msg("no row for: %s (%s)", sql, err.text);
    return db_col_int(rows, 0);
}

void run_sql(struct db *db, const char *sql)
{
    struct error err = {0};
    must(db_exec(db, sql, DB_NO_PARAMS, NULL, &err), &err);
}

/* ── fixtures ─────────────────────────────────────────────────────────────────────────────────────────────── */

enum db_engine test_engines[] = {DB_SQLITE, DB_POSTGRES};

bool set_up_on(void **state, enum db_engine *engine)
{
    *engine = *(const enum db_engine *)*state;
    *state = NULL;
    return engine_is_there(*engine);
}

void *need(void **state)
{
    if (!*state) {
        skip();
        abort(); /* for analyzers, which do not know that skip never returns */
    }
    return *state;
}

int tear_down_database(void **state)
{
    struct db **fixture = *state;
    if (fixture)
        db_close(*fixture);
    mem_free(fixture);
    return 0;
}

/* ── time ─────────────────────────────────────────────────────────────────────────────────────────────────── */

static int64_t monotonic_us(clockid_t which)
{
    struct timespec ts;
    clock_gettime(which, &ts);
    return ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

void wait_until(bool (*holds)(void *ctx), void *ctx, const char *what)
{
    int64_t until = monotonic_us(CLOCK_MONOTONIC) + DEADLINE_US;
    while (!holds(ctx)) {
        if (monotonic_us(CLOCK_MONOTONIC) > until)
            fail_msg("waited in vain until %s", what);
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static atomic_int_fast64_t shift_us;
static atomic_int_fast64_t wall_shift_us;
static atomic_int_fast64_t stopped_at_us; /* 0: it goes */

static int64_t wall(void)
{
    return monotonic_us(CLOCK_REALTIME) + atomic_load(&wall_shift_us);
}

static int64_t boot(void)
{
    int64_t stopped = atomic_load(&stopped_at_us);
    return (stopped ? stopped : monotonic_us(CLOCK_BOOTTIME)) + atomic_load(&shift_us);
}

void clock_take_over(void)
{
    clock_install(&(struct clock){.wall = wall, .boot = boot});
}

void clock_stop(void)
{
    atomic_store(&stopped_at_us, monotonic_us(CLOCK_BOOTTIME));
}

void clock_go_on(void)
{
    atomic_store(&stopped_at_us, 0);
}

void clock_move(int64_t us)
{
    atomic_fetch_add(&shift_us, us);
}

void clock_move_wall(int64_t us)
{
    atomic_fetch_add(&wall_shift_us, us);
}

/* ── faults ───────────────────────────────────────────────────────────────────────────────────────────────── */

void faults_set(const char *text)
{
    setenv("HERALD_FAULTS", text, 1);
    if (!fault_init())
        fail_msg("these are no fault switches: %s", text);
}

void fault_file_on(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        fail_msg("cannot make %s", path);
    close(fd);
}

void fault_file_off(const char *path)
{
    unlink(path);
}
