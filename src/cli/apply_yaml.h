/*
 * A tree of JSON as YAML that reads well: what a file of `herald admin apply` may be, and is read back as the same.
 * Pure; any thread.
 */
#ifndef HERALD_CLI_APPLY_YAML_H
#define HERALD_CLI_APPLY_YAML_H

#include "base/buf.h"

#include <jansson.h>

/* Members in the tree's order; lists and maps that hold only single values stand on one line if they are short. */
void yaml_write(struct buf *out, const json_t *tree);

#endif
