/* herald admin apply: the whole file is one transaction. */
#include "base/text.h"
#include "cli/admin_job.h"
#include "cli/apply_internal.h"
#include "crm/business.h"

/* ── a Business ──────────────────────────────────────────────────────────────────────────────── */

/* Finds it by its name, or makes it. ERR_INVALID: noted. */
static enum err_code find_or_add(struct tenant *t, const char *name, bool *is_new, struct error *err)
{
    struct error why = {0};
    struct id *id = &t->write.business_id;
    size_t count = 0;
    struct at at = apply_member(t->apply, t->at, "name");
    enum err_code code = business_by_name(t->write.db, name, id, &count, err);
    *is_new = count == 0;
    if (code)
        return code;
    if (count > 1) {
        apply_complain(t->apply, at, "Several Businesses have this name; it is not clear which is meant.");
        return ERR_INVALID;
    }
    if (count == 1)
        return ERR_OK;
    *id = id_new();
    return apply_settle(t->apply, at, business_add_in(&t->write, name, &why), &why, err);
}

enum err_code apply_each(struct tenant *t, const char *list_name, apply_step_fn *step, struct error *err)
{
    struct at list = apply_member(t->apply, t->at, list_name);
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < apply_count(list) && !apply_ends(code); i++) {
        CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
        struct tenant one = *t;
        one.write.arena = one.show.arena = arena;
        code = step(&one, apply_item(t->apply, list, i), err);
        t->write.accounted |= one.write.accounted;
    }
    return apply_ends(code) ? code : ERR_OK;
}

static enum err_code watch_list(
    struct tenant *t, const char *list_name, enum show_kind kind, const char *key_name, struct error *err)
{
    struct at list = apply_member(t->apply, t->at, list_name);
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < apply_count(list) && !code; i++) {
        struct at at = apply_item(t->apply, list, i);
        code = apply_watch(t, at, (struct show_key){kind, apply_text(t->apply, at, key_name)}, false, err);
    }
    return code;
}

static enum err_code watch_all(struct tenant *t, const char *name, bool is_new, struct error *err)
{
    static const struct {
        const char *list, *key;
        enum show_kind kind;
    } lists[] = {{"permission_groups", "name", SHOW_GROUP}, {"roles", "name", SHOW_ROLE},
        {"employees", "email", SHOW_EMPLOYEE}, {"record_objects", "api_name", SHOW_RECORD_OBJECT},
        {"activity_objects", "api_name", SHOW_ACTIVITY_OBJECT}};
    enum err_code code = apply_watch(t, t->at, (struct show_key){SHOW_BUSINESS, name}, is_new, err);
    for (size_t i = 0; i < ARRAY_LEN(lists) && !code; i++)
        code = watch_list(t, lists[i].list, lists[i].kind, lists[i].key, err);
    return code;
}

static enum err_code apply_business(struct apply *apply, struct write *w, struct at at, struct error *err)
{
    static enum err_code (*const steps[])(struct tenant * t, struct error * err) = {apply_groups, apply_roles,
        apply_employees, apply_record_objects, apply_activity_objects, apply_record_archive};
    struct tenant t = {.apply = apply, .write = *w, .at = at};
    const char *name = apply_text(apply, at, "name");
    bool is_new;
    enum err_code code = find_or_add(&t, name, &is_new, err);
    if (code)
        return code;
    t.show = show_of(w->db, apply->arena, t.write.business_id);
    code = watch_all(&t, name, is_new, err);
    for (size_t i = 0; i < ARRAY_LEN(steps) && !code; i++)
        code = steps[i](&t, err);
    w->accounted |= t.write.accounted;
    return code;
}

/* ── a run ───────────────────────────────────────────────────────────────────────────────────── */

struct run {
    struct job *job;
    struct apply apply;
};

static enum err_code refuse(struct apply *apply, struct buf *out, struct error *err)
{
    buf_reset(out);
    apply_print_problems(apply, out);
    return error_set(err, ERR_INVALID, "%s: %zu thing%s wrong; nothing is changed", apply->file,
        apply->problem_count, apply->problem_count == 1 ? " is" : "s are");
}

/* Once more from the beginning, if the batch that it was in failed. */
static enum err_code run_file(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct run *run = ctx;
    struct apply *apply = &run->apply;
    (void)list;
    buf_reset(run->job->out);
    apply->problem_count = apply->watched_count = 0;
    error_list_clear(&apply->list);
    struct at root = {apply->root, 1, ""};
    struct at businesses = apply_member(apply, root, "businesses");
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < apply_count(businesses) && !apply_ends(code); i++)
        code = apply_business(apply, w, apply_item(apply, businesses, i), err);
    if (apply->problem_count) /* even if the database complains: it does so after what it has refused */
        return refuse(apply, run->job->out, err);
    if (!code)
        code = apply_report(apply, w->db, run->job->words.json, run->job->out, err);
    return code || !apply->dry_run ? code : error_set(err, ERR_UNDONE, "a dry run");
}

/* Of those Businesses that are there already, for their locks. */
static enum err_code find_scope(struct run *run, struct write_scope *scope, struct error *err)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct apply *apply = &run->apply;
    struct at list = apply_member(apply, (struct at){apply->root, 1, ""}, "businesses");
    scope->ids = ARENA_ARRAY(apply->arena, struct id, apply_count(list) + 1);
    enum err_code code = db_open(run->job->context->db, true, &db, err);
    for (size_t i = 0; i < apply_count(list) && !code; i++) {
        size_t found = 0;
        const char *name = apply_text(apply, apply_item(apply, list, i), "name");
        code = business_by_name(db, name, &scope->ids[scope->count], &found, err);
        scope->count += found > 0;
    }
    return code;
}

enum err_code apply_verb(struct job *job)
{
    const struct words *words = &job->words;
    struct run *run = ARENA_NEW(job->arena, struct run);
    struct yaml *root;
    run->job = job;
    enum err_code code = yaml_load_text(job->arena, words->file, words->text, &root, job->err);
    if (code)
        return code;
    run->apply =
        (struct apply){.arena = job->arena, .file = words->file, .root = root, .dry_run = words->dry_run};
    apply_check_shape(&run->apply);
    if (run->apply.problem_count)
        return refuse(&run->apply, job->out, job->err);
    struct write_scope scope = {0};
    struct error_list list;
    code = find_scope(run, &scope, job->err);
    if (!code)
        code = crm_write_all(job->context->crm, job->arena, scope, run_file, run, &list, job->err);
    return code == ERR_UNDONE ? ERR_OK : code;
}
