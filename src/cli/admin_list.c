/* The verbs of `herald admin` that show what is there. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/emit.h"
#include "base/text.h"
#include "cli/admin_table.h"
#include "cli/apply_show.h"
#include "cli/apply_yaml.h"
#include "crm/employee.h"
#include "crm/employee_list.h"
#include "crm/record.h"

static const char *number_text(struct job *job, int64_t number)
{
    return arena_printf(job->arena, "%lld", (long long)number);
}

static const char *time_text(struct job *job, int64_t us)
{
    return us ? arena_strdup(job->arena, time_format(us).text) : NULL;
}

/* ── Businesses ──────────────────────────────────────────────────────────────────────────────── */

enum err_code business_list_verb(struct job *job)
{
    static const struct column columns[] = {
        {"id", false}, {"employees", true}, {"created_at", false}, {"name", false}, {NULL, false}};
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct table table = table_of(job, columns);
    struct business *list;
    struct id from = {0};
    size_t count = 0;
    enum err_code code = db_open(job->context->db, true, &db, job->err);
    do {
        if (!code)
            code = business_list(db, job->arena, from, PAGE_LIMIT_MOST, &list, &count, job->err);
        for (size_t i = 0; !code && i < count; i++) {
            table_add(
                &table, (const char *[]){job_text(job, list[i].id), number_text(job, list[i].employee_count),
                            time_text(job, list[i].created_at), list[i].name});
            from = list[i].id;
        }
    } while (!code && count == PAGE_LIMIT_MOST);
    if (!code)
        table_answer(&table, "No Businesses yet: herald admin business add --name …");
    return code;
}

/* The Business that is meant, and an operator's view of it. */
static enum err_code open_business(
    struct job *job, struct db **db, struct business *business, struct show *show)
{
    enum err_code code = db_open(job->context->db, true, db, job->err);
    if (!code)
        code = job_find_business(job, *db, business);
    if (!code)
        *show = show_of(*db, job->arena, business->id);
    return code;
}

enum err_code business_show_verb(struct job *job)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct business business;
    struct show show;
    enum err_code code = open_business(job, &db, &business, &show);
    if (code)
        return code;
    struct fact facts[] = {{"business_id", job_text(job, business.id)}, {"name", business.name},
        {"employees", number_text(job, business.employee_count)},
        {"created_at", time_text(job, business.created_at)}};
    job_answer(job, business.name, facts, ARRAY_LEN(facts),
        arena_printf(job->arena, "herald admin export --business %s shows all its settings", facts[0].value));
    return ERR_OK;
}

/* ── lists of a Business ─────────────────────────────────────────────────────────────────────── */

/* Adds one page to the table, and says where it ends. */
typedef enum err_code page_fn(
    struct table *table, const struct show *show, struct page *page, struct page_key *last);

static enum err_code answer_pages(
    struct job *job, const struct column *columns, page_fn *add, const char *nothing)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct business business;
    struct show show;
    struct table table = table_of(job, columns);
    struct page page = {.limit = PAGE_LIMIT_MOST};
    enum err_code code = open_business(job, &db, &business, &show);
    do {
        struct page_key last = {0};
        if (!code)
            code = add(&table, &show, &page, &last);
        page.from = true;
        page.key = last;
    } while (!code && page.more_after);
    if (!code)
        table_answer(&table, nothing);
    return code;
}

/* As group add --grant takes it. */
static const char *grants_text(struct job *job, const struct group *group)
{
    struct buf text = BUF_INIT(1 << 12);
    for (int k = 0; k < PERMISSION_KINDS; k++)
        for (int v = 0; v < PERMISSION_VERBS; v++) {
            enum permission_kind kind = (enum permission_kind)k;
            enum permission_verb verb = (enum permission_verb)v;
            enum permission_level level = grants_level(&group->grants, kind, verb);
            if (permission_exists(kind, verb) && level != LEVEL_NONE)
                buf_printf(&text, "%s%s.%s=%s", text.len ? "," : "", permission_kind_name(kind),
                    permission_verb_name(verb), permission_level_name(level));
        }
    const char *copy = arena_strdup(job->arena, buf_text(&text));
    buf_free(&text);
    return copy;
}

static enum err_code add_groups(
    struct table *table, const struct show *show, struct page *page, struct page_key *last)
{
    struct job *job = table->job;
    struct group *groups;
    size_t count = 0;
    enum err_code code = group_list(show->db, job->arena, &show->reader, page, &groups, &count, job->err);
    for (size_t i = 0; !code && i < count; i++) {
        table_add(table,
            (const char *[]){job_text(job, groups[i].id), number_text(job, groups[i].member_count),
                groups[i].name, group_is_owner(&groups[i]) ? "everything" : grants_text(job, &groups[i])});
        *last = (struct page_key){.text = groups[i].name, .id = groups[i].id};
    }
    return code;
}

enum err_code group_list_verb(struct job *job)
{
    static const struct column columns[] = {
        {"id", false}, {"members", true}, {"name", false}, {"grants", false}, {NULL, false}};
    return answer_pages(job, columns, add_groups, "No permission groups.");
}

static enum err_code add_roles(
    struct table *table, const struct show *show, struct page *page, struct page_key *last)
{
    struct job *job = table->job;
    struct role *roles;
    size_t count = 0;
    enum err_code code = role_list(show->db, job->arena, &show->reader, page, &roles, &count, job->err);
    for (size_t i = 0; !code && i < count; i++) {
        table_add(table, (const char *[]){job_text(job, roles[i].id), number_text(job, roles[i].member_count),
                             roles[i].name});
        *last = (struct page_key){.text = roles[i].name, .id = roles[i].id};
    }
    return code;
}

