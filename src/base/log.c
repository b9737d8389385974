#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <unistd.h>

#define LINE_CAP 4096

static enum log_level least = LOG_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level level)
{
    least = level;
}

static void add_json(
    struct buf *line, enum log_level level, const char *message, const struct log_field *fields)
{
    buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", time_format(clock_wall_us()).text,
        level_names[level]);
    text_json_quote(line, message);
    for (; fields->name; fields++) {
        buf_printf(line, ",\"%s\":", fields->name);
        if (fields->text)
            text_json_quote(line, fields->text);
        else
            buf_printf(line, "%lld", (long long)fields->number);
    }
    buf_add_text(line, "}\n");
}

static void add_readable(
    struct buf *line, enum log_level level, const char *message, const struct log_field *fields)
{
    buf_printf(line, "%.12s %-5s %s", time_format(clock_wall_us()).text + 11, level_names[level], message);
    for (; fields->name; fields++) {
        if (fields->text)
            buf_printf(line, "  %s=%s", fields->name, fields->text);
        else
            buf_printf(line, "  %s=%lld", fields->name, (long long)fields->number);
    }
    buf_add_text(line, "\n");
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
    if (level < least)
        return;
    struct buf line = BUF_INIT(LINE_CAP);
    (isatty(STDERR_FILENO) ? add_readable : add_json)(&line, level, message, fields);
    if (line.overflow) { /* its end must be one */
        line.overflow = false;
        line.cap++;
        buf_add_text(&line, "\n");
    }
    const char *text = buf_text(&line);
    ssize_t written = write(STDERR_FILENO, text, line.len);
    (void)written; /* nowhere left to say it */
    buf_free(&line);
}
