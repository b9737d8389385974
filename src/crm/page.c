#include "crm/page.h"

#include <string.h>

static void swap(char *a, char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = a[i];
        a[i] = b[i];
        b[i] = c;
    }
}

size_t page_cut(struct page *page, void *items, size_t size, size_t count)
{
    bool full = count > page->limit, more = full || !id_is_nil(page->edge);
    size_t n = full ? page->limit : count;
    if (full)
        page->edge = (struct id){0}; /* it goes on from its last row */
    char *rows = items;
    for (size_t i = 0; page->back && i < n / 2; i++)
        swap(rows + i * size, rows + (n - 1 - i) * size, size);
    page->more_before = page->back ? more : page->from;
    page->more_after = page->back || more;
    return n;
}

struct id page_id_bound(const struct page *page)
{
    struct id bound = page->key.id;
    if (!page->from)
        memset(bound.bytes, page->back ? 0x00 : 0xff, sizeof bound.bytes);
    return bound;
}
