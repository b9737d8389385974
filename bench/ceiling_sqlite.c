#include "bench.h"
int bench_sqlite(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 1;
}
