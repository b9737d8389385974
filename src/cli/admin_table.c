#include "cli/admin_table.h"

#include "base/emit.h"
#include "base/text.h"

#define COLUMNS_MOST 8

struct table table_of(struct job *job, const struct column *columns)
{
    struct table table = {.job = job, .columns = columns};
    while (columns[table.column_count].name)
        table.column_count++;
    return table;
}

void table_add(struct table *table, const char *const *cells)
{
    size_t row = table->column_count;
    if (table->row_count == table->room) {
        size_t room = table->room ? 2 * table->room : 64;
        const char **more = ARENA_ARRAY(table->job->arena, const char *, room *row);
        if (table->row_count)
            memcpy(more, table->cells, table->row_count * row * sizeof *more);
        table->cells = more;
        table->room = room;
    }
    memcpy(&table->cells[table->row_count++ * row], cells, row * sizeof *cells);
}

/* ── for programs ────────────────────────────────────────────────────────────────────────────── */

static void answer_json(const struct table *table)
{
    struct buf *out = table->job->out;
    struct json json = JSON_INTO(out);
    emit_object(&json, NULL);
    emit_array(&json, "results");
    for (size_t row = 0; row < table->row_count; row++) {
        emit_object(&json, NULL);
        for (size_t c = 0; c < table->column_count; c++) {
            const char *cell = table->cells[row * table->column_count + c];
            if (table->columns[c].number)
                emit_raw(&json, table->columns[c].name, cell);
            else
                emit_text(&json, table->columns[c].name, cell);
        }
        emit_object_end(&json);
    }
    emit_array_end(&json);
    emit_object_end(&json);
    buf_add_text(out, "\n");
}

/* ── for people ──────────────────────────────────────────────────────────────────────────────── */

static const char *heading(const struct table *table, size_t column)
{
    char *text = arena_strdup(table->job->arena, table->columns[column].name);
    for (char *c = text; *c; c++)
        *c = (char)(*c == '_' ? ' ' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    return text;
}

/* A name may have a line break in it; a table does not. */
static const char *on_one_line(const struct table *table, const char *cell)
{
    char *text = arena_strdup(table->job->arena, cell ? cell : "");
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    return text;
}

static void print_row(const struct table *table, const char *const *cells, const size_t *widths)
{
    for (size_t c = 0; c < table->column_count; c++) {
        size_t fill = widths[c] - text_chars(cells[c]);
        bool last = c + 1 == table->column_count;
        if (table->columns[c].number)
            buf_printf(table->job->out, "%*s%s%s", (int)fill, "", cells[c], last ? "" : "  ");
        else
            buf_printf(table->job->out, "%s%*s", cells[c], last ? 0 : (int)fill + 2, "");
    }
    buf_add_text(table->job->out, "\n");
}

static void answer_people(const struct table *table)
{
    size_t widths[COLUMNS_MOST] = {0}, columns = table->column_count, rows = table->row_count + 1;
    const char **cells = ARENA_ARRAY(table->job->arena, const char *, rows *columns);
    for (size_t c = 0; c < columns; c++)
        cells[c] = heading(table, c);
    for (size_t i = columns; i < rows * columns; i++)
        cells[i] = on_one_line(table, table->cells[i - columns]);
    for (size_t i = 0; i < rows * columns; i++)
        if (text_chars(cells[i]) > widths[i % columns])
            widths[i % columns] = text_chars(cells[i]);
    for (size_t row = 0; row < rows; row++)
        print_row(table, &cells[row * columns], widths);
}

void table_answer(const struct table *table, const char *nothing)
{
    if (table->job->words.json)
        answer_json(table);
    else if (table->row_count)
        answer_people(table);
    else
        buf_printf(table->job->out, "%s\n", nothing);
}
