#include "base/dirlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRIES 50 /* of 20 ms */

static long holder_of(int fd)
{
    char text[24] = "";
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    return len > 0 ? strtol(text, NULL, 10) : 0;
}

static enum err_code refuse(int fd, const char *dir, struct error *err)
{
    long pid = holder_of(fd);
    if (pid > 0)
        return error_set(err, ERR_BUSY, "%s is in use by process %ld: stop that one first", dir, pid);
    return error_set(err, ERR_BUSY, "%s is in use by another process: stop that one first", dir);
}

/* The pid is only a hint, so a full disk may keep it from being written. */
static void write_pid(int fd)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0) {
        ssize_t written = pwrite(fd, text, (size_t)len, 0);
        (void)written;
    }
}

/* A new directory must survive a power cut, or all that is acknowledged in it would go with it. */
static enum err_code make_durably(const char *dir, struct error *err)
{
    if (mkdir(dir, 0700))
        return errno == EEXIST ? ERR_OK
                               : error_set(err, ERR_UNAVAILABLE, "cannot make the directory %s: %s", dir,
                                     strerror(errno));
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/..", dir) >= sizeof path)
        return error_set(err, ERR_INVALID, "the name of the data directory is too long");
    int parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool failed = parent < 0 || fsync(parent) != 0;
    int reason = errno;
    if (parent >= 0)
        close(parent);
    return failed ? error_set(
                        err, ERR_UNAVAILABLE, "cannot sync the directory above %s: %s", dir, strerror(reason))
                  : ERR_OK;
}

/* For a second: whoever was killed holds it until the kernel has taken them apart. False with errno. */
static bool lock_soon(int fd)
{
    for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB); tries++) {
        if (errno != EWOULDBLOCK || tries == LOCK_TRIES)
            return false;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return true;
}

enum err_code dirlock_take(const char *dir, int *fd, struct error *err)
{
    char path[PATH_MAX];
    enum err_code made = make_durably(dir, err);
    if (made)
        return made;
    if ((size_t)snprintf(path, sizeof path, "%s/lock", dir) >= sizeof path)
        return error_set(err, ERR_INVALID, "the name of the data directory is too long");
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return error_set(err, ERR_UNAVAILABLE, "cannot open %s: %s", path, strerror(errno));
    if (!lock_soon(lock)) {
        enum err_code code = errno == EWOULDBLOCK ? refuse(lock, dir, err)
                                                  : error_set(err, ERR_UNAVAILABLE, "cannot lock %s: %s",
                                                        path, strerror(errno));
        close(lock);
        return code;
    }
    write_pid(lock);
    *fd = lock;
    return ERR_OK;
}

void dirlock_release(int fd)
{
    if (fd >= 0)
        close(fd);
}
