/*
 * Scheduled Activities: create, read, list (M4: none of it fires a webhook). Completing one is logging, see logged_post.c;
 * what changes one, scheduled_change.c.
 */
#include "crm/scheduled.h"
#include "api/body.h"
#include "base/clock.h"

/* ── answers ─────────────────────────────────────────────────────────────────────────────────── */

static void emit_assignment(struct json *json, const struct scheduled_activity *s)
{
    emit_id(json, "employee_id", s->employee.id);
    emit_id(json, "role_id", s->role_id);
    if (id_is_nil(s->employee.id))
        emit_null(json, "employee");
    else
        emit_person(json, "employee", &s->employee);
    if (id_is_nil(s->role_id)) {
        emit_null(json, "role");
        return;
    }
    emit_object(json, "role");
    emit_id(json, "id", s->role_id);
    emit_text(json, "name", s->role_name);
    emit_object_end(json);
}

void emit_scheduled(struct json *json, const struct scheduled_activity *s)
{
    emit_object(json, NULL);
    emit_id(json, "id", s->id);
    emit_id(json, "activity_object_id", s->object.id);
    emit_text(json, "activity_object_name", s->object.name);
    emit_text(json, "activity_object_api_name", s->object.api_name);
    emit_moment(json, "due_datetime", s->due_at);
    emit_moment(json, "original_due_datetime", s->original_due_at);
    emit_assignment(json, s);
    emit_associated(json, s->associated, s->associated_count);
    emit_text(json, "note", s->note);
    emit_raw(json, "mentions", s->mentions_seen ? s->mentions_seen : s->mentions);
    emit_bool(json, "notify_mentioned", s->notify_mentioned);
    emit_person(json, "scheduled_by", &s->scheduled_by);
    emit_time(json, "created_at", s->created_at);
    emit_time(json, "updated_at", s->updated_at);
    emit_time(json, "completed_at", s->completed_at);
    emit_id(json, "logged_activity_id", s->logged_activity_id);
    emit_object_end(json);
}

static void reply_scheduled(struct call *call, int status, const struct scheduled_activity *scheduled,
    const struct reply_header *headers, size_t header_count)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_scheduled(&json, scheduled);
    call_reply_json(call, status, &body, headers, header_count);
}

/* ── creating ────────────────────────────────────────────────────────────────────────────────── */

/* The writer's thread: committed, or refused. */
static void schedule_done(struct schedule_unit *unit, const struct error *result)
{
    struct call *call = unit->owner;
    if (result->code == ERR_STALE) {
        call_again_or_busy(call);
        return;
    }
    if (result->code) {
        call_fail(call, result, NULL);
        return;
    }
    struct reply_header location = {
        "Location", arena_printf(call->arena, "/api/activities/scheduled-activity/%s",
                        id_format(unit->scheduled.id).text)};
    reply_scheduled(call, 201, &unit->scheduled, &location, 1);
}

static void check_input(struct body *body, const struct schedule_input *input)
{
    if (!id_is_nil(input->employee_id) && !id_is_nil(input->role_id))
        error_list_add(&body->errors, "/role_id",
            "An activity is for one employee or for one role; name one of the two.");
    if (!body_given(body, "activity_object_id") && !body_given(body, "activity_object_name"))
        error_list_add(&body->errors, "/activity_object_id",
            "Name the Activity Object by activity_object_id or by activity_object_name.");
}

static void read_input(struct body *body, struct schedule_input *input)
{
    const struct crm_limits *limits = crm_limits(body->call->api->config.crm);
    input->object_id = body_id(body, "activity_object_id");
    input->object_name = body_text_or_null(body, "activity_object_name", 1, (size_t)limits->name_chars);
    if (body_time(body, "due_datetime", true, &input->due_at))
        input->original_due_at = input->due_at;
    (void)body_time(body, "original_due_datetime", false, &input->original_due_at);
    input->employee_id = body_id(body, "employee_id");
    input->role_id = body_id(body, "role_id");
    input->note = body_text_or_null(body, "note", 0, (size_t)limits->notes_chars);
    input->mentions = body_ids(body, "mentions", NULL, (size_t)limits->list_items, &input->mention_count);
    input->notify_mentioned = body_bool(body, "notify_mentioned", false);
    input->associated =
        body_ids(body, "associated_entities", "id", (size_t)limits->list_items, &input->associated_count);
    if (!input->note)
        input->note = "";
    check_input(body, input);
}

void scheduled_post(struct call *call)
{
    struct body body;
    struct schedule_input input = {0};
    if (!body_read(call, &body))
        return;
    read_input(&body, &input);
    struct schedule_unit *unit = ARENA_NEW(call->arena, struct schedule_unit);
    struct error err = {0};
    unit->done = schedule_done;
    unit->owner = call;
    error_list_reading_done(&body.errors);
    enum err_code code =
        scheduled_prepare(call->db, call->arena, &call->actor, &input, unit, &body.errors, &err);
    if (code && code != ERR_INVALID)
        error_list_clear(&body.errors); /* they are not what is answered */
    if (!body_finish(&body))
        return;
    if (!code)
        code = scheduled_submit(call->api->config.crm, unit, &err);
    if (code)
        call_fail(call, &err, NULL);
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

void scheduled_get(struct call *call)
{
    struct scheduled_activity scheduled;
    struct error err = {0};
    if (scheduled_read(call->db, call->arena, &call->actor, call->path_id, &scheduled, &err))
        call_fail(call, &err, NULL);
    else
        reply_scheduled(call, 200, &scheduled, NULL, 0);
}

static bool read_filter(struct call *call, struct scheduled_filter *filter)
{
    static const char *const states[] = {[SCHEDULED_ANY] = "any", "open", "completed", "overdue", NULL};
    int state;
    bool ok = query_id(call, "employee_id", &filter->employee_id) &&
              query_id(call, "role_id", &filter->role_id) &&
              query_id(call, "activity_object_id", &filter->object_id) &&
              query_id(call, "record_id", &filter->record_id) &&
              query_time(call, "due_after", &filter->due_after, &filter->after) &&
              query_time(call, "due_before", &filter->due_before, &filter->before) &&
              query_choice(call, "state", states, SCHEDULED_ANY, &state);
    if (!ok)
        return false;
    filter->state = (enum scheduled_state)state;
    filter->now = clock_wall_us();
    return true;
}

static struct buf render_page(
    struct call *call, const struct page *page, const void *rows, size_t at, size_t count)
{
    const struct scheduled_activity *list = (const struct scheduled_activity *)rows + at;
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++)
        emit_scheduled(&json, &list[i]);
    struct page_key first = {0}, last = {0};
    if (count) {
        first = (struct page_key){.number = list[0].due_at, .id = list[0].id};
        last = (struct page_key){.number = list[count - 1].due_at, .id = list[count - 1].id};
    }
    emit_page_end(&json, call, page, count ? &first : NULL, count ? &last : NULL);
    return body;
}

void scheduled_list_get(struct call *call)
{
    struct page page;
    struct scheduled_filter filter = {0};
    if (!call_page(call, &page) || !read_filter(call, &filter))
        return;
    struct scheduled_activity *list;
    size_t count;
    struct error err = {0};
    if (scheduled_list(call->db, call->arena, &call->actor, &filter, &page, &list, &count, &err))
        call_fail(call, &err, NULL);
    else
        call_reply_page(call, &page, render_page, list, count);
}
