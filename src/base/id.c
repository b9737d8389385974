#include "base/id.h"

#include "base/clock.h"

#include <sodium.h>

struct id id_new(void)
{
    static _Thread_local uint64_t last; /* 4,096ths of a millisecond */
    /* Random bytes are drawn in bulk: one system call for 64 ids. */
    static _Thread_local uint8_t pool[512];
    static _Thread_local size_t pool_left;

    uint64_t now = (uint64_t)clock_wall_us() * 4096 / US_PER_MS;
    last = now > last ? now : last + 1;
    if (pool_left < 8) {
        randombytes_buf(pool, sizeof pool);
        pool_left = sizeof pool;
    }
    pool_left -= 8;

    struct id id;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(last >> (52 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | (last >> 8 & 0x0f));
    id.bytes[7] = (uint8_t)last;
    memcpy(id.bytes + 8, pool + pool_left, 8);
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool hyphen_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool id_parse(const char *text, size_t len, struct id *out)
{
    if (len != ID_TEXT_LEN)
        return false;
    struct id id;
    size_t n = 0;
    for (size_t i = 0; i < ID_TEXT_LEN; i++) {
        if (hyphen_at(i)) {
            if (text[i] != '-')
                return false;
            continue;
        }
        int high = hex_value(text[i]), low = hex_value(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        id.bytes[n++] = (uint8_t)(high << 4 | low);
        i++;
    }
    *out = id;
    return true;
}

struct id_text id_format(struct id id)
{
    static const char hex[] = "0123456789abcdef";
    struct id_text out;
    size_t n = 0;
    for (size_t i = 0; i < ID_TEXT_LEN; i++) {
        if (hyphen_at(i)) {
            out.text[i] = '-';
            continue;
        }
        out.text[i++] = hex[id.bytes[n] >> 4];
        out.text[i] = hex[id.bytes[n++] & 15];
    }
    out.text[ID_TEXT_LEN] = '\0';
    return out;
}