enum err_code role_list_verb(struct job *job)
{
    static const struct column columns[] = {{"id", false}, {"members", true}, {"name", false}, {NULL, false}};
    return answer_pages(job, columns, add_roles, "No roles yet: herald admin role add --name …");
}

static enum err_code add_employees(
    struct table *table, const struct show *show, struct page *page, struct page_key *last)
{
    struct job *job = table->job;
    struct person *people;
    size_t count = 0;
    enum err_code code = employee_list(
        show->db, job->arena, &show->reader, NULL, !job->words.inactive, page, &people, &count, job->err);
    for (size_t i = 0; !code && i < count; i++) {
        struct id user;
        code = employee_user(show->db, show->reader.business_id, people[i].id, &user, job->err);
        if (!code)
            table_add(table, (const char *[]){job_text(job, people[i].id), job_text(job, user),
                                 people[i].display_name, people[i].email});
        *last = (struct page_key){.text = people[i].display_name, .id = people[i].id};
    }
    return code;
}

enum err_code employee_list_verb(struct job *job)
{
    static const struct column columns[] = {
        {"employee_id", false}, {"user_id", false}, {"display_name", false}, {"email", false}, {NULL, false}};
    return answer_pages(job, columns, add_employees, "No employees.");
}

static enum err_code add_objects(
    struct table *table, const struct show *show, struct page *page, struct page_key *last)
{
    struct job *job = table->job;
    struct activity_object *objects;
    size_t count = 0;
    enum err_code code = object_list(show->db, job->arena, &show->reader,
        job->words.archived ? ARCHIVED_TOO : ARCHIVED_LEFT_OUT, page, &objects, &count, job->err);
    for (size_t i = 0; !code && i < count; i++) {
        const struct activity_object *o = &objects[i];
        table_add(table,
            (const char *[]){job_text(job, o->id), o->api_name, o->name, submission_action_name(o->action),
                o->action == SUBMIT_TRIGGER_WEBHOOK ? o->webhook_url : o->redirect_url,
                time_text(job, o->archived_at)});
        *last = (struct page_key){.text = o->name, .id = o->id};
    }
    return code;
}

enum err_code object_list_verb(struct job *job)
{
    static const struct column columns[] = {{"id", false}, {"api_name", false}, {"name", false},
        {"default_submission_action", false}, {"url", false}, {"archived_at", false}, {NULL, false}};
    return answer_pages(
        job, columns, add_objects, "No Activity Objects yet: herald admin object add --name …");
}

/* ── one Activity Object ─────────────────────────────────────────────────────────────────────── */

static enum err_code find_object(struct job *job, const struct show *show)
{
    const char *text = job->words.object;
    struct id id = {0};
    bool by_id = id_parse(text, strlen(text), &id);
    return object_find(show->db, job->arena, &show->reader, id, by_id ? NULL : text, &job->object, job->err);
}

enum err_code object_show_verb(struct job *job)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct business business;
    struct show show;
    json_t *tree = NULL;
    enum err_code code = open_business(job, &db, &business, &show);
    if (!code)
        code = find_object(job, &show);
    if (!code)
        code =
            show_thing(&show, (struct show_key){SHOW_ACTIVITY_OBJECT, job->object.api_name}, &tree, job->err);
    if (code)
        return code;
    if (job->words.json) {
        char *text = json_dumps(tree, JSON_COMPACT);
        struct json json = JSON_INTO(job->out);
        emit_object(&json, NULL);
        emit_id(&json, "id", job->object.id);
        emit_int(&json, "version", job->object.version);
        emit_raw(&json, "settings", text ? text : "null");
        emit_object_end(&json);
        buf_add_text(job->out, "\n");
        mem_free(text);
        return ERR_OK;
    }
    buf_printf(job->out, "# id: %s\n", id_format(job->object.id).text);
    yaml_write(job->out, tree);
    return ERR_OK;
}

/* ── contacts ────────────────────────────────────────────────────────────────────────────────── */

static enum err_code read_contacts(
    struct job *job, const struct show *show, struct record **records, size_t *count)
{
    struct record_object contacts;
    struct record_search search = {
        .text = text_nfc(job->arena, job->words.search), .page = 1, .page_size = job->words.limit};
    struct page page = {.limit = (size_t)job->words.limit};
    bool more;
    enum err_code code =
        record_object_read(show->db, job->arena, &show->reader, CONTACT_API_NAME, &contacts, job->err);
    if (code)
        return code;
    return *search.text ? record_search(show->db, job->arena, &show->reader, &contacts, &search, records,
                              count, &more, job->err)
                        : record_list(show->db, job->arena, &show->reader, &contacts, false, &page, records,
                              count, job->err);
}

enum err_code contact_list_verb(struct job *job)
{
    static const struct column columns[] = {{"id", false}, {"name", false}, {"email", false}, {NULL, false}};
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct business business;
    struct show show;
    struct record *records;
    size_t count = 0;
    struct table table = table_of(job, columns);
    enum err_code code = open_business(job, &db, &business, &show);
    if (!code)
        code = read_contacts(job, &show, &records, &count);
    if (code)
        return code;
    for (size_t i = 0; i < count; i++)
        table_add(&table,
            (const char *[]){job_text(job, records[i].id), records[i].display_name, records[i].email});
    table_answer(&table, "No contacts.");
    return ERR_OK;
}
