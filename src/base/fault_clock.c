/* The clock that a test sets: what the file HERALD_CLOCK holds, microseconds as a number of the machine, is added to it. */
#include "base/fault.h"

#ifdef HERALD_FAULTS

#include "base/clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t *ahead_us; /* set before start; mapped, so that the test changes it at run time */

static int64_t shifted(clockid_t which)
{
    struct timespec ts;
    clock_gettime(which, &ts);
    return ts.tv_sec * US_PER_S + ts.tv_nsec / 1000 + atomic_load(ahead_us);
}

static int64_t shifted_wall(void)
{
    return shifted(CLOCK_REALTIME);
}

static int64_t shifted_boot(void)
{
    return shifted(CLOCK_BOOTTIME);
}

bool fault_clock_init(void)
{
    const char *path = getenv("HERALD_CLOCK");
    if (!path)
        return true;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *map = fd >= 0 ? mmap(NULL, sizeof *ahead_us, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    if (map == MAP_FAILED) {
        fprintf(stderr, "herald: HERALD_CLOCK: cannot map '%s'\n", path);
        return false;
    }
    ahead_us = map;
    clock_install(&(struct clock){.wall = shifted_wall, .boot = shifted_boot});
    return true;
}

#endif
