#include "base/fault.h"

#ifdef HERALD_FAULTS

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fault {
    const char *name;
    /* set before start */
    char *path;
    long first;
    bool stays;
    /* any thread */
    atomic_long passed;
};

static struct fault faults[FAULT_COUNT] = {
#define FAULT_ROW(fault_name) {.name = #fault_name},
    FAULT_LIST(FAULT_ROW)
#undef FAULT_ROW
};

static struct fault *find(const char *name, size_t len)
{
    for (int i = 0; i < FAULT_COUNT; i++)
        if (strlen(faults[i].name) == len && memcmp(faults[i].name, name, len) == 0)
            return &faults[i];
    return NULL;
}

static bool parse_one(const char *item)
{
    const char *eq = strchr(item, '=');
    struct fault *fault = eq ? find(item, (size_t)(eq - item)) : NULL;
    if (!fault) {
        fprintf(stderr, "herald: HERALD_FAULTS: unknown fault in '%s'\n", item);
        return false;
    }
    if (eq[1] == '@') {
        fault->path = strdup(eq + 2);
        return fault->path != NULL;
    }
    char *end;
    fault->first = strtol(eq + 1, &end, 10);
    fault->stays = *end == '+';
    return fault->first > 0;
}

static void forget_all(void)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        free(faults[i].path);
        faults[i].path = NULL;
        faults[i].first = 0;
        atomic_store(&faults[i].passed, 0);
    }
}

bool fault_init(void)
{
    forget_all();
    const char *env = getenv("HERALD_FAULTS");
    if (!env)
        return true;
    char *copy = strdup(env), *save = NULL;
    bool ok = copy != NULL;
    for (char *item = copy ? strtok_r(copy, ",", &save) : NULL; item && ok; item = strtok_r(NULL, ",", &save))
        ok = parse_one(item);
    free(copy);
    return ok;
}

bool fault_fires(enum fault_id id)
{
    struct fault *fault = &faults[id];
    if (fault->path)
        return access(fault->path, F_OK) == 0;
    if (fault->first == 0)
        return false;
    long now = atomic_fetch_add(&fault->passed, 1) + 1;
    return fault->stays ? now >= fault->first : now == fault->first;
}

void fault_kill(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

#endif
