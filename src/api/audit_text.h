/* Entries of the audit log as text: for the API and for `herald admin`. Any thread. */
#ifndef HERALD_API_AUDIT_TEXT_H
#define HERALD_API_AUDIT_TEXT_H

#include "base/emit.h"
#include "crm/audit.h"

enum audit_format { AUDIT_JSON_LINES, AUDIT_CSV };

/* An element of an array, or a whole value. */
void emit_audit_entry(struct json *json, const struct audit_entry *entry);

/*
 * An export, bounded in bytes, which the caller frees; a line an entry, and CSV a first one with the names. What a
 * spreadsheet would run as a formula is neutralised. `from` as audit_export takes it, then the key of the last entry;
 * *more: there may be others after that.
 */
enum err_code audit_export_text(struct db *db, const struct actor *actor, const struct audit_filter *filter,
    enum audit_format format, struct page_key *from, bool *more, struct buf *out,
    struct error *err) MUST_CHECK;

#endif
