/*
 * The commands: one file each, `int cli_NAME(int argc, char **argv)` with argv[0] the command's name. They return
 * the exit status: 0, 1 (it failed; the reason is on stderr), 2 (the command line or a file is wrong).
 */
#ifndef HERALD_CLI_CLI_H
#define HERALD_CLI_CLI_H

#include "base/error.h"

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

int cli_serve(int argc, char **argv);
int cli_relay(int argc, char **argv);
int cli_demo(int argc, char **argv);
int cli_admin(int argc, char **argv);
int cli_deliveries(int argc, char **argv);

/* "herald serve: REASON" on stderr; the status that fits the code. */
int cli_fail(const char *command, const struct error *err);

#endif
