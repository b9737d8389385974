#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

enum err_code error_set(struct error *err, enum err_code code, const char *fmt, ...)
{
    if (err) {
        err->code = code;
        va_list args;
        va_start(args, fmt);
        vsnprintf(err->text, sizeof err->text, fmt, args);
        va_end(args);
    }
    return code;
}

const char *error_name(enum err_code code)
{
    static const char *const names[] = {
        [ERR_OK] = "ok",
        [ERR_MALFORMED] = "malformed",
        [ERR_UNAUTHENTICATED] = "unauthenticated",
        [ERR_DENIED] = "denied",
        [ERR_NOT_FOUND] = "not_found",
        [ERR_CONFLICT] = "conflict",
        [ERR_STALE] = "stale",
        [ERR_TOO_LARGE] = "too_large",
        [ERR_INVALID] = "invalid",
        [ERR_BUSY] = "busy",
        [ERR_UNAVAILABLE] = "unavailable",
        [ERR_FENCED] = "fenced",
        [ERR_UNDONE] = "undone",
        [ERR_INTERNAL] = "internal",
    };
    return code < ARRAY_LEN(names) ? names[code] : "unknown";
}

void error_list_add(struct error_list *list, const char *pointer, const char *fmt, ...)
{
    if (list->count++ >= ERROR_ITEMS_MOST)
        return;
    struct error_item *item = &list->items[list->count - 1];
    snprintf(item->pointer, sizeof item->pointer, "%s", pointer);
    va_list args;
    va_start(args, fmt);
    vsnprintf(item->text, sizeof item->text, fmt, args);
    va_end(args);
}
