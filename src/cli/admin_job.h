/* What the verbs of `herald admin` share; private to admin_*.c. */
#ifndef HERALD_CLI_ADMIN_JOB_H
#define HERALD_CLI_ADMIN_JOB_H

#include "cli/admin.h"
#include "crm/business.h"
#include "crm/group.h"
#include "crm/key.h"
#include "crm/object.h"
#include "crm/role.h"

struct words {
    const char *business, *user, *name, *first_name, *last_name, *email, *webhook_url, *redirect_url,
        *api_name, *description, *color, *icon, *role, *employee, *state, *group, *grant, *key, *expires,
        *business_only, *file, *text, *password, *object, *search;
    const char *by, *subject, *subject_kind, *action, *after, *before, *format, *after_entry; /* of audit */
    int64_t limit;
    bool json, inactive, read_only, dry_run, archived;
};

/* A verb at work. */
struct job {
    const struct admin_context *context;
    struct arena *arena;
    struct words words;
    struct buf *out;
    struct error *err;
    /* what was named, and what was made */
    struct id business, user, employee;
    struct activity_object object;
    struct role role;
    struct group group;
    struct group_input group_input;
    struct new_key key_input;
    struct key key;
    const char *secret;
};

/* {"name": "id"} or "  name  id". */
struct fact {
    const char *name, *value;
};

/* Runs it in the writer's transaction, with the job as its context, and waits for the commit. */
enum err_code job_commit(struct job *job, write_fn *run) MUST_CHECK;

/* ERR_INVALID, which names the flag. */
enum err_code job_need_id(struct job *job, const char *flag, const char *text, struct id *id) MUST_CHECK;

/* The Business that --business names, by its name or its id, or, without it, the only one there is. ERR_INVALID. */
enum err_code job_find_business(struct job *job, struct db *db, struct business *business) MUST_CHECK;

/* The answer, for people (with a title and the next step; NULL: none) or for programs. */
void job_answer(struct job *job, const char *title, const struct fact *facts, size_t count, const char *next);

/* In the job's arena. */
const char *job_text(struct job *job, struct id id);

/* ── verbs of admin_groups.c ─────────────────────────────────────────────────────────────────────── */

enum err_code group_verb(struct job *job) MUST_CHECK;
enum err_code group_assign_verb(struct job *job) MUST_CHECK;
enum err_code group_remove_verb(struct job *job) MUST_CHECK;

/* ── verbs of admin_people.c ─────────────────────────────────────────────────────────────────────── */

enum err_code employee_verb(struct job *job) MUST_CHECK;
enum err_code employee_list_verb(struct job *job) MUST_CHECK;
enum err_code employee_activate_verb(struct job *job) MUST_CHECK;
enum err_code employee_deactivate_verb(struct job *job) MUST_CHECK;
enum err_code key_verb(struct job *job) MUST_CHECK;
enum err_code key_list_verb(struct job *job) MUST_CHECK;
enum err_code key_revoke_verb(struct job *job) MUST_CHECK;

/* ── verbs of admin_list.c ───────────────────────────────────────────────────────────────────────── */

enum err_code business_list_verb(struct job *job) MUST_CHECK;
enum err_code business_show_verb(struct job *job) MUST_CHECK;
enum err_code group_list_verb(struct job *job) MUST_CHECK;
enum err_code role_list_verb(struct job *job) MUST_CHECK;
enum err_code object_list_verb(struct job *job) MUST_CHECK;
enum err_code object_show_verb(struct job *job) MUST_CHECK;
enum err_code contact_list_verb(struct job *job) MUST_CHECK;

/* ── verbs of files (apply.c) ────────────────────────────────────────────────────────────────────── */

/* Where it refuses a file, the answer holds all that is wrong with it, by line. */
enum err_code apply_verb(struct job *job) MUST_CHECK;
enum err_code export_verb(struct job *job) MUST_CHECK;

/* ── verbs of admin_mail.c ───────────────────────────────────────────────────────────────────────── */

enum err_code invitation_verb(struct job *job) MUST_CHECK;
enum err_code mail_list_verb(struct job *job) MUST_CHECK;
/* ── verbs of admin_audit.c ──────────────────────────────────────────────────────────────────────── */

enum err_code audit_list_verb(struct job *job) MUST_CHECK;
enum err_code audit_export_verb(struct job *job) MUST_CHECK;

#endif
