/* /api/records/{object}: contacts and the records of Custom Objects, and their search. */
#include "api/body.h"
#include "crm/check.h"
#include "crm/record.h"

static const char *const yes_or_no[] = {"false", "true", NULL};

#define PAGE_MOST 100000
#define EMAIL_MOST 254 /* characters */

static void emit_record(struct json *json, const struct record_object *object, const struct record *r)
{
    emit_object(json, NULL);
    emit_id(json, "id", r->id);
    emit_object(json, "object");
    emit_id(json, "id", object->id);
    emit_text(json, "name", object->name);
    emit_text(json, "api_name", object->api_name);
    emit_object_end(json);
    emit_text(json, "display_name", r->display_name);
    if (object->kind == RECORD_CONTACT) {
        emit_text(json, "first_name", r->first_name);
        emit_text(json, "last_name", r->last_name);
        emit_text(json, "email", r->email);
    }
    if (id_is_nil(r->owner.id))
        emit_null(json, "owner");
    else
        emit_person(json, "owner", &r->owner);
    values_emit(json, "fields", &r->values);
    emit_int(json, "version", r->version);
    emit_time(json, "created_at", r->created_at);
    emit_time(json, "updated_at", r->updated_at);
    emit_time(json, "archived_at", r->archived_at);
    emit_object_end(json);
}

static void reply_record(
    struct call *call, int status, const struct record_object *object, const struct record *record)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_record(&json, object, record);
    struct reply_header headers[] = {etag_header(call, record->version), created_header(call, record->id)};
    call_reply_json(call, status, &body, headers, status == 201 ? 2 : 1);
}

