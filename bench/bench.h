/*
 * herald-bench: what the benchmark needs beside Herald itself, in one program. Each command is a function
 * that gets its own argv and returns the exit status: 0 done, 1 it did not work, 2 bad arguments. bench.py
 * runs the commands and makes the table.
 */
#ifndef HERALD_BENCH_BENCH_H
#define HERALD_BENCH_BENCH_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

int bench_load(int argc, char **argv); /* load generator and webhook receiver */
int bench_receive(int argc, char **argv); /* the receiver alone */
int bench_mhd(int argc, char **argv); /* ceiling: an empty libmicrohttpd handler */
int bench_curl(int argc, char **argv); /* ceiling: libcurl multi against a receiver */
int bench_sqlite(int argc, char **argv); /* ceiling: bare group commits of Herald's rows */

/* What several commands share; util.c. */

/* A whole number in [least, most], or a message that names `option` and exit status 2. */
int64_t arg_number(const char *option, const char *text, int64_t least, int64_t most);

/* "127.0.0.1:8080"; exit status 2 otherwise. */
struct sockaddr_in arg_address(const char *option, const char *text);

/* Processor time of this process so far, user and system. */
double cpu_seconds(void);

/* Raises the soft limit on open files to the hard one. */
void raise_file_limit(void);

/* Sorts `values` (microseconds) and returns the quantile q in milliseconds; 0 when there are none. */
double quantile_ms(uint32_t *values, size_t n, double q);

/* A message to stderr and exit status 1. */
void fatal(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
