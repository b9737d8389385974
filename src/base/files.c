#include "base/files.h"

#include <sys/resource.h>

#define KEPT 64 /* for the database, listeners, logs */

struct files_share files_share(void)
{
    struct rlimit files;
    int64_t limit = INT32_MAX;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
        limit = files.rlim_cur > INT32_MAX ? INT32_MAX : (int64_t)files.rlim_cur;
    }
    int64_t outgoing = limit / 4, incoming = limit - limit / 4 - KEPT;
    return (struct files_share){
        .limit = limit, .outgoing = outgoing, .incoming = incoming > 1 ? incoming : 1};
}
