/*
 * Exact decimals: an integer of units of the last digit, and how many digits stand after the point. No doubles
 * anywhere. Pure; any thread.
 */
#ifndef HERALD_CRM_DECIMAL_H
#define HERALD_CRM_DECIMAL_H

#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>

#define DECIMAL_SCALE_MOST 9
#define DECIMAL_TEXT_MOST 24 /* bytes, with the NUL */

struct decimal {
    int64_t units;
    int scale;
};

enum decimal_fault {
    DECIMAL_OK,
    DECIMAL_NO_NUMBER, /* not digits with at most one point and a sign before them */
    DECIMAL_TOO_FINE, /* more digits after the point than the scale, and not only zeros */
    DECIMAL_TOO_LARGE, /* its units do not fit */
};

/* "-12.5" at scale 2 is -1250 units. Leading zeros are fine, exponents, blanks and a bare point are not. */
enum decimal_fault decimal_parse(const char *text, int scale, struct decimal *out) MUST_CHECK;

struct decimal_text {
    char text[DECIMAL_TEXT_MOST];
};
/* "-12.50": all digits of the scale, no "-0". */
struct decimal_text decimal_format(struct decimal decimal);

/* Below 0, 0, above 0; the scales may differ. */
int decimal_compare(struct decimal a, struct decimal b);

#endif
