/*
 * Included before each file when clang's analyzer looks at it: an error that was set is not ERR_OK, which the
 * analyzer cannot know of a function in another file.
 */
#ifndef HERALD_TOOLS_ANALYZER_H
#define HERALD_TOOLS_ANALYZER_H

#include "base/error.h"

static inline enum err_code analyzer_error(struct error *err, enum err_code code, const char *fmt, ...)
{
    (void)err;
    (void)fmt;
    if (code == ERR_OK)
        __builtin_unreachable();
    return code;
}

#define error_set analyzer_error

#endif
