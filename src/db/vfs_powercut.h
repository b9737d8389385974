/* The VFS that forgets what was not synced, in builds with faults: see vfs_powercut.c. */
#ifndef HERALD_DB_VFS_POWERCUT_H
#define HERALD_DB_VFS_POWERCUT_H

#include <stddef.h>

#ifdef HERALD_FAULTS
/* "powercut" if the environment has HERALD_POWERCUT (registered by the first call), else NULL: the default.
 */
const char *powercut_vfs_name(void);
#else
static inline const char *powercut_vfs_name(void)
{
    return NULL;
}
#endif

#endif
