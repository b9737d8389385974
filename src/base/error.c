#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

bool error_list_is_unread(const struct error_list *list, const char *pointer)
{
    for (size_t i = 0; i < list->unread && i < ERROR_ITEMS_MOST; i++) {
        const char *unread = list->items[i].pointer;
        size_t len = strlen(unread);
        if (len && strncmp(unread, pointer, len) == 0 && (!pointer[len] || pointer[len] == '/'))
            return true;
    }
    return false;
}

static bool add(struct error_list *list, const char *pointer, const char *fmt, va_list args)
{
    if (error_list_is_unread(list, pointer))
        return false;
    if (list->count++ >= ERROR_ITEMS_MOST)
        return true;
    struct error_item *item = &list->items[list->count - 1];
    snprintf(item->pointer, sizeof item->pointer, "%s", pointer);
    vsnprintf(item->text, sizeof item->text, fmt, args);
    item->in_query = false;
    return true;
}

void error_list_add(struct error_list *list, const char *pointer, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)add(list, pointer, fmt, args);
    va_end(args);
}

void error_list_add_parameter(struct error_list *list, const char *name, const char *fmt, ...)
{
    size_t at = list->count;
    va_list args;
    va_start(args, fmt);
    (void)add(list, name, fmt, args);
    va_end(args);
    if (at < ERROR_ITEMS_MOST)
        list->items[at].in_query = true;
}

void error_list_conflict(struct error_list *list, const char *pointer, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    list->conflicts += add(list, pointer, fmt, args);
    va_end(args);
}

enum err_code error_list_refuse(const struct error_list *list, struct error *err)
{
    if (list->count == 0)
        return ERR_OK;
    return error_set(
        err, list->conflicts == list->count ? ERR_CONFLICT : ERR_INVALID, "%s", list->items[0].text);
}
