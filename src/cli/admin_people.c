/* The verbs of `herald admin employee` and `herald admin key`: who works where, and by what they are known. */
#include "base/clock.h"
#include "base/emit.h"
#include "cli/admin_job.h"
#include "crm/employee.h"

/* ── employees ───────────────────────────────────────────────────────────────────────────────── */

static enum err_code add_employee(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct job *job = ctx;
    struct new_employee input = {.first_name = job->words.first_name,
        .last_name = job->words.last_name,
        .email = job->words.email,
        .groups =
            job->words.group ? &job->group.id : &job->business, /* the owner group has the Business's id */
        .group_count = 1};
    return employee_add(w, &input, &job->user, &job->employee, list, err);
}

enum err_code employee_verb(struct job *job)
{
    enum err_code code = job_need_id(job, "business", job->words.business, &job->business);
    if (!code && job->words.group)
        code = job_need_id(job, "group", job->words.group, &job->group.id);
    if (!code)
        code = job_commit(job, add_employee);
    if (code)
        return code;
    struct fact facts[] = {
        {"user_id", job_text(job, job->user)}, {"employee_id", job_text(job, job->employee)}};
    job_answer(job,
        arena_printf(job->arena, "%s %s works there now.", job->words.first_name, job->words.last_name),
        facts, 2, arena_printf(job->arena, "herald admin key add --user %s --name laptop", facts[0].value));
    return ERR_OK;
}

static enum err_code activate(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct job *job = ctx;
    struct employee employee;
    return employee_change(
        w, job->employee, &(struct employee_input){.activate = true}, &employee, list, err);
}

static enum err_code deactivate(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct job *job = ctx;
    struct employee employee;
    return employee_change(
        w, job->employee, &(struct employee_input){.deactivate = true}, &employee, list, err);
}

static enum err_code change_employee(struct job *job, write_fn *run, const char *title)
{
    enum err_code code = job_need_id(job, "business", job->words.business, &job->business);
    if (!code)
        code = job_need_id(job, "employee", job->words.employee, &job->employee);
    if (!code)
        code = job_commit(job, run);
    if (!code)
        job_answer(job, title, &(struct fact){"employee_id", job_text(job, job->employee)}, 1, NULL);
    return code;
}

enum err_code employee_activate_verb(struct job *job)
{
    return change_employee(job, activate, "The employee is active; their keys work again.");
}

enum err_code employee_deactivate_verb(struct job *job)
{
    return change_employee(job, deactivate,
        "The employee is not active any more: none of their keys and sessions works in this Business.");
}

/* {"results": [ … ]} for programs, a line each for people. */
static enum err_code show_list(
    struct job *job, enum err_code (*show)(struct job *job, struct db *db, struct json *json))
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct json json = JSON_INTO(job->out);
    enum err_code code = db_open(job->context->db, true, &db, job->err);
    if (code)
        return code;
    if (!job->words.json)
        return show(job, db, NULL);
    emit_object(&json, NULL);
    emit_array(&json, "results");
    code = show(job, db, &json);
    emit_array_end(&json);
    emit_object_end(&json);
    buf_add_text(job->out, "\n");
    return code;
}

/* ── keys ────────────────────────────────────────────────────────────────────────────────────── */

static enum err_code read_new_key(struct job *job, struct new_key *input)
{
    const struct words *words = &job->words;
    *input = (struct new_key){.name = words->name, .read_only = words->read_only};
    if (words->business_only && job_need_id(job, "business-only", words->business_only, &input->business_id))
        return job->err->code;
    if (!words->expires)
        return ERR_OK;
    if (!time_parse(words->expires, strlen(words->expires), &input->expires_at))
        return error_set(job->err, ERR_INVALID,
            "--expires: '%.60s' must be a date and time such as 2031-01-01T00:00:00Z", words->expires);
    if (input->expires_at <= 0)
        input->expires_at = 1; /* 0 would be never */
    return ERR_OK;
}

static enum err_code add_key(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct job *job = ctx;
    return key_add(w, job->user, &job->key_input, &job->key, &job->secret, list, err);
}

enum err_code key_verb(struct job *job)
{
    enum err_code code = job_need_id(job, "user", job->words.user, &job->user);
    if (!code)
        code = read_new_key(job, &job->key_input);
    if (!code)
        code = job_commit(job, add_key);
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct id business = job->key.business_id;
    if (!code)
        code = db_open(job->context->db, true, &db, job->err);
    if (!code && id_is_nil(business))
        code = user_first_business(db, job->user, &business, job->err);
    if (code)
        return code;
    struct fact facts[] = {{"api_key", job->secret}, {"key_id", job_text(job, job->key.id)}};
    job_answer(job, "The key; it is shown this once and stored nowhere.", facts, ARRAY_LEN(facts),
        arena_printf(job->arena,
            "herald admin contact add --business %s --first-name Maria --last-name Thompson",
            job_text(job, business)));
    return ERR_OK;
}

static enum err_code revoke_key(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    return key_revoke(w, ((struct job *)ctx)->key.id, err);
}

enum err_code key_revoke_verb(struct job *job)
{
    enum err_code code = job_need_id(job, "key", job->words.key, &job->key.id);
    if (!code)
        code = job_commit(job, revoke_key);
    if (!code)
        job_answer(job, "The key works nowhere any more.",
            &(struct fact){"key_id", job_text(job, job->key.id)}, 1, NULL);
    return code;
}

static void print_key(struct buf *out, const struct key *key)
{
    buf_printf(out, "%s  %-8s  %s\n    made %s", id_format(key->id).text, key->prefix, key->name,
        time_format(key->created_at).text);
    buf_printf(out, ", used %s", key->last_used_at ? time_format(key->last_used_at).text : "never");
    if (key->expires_at)
        buf_printf(out, ", expires %s", time_format(key->expires_at).text);
    if (key->read_only)
        buf_add_text(out, ", only reads");
    if (!id_is_nil(key->business_id))
        buf_printf(out, ", only in %s", id_format(key->business_id).text);
    buf_add_text(out, "\n");
}

static void show_key(struct job *job, struct json *json, const struct key *key)
{
    if (!job->words.json) {
        print_key(job->out, key);
        return;
    }
    emit_object(json, NULL);
    emit_id(json, "key_id", key->id);
    emit_text(json, "name", key->name);
    emit_text(json, "prefix", *key->prefix ? key->prefix : NULL);
    emit_time(json, "created_at", key->created_at);
    emit_time(json, "last_used_at", key->last_used_at);
    emit_time(json, "expires_at", key->expires_at);
    emit_bool(json, "read_only", key->read_only);
    emit_id(json, "business_id", key->business_id);
    emit_object_end(json);
}

static enum err_code show_keys(struct job *job, struct db *db, struct json *json)
{
    struct page page = {.limit = PAGE_LIMIT_MOST};
    do {
        struct key *keys;
        size_t count = 0;
        enum err_code code = key_list_of_user(db, job->arena, job->user, &page, &keys, &count, job->err);
        if (code)
            return code;
        for (size_t i = 0; i < count; i++)
            show_key(job, json, &keys[i]);
        if (count)
            page.key.id = keys[count - 1].id;
        page.from = true;
    } while (page.more_after);
    return ERR_OK;
}

enum err_code key_list_verb(struct job *job)
{
    enum err_code code = job_need_id(job, "user", job->words.user, &job->user);
    return code ? code : show_list(job, show_keys);
}
