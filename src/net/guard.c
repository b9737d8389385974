#include "net/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the operator allows, or denies. */
struct entries {
    bool all;
    struct cidr *ranges;
    size_t range_count;
    const char **names; /* in lower case; "*.example.com" as ".example.com" */
    size_t name_count;
};

struct guard {
    struct entries allow, deny;
};

/* An address as in struct cidr: IPv4 as ::ffff:a.b.c.d. */
struct address {
    unsigned char bytes[16];
};

#define V4(a, b, c, d, prefix)                                                                               \
    {                                                                                                        \
        {[10] = 0xff, [11] = 0xff, a, b, c, d}, 96 + (prefix)                                                \
    }

/*
 * What is not public unicast, narrowest first where ranges overlap: the first that fits gives the name.
 * From the IANA special-purpose registries, and the metadata services of the large clouds.
 */
static const struct {
    struct cidr range;
    const char *name;
} refused[] = {
    {V4(169, 254, 169, 254, 32), "cloud metadata"},
    {V4(100, 100, 100, 200, 32), "cloud metadata"},
    {V4(168, 63, 129, 16, 32), "cloud metadata"},
    {V4(192, 0, 0, 192, 32), "cloud metadata"},
    {{{0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54}, 128}, "cloud metadata"},
    {{{0xfd, 0x20, 0x00, 0xce, [14] = 0x02, 0x54}, 128}, "cloud metadata"},
    {V4(0, 0, 0, 0, 8), "unspecified"},
    {V4(10, 0, 0, 0, 8), "private"},
    {V4(100, 64, 0, 0, 10), "shared (carrier NAT)"},
    {V4(127, 0, 0, 0, 8), "loopback"},
    {V4(169, 254, 0, 0, 16), "link-local"},
    {V4(172, 16, 0, 0, 12), "private"},
    {V4(192, 0, 0, 0, 24), "reserved"},
    {V4(192, 0, 2, 0, 24), "documentation"},
    {V4(192, 88, 99, 0, 24), "reserved"},
    {V4(192, 168, 0, 0, 16), "private"},
    {V4(198, 18, 0, 0, 15), "benchmark"},
    {V4(198, 51, 100, 0, 24), "documentation"},
    {V4(203, 0, 113, 0, 24), "documentation"},
    {V4(224, 0, 0, 0, 4), "multicast"},
    {V4(255, 255, 255, 255, 32), "broadcast"},
    {V4(240, 0, 0, 0, 4), "reserved"},
    {{{0}, 128}, "unspecified"},
    {{{[15] = 1}, 128}, "loopback"},
    {{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48}, "local translation"},
    {{{0x20, 0x01, 0x00, 0x00}, 32}, "tunnel (Teredo)"},
    {{{0x20, 0x01, 0x0d, 0xb8}, 32}, "documentation"},
    {{{0x20, 0x01, 0x00}, 23}, "reserved"},
    {{{0x3f, 0xff, 0x00}, 20}, "documentation"},
    {{{0xfc}, 7}, "private"},
    {{{0xfe, 0x80}, 10}, "link-local"},
    {{{0xfe, 0xc0}, 10}, "private"},
    {{{0xff}, 8}, "multicast"},
};

/* What is left of IPv6 is public only inside 2000::/3. */
static const struct cidr global_unicast = {{0x20}, 3};

/* Ranges of IPv6 that lead to the IPv4 address inside them: that one is judged. */
static const struct {
    struct cidr range;
    int offset; /* of the IPv4 address, bytes */
} embedding[] = {
    {{{0x00, 0x64, 0xff, 0x9b}, 96}, 12}, /* NAT64 */
    {{{0x20, 0x02}, 16}, 2}, /* 6to4 */
    {{{0}, 96}, 12}, /* "IPv4-compatible" */
};

