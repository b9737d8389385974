/* The verbs of `herald admin` about emails: what waits, what is dead, and a link for whom no email can reach. */
#include "base/clock.h"
#include "base/emit.h"
#include "cli/admin_job.h"
#include "crm/invitation.h"

static enum err_code make_link(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct job *job = ctx;
    return invitation_link(w, job->employee, &job->secret, err);
}

enum err_code invitation_verb(struct job *job)
{
    enum err_code code = job_need_id(job, "business", job->words.business, &job->business);
    if (!code)
        code = job_need_id(job, "employee", job->words.employee, &job->employee);
    if (!code)
        code = job_commit(job, make_link);
    if (!code)
        job_answer(job, "A link to choose a password with; it works once, for seven days.",
            &(struct fact){
                "link", arena_printf(job->arena, "%s/invitation#%s", job->context->public_url, job->secret)},
            1, NULL);
    return code;
}

static const char *kind_name(enum mail_kind kind)
{
    return kind == MAIL_INVITATION ? "invitation" : kind == MAIL_RESET ? "password_reset" : "text";
}

static void emit_mails(struct buf *out, const struct mail_row *rows, size_t count)
{
    struct json json = JSON_INTO(out);
    emit_object(&json, NULL);
    emit_array(&json, "results");
    for (size_t i = 0; i < count; i++) {
        emit_object(&json, NULL);
        emit_id(&json, "id", rows[i].id);
        emit_id(&json, "business_id", rows[i].business_id);
        emit_text(&json, "kind", kind_name(rows[i].kind));
        emit_text(&json, "state", rows[i].dead ? "dead" : "pending");
        emit_text(&json, "email", rows[i].address);
        emit_text(&json, "subject", rows[i].subject);
        emit_int(&json, "attempts", rows[i].attempts);
        emit_text(&json, "reason", rows[i].reason);
        emit_time(&json, "created_at", rows[i].created_at);
        emit_time(&json, "next_attempt_at", rows[i].dead ? 0 : rows[i].due_at);
        emit_object_end(&json);
    }
    emit_array_end(&json);
    emit_object_end(&json);
    buf_add_text(out, "\n");
}

static void print_mail(struct buf *out, const struct mail_row *row)
{
    buf_printf(out, "%s  %-7s  %s  to %s\n    %s\n    %lld attempts", time_format(row->created_at).text,
        row->dead ? "dead" : "pending", kind_name(row->kind), row->address, row->subject,
        (long long)row->attempts);
    if (!row->dead)
        buf_printf(out, "  next not before %s", time_format(row->due_at).text);
    if (row->reason)
        buf_printf(out, "  %s", row->reason);
    buf_add_text(out, "\n");
}

enum err_code mail_list_verb(struct job *job)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct mail_row *rows = NULL;
    size_t count = 0;
    enum err_code code = db_open(job->context->db, true, &db, job->err);
    if (!code)
        code = mail_list(db, job->arena, (size_t)job->words.limit, &rows, &count, job->err);
    if (code)
        return code;
    if (job->words.json)
        emit_mails(job->out, rows, count);
    else if (count == 0)
        buf_add_text(job->out, "No emails wait, and none is dead.\n");
    else
        for (size_t i = 0; i < count; i++)
            print_mail(job->out, &rows[i]);
    return ERR_OK;
}