/* The object of the path, for whoever may see any records; else it replies itself, and returns false. */
static bool find_object(struct call *call, struct record_object *object)
{
    struct error err = {0};
    if (!may(&call->actor, ACTION_VIEW_RECORD, NULL, &err) &&
        !record_object_lookup(
            call->db, call->arena, call->actor.business_id, call->path_object, object, &err))
        return true;
    call_fail(call, &err, NULL);
    return false;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static struct json begin_list(
    struct buf *body, const struct record_object *object, const struct record *records, size_t count)
{
    struct json json = emit_page(body);
    for (size_t i = 0; i < count; i++)
        emit_record(&json, object, &records[i]);
    return json;
}

/* The records of a list. */
struct record_rows {
    struct record_object object;
    struct record *records;
    bool archived;
};

static struct buf render_page(
    struct call *call, const struct page *page, const void *rows, size_t at, size_t count)
{
    const struct record_rows *list = rows;
    const struct record *records = list->records + at;
    struct buf body;
    struct json json = begin_list(&body, &list->object, records, count);
    struct page_key first = {0}, last = {0};
    if (count) {
        first = record_key(call->arena, &records[0], list->archived);
        last = record_key(call->arena, &records[count - 1], list->archived);
    }
    emit_page_end(&json, call, page, count ? &first : NULL, count ? &last : NULL);
    return body;
}

void records_get(struct call *call)
{
    struct record_rows list;
    struct page page;
    int archived;
    if (!call_page(call, &page) || !query_choice(call, "archived", yes_or_no, 0, &archived) ||
        !find_object(call, &list.object))
        return;
    list.archived = archived == 1;
    size_t count;
    struct error err = {0};
    if (record_list(call->db, call->arena, &call->actor, &list.object, list.archived, &page, &list.records,
            &count, &err))
        call_fail(call, &err, NULL);
    else
        call_reply_page(call, &page, render_page, &list, count);
}

void record_get_one(struct call *call)
{
    struct record_object object;
    struct record record;
    struct error err = {0};
    if (!find_object(call, &object))
        return;
    if (record_read(call->db, call->arena, &call->actor, &object, call->path_id, &record, &err))
        call_fail(call, &err, NULL);
    else
        reply_record(call, 200, &object, &record);
}

/* ── the search ──────────────────────────────────────────────────────────────────────────────── */

/* By enum search_order; contacts have them all, other records the first four. */
static const char *const orderings[] = {
    "display_name", "-display_name", "created_at", "-created_at", "email", "-email", NULL};
#define ORDERINGS_OF_ALL 4

static void read_ordering(struct body *body, const struct record_object *object, enum search_order *order)
{
    const char *text = body_text_or_null(body, "ordering", 0, SEARCH_CHARS_MOST);
    bool contact = object->kind == RECORD_CONTACT;
    *order = SEARCH_BY_NAME;
    if (!text || !*text)
        return;
    for (size_t i = 0; i < (contact ? SEARCH_ORDERS : ORDERINGS_OF_ALL); i++) {
        if (strcmp(orderings[i], text) == 0) {
            *order = (enum search_order)i;
            return;
        }
    }
    error_list_add(&body->errors, "/ordering",
        "This must be display_name, created_at%s, or one with a - before.", contact ? ", email" : "");
}

static bool read_search(struct call *call, const struct record_object *object, struct record_search *search)
{
    struct body body;
    if (!body_read(call, &body))
        return false;
    search->text = body_text_or_null(&body, "search", 0, SEARCH_CHARS_MOST);
    search->page = body_int(&body, "page", 1, PAGE_MOST, 1);
    search->page_size = body_int(&body, "page_size", 1, PAGE_LIMIT_MOST, PAGE_LIMIT_PRESET);
    read_ordering(&body, object, &search->order);
    struct search_needles needles;
    if (!search->text)
        search->text = "";
    else if (!search_needles(call->arena, search->text, false, &needles))
        error_list_add(&body.errors, "/search", "A search has at most %d words.", SEARCH_TERMS_MOST);
    return body_finish(&body);
}

/* Pages have numbers here, so this one cannot have fewer records: whoever goes on to the next would miss some. */
static void refuse_page(struct call *call, struct buf *body, size_t count)
{
    struct error_list list;
    error_list_clear(&list);
    buf_free(body);
    error_list_add(&list, "/page_size",
        "The %zu records of this page are more than an answer can have (%d MiB): ask for fewer at once.",
        count, ANSWER_MOST >> 20);
    exchange_reply_problem(call->exchange, 422, list.items[0].text, &list);
}

void records_search(struct call *call)
{
    struct record_object object;
    struct record_search search;
    if (!find_object(call, &object) || !read_search(call, &object, &search))
        return;
    struct record *records;
    size_t count;
    bool more;
    struct error err = {0};
    if (record_search(call->db, call->arena, &call->actor, &object, &search, &records, &count, &more, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body;
    struct json json = begin_list(&body, &object, records, count);
    emit_array_end(&json);
    if (more)
        emit_int(&json, "next", search.page + 1);
    else
        emit_null(&json, "next");
    if (search.page > 1)
        emit_int(&json, "previous", search.page - 1);
    else
        emit_null(&json, "previous");
    emit_object_end(&json);
    if (body.overflow && count > 1)
        refuse_page(call, &body, count);
    else
        call_reply_json(call, 200, &body, NULL, 0);
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────── */

struct record_call {
    const char *object_key;
    struct id id;
    int64_t version;
    struct record_input input;
    struct record_object object;
    struct record record;
};

/* Absent: as it is. null or "": none. */
static const char *emptiable(struct body *body, const char *name, size_t most)
{
    if (!body_has(body, name))
        return NULL;
    const char *text = body_text_or_null(body, name, 0, most);
    return text ? text : "";
}

static void read_input(struct body *body, struct record_input *input, bool creating)
{
    size_t most = (size_t)call_limits(body->call)->name_chars;
    input->first_name = emptiable(body, "first_name", most);
    input->last_name = emptiable(body, "last_name", most);
    input->email = emptiable(body, "email", EMAIL_MOST);
    input->name = emptiable(body, "name", most);
    input->fields = body_array(body, "fields");
    input->has_owner = body_has(body, "owner_id");
    input->owner_id = body_id(body, "owner_id");
    if (!creating && body_given(body, "archived")) {
        input->has_archived = true;
        input->archived = body_bool(body, "archived", false);
    }
}

static enum err_code run_add(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct record_call *c = ctx;
    return record_add(w, c->object_key, &c->input, &c->object, &c->record, list, err);
}

static void reply_added(struct call *call, void *ctx)
{
    const struct record_call *c = ctx;
    reply_record(call, 201, &c->object, &c->record);
}

void records_post(struct call *call)
{
    struct record_call *c = ARENA_NEW(call->arena, struct record_call);
    c->object_key = call->path_object;
    struct body body;
    if (!body_read(call, &body))
        return;
    read_input(&body, &c->input, true);
    body_write(&body, run_add, reply_added, c);
}

static enum err_code run_change(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct record_call *c = ctx;
    return record_change(w, c->object_key, c->id, c->version, &c->input, &c->object, &c->record, list, err);
}

static void reply_changed(struct call *call, void *ctx)
{
    const struct record_call *c = ctx;
    reply_record(call, 200, &c->object, &c->record);
}

/* If-Match is optional here: whoever sends it changes only what he has read. */
static bool read_version(struct call *call, int64_t *version)
{
    *version = -1;
    return !exchange_header(call->exchange, "If-Match") || call_if_match(call, version);
}

void record_patch(struct call *call)
{
    struct record_call *c = ARENA_NEW(call->arena, struct record_call);
    c->object_key = call->path_object;
    c->id = call->path_id;
    struct body body;
    if (!read_version(call, &c->version) || !body_read(call, &body))
        return;
    read_input(&body, &c->input, false);
    body_write(&body, run_change, reply_changed, c);
}

/* Archives it. */
void record_delete(struct call *call)
{
    struct record_call *c = ARENA_NEW(call->arena, struct record_call);
    *c = (struct record_call){.object_key = call->path_object,
        .id = call->path_id,
        .input = {.has_archived = true, .archived = true}};
    if (read_version(call, &c->version))
        call_write(call, run_change, reply_changed, c);
}
