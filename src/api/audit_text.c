#include "api/audit_text.h"

#include "base/clock.h"

#define EXPORT_FULL (4 << 20) /* bytes; no entry is begun after them */
#define EXPORT_MOST (32 << 20)

void emit_audit_entry(struct json *json, const struct audit_entry *entry)
{
    emit_object(json, NULL);
    emit_id(json, "id", entry->id);
    emit_time(json, "at", entry->at);
    emit_text(json, "action", entry->action);
    emit_object(json, "subject");
    emit_text(json, "kind", entry->subject_kind);
    emit_id(json, "id", entry->subject_id);
    emit_text(json, "name", entry->subject_name);
    emit_object_end(json);
    emit_object(json, "actor");
    emit_text(json, "kind", audit_actor_name(entry->actor));
    emit_id(json, "employee_id", entry->employee_id);
    emit_text(json, "display_name", entry->actor_name);
    emit_object_end(json);
    emit_text(json, "via", write_via_name(entry->via));
    emit_id(json, "api_key_id", entry->key_id);
    emit_text(json, "address", entry->address);
    emit_id(json, "request_id", entry->request_id);
    emit_raw(json, "changes", entry->changes);
    emit_object_end(json);
}

/* ── CSV (RFC 4180) ──────────────────────────────────────────────────────────────────────────── */

static const char csv_names[] =
    "id,at,action,subject_kind,subject_id,subject_name,actor_kind,employee_id,actor,"
    "via,api_key_id,address,request_id,changes\r\n";

/* Always in quotes; what a spreadsheet would take for a formula gets an apostrophe before it. NULL: empty. */
static void csv_cell(struct buf *out, const char *text, bool last)
{
    buf_add_text(out, "\"");
    if (text && *text && strchr("=+-@\t\r", *text))
        buf_add_text(out, "'");
    for (; text && *text; text++)
        buf_add(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    buf_add_text(out, last ? "\"\r\n" : "\",");
}

static void csv_id(struct buf *out, struct id id)
{
    csv_cell(out, id_is_nil(id) ? NULL : id_format(id).text, false);
}

static void csv_entry(struct buf *out, const struct audit_entry *entry)
{
    csv_id(out, entry->id);
    csv_cell(out, time_format(entry->at).text, false);
    csv_cell(out, entry->action, false);
    csv_cell(out, entry->subject_kind, false);
    csv_id(out, entry->subject_id);
    csv_cell(out, entry->subject_name, false);
    csv_cell(out, audit_actor_name(entry->actor), false);
    csv_id(out, entry->employee_id);
    csv_cell(out, entry->actor_name, false);
    csv_cell(out, write_via_name(entry->via), false);
    csv_id(out, entry->key_id);
    csv_cell(out, entry->address, false);
    csv_id(out, entry->request_id);
    csv_cell(out, entry->changes, true);
}

/* ── exports ─────────────────────────────────────────────────────────────────────────────────── */

struct export
{
    enum audit_format format;
    struct buf *out;
    struct page_key *last;
};

static bool take(void *ctx, const struct audit_entry *entry)
{
    struct export *export = ctx;
    if (export->out->len >= EXPORT_FULL)
        return false;
    if (export->format == AUDIT_CSV)
        csv_entry(export->out, entry);
    else {
        struct json json = JSON_INTO(export->out);
        emit_audit_entry(&json, entry);
        buf_add_text(export->out, "\n");
    }
    *export->last = (struct page_key){.number = entry->at, .id = entry->id};
    return true;
}

enum err_code audit_export_text(struct db *db, const struct actor *actor, const struct audit_filter *filter,
    enum audit_format format, struct page_key *from, bool *more, struct buf *out, struct error *err)
{
    struct page_key begin = *from;
    struct export export = {format, out, from};
    *out = BUF_INIT(EXPORT_MOST);
    if (format == AUDIT_CSV)
        buf_add_text(out, csv_names);
    return audit_export(db, actor, filter, &begin, take, &export, more, err);
}
