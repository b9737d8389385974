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

static enum err_code find_by_name(struct job *job, struct db *db, struct id *id)
{
    size_t count = 0;
    const char *name = job->words.business;
    enum err_code code = business_by_name(db, name, id, &count, job->err);
    if (code || count == 1)
        return code;
    return count ? error_set(job->err, ERR_INVALID,
                       "--business: several Businesses have the name '%.80s'; give the id, as herald admin "
                       "business list prints it",
                       name)
                 : error_set(job->err, ERR_INVALID, "--business: there is no Business '%.80s'", name);
}

static enum err_code find_only(struct job *job, struct db *db, struct id *id)
{
    size_t count = 0;
    enum err_code code = business_only(db, id, &count, job->err);
    if (code || count == 1)
        return code;
    return error_set(job->err, ERR_INVALID,
        count == 0 ? "there is no Business yet: herald admin business add --name …"
                   : "there is more than one Business: name it with --business");
}

enum err_code job_find_business(struct job *job, struct db *db, struct business *business)
{
    struct id id;
    const char *text = job->words.business;
    enum err_code code = ERR_OK;
    if (!*text)
        code = find_only(job, db, &id);
    else if (!id_parse(text, strlen(text), &id))
        code = find_by_name(job, db, &id);
    return code ? code : business_read(db, job->arena, id, business, job->err);
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
