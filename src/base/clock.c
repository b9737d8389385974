#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t which)
{
    struct timespec ts;
    clock_gettime(which, &ts);
    return ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

static int64_t system_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_boot(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

static struct clock installed = {.wall = system_wall, .boot = system_boot};

void clock_install(const struct clock *clock)
{
    installed = *clock;
}

int64_t clock_wall_us(void)
{
    return installed.wall();
}

int64_t clock_boot_us(void)
{
    return installed.boot();
}

struct time_text time_format(int64_t us)
{
    int64_t seconds = us / US_PER_S, rest = us % US_PER_S;
    if (rest < 0) {
        seconds--;
        rest += US_PER_S;
    }
    time_t when = (time_t)seconds;
    struct tm tm;
    gmtime_r(&when, &tm);
    struct time_text out;
    char text[64];
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1,
        tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)rest);
    snprintf(out.text, sizeof out.text, "%.27s", text);
    return out;
}

#define FIRST_SECOND (-62135596800LL) /* 0001-01-01T00:00:00Z */
#define LAST_SECOND 253402300799LL /* 9999-12-31T23:59:59Z */

struct scan {
    const char *at, *end;
};

static bool digits(struct scan *s, int count, int *out)
{
    if (s->end - s->at < count)
        return false;
    *out = 0;
    for (int i = 0; i < count; i++, s->at++) {
        if (*s->at < '0' || *s->at > '9')
            return false;
        *out = *out * 10 + (*s->at - '0');
    }
    return true;
}

static bool one_of(struct scan *s, const char *set)
{
    if (s->at == s->end || *s->at == '\0' || !strchr(set, *s->at))
        return false;
    s->at++;
    return true;
}

/* ".123456789": as many digits as there are, the first six count. */
static bool fraction(struct scan *s, int *us)
{
    *us = 0;
    if (s->at == s->end || *s->at != '.')
        return true;
    s->at++;
    int count = 0;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++, count++)
        if (count < 6)
            *us = *us * 10 + (*s->at - '0');
    for (int i = count; i < 6; i++)
        *us *= 10;
    return count > 0;
}

static bool offset(struct scan *s, int *seconds)
{
    *seconds = 0;
    if (one_of(s, "Zz"))
        return true;
    if (s->at == s->end)
        return false;
    int sign = *s->at == '-' ? -1 : 1, hours, minutes;
    if (!one_of(s, "+-") || !digits(s, 2, &hours) || !one_of(s, ":") || !digits(s, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool time_parse(const char *text, size_t len, int64_t *us)
{
    struct scan s = {text, text + len};
    int year, month, day, hour, minute, second, micro, shift;
    if (!digits(&s, 4, &year) || !one_of(&s, "-") || !digits(&s, 2, &month) || !one_of(&s, "-") ||
        !digits(&s, 2, &day) || !one_of(&s, "Tt ") || !digits(&s, 2, &hour) || !one_of(&s, ":") ||
        !digits(&s, 2, &minute) || !one_of(&s, ":") || !digits(&s, 2, &second) || !fraction(&s, &micro) ||
        !offset(&s, &shift) || s.at != s.end)
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
        return false;
    struct tm tm = {.tm_year = year - 1900,
        .tm_mon = month - 1,
        .tm_mday = day,
        .tm_hour = hour,
        .tm_min = minute,
        .tm_sec = second};
    time_t when = timegm(&tm);
    if (tm.tm_mday != day) /* timegm moved 30 February into March */
        return false;
    int64_t seconds = (int64_t)when - shift;
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND) /* in UTC, too, a year has four digits */
        return false;
    *us = seconds * US_PER_S + micro;
    return true;
}