static bool covers(const struct cidr *cidr, const unsigned char bytes[16])
{
    int whole = cidr->bits / 8, rest = cidr->bits % 8;
    if (memcmp(cidr->bytes, bytes, (size_t)whole) != 0)
        return false;
    return rest == 0 || ((cidr->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

static struct address from_v4(const unsigned char v4[4])
{
    return (struct address){{[10] = 0xff, [11] = 0xff, v4[0], v4[1], v4[2], v4[3]}};
}

static bool is_v4(const struct address *address)
{
    static const struct cidr mapped = V4(0, 0, 0, 0, 0);
    return covers(&mapped, address->bytes);
}

static bool from_sockaddr(const struct sockaddr *addr, struct address *out)
{
    if (addr->sa_family == AF_INET) {
        unsigned char v4[4];
        memcpy(v4, &((const struct sockaddr_in *)(const void *)addr)->sin_addr, sizeof v4);
        *out = from_v4(v4);
        return true;
    }
    if (addr->sa_family == AF_INET6) {
        memcpy(out->bytes, &((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr, sizeof out->bytes);
        return true;
    }
    return false;
}

/* A prefix that is shorter than ::ffff:0:0/96 was written as IPv6 and does not speak about IPv4. */
static bool contains(const struct cidr *cidr, const struct address *address)
{
    return (cidr->bits >= 96 || !is_v4(address)) && covers(cidr, address->bytes);
}

bool cidr_contains(const struct cidr *cidr, const struct sockaddr *addr)
{
    struct address address;
    return from_sockaddr(addr, &address) && contains(cidr, &address);
}

static bool parse_address(const char *text, struct cidr *out)
{
    unsigned char v4[4];
    if (inet_pton(AF_INET, text, v4) == 1) {
        struct address address = from_v4(v4);
        memcpy(out->bytes, address.bytes, sizeof out->bytes);
        out->bits = 96;
        return true;
    }
    out->bits = 0;
    return inet_pton(AF_INET6, text, out->bytes) == 1;
}

static bool parse_bits(const char *text, int most, int *bits)
{
    size_t len = strspn(text, "0123456789");
    if (len == 0 || len > 3 || text[len] != '\0')
        return false;
    *bits = (int)strtol(text, NULL, 10);
    return *bits <= most;
}

/* "10.1.2.3/8" is more likely a slip than a way to write 10.0.0.0/8. */
static bool ends_at_prefix(const struct cidr *cidr)
{
    for (int bit = cidr->bits; bit < 128; bit++)
        if (cidr->bytes[bit / 8] >> (7 - bit % 8) & 1)
            return false;
    return true;
}

bool cidr_parse(const char *text, struct cidr *out)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchrnul(text, '/');
    size_t len = (size_t)(slash - text);
    if (len >= sizeof address)
        return false;
    memcpy(address, text, len);
    address[len] = '\0';

    struct cidr cidr;
    if (!parse_address(address, &cidr))
        return false;
    int most = 128 - cidr.bits, bits = most;
    if (*slash && !parse_bits(slash + 1, most, &bits))
        return false;
    cidr.bits += bits;
    if (!ends_at_prefix(&cidr))
        return false;
    *out = cidr;
    return true;
}

/* ── names ───────────────────────────────────────────────────────────────────────────────────── */

#define NAME_MOST 253 /* characters of a name in DNS */

/* Without the dot that a name may end with, in lower case; "" if it is too long. */
static void normal_name(const char *name, char out[static NAME_MOST + 1])
{
    size_t len = strlen(name);
    len -= len > 0 && name[len - 1] == '.';
    if (len > NAME_MOST)
        len = 0;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
    out[len] = '\0';
}

/* Labels of letters, digits, - and _, the last one with a letter: an address is no name. In a normal form. */
static bool is_name(const char *name)
{
    size_t label = 0;
    bool letter = false;
    for (const char *at = name; *at; at++) {
        bool alpha = (*at >= 'a' && *at <= 'z') || *at == '_';
        if (*at == '.' ? label == 0 : !alpha && *at != '-' && (*at < '0' || *at > '9'))
            return false;
        letter = *at == '.' ? false : letter || alpha;
        label = *at == '.' ? 0 : label + 1;
    }
    return label > 0 && letter;
}

static bool add_name(struct arena *arena, const char *text, struct entries *entries)
{
    char name[NAME_MOST + 1];
    bool below = text[0] == '*' && text[1] == '.';
    normal_name(text + (below ? 2 : 0), name);
    if (!is_name(name))
        return false;
    entries->names[entries->name_count++] = arena_printf(arena, "%s%s", below ? "." : "", name);
    return true;
}

/* `name` in its normal form. */
static bool names_have(const struct entries *entries, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < entries->name_count; i++) {
        const char *entry = entries->names[i];
        size_t entry_len = strlen(entry);
        bool below = *entry == '.' && len > entry_len;
        if (strcmp(entry, below ? name + len - entry_len : name) == 0)
            return true;
    }
    return false;
}

/* ── the operator's lists ────────────────────────────────────────────────────────────────────── */

static enum err_code read_entries(
    struct arena *arena, const struct text_list *list, struct entries *entries, struct error *err)
{
    entries->ranges = ARENA_ARRAY(arena, struct cidr, list->count + 1);
    entries->names = ARENA_ARRAY(arena, const char *, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        const char *text = list->items[i];
        if (strcmp(text, "*") == 0)
            entries->all = true;
        else if (cidr_parse(text, &entries->ranges[entries->range_count]))
            entries->range_count++;
        else if (!add_name(arena, text, entries))
            return error_set(err, ERR_INVALID,
                "\"%s\" is neither a range of addresses nor a name; write for example 10.1.0.0/16, "
                "127.0.0.1, "
                "fd12::/16, hooks.example.com or *.example.com",
                text);
    }
    return ERR_OK;
}

enum err_code guard_new(
    struct arena *arena, const struct guard_lists *lists, const struct guard **guard, struct error *err)
{
    struct guard *made = ARENA_NEW(arena, struct guard);
    *made = (struct guard){0};
    enum err_code code = read_entries(arena, &lists->allow, &made->allow, err);
    if (!code)
        code = read_entries(arena, &lists->deny, &made->deny, err);
    if (!code)
        *guard = made;
    return code;
}

/* ── judging ─────────────────────────────────────────────────────────────────────────────────── */

static bool ranges_have(const struct entries *entries, const struct address *address)
{
    for (size_t i = 0; i < entries->range_count; i++)
        if (contains(&entries->ranges[i], address))
            return true;
    return false;
}

/* The address that a connection would in the end lead to. */
static struct address inner(const struct address *address)
{
    static const struct cidr none_or_self = {{0}, 127}; /* :: and ::1 are themselves */
    if (covers(&none_or_self, address->bytes))
        return *address;
    for (size_t i = 0; i < ARRAY_LEN(embedding); i++)
        if (covers(&embedding[i].range, address->bytes))
            return from_v4(address->bytes + embedding[i].offset);
    return *address;
}

/* The name of its kind, or NULL for a public unicast address. */
static const char *refused_kind(const struct address *address)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (contains(&refused[i].range, address))
            return refused[i].name;
    return is_v4(address) || covers(&global_unicast, address->bytes) ? NULL : "reserved";
}

static void describe(const struct address *address, const char *kind, char why[static 96])
{
    char text[INET6_ADDRSTRLEN] = "?";
    if (is_v4(address))
        inet_ntop(AF_INET, address->bytes + 12, text, sizeof text);
    else
        inet_ntop(AF_INET6, address->bytes, text, sizeof text);
    snprintf(why, 96, "%s address %s", kind, text);
}

/* Why it is refused, or NULL. */
static const char *judge(const struct guard *guard, const char *name, const struct address *address)
{
    const struct address judged = inner(address);
    if (names_have(&guard->deny, name) || ranges_have(&guard->deny, address) ||
        ranges_have(&guard->deny, &judged))
        return "denied";
    /* The allowed ranges speak of the address itself: 127.0.0.0/8 opens no translator to somebody else's. */
    if (guard->allow.all || names_have(&guard->allow, name) || ranges_have(&guard->allow, address))
        return NULL;
    return guard->deny.all ? "not allowed" : refused_kind(&judged);
}

bool guard_permits(
    const struct guard *guard, const char *host, const struct sockaddr *addr, char why[static 96])
{
    struct address address;
    char name[NAME_MOST + 1];
    if (!from_sockaddr(addr, &address)) {
        snprintf(why, 96, "not an internet address");
        return false;
    }
    normal_name(host, name);
    const char *kind = judge(guard, name, &address);
    if (!kind)
        return true;
    describe(&address, kind, why);
    return false;
}
