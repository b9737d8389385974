/* herald admin export: a Business as a file that makes it. */
#include "cli/admin_job.h"
#include "cli/apply_show.h"
#include "cli/apply_yaml.h"
#include "crm/business.h"
#include "crm/employee_list.h"

/* What a list of the Business says of one page: the keys of its things. */
typedef enum err_code keys_fn(const struct show *show, struct page *page, const char **keys, size_t *count,
    struct page_key *last, struct error *err);

static enum err_code group_keys(const struct show *show, struct page *page, const char **keys, size_t *count,
    struct page_key *last, struct error *err)
{
    struct group *groups;
    enum err_code code = group_list(show->db, show->arena, &show->reader, page, &groups, count, err);
    for (size_t i = 0; !code && i < *count; i++) {
        keys[i] = group_is_owner(&groups[i]) ? NULL : groups[i].name; /* which is there by itself */
        *last = (struct page_key){.text = groups[i].name, .id = groups[i].id};
    }
    return code;
}

static enum err_code role_keys(const struct show *show, struct page *page, const char **keys, size_t *count,
    struct page_key *last, struct error *err)
{
    struct role *roles;
    enum err_code code = role_list(show->db, show->arena, &show->reader, page, &roles, count, err);
    for (size_t i = 0; !code && i < *count; i++) {
        keys[i] = roles[i].name;
        *last = (struct page_key){.text = roles[i].name, .id = roles[i].id};
    }
    return code;
}

static enum err_code employee_keys_of(const struct show *show, bool active, struct page *page,
    const char **keys, size_t *count, struct page_key *last, struct error *err)
{
    struct person *people;
    enum err_code code =
        employee_list(show->db, show->arena, &show->reader, NULL, active, page, &people, count, err);
    for (size_t i = 0; !code && i < *count; i++) {
        keys[i] = people[i].email;
        *last = (struct page_key){.text = people[i].display_name, .id = people[i].id};
    }
    return code;
}

static enum err_code employee_keys(const struct show *show, struct page *page, const char **keys,
    size_t *count, struct page_key *last, struct error *err)
{
    return employee_keys_of(show, true, page, keys, count, last, err);
}

static enum err_code former_employee_keys(const struct show *show, struct page *page, const char **keys,
    size_t *count, struct page_key *last, struct error *err)
{
    return employee_keys_of(show, false, page, keys, count, last, err);
}

static enum err_code record_keys_of(const struct show *show, bool archived, struct page *page,
    const char **keys, size_t *count, struct page_key *last, struct error *err)
{
    struct record_object *objects;
    enum err_code code =
        record_object_list(show->db, show->arena, &show->reader, archived, page, &objects, count, err);
    for (size_t i = 0; !code && i < *count; i++) {
        keys[i] = objects[i].api_name;
        *last = (struct page_key){.text = objects[i].name, .id = objects[i].id};
    }
    return code;
}

static enum err_code record_keys(const struct show *show, struct page *page, const char **keys, size_t *count,
    struct page_key *last, struct error *err)
{
    return record_keys_of(show, false, page, keys, count, last, err);
}

static enum err_code archived_record_keys(const struct show *show, struct page *page, const char **keys,
    size_t *count, struct page_key *last, struct error *err)
{
    return record_keys_of(show, true, page, keys, count, last, err);
}

static enum err_code activity_keys(const struct show *show, struct page *page, const char **keys,
    size_t *count, struct page_key *last, struct error *err)
{
    struct activity_object *objects;
    enum err_code code =
        object_list(show->db, show->arena, &show->reader, ARCHIVED_TOO, page, &objects, count, err);
    for (size_t i = 0; !code && i < *count; i++) {
        keys[i] = objects[i].api_name;
        *last = (struct page_key){.text = objects[i].name, .id = objects[i].id};
    }
    return code;
}

/* ── all of them ─────────────────────────────────────────────────────────────────────────────── */

static enum err_code put_page(const struct show *show, enum show_kind kind, const char **keys, size_t count,
    json_t *list, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < count && !code; i++) {
        json_t *tree = NULL;
        if (keys[i])
            code = show_thing(show, (struct show_key){kind, keys[i]}, &tree, err);
        if (tree)
            json_array_append(list, tree);
    }
    return code;
}

static enum err_code put_list(
    const struct show *show, enum show_kind kind, keys_fn *read, json_t *list, struct error *err)
{
    struct page page = {.limit = PAGE_LIMIT_MOST};
    enum err_code code = ERR_OK;
    do {
        const char *keys[PAGE_LIMIT_MOST];
        size_t count = 0;
        struct page_key last = {0};
        code = read(show, &page, keys, &count, &last, err);
        if (!code)
            code = put_page(show, kind, keys, count, list, err);
        page.from = true;
        page.key = last;
    } while (!code && page.more_after);
    return code;
}

static enum err_code put_all(const struct show *show, json_t *tree, struct error *err)
{
    static const struct {
        const char *name;
        enum show_kind kind;
        keys_fn *read, *read_more;
    } lists[] = {{"permission_groups", SHOW_GROUP, group_keys}, {"roles", SHOW_ROLE, role_keys},
        {"employees", SHOW_EMPLOYEE, employee_keys, former_employee_keys},
        {"record_objects", SHOW_RECORD_OBJECT, record_keys, archived_record_keys},
        {"activity_objects", SHOW_ACTIVITY_OBJECT, activity_keys}};
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(lists) && !code; i++) {
        json_t *list = json_array();
        code = put_list(show, lists[i].kind, lists[i].read, list, err);
        if (!code && lists[i].read_more)
            code = put_list(show, lists[i].kind, lists[i].read_more, list, err);
        if (json_array_size(list))
            json_object_set(tree, lists[i].name, list);
        json_decref(list);
    }
    return code;
}

enum err_code export_verb(struct job *job)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct business business;
    enum err_code code = db_open(job->context->db, true, &db, job->err);
    if (!code)
        code = job_find_business(job, db, &business);
    if (code)
        return code;
    struct show show = show_of(db, job->arena, business.id);
    json_t *tree = json_pack("{s:s}", "name", business.name);
    code = put_all(&show, tree, job->err);
    json_t *file = json_pack("{s:[o]}", "businesses", tree);
    if (!code)
        yaml_write(job->out, file);
    json_decref(file);
    return code;
}
