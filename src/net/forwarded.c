/*
 * Who a request comes from, and how, if a proxy handed it on. A proxy appends the address of whoever it speaks to to
 * X-Forwarded-For; so the list is true as far as its end was written by proxies that are known, and everything to the
 * left of them may be invented. `Forwarded` (RFC 7239) is not read: the proxies in use set the other one by default,
 * and pass on what clients say in the one that they do not know.
 *
 * The HTTP thread, once a request.
 */
#include "net/server_internal.h"

#include "base/text.h"

#include <string.h>

static bool is_proxy(const struct server *server, const union address *address)
{
    for (size_t i = 0; i < server->proxy_count; i++)
        if (cidr_contains(&server->proxies[i], &address->any))
            return true;
    return false;
}

/* The last element of a list of `*len` bytes, without blanks; *len becomes that of what is before it. */
static const char *pop(const char *list, size_t *len, size_t *item_len)
{
    size_t end = *len, begin;
    while (end > 0 && (list[end - 1] == ' ' || list[end - 1] == '\t'))
        end--;
    begin = end;
    while (begin > 0 && list[begin - 1] != ',')
        begin--;
    *len = begin > 0 ? begin - 1 : 0;
    while (begin < end && (list[begin] == ' ' || list[begin] == '\t'))
        begin++;
    *item_len = end - begin;
    return list + begin;
}

/*
 * Goes through one header's list from its end. True: the client is found, or there is something that is no address,
 * so that nothing further left can be believed; `client` is the last that is known.
 */
static bool walk(const struct server *server, const char *list, union address *client)
{
    size_t len = strlen(list), item_len;
    while (len > 0) {
        const char *item = pop(list, &len, &item_len);
        union address address;
        if (!address_parse(item, item_len, &address))
            return true;
        *client = address;
        if (!is_proxy(server, &address))
            return true;
    }
    return false;
}

/* Counted from 1. */
static const char *nth_header(const struct fields *headers, const char *name, size_t count)
{
    const char *value = NULL;
    for (const struct field *field = headers->head; field && count > 0; field = field->next)
        if (text_equal_nocase(field->name, name)) {
            value = field->value;
            count--;
        }
    return value;
}

static void find_client(struct request *request)
{
    static const char name[] = "X-Forwarded-For";
    size_t count = exchange_header_count(&request->exchange, name);
    /* Several headers of one name are one list, in their order. */
    while (count > 0)
        if (walk(request->server, nth_header(&request->headers, name, count--), &request->from))
            return;
}

/* What the proxy next to us says; it may have passed on what one before it said. */
static bool find_https(struct request *request)
{
    static const char name[] = "X-Forwarded-Proto";
    size_t count = exchange_header_count(&request->exchange, name), item_len;
    if (count == 0)
        return false;
    const char *list = nth_header(&request->headers, name, count);
    size_t len = strlen(list);
    const char *item = pop(list, &len, &item_len);
    return item_len == 5 && strncasecmp(item, "https", 5) == 0;
}

void forwarded_read(struct request *request)
{
    request->by_proxy = request->has_from && is_proxy(request->server, &request->from);
    if (!request->by_proxy)
        return;
    request->exchange.https |= find_https(request);
    find_client(request);
}

const struct sockaddr *exchange_client(const struct exchange *exchange)
{
    const struct request *request = request_of(exchange);
    return request->has_from ? &request->from.any : NULL;
}
