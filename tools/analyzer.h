/*
 * Included before each file when clang's analyzer looks at it: an error that was set is not ERR_OK, which the
 * analyzer cannot know of a function in another file.
 */
#ifndef HERALD_TOOLS_ANALYZER_H
#define HERALD_TOOLS_ANALYZER_H

#include "base/error.h"

void analyzer_use(struct error *err, const char *fmt, ...);

static inline enum err_code analyzer_error(enum err_code code)
{
    if (code == ERR_OK)
        __builtin_unreachable();
    return code;
}

#define error_set(err, code, ...) (analyzer_use(err, __VA_ARGS__), analyzer_error(code))

#endif
