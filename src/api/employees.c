/* /api/employees: the people of a Business. The list is for choosing, by name, whom work can be given to. */
#include "api/body.h"
#include "base/text.h"
#include "crm/check.h"
#include "crm/employee.h"
#include "crm/employee_list.h"
#include "crm/invitation.h"

static bool read_search(struct call *call, const char **search)
{
    const char *text = exchange_query(call->exchange, "search");
    *search = text;
    const char *wrong = !text                                     ? NULL
                        : !text_is_utf8(text, strlen(text))       ? "'search' must be UTF-8."
                        : text_chars(text) > EMPLOYEE_SEARCH_MOST ? "'search' has 100 characters at most."
                                                                  : NULL;
    if (wrong)
        return call_refuse_parameter(call, "search", wrong);
    if (text)
        *search = text_nfc(call->arena, text);
    return true;
}

void employees_get(struct call *call)
{
    struct page page;
    const char *search;
    int active;
    static const char *const choices[] = {"false", "true", NULL};
    if (!call_page(call, &page) || !read_search(call, &search) ||
        !query_choice(call, "active", choices, true, &active))
        return;
    struct person *people;
    size_t count;
    struct error err = {0};
    if (employee_list(call->db, call->arena, &call->actor, search, active, &page, &people, &count, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++)
        emit_person(&json, NULL, &people[i]);
    struct page_key first = {0}, last = {0};
    if (count) {
        first = (struct page_key){.text = people[0].display_name, .id = people[0].id};
        last = (struct page_key){.text = people[count - 1].display_name, .id = people[count - 1].id};
    }
    emit_page_end(&json, call, &page, count ? &first : NULL, count ? &last : NULL);
    call_reply_json(call, 200, &body, NULL, 0);
}

/* ── one ─────────────────────────────────────────────────────────────────────────────────────── */

static void emit_named(struct json *json, struct id id, const char *name)
{
    emit_object(json, NULL);
    emit_id(json, "id", id);
    emit_text(json, "name", name);
    emit_object_end(json);
}

static void emit_employee(struct json *json, const struct employee *employee)
{
    const struct person *person = &employee->person;
    emit_object(json, NULL);
    emit_id(json, "id", person->id);
    emit_text(json, "display_name", person->display_name);
    emit_text(json, "first_name", person->first_name);
    emit_text(json, "last_name", person->last_name);
    emit_text(json, "email", person->email);
    emit_bool(json, "active", employee->active);
    emit_time(json, "created_at", employee->created_at);
    emit_array(json, "groups");
    for (size_t i = 0; i < employee->group_count; i++)
        emit_named(json, employee->groups[i].id, employee->groups[i].name);
    emit_array_end(json);
    emit_array(json, "roles");
    for (size_t i = 0; i < employee->role_count; i++)
        emit_named(json, employee->roles[i].id, employee->roles[i].name);
    emit_array_end(json);
    emit_object_end(json);
}

static void reply_employee(struct call *call, int status, const struct employee *employee)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_employee(&json, employee);
    struct reply_header location = created_header(call, employee->person.id);
    call_reply_json(call, status, &body, &location, status == 201);
}

void employee_get(struct call *call)
{
    struct employee employee;
    struct error err = {0};
    if (employee_read(call->db, call->arena, &call->actor, call->path_id, &employee, &err))
        call_fail(call, &err, NULL);
    else
        reply_employee(call, 200, &employee);
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

/* What waits for the writer; in the call's arena. */
struct employee_call {
    struct id id;
    struct new_employee made;
    bool invite;
    struct employee_input changed;
    struct employee employee;
};

static struct employee_call *new_call(struct call *call)
{
    struct employee_call *pending = ARENA_NEW(call->arena, struct employee_call);
    *pending = (struct employee_call){.id = call->path_id};
    return pending;
}

static enum err_code add_run(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct employee_call *pending = ctx;
    struct id user_id;
    enum err_code code = pending->invite ? mail_need(w, err) : ERR_OK;
    if (!code)
        code = employee_add(w, &pending->made, &user_id, &pending->id, list, err);
    if (!code && pending->invite)
        code = invitation_send_if_needed(w, pending->id, err);
    return code ? code : employee_whole(w, pending->id, &pending->employee, err);
}

static void add_reply(struct call *call, void *ctx)
{
    reply_employee(call, 201, &((struct employee_call *)ctx)->employee);
}

void employees_post(struct call *call)
{
    struct body body;
    struct employee_call *pending = new_call(call);
    if (!body_read(call, &body))
        return;
    struct new_employee *made = &pending->made;
    size_t most = (size_t)crm_limits(call->api->config.crm)->name_chars;
    made->first_name = body_text(&body, "first_name", 1, most);
    made->last_name = body_text_or_null(&body, "last_name", 0, most);
    if (!made->last_name)
        made->last_name = "";
    made->email = body_text(&body, "email", 1, EMAIL_MOST);
    made->groups = body_ids(&body, "group_ids", NULL, EMPLOYEE_GIVEN_MOST, &made->group_count);
    made->roles = body_ids(&body, "role_ids", NULL, EMPLOYEE_GIVEN_MOST, &made->role_count);
    pending->invite = body_bool(&body, "invite", false);
    if (pending->invite && made->email && !mail_address_fits(made->email))
        error_list_add(&body.errors, "/email", "No email can be sent to this address.");
    body_write_settings(&body, add_run, add_reply, pending);
}

static enum err_code change_run(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct employee_call *pending = ctx;
    return employee_change(w, pending->id, &pending->changed, &pending->employee, list, err);
}

static void change_reply(struct call *call, void *ctx)
{
    reply_employee(call, 200, &((struct employee_call *)ctx)->employee);
}

void employee_patch(struct call *call)
{
    struct body body;
    struct employee_call *pending = new_call(call);
    if (!body_read(call, &body))
        return;
    struct employee_input *changed = &pending->changed;
    size_t most = (size_t)crm_limits(call->api->config.crm)->name_chars;
    changed->first_name = body_text_or_null(&body, "first_name", 1, most);
    changed->last_name = body_text_or_null(&body, "last_name", 0, most);
    size_t unread = body.errors.count;
    changed->activate = body_bool(&body, "active", false);
    changed->deactivate = body_given(&body, "active") && !changed->activate && body.errors.count == unread;
    body_write_settings(&body, change_run, change_reply, pending);
}

static void deactivated_reply(struct call *call, void *ctx)
{
    (void)ctx;
    exchange_reply(call->exchange, &(struct reply){.status = 204});
}

void employee_delete(struct call *call)
{
    struct employee_call *pending = new_call(call);
    pending->changed.deactivate = true;
    call_write_settings(call, change_run, deactivated_reply, pending);
}
