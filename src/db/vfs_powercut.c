#include "db/vfs_powercut.h"

#ifdef HERALD_FAULTS
const char *powercut_vfs_name(void)
{
    return NULL;
}
#endif
