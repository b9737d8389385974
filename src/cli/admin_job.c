#include "cli/admin_job.h"

#include "base/emit.h"

enum err_code job_commit(struct job *job, write_fn *run)
{
    struct error_list list = {0};
    return crm_write(job->context->crm, job->arena, NULL, job->business, run, job, &list, job->err);
}

enum err_code job_need_id(struct job *job, const char *flag, const char *text, struct id *id)
{
    return id_parse(text, strlen(text), id)
               ? ERR_OK
               : error_set(job->err, ERR_INVALID,
                     "--%s: '%.80s' must be a UUID, as the step before printed it", flag, text);
}

void job_answer(struct job *job, const char *title, const struct fact *facts, size_t count, const char *next)
{
    if (job->words.json) {
        struct json json = JSON_INTO(job->out);
        emit_object(&json, NULL);
        for (size_t i = 0; i < count; i++)
            emit_text(&json, facts[i].name, facts[i].value);
        emit_object_end(&json);
        buf_add_text(job->out, "\n");
        return;
    }
    buf_printf(job->out, "%s\n", title);
    for (size_t i = 0; i < count; i++)
        buf_printf(job->out, "  %-20s %s\n", facts[i].name, facts[i].value);
    if (next)
        buf_printf(job->out, "Next: %s\n", next);
}

const char *job_text(struct job *job, struct id id)
{
    return arena_strdup(job->arena, id_format(id).text);
}
