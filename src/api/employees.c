/* GET /api/employees: whom work can be given to, by name. */
#include "api/call.h"
#include "base/text.h"
#include "crm/employee_list.h"

static bool read_search(struct call *call, const char **search)
{
    const char *text = exchange_query(call->exchange, "search");
    *search = text;
    const char *wrong = !text                                     ? NULL
                        : !text_is_utf8(text, strlen(text))       ? "'search' must be UTF-8."
                        : text_chars(text) > EMPLOYEE_SEARCH_MOST ? "'search' has 100 characters at most."
                                                                  : NULL;
    if (wrong)
        exchange_reply_problem(call->exchange, 400, wrong, NULL);
    else if (text)
        *search = text_nfc(call->arena, text);
    return !wrong;
}

void employees_get(struct call *call)
{
    struct page page;
    const char *search;
    if (!call_page(call, &page) || !read_search(call, &search))
        return;
    struct person *people;
    size_t count;
    struct error err = {0};
    if (employee_list(call->db, call->arena, &call->actor, search, &page, &people, &count, &err)) {
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
