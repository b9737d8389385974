/* POST /api/records/contacts/search. */
#include "api/body.h"
#include "crm/contact.h"

struct search_input {
    const char *search;
    int64_t page, page_size;
};

static bool read_input(struct call *call, struct search_input *input)
{
    struct body body;
    if (!body_read(call, &body))
        return false;
    input->search = body_text_or_null(&body, "search", 0, 200);
    input->page = body_int(&body, "page", 1, 100000, 1);
    input->page_size = body_int(&body, "page_size", 1, 200, 50);
    if (!input->search)
        input->search = "";
    return body_finish(&body);
}

void contacts_search(struct call *call)
{
    struct search_input input;
    if (!read_input(call, &input))
        return;
    struct contact *contacts;
    size_t count;
    bool more;
    struct error err = {0};
    if (contact_search(call->db, call->arena, &call->actor, input.search, input.page, (size_t)input.page_size,
            &contacts, &count, &more, &err)) {
        call_fail(call, &err, NULL);
        return;
    }
    struct buf body;
    struct json json = emit_page(&body);
    for (size_t i = 0; i < count; i++) {
        emit_object(&json, NULL);
        emit_id(&json, "id", contacts[i].id);
        emit_text(&json, "display_name", contacts[i].display_name);
        emit_text(&json, "first_name", contacts[i].first_name);
        emit_text(&json, "last_name", contacts[i].last_name);
        emit_text(&json, "email", contacts[i].email);
        emit_object_end(&json);
    }
    emit_array_end(&json);
    if (more)
        emit_int(&json, "next", input.page + 1);
    else
        emit_null(&json, "next");
    if (input.page > 1)
        emit_int(&json, "previous", input.page - 1);
    else
        emit_null(&json, "previous");
    emit_object_end(&json);
    call_reply_json(call, 200, &body, NULL, 0);
}
