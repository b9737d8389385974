#include "base/buf.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool reserve(struct buf *buf, size_t more)
{
    if (buf->overflow || more > buf->cap - buf->len) {
        buf->overflow = true;
        return false;
    }
    size_t need = buf->len + more + 1;
    if (need <= buf->size)
        return true;
    size_t size = buf->size ? buf->size : 128;
    while (size < need)
        size *= 2;
    char *data = mem_try_realloc(buf->data, size);
    if (!data) {
        buf->overflow = true;
        return false;
    }
    buf->data = data;
    buf->size = size;
    return true;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len >= 0 && reserve(buf, (size_t)len)) {
        vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void buf_reserve(struct buf *buf, size_t len)
{
    size_t need = buf->len + len + 1;
    if (need <= buf->size)
        return;
    buf->data = mem_realloc(buf->data, need);
    buf->size = need;
    buf->data[buf->len] = '\0';
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

char *buf_take(struct buf *buf)
{
    char *data = buf->data ? buf->data : mem_strdup("");
    *buf = BUF_INIT(buf->cap);
    return data;
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_free(struct buf *buf)
{
    mem_free(buf->data);
    *buf = BUF_INIT(buf->cap);
}
