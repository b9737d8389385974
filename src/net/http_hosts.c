#include "net/http_hosts.h"

#include <ctype.h>
#include <stddef.h>

/* FNV-1a; names are the same in any case. */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *name; name++)
        hash = (hash ^ (uint64_t)tolower((unsigned char)*name)) * 0x100000001b3;
    return hash;
}

struct host *host_find(struct host_table *table, const char *name)
{
    uint64_t hash = hash_of(name);
    struct host *host = &table->hosts[hash % HOSTS];
    if (host->hash == hash)
        return host;
    if (host->lookups > 0)
        return NULL;
    *host = (struct host){.hash = hash};
    return host;
}
