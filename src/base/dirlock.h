/*
 * The lock on a data directory: one process at a time owns DIR. The lock is flock(2) on DIR/lock, so it ends with
 * its process, however that ends; the file holds the owner's pid for people and means nothing by itself.
 */
#ifndef HERALD_BASE_DIRLOCK_H
#define HERALD_BASE_DIRLOCK_H

#include "base/error.h"

/*
 * Creates the directory (for its owner only) if it is missing, and locks it. *fd is what holds the lock.
 * ERR_BUSY names the process that has it, after a second in which it could have ended; ERR_UNAVAILABLE: the directory
 * cannot be used.
 */
enum err_code dirlock_take(const char *dir, int *fd, struct error *err) MUST_CHECK;

/* Accepts -1. */
void dirlock_release(int fd);

#endif
