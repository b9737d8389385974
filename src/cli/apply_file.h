/*
 * The file of `herald admin apply`: read where the command runs, and handed on as a word like any other, so that the
 * server that has the data folder needs neither the file nor the right to read it. One thread.
 */
#ifndef HERALD_CLI_APPLY_FILE_H
#define HERALD_CLI_APPLY_FILE_H

#include "base/arena.h"
#include "base/error.h"

#define APPLY_FILE_MOST (1 << 20) /* bytes */

/*
 * Puts the file's text into the words of `apply`, which become one more; there is room for it. Other words stay as they
 * are. ERR_INVALID: the file cannot be read, is too long, or is no UTF-8.
 */
enum err_code apply_take_file(struct arena *arena, int *count, char **words, struct error *err) MUST_CHECK;

#endif
