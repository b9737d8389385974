/* `herald admin employee password`: an operator sets a person's password, which is read from the standard input. */
#ifndef HERALD_CLI_ADMIN_PASSWORD_H
#define HERALD_CLI_ADMIN_PASSWORD_H

#include "cli/admin_job.h"

/* The server's side. */
enum err_code password_verb(struct job *job) MUST_CHECK;

/* The command's side: one line, without an echo if somebody types it. In the arena. ERR_INVALID, ERR_UNAVAILABLE. */
enum err_code password_from_stdin(struct arena *arena, char **password, struct error *err) MUST_CHECK;

#endif
