/*
 * Private to the HTTP client: names that are being looked up, or were a moment ago. Direct-mapped, so the table is
 * bounded; a clash only forgets. The loop's thread only.
 */
#ifndef HERALD_NET_HTTP_HOSTS_H
#define HERALD_NET_HTTP_HOSTS_H

#include <stdint.h>

#define HOSTS 1024

struct host {
    uint64_t hash;
    int64_t known_until_us; /* its answer is in libcurl's cache until then */
    int lookups; /* under way */
};

struct host_table {
    struct host hosts[HOSTS];
};

/* The place of a name; NULL while another name that is being looked up has it. */
struct host *host_find(struct host_table *table, const char *name);

#endif
