/*
 * The log: JSON lines on stderr, or one readable line each when stderr is a terminal. Every line that concerns
 * a request or a delivery carries its id as a field. No secret and no field data ever goes in here.
 *
 *     LOG(LOG_WARN, "delivery failed", F_ID("delivery", id), F_INT("status", 503));
 *
 * Any thread; one line is one write(2).
 */
#ifndef HERALD_BASE_LOG_H
#define HERALD_BASE_LOG_H

#include "base/id.h"

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name; /* NULL ends the list */
    const char *text; /* NULL: the number counts */
    int64_t number;
};

#define F_TEXT(field, value)                                                                                 \
    {                                                                                                        \
        .name = (field), .text = (value)                                                                     \
    }
#define F_INT(field, value)                                                                                  \
    {                                                                                                        \
        .name = (field), .number = (value)                                                                   \
    }
#define F_ID(field, value)                                                                                   \
    {                                                                                                        \
        .name = (field), .text = id_format(value).text                                                       \
    }

/* The first field is empty so that there may be none at all; log_write starts behind it. */
#define LOG(level, message, ...)                                                                             \
    log_write(level, message, (const struct log_field[]){{0}, ##__VA_ARGS__, {0}} + 1)

/* The least level that is written (default LOG_INFO). Before threads start. */
void log_set_level(enum log_level level);

void log_write(enum log_level level, const char *message, const struct log_field *fields);

#endif
