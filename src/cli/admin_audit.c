/* The verbs of `herald admin audit`: who changed what (src/crm/audit.h). */
#include "api/audit_text.h"
#include "base/clock.h"
#include "cli/admin_job.h"
#include "crm/check.h"

/* ── what is asked for ───────────────────────────────────────────────────────────────────────── */

static enum err_code read_time(
    struct job *job, const char *flag, const char *text, int64_t preset, int64_t *us)
{
    *us = preset;
    if (!text || time_parse(text, strlen(text), us))
        return ERR_OK;
    return error_set(job->err, ERR_INVALID,
        "--%s: '%.60s' must be a date and time such as 2026-11-24T09:00:00Z", flag, text);
}

static enum err_code read_filter(struct job *job, struct audit_filter *filter)
{
    const struct words *words = &job->words;
    *filter = (struct audit_filter){.subject_kind = words->subject_kind, .action = words->action};
    enum err_code code = ERR_OK;
    if (words->by)
        code = job_need_id(job, "employee", words->by, &filter->employee_id);
    if (!code && words->subject)
        code = job_need_id(job, "subject", words->subject, &filter->subject_id);
    if (!code)
        code = read_time(job, "after", words->after, INT64_MIN, &filter->after);
    return code ? code : read_time(job, "before", words->before, INT64_MAX, &filter->before);
}

/* The Business, a connection, and somebody who may see it all. */
static enum err_code begin(struct job *job, struct db **db, struct actor *reader, struct audit_filter *filter)
{
    *reader = (struct actor){.access = &access_operator};
    enum err_code code = job_need_id(job, "business", job->words.business, &reader->business_id);
    if (!code)
        code = read_filter(job, filter);
    if (!code)
        code = db_open(job->context->db, true, db, job->err);
    return code ? code : check_business(*db, reader->business_id, job->err);
}

/* ── list ────────────────────────────────────────────────────────────────────────────────────── */

static void print_entry(struct buf *out, const struct audit_entry *entry)
{
    buf_printf(out, "%s  %s", time_format(entry->at).text, entry->action);
    if (entry->subject_name)
        buf_printf(out, "  %s", entry->subject_name);
    if (!id_is_nil(entry->subject_id))
        buf_printf(out, "  %s", id_format(entry->subject_id).text);
    buf_printf(out, "\n    by %s, via %s%s%s\n",
        entry->actor_name ? entry->actor_name : audit_actor_name(entry->actor), write_via_name(entry->via),
        entry->address ? " from " : "", entry->address ? entry->address : "");
    if (strcmp(entry->changes, "{}") != 0)
        buf_printf(out, "    %s\n", entry->changes);
}

static void print_list(struct job *job, const struct audit_entry *entries, size_t count)
{
    if (job->words.json) {
        struct json json = JSON_INTO(job->out);
        emit_object(&json, NULL);
        emit_array(&json, "results");
        for (size_t i = 0; i < count; i++)
            emit_audit_entry(&json, &entries[i]);
        emit_array_end(&json);
        emit_object_end(&json);
        buf_add_text(job->out, "\n");
        return;
    }
    if (count == 0)
        buf_add_text(job->out, "No entries.\n");
    for (size_t i = 0; i < count; i++)
        print_entry(job->out, &entries[i]);
}

enum err_code audit_list_verb(struct job *job)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct actor reader;
    struct audit_filter filter;
    struct page page = {.limit = (size_t)job->words.limit};
    struct audit_entry *entries;
    size_t count;
    enum err_code code = begin(job, &db, &reader, &filter);
    if (!code)
        code = audit_list(db, job->arena, &reader, &filter, &page, &entries, &count, job->err);
    if (!code)
        print_list(job, entries, count);
    return code;
}

/* ── export ──────────────────────────────────────────────────────────────────────────────────── */

static enum err_code read_format(struct job *job, enum audit_format *format)
{
    *format = strcmp(job->words.format, "csv") == 0 ? AUDIT_CSV : AUDIT_JSON_LINES;
    return *format == AUDIT_CSV || strcmp(job->words.format, "jsonl") == 0
               ? ERR_OK
               : error_set(job->err, ERR_INVALID, "--format must be jsonl or csv");
}

enum err_code audit_export_verb(struct job *job)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct actor reader;
    struct audit_filter filter;
    enum audit_format format;
    struct page_key from = {.number = INT64_MIN};
    struct id after = {0};
    bool more;
    enum err_code code = read_format(job, &format);
    if (!code && job->words.after_entry)
        code = job_need_id(job, "after-entry", job->words.after_entry, &after);
    if (!code)
        code = begin(job, &db, &reader, &filter);
    if (!code && !id_is_nil(after))
        code = audit_key(db, &reader, after, &from, job->err);
    if (code)
        return code;
    struct buf out = {0};
    code = audit_export_text(db, &reader, &filter, format, &from, &more, &out, job->err);
    if (!code)
        buf_add(job->out, buf_text(&out), out.len);
    buf_free(&out);
    return code;
}
