#include "crm/decimal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes one more digit, on the side of the sign, so that the least int64 is reached, too. */
static bool push(int64_t *units, bool negative, int digit)
{
    return !__builtin_mul_overflow(*units, 10, units) &&
           !__builtin_add_overflow(*units, negative ? -digit : digit, units);
}

enum decimal_fault decimal_parse(const char *text, int scale, struct decimal *out)
{
    bool negative = *text == '-';
    const char *at = text + negative;
    int64_t units = 0;
    int fraction = 0;
    if (!is_digit(*at))
        return DECIMAL_NO_NUMBER;
    /* What is no number is said to be none, however large or fine it is. */
    size_t whole = strspn(at, "0123456789"),
           after = at[whole] == '.' ? strspn(at + whole + 1, "0123456789") : 0;
    if (at[whole] == '.' ? after == 0 || at[whole + 1 + after] : at[whole] != '\0')
        return DECIMAL_NO_NUMBER;
    for (; is_digit(*at); at++)
        if (!push(&units, negative, *at - '0'))
            return DECIMAL_TOO_LARGE;
    for (at += *at == '.'; *at; at++) {
        if (fraction == scale && *at != '0')
            return DECIMAL_TOO_FINE;
        if (fraction == scale)
            continue;
        if (!push(&units, negative, *at - '0'))
            return DECIMAL_TOO_LARGE;
        fraction++;
    }
    for (; fraction < scale; fraction++)
        if (!push(&units, negative, 0))
            return DECIMAL_TOO_LARGE;
    *out = (struct decimal){.units = units, .scale = scale};
    return DECIMAL_OK;
}

static uint64_t power_of_ten(int exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

struct decimal_text decimal_format(struct decimal decimal)
{
    struct decimal_text out;
    uint64_t size = decimal.units < 0 ? -(uint64_t)decimal.units : (uint64_t)decimal.units,
             unit = power_of_ten(decimal.scale);
    const char *sign = decimal.units < 0 ? "-" : "";
    if (decimal.scale == 0)
        snprintf(out.text, sizeof out.text, "%s%" PRIu64, sign, size);
    else
        snprintf(out.text, sizeof out.text, "%s%" PRIu64 ".%0*" PRIu64, sign, size / unit, decimal.scale,
            size % unit);
    return out;
}

int decimal_compare(struct decimal a, struct decimal b)
{
    __extension__ typedef __int128 wide;
    int scale = a.scale > b.scale ? a.scale : b.scale;
    wide x = (wide)a.units * (wide)power_of_ten(scale - a.scale),
         y = (wide)b.units * (wide)power_of_ten(scale - b.scale);
    return x < y ? -1 : x > y;
}
