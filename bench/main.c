#include "bench.h"

#include "base/macros.h"

#include <sodium.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"load", bench_load, "POST activities, receive their webhooks, print what was measured as JSON"},
    {"receive", bench_receive, "only receive webhooks, until end of input or a signal"},
    {"mhd", bench_mhd, "ceiling: answer every POST 201 from an empty libmicrohttpd handler"},
    {"curl", bench_curl, "ceiling: send webhook GETs with libcurl multi on one thread"},
    {"sqlite", bench_sqlite, "ceiling: commit the rows of activities in bare SQLite transactions"},
};

static int usage(void)
{
    fputs("usage: herald-bench COMMAND [OPTION]...\n", stderr);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(stderr, "  %-8s %s\n", commands[i].name, commands[i].help);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 2 || sodium_init() < 0)
        return usage();
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return usage();
}
