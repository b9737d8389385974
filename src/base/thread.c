#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

void thread_begin(const char *name, enum thread_step step)
{
    pthread_setname_np(pthread_self(), name);
    /* On Linux a niceness is a thread's own. Failing leaves it as it is, which is slower and not wrong. */
    const id_t self = (id_t)gettid();
    errno = 0;
    int now = getpriority(PRIO_PROCESS, self);
    if (step != THREAD_AT_ONCE && !errno)
        setpriority(PRIO_PROCESS, self, now + (int)step);
}
