#include "cli/apply_file.h"

#include "base/alloc.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FLAG_FILE "--file="
#define FLAG_TEXT "--text="

/* The line (from 1) of the first byte that is not text; 0: all of it is. */
static int line_of_no_text(const char *text, size_t len)
{
    int line = 1;
    for (size_t at = 0; at < len; line++) {
        const char *newline = memchr(text + at, '\n', len - at);
        size_t line_len = newline ? (size_t)(newline - text) - at : len - at;
        if (memchr(text + at, '\0', line_len) || !text_is_utf8(text + at, line_len))
            return line;
        at += line_len + 1;
    }
    return 0;
}

static enum err_code read_stream(
    struct arena *arena, FILE *file, const char *name, char **text, struct error *err)
{
    CLEANUP(mem_free_ptr) char *bytes = mem_alloc(APPLY_FILE_MOST + 1);
    size_t len = fread(bytes, 1, APPLY_FILE_MOST + 1, file);
    if (ferror(file))
        return error_set(err, ERR_INVALID, "%s: %s", name, strerror(errno));
    if (len > APPLY_FILE_MOST)
        return error_set(
            err, ERR_INVALID, "%s: longer than %d bytes; apply it in parts", name, APPLY_FILE_MOST);
    int line = line_of_no_text(bytes, len);
    if (line)
        return error_set(err, ERR_INVALID, "%s:%d: this is not UTF-8, or there is a NUL in it", name, line);
    *text = arena_strndup(arena, bytes, len);
    return ERR_OK;
}

static enum err_code read_text(struct arena *arena, const char *name, char **text, struct error *err)
{
    if (strcmp(name, "-") == 0)
        return read_stream(arena, stdin, "standard input", text, err);
    FILE *file = fopen(name, "rbe");
    if (!file)
        return error_set(err, ERR_INVALID, "%s: %s", name, strerror(errno));
    enum err_code code = read_stream(arena, file, name, text, err);
    fclose(file);
    return code;
}

/* Where the file's name stands: *flag is the first of its `*width` words. NULL: nowhere. */
static const char *find_name(int count, char **words, int *flag, int *width)
{
    for (int i = 1; i < count; i++) {
        *flag = i;
        *width = 1;
        if (strncmp(words[i], FLAG_FILE, strlen(FLAG_FILE)) == 0)
            return words[i] + strlen(FLAG_FILE);
        *width = 2;
        if ((strcmp(words[i], "-f") == 0 || strcmp(words[i], "--file") == 0) && i + 1 < count)
            return words[i + 1];
    }
    return NULL;
}

enum err_code apply_take_file(struct arena *arena, int *count, char **words, struct error *err)
{
    int flag = 0, width = 0;
    const char *name =
        *count > 0 && strcmp(words[0], "apply") == 0 ? find_name(*count, words, &flag, &width) : NULL;
    char *text = NULL;
    if (!name)
        return ERR_OK;
    if (!text_is_utf8(name, strlen(name)))
        return error_set(err, ERR_INVALID, "the file's name is not UTF-8");
    enum err_code code = read_text(arena, name, &text, err);
    if (code)
        return code;
    memmove(&words[flag + 2], &words[flag + width], (size_t)(*count - flag - width) * sizeof *words);
    *count += 2 - width;
    words[flag] = arena_printf(arena, FLAG_FILE "%s", strcmp(name, "-") == 0 ? "standard input" : name);
    words[flag + 1] = arena_printf(arena, FLAG_TEXT "%s", text);
    return ERR_OK;
}
