#include "db/sqlite_plan.h"

#ifdef HERALD_FAULTS

#include "base/emit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_MOST ((size_t)1 << 20)
#define DETAIL_COLUMN 3 /* of EXPLAIN QUERY PLAN */

static void emit_plan(struct json *json, sqlite3 *handle, const char *sql)
{
    struct buf explain = BUF_INIT(LINE_MOST);
    sqlite3_stmt *stmt = NULL;
    buf_printf(&explain, "EXPLAIN QUERY PLAN %s", sql);
    emit_array(json, "plan");
    if (sqlite3_prepare_v2(handle, buf_text(&explain), -1, &stmt, NULL) == SQLITE_OK)
        while (sqlite3_step(stmt) == SQLITE_ROW)
            emit_text(json, NULL, (const char *)sqlite3_column_text(stmt, DETAIL_COLUMN));
    emit_array_end(json);
    sqlite3_finalize(stmt);
    buf_free(&explain);
}

static void append(const char *path, const struct buf *line)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    ssize_t written = write(fd, buf_text(line), line->len); /* one, so that lines of threads do not mix */
    (void)written;
    close(fd);
}

void sqlite_tell_plan(sqlite3 *handle, const char *sql)
{
    const char *path = getenv("HERALD_PLANS");
    if (!path)
        return;
    struct buf line = BUF_INIT(LINE_MOST);
    struct json json = JSON_INTO(&line);
    emit_object(&json, NULL);
    emit_text(&json, "sql", sql);
    emit_plan(&json, handle, sql);
    emit_object_end(&json);
    buf_add_text(&line, "\n");
    append(path, &line);
    buf_free(&line);
}

#endif
