#include "net/address.h"

#include <arpa/inet.h>
#include <string.h>

bool address_of(const struct sockaddr *from, union address *out)
{
    *out = (union address){0};
    if (from->sa_family == AF_INET)
        memcpy(&out->v4, from, sizeof out->v4);
    else if (from->sa_family == AF_INET6)
        memcpy(&out->v6, from, sizeof out->v6);
    else
        return false;
    if (out->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&out->v6.sin6_addr))
        return true;
    struct sockaddr_in inner = {.sin_family = AF_INET, .sin_port = out->v6.sin6_port};
    memcpy(&inner.sin_addr, out->v6.sin6_addr.s6_addr + 12, sizeof inner.sin_addr);
    *out = (union address){.v4 = inner};
    return true;
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 5 && !text[digits];
}

/* Ends the address at what may follow it, in place. */
static char *cut_port(char *text)
{
    char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');
    if (text[0] != '[') { /* one colon: a port; more: an IPv6 address */
        if (colon && colon == strchr(text, ':') && is_port(colon + 1))
            *colon = '\0';
        return text;
    }
    if (!bracket || (bracket[1] && (bracket + 1 != colon || !is_port(colon + 1))))
        return NULL;
    *bracket = '\0';
    return strchr(text + 1, ':') ? text + 1 : NULL;
}

bool address_parse(const char *text, size_t len, union address *out)
{
    char copy[INET6_ADDRSTRLEN + sizeof "[]:65535"];
    if (len == 0 || len >= sizeof copy || memchr(text, '\0', len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    const char *host = cut_port(copy);
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (host && inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        return address_of((const struct sockaddr *)&v4, out);
    return host && inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 &&
           address_of((const struct sockaddr *)&v6, out);
}

struct address_text address_format(const struct sockaddr *address)
{
    struct address_text out = {""};
    union address a;
    if (!address || !address_of(address, &a))
        return out;
    const void *bytes =
        a.any.sa_family == AF_INET ? (const void *)&a.v4.sin_addr : (const void *)&a.v6.sin6_addr;
    if (!inet_ntop(a.any.sa_family, bytes, out.text, sizeof out.text))
        out.text[0] = '\0';
    return out;
}

struct address_key address_key(const struct sockaddr *address)
{
    struct address_key key = {.len = 0};
    union address a;
    if (!address || !address_of(address, &a))
        return key;
    bool v4 = a.any.sa_family == AF_INET;
    key.len = v4 ? sizeof a.v4.sin_addr : sizeof key.bytes;
    memcpy(key.bytes, v4 ? (const void *)&a.v4.sin_addr : (const void *)&a.v6.sin6_addr, key.len);
    return key;
}
