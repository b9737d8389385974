/* Currencies by their codes (ISO 4217): which there are, and how many digits their amounts have. Any thread. */
#ifndef HERALD_CRM_CURRENCY_H
#define HERALD_CRM_CURRENCY_H

#include "base/macros.h"

#include <stdbool.h>

/* Three capital letters of the standard's list; *scale is the number of digits after the point. */
bool currency_find(const char *code, int *scale) MUST_CHECK;

#endif
