/*
 * What several unit tests need: a folder of their own, waiting with a deadline, a clock that a test can stop, fault
 * switches, and one line to ask the database for a number. One thread, unless said.
 */
#ifndef HERALD_TESTS_SUPPORT_H
#define HERALD_TESTS_SUPPORT_H

#include "db/db.h"

#define DEADLINE_US (20 * US_PER_S)

/* Fails the test with the error's sentence. */
void must(enum err_code code, const struct error *err);

/* For cmocka's group: makes and removes a folder; scratch_path gives a new name in it, in a buffer of its own. */
int scratch_set_up(void **state);
int scratch_tear_down(void **state);
struct scratch_path {
    char text[128];
};
struct scratch_path scratch_path(const char *name);

/* An empty, migrated database: a new file, or the schema `name` on the server, made anew. In static storage. */
const struct db_config *fresh_database(enum db_engine engine, const char *name);
struct db *open_database(const struct db_config *config, bool read_only);
/* The first column of the first row; a literal. */
int64_t ask(struct db *db, const char *sql);
void run_sql(struct db *db, const char *sql);

/* ── fixtures of tests that run once an engine: cmocka's state is the engine, then the fixture ─── */

/*
 * In a set_up: the engine that the test is for. False when it is not there (SQLite always is, PostgreSQL if
 * HERALD_TEST_POSTGRES names a server), and then the test is skipped.
 */
bool set_up_on(void **state, enum db_engine *engine);
/* Each test begins so: its fixture, of whatever type set_up made it. */
void *need(void **state);
/* The tear_down of a fixture whose first member is its connection, and that has nothing else to give back. */
int tear_down_database(void **state);

/* A test for each engine: ON_ENGINE(test, DB_SQLITE, set_up, tear_down). */
extern enum db_engine test_engines[];
#define ON_ENGINE(test, engine, set_up, tear_down)                                                           \
    {                                                                                                        \
#test " " #engine, test, set_up, tear_down, &test_engines[engine]                                    \
    }

/* Polls until it holds; fails the test, naming `what`, when the deadline passes. */
void wait_until(bool (*holds)(void *ctx), void *ctx, const char *what);

/* A clock whose boot time stops, and moves by hand; from then on for the whole process. Any thread. */
void clock_take_over(void);
void clock_stop(void);
void clock_go_on(void);
void clock_move(int64_t us);
/* The time of day alone. */
void clock_move_wall(int64_t us);

/* The switches of HERALD_FAULTS anew; no other thread runs. */
void faults_set(const char *text);
/* A switch that is bound to a file (name=@PATH) on and off; any thread. */
void fault_file_on(const char *path);
void fault_file_off(const char *path);

#endif
