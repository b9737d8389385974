/*
 * Pages of a list that is ordered by a key. A list function gets a struct page, reads one row more than `limit`
 * in the direction that it says (page->back: against the list's order, nearest first), and has page_cut
 * make the page of it. Pure; any thread.
 */
#ifndef HERALD_CRM_PAGE_H
#define HERALD_CRM_PAGE_H

#include "base/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a row stands in its list: what the list is ordered by, then its id. What a list does not use is empty. */
struct page_key {
    int64_t number; /* a time */
    const char *text; /* a name; NULL: none */
    struct id id;
};

struct page {
    size_t limit; /* rows on a page, 1 to 200 */
    bool from; /* whether there is a `key` to go on from; else the list's beginning */
    bool back; /* the page before `key`, else the one after it */
    struct page_key key;
    /*
     * Set before page_cut by a list that looks through what it filters, once it has looked through much of it: the last
     * id that it has looked at, from which the next page goes on, however few rows this one has. Nil: not set.
     */
    struct id edge;
    /* set by page_cut */
    bool more_before, more_after;
};

#define PAGE_LIMIT_MOST 200
#define PAGE_LIMIT_PRESET 50

/*
 * `items` are `count` rows of `size` bytes as they were read, at most limit + 1. Drops the row too many, puts a page
 * that was read backwards in order, and tells what is before and after it. Returns how many are left.
 */
size_t page_cut(struct page *page, void *items, size_t size, size_t count);

/* The key's id for a list that is ordered by ids alone, newest first: what "id < $n" (back: "id > $n") needs. */
struct id page_id_bound(const struct page *page);

#endif
