/* GET /api/audit-log and its export. */
#include "api/audit_text.h"
#include "api/call.h"

#define NAME_MOST 80 /* characters of a kind or an action */

/* "role", "role.created"; what is not written like that names nothing. */
static bool query_name(struct call *call, const char *name, const char **text)
{
    *text = exchange_query(call->exchange, name);
    if (!*text ||
        (**text && strlen(*text) <= NAME_MOST && !(*text)[strspn(*text, "abcdefghijklmnopqrstuvwxyz_.")]))
        return true;
    return call_refuse_parameter(call, name,
        arena_printf(call->arena, "'%s' must be a name such as 'role'%s.", name,
            strcmp(name, "action") == 0 ? " with what happened to it, 'role.created'" : ""));
}

static bool read_filter(struct call *call, struct audit_filter *filter)
{
    bool after, before;
    if (!query_id(call, "employee_id", &filter->employee_id) ||
        !query_id(call, "subject_id", &filter->subject_id) ||
        !query_name(call, "subject_kind", &filter->subject_kind) ||
        !query_name(call, "action", &filter->action) || !query_time(call, "after", &filter->after, &after) ||
        !query_time(call, "before", &filter->before, &before))
        return false;
    if (!after)
        filter->after = INT64_MIN;
    if (!before)
        filter->before = INT64_MAX;
    return true;
}

static struct buf render_page(
    struct call *call, const struct page *page, const void *rows, size_t at, size_t count)
{
    const struct audit_entry *entries = (const struct audit_entry *)rows + at;
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++)
        emit_audit_entry(&json, &entries[i]);
    struct page_key first = {0}, last = {0};
    if (count) {
        first = (struct page_key){.number = entries[0].at, .id = entries[0].id};
        last = (struct page_key){.number = entries[count - 1].at, .id = entries[count - 1].id};
    }
    emit_page_end(&json, call, page, count ? &first : NULL, count ? &last : NULL);
    return body;
}

void audit_get(struct call *call)
{
    struct page page;
    struct audit_filter filter;
    if (!call_page(call, &page) || !read_filter(call, &filter))
        return;
    struct audit_entry *entries;
    size_t count;
    struct error err = {0};
    if (audit_list(call->db, call->arena, &call->actor, &filter, &page, &entries, &count, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    call_reply_page(call, &page, render_page, entries, count);
}

/* ── the export ──────────────────────────────────────────────────────────────────────────────── */

static void reply_export(struct call *call, enum audit_format format, struct buf *out, const char *next)
{
    struct reply_header headers[] = {
        {"Content-Disposition", format == AUDIT_CSV ? "attachment; filename=\"audit-log.csv\""
                                                    : "attachment; filename=\"audit-log.jsonl\""},
        {"X-Next-Cursor", next}};
    struct reply reply = {.status = 200,
        .content_type = format == AUDIT_CSV ? "text/csv; charset=utf-8" : "application/jsonl",
        .headers = headers,
        .header_count = next ? 2 : 1,
        .body_len = out->len};
    reply.body = buf_take(out);
    exchange_reply(call->exchange, &reply);
}

void audit_export_get(struct call *call)
{
    static const char *const formats[] = {"jsonl", "csv", NULL};
    struct page page;
    struct audit_filter filter;
    int format;
    if (!call_page(call, &page) || !read_filter(call, &filter) ||
        !query_choice(call, "format", formats, AUDIT_JSON_LINES, &format))
        return;
    if (!page.from)
        page.key = (struct page_key){.number = INT64_MIN};
    struct buf out = {0};
    bool more;
    struct error err = {0};
    if (audit_export_text(
            call->db, &call->actor, &filter, (enum audit_format)format, &page.key, &more, &out, &err)) {
        buf_free(&out);
        call_fail(call, &err, NULL);
        return;
    }
    reply_export(call, (enum audit_format)format, &out, more ? call_cursor(call, false, &page.key) : NULL);
}
