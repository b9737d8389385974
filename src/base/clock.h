/*
 * The one clock. Times are int64 microseconds UTC since 1970. A test, or a simulation, installs its own
 * functions before threads start; nothing else in Herald asks the system for the time.
 *
 * Any thread after clock_install.
 */
#ifndef HERALD_BASE_CLOCK_H
#define HERALD_BASE_CLOCK_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock {
    int64_t (*wall)(void); /* UTC, may jump */
    int64_t (*boot)(void); /* since boot, suspended time included, never jumps: leases, time limits */
};

/* Replaces the system's clock; once, before threads start. */
void clock_install(const struct clock *clock);

int64_t clock_wall_us(void);
int64_t clock_boot_us(void);

/* "2026-11-24T09:00:00.123456Z" */
#define TIME_TEXT_LEN 27
struct time_text {
    char text[TIME_TEXT_LEN + 1];
};
struct time_text time_format(int64_t us);

/*
 * RFC 3339 with any offset, to the microsecond; false for anything else, also for dates that do not exist, and for those
 * that have no year from 1 to 9999 in UTC.
 */
bool time_parse(const char *text, size_t len, int64_t *us) MUST_CHECK;

#endif
