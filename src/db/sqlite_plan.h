/* How SQLite runs each statement, for the test that reads query plans; in builds with faults. */
#ifndef HERALD_DB_SQLITE_PLAN_H
#define HERALD_DB_SQLITE_PLAN_H

#include <sqlite3.h>

#ifdef HERALD_FAULTS
/* Appends {"sql": …, "plan": [steps]} as a line to the file that HERALD_PLANS names in the environment, if it does. */
void sqlite_tell_plan(sqlite3 *handle, const char *sql);
#else
static inline void sqlite_tell_plan(sqlite3 *handle, const char *sql)
{
    (void)handle;
    (void)sql;
}
#endif

#endif
