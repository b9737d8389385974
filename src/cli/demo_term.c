#include "base/text.h"
#include "cli/demo.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define COLUMNS 80
#define INDENT "   "
#define LINE_SIZE 4096 /* what is longer is cut off */

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define GREEN "\033[32m"
#define CYAN "\033[36m"
#define RESET "\033[0m"

void term_open(struct term *term)
{
    const char *no_color = getenv("NO_COLOR"), *kind = getenv("TERM");
    term->colour =
        isatty(STDOUT_FILENO) && !(no_color && *no_color) && kind && *kind && strcmp(kind, "dumb") != 0;
    setvbuf(stdout, NULL, _IOLBF, 0); /* a reader at the other end of a pipe follows, too */
}

static const char *paint(const struct term *term, const char *code)
{
    return term->colour ? code : "";
}

void term_step(const struct term *term, int number, const char *title, int64_t us)
{
    char time[32] = "";
    if (us >= 0)
        snprintf(time, sizeof time, "%.1f ms", (double)us / (double)US_PER_MS);
    int used = 3 + (int)text_chars(title), gap = COLUMNS - used - (int)strlen(time);
    printf("\n%s%d  %s%s%*s%s%s%s\n", paint(term, BOLD), number, title, paint(term, RESET),
        us >= 0 && gap > 0 ? gap : 0, "", paint(term, DIM), time, paint(term, RESET));
}

void term_say(const struct term *term, enum say say, const char *fmt, ...)
{
    static const struct {
        const char *code, *mark;
    } looks[] = {[SAY_WIRE] = {CYAN, ""}, [SAY_NOTE] = {DIM, ""}, [SAY_GOOD] = {GREEN, "✓ "}};
    char text[LINE_SIZE];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    printf(INDENT "%s%s%s%s\n", paint(term, looks[say].code), looks[say].mark, text, paint(term, RESET));
}
