/* The verbs of `herald admin group`: permission groups and their members. */
#include "cli/admin_job.h"

/* ── what is granted: activities.view=my,records.view=all ────────────────────────────────────── */

static bool read_grant(struct group_input *input, const char *kind, const char *verb, const char *level)
{
    static const enum permission_level levels[] = {LEVEL_NONE, LEVEL_MY, LEVEL_ALL};
    for (int k = 0; k < PERMISSION_KINDS; k++)
        for (int v = 0; v < PERMISSION_VERBS; v++)
            for (size_t l = 0; l < ARRAY_LEN(levels); l++) {
                enum permission_kind of = (enum permission_kind)k;
                enum permission_verb to = (enum permission_verb)v;
                if (strcmp(kind, permission_kind_name(of)) != 0 ||
                    strcmp(verb, permission_verb_name(to)) != 0 ||
                    strcmp(level, permission_level_name(levels[l])) != 0 || !permission_exists(of, to) ||
                    (levels[l] == LEVEL_MY && !permission_has_my(of, to)))
                    continue;
                grants_set(&input->grants, of, to, levels[l]);
                grants_set(&input->given, of, to, LEVEL_ALL);
                return true;
            }
    return false;
}

static enum err_code read_grants(struct job *job)
{
    char *text = arena_strdup(job->arena, job->words.grant), *rest = NULL;
    for (char *one = strtok_r(text, ", ", &rest); one; one = strtok_r(NULL, ", ", &rest)) {
        char kind[32], verb[32], level[32];
        if (sscanf(one, "%31[a-z].%31[a-z]=%31[a-z]", kind, verb, level) != 3 ||
            !read_grant(&job->group_input, kind, verb, level))
            return error_set(job->err, ERR_INVALID,
                "--grant: '%.60s' is no permission, such as activities.view=my; docs/permissions.md lists "
                "them",
                one);
    }
    return ERR_OK;
}

/* ── the verbs ───────────────────────────────────────────────────────────────────────────────── */

static enum err_code add_group(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct job *job = ctx;
    return group_add(w, &job->group_input, &job->group, list, err);
}

enum err_code group_verb(struct job *job)
{
    job->group_input = (struct group_input){.name = job->words.name};
    enum err_code code = job_need_id(job, "business", job->words.business, &job->business);
    if (!code)
        code = read_grants(job);
    if (!code)
        code = job_commit(job, add_group);
    if (code)
        return code;
    const char *id = job_text(job, job->group.id);
    job_answer(job, arena_printf(job->arena, "Group \"%s\" is there; nobody is in it yet.", job->group.name),
        &(struct fact){"group_id", id}, 1,
        arena_printf(job->arena,
            "herald admin group assign --business %s --group %s --employee <employee_id>",
            job_text(job, job->business), id));
    return ERR_OK;
}

static enum err_code assign(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct job *job = ctx;
    return group_assign(w, job->group.id, job->employee, &job->group, err);
}

static enum err_code take_out(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct job *job = ctx;
    return group_remove(w, job->group.id, job->employee, &job->group, err);
}

static enum err_code change_member(struct job *job, write_fn *run, const char *title)
{
    enum err_code code = job_need_id(job, "business", job->words.business, &job->business);
    if (!code)
        code = job_need_id(job, "group", job->words.group, &job->group.id);
    if (!code)
        code = job_need_id(job, "employee", job->words.employee, &job->employee);
    if (!code)
        code = job_commit(job, run);
    if (code)
        return code;
    struct fact facts[] = {{"group_id", job_text(job, job->group.id)},
        {"member_count", arena_printf(job->arena, "%lld", (long long)job->group.member_count)}};
    job_answer(job, title, facts, ARRAY_LEN(facts), NULL);
    return ERR_OK;
}

enum err_code group_assign_verb(struct job *job)
{
    return change_member(job, assign, "The employee is in the group now.");
}

enum err_code group_remove_verb(struct job *job)
{
    return change_member(job, take_out, "The employee is not in the group any more.");
}
