#include "bench.h"

#include "base/macros.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/resource.h>

static void usage_error(const char *option, const char *text, const char *wanted) __attribute__((noreturn));

static void usage_error(const char *option, const char *text, const char *wanted)
{
    fprintf(stderr, "herald-bench: %s %s: expected %s\n", option, text, wanted);
    exit(2);
}

int64_t arg_number(const char *option, const char *text, int64_t least, int64_t most)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < least || value > most) {
        char wanted[80];
        snprintf(
            wanted, sizeof wanted, "a whole number from %lld to %lld", (long long)least, (long long)most);
        usage_error(option, text, wanted);
    }
    return value;
}

struct sockaddr_in arg_address(const char *option, const char *text)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (!colon || (size_t)(colon - text) >= sizeof host)
        usage_error(option, text, "an IPv4 address and a port, as in 127.0.0.1:8080");
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        usage_error(option, text, "an IPv4 address and a port, as in 127.0.0.1:8080");
    address.sin_port = htons((uint16_t)arg_number(option, colon + 1, 1, 65535));
    return address;
}

double cpu_seconds(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / (double)US_PER_S;
}

void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

double quantile_ms(uint32_t *values, size_t n, double q)
{
    if (n == 0)
        return 0;
    qsort(values, n, sizeof values[0], compare_u32);
    return values[(size_t)(q * (double)(n - 1) + 0.5)] / (double)US_PER_MS;
}

void fatal(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("herald-bench: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}
