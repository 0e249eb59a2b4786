/* content.c -- see content.h. */
#include "torture/content.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "torture/memory.h"

struct page {
    unsigned users;
    bool hashed;
    uint64_t hash; /* if hashed */
    size_t at;     /* its number, the same in all contents that have it */
    unsigned char bytes[CONTENT_PAGE];
};

static void page_put(struct page *page)
{
    if (--page->users == 0)
        free(page);
}

void content_release(struct content *content)
{
    for (size_t i = 0; i < content->page_count; i++)
        page_put(content->pages[i]);
    free(content->pages);
    *content = (struct content){0};
}

void content_clone(struct content *copy, const struct content *content)
{
    *copy = *content;
    copy->pages = memory_copy(content->pages, content->page_count * sizeof(struct page *));
    copy->page_space = content->page_count;
    for (size_t i = 0; i < content->page_count; i++)
        content->pages[i]->users++;
}

/* find -- where the first page from number `at` on is in the array; behind its end if there is none. */
static size_t find(const struct content *content, size_t at)
{
    size_t low = 0, high = content->page_count;

    if (at < high && content->pages[at]->at == at)
        return at; /* there is no hole before it, as in most files */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (content->pages[middle]->at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct content *content, size_t found, size_t at)
{
    return found < content->page_count && content->pages[found]->at == at;
}

/* page_own -- page number `at`, this content's alone, to be written to. */
static struct page *page_own(struct content *content, size_t at)
{
    const size_t found = find(content, at);

    if (!is_at(content, found, at)) {
        content->pages =
            memory_grow(content->pages, content->page_count, &content->page_space, sizeof(struct page *));
        memmove(content->pages + found + 1, content->pages + found,
                (content->page_count++ - found) * sizeof(struct page *));
        content->pages[found] = memory_new(sizeof(struct page));
        content->pages[found]->at = at;
        content->pages[found]->users = 1;
    }
    struct page *page = content->pages[found];
    if (page->users > 1) {
        page->users--;
        page = memory_copy(page, sizeof(*page));
        page->users = 1;
        content->pages[found] = page;
    }
    page->hashed = false;
    return page;
}

/* drop -- the pages from number `from` to before `to` are all zero. */
static void drop(struct content *content, size_t from, size_t to)
{
    const size_t first = find(content, from), last = from < to ? find(content, to) : first;

    if (first == last)
        return;
    for (size_t i = first; i < last; i++)
        page_put(content->pages[i]);
    memmove(content->pages + first, content->pages + last,
            (content->page_count - last) * sizeof(struct page *));
    content->page_count -= last - first;
}

/* clear -- `size` bytes of one page are zero. */
static void clear(struct content *content, uint64_t offset, size_t size)
{
    const size_t at = (size_t)(offset / CONTENT_PAGE);

    if (size && is_at(content, find(content, at), at))
        memset(page_own(content, at)->bytes + offset % CONTENT_PAGE, 0, size);
}

void content_write(struct content *content, uint64_t offset, const void *data, size_t size)
{
    const unsigned char *from = data;
    const uint64_t end = offset + size;

    while (offset < end) {
        const size_t begin = (size_t)(offset % CONTENT_PAGE);
        const size_t part =
            end - offset < CONTENT_PAGE - begin ? (size_t)(end - offset) : CONTENT_PAGE - begin;
        memcpy(page_own(content, (size_t)(offset / CONTENT_PAGE))->bytes + begin, from, part);
        from += part;
        offset += part;
    }
    if (size && content->size < end)
        content->size = end;
}

void content_zero(struct content *content, uint64_t offset, uint64_t size)
{
    if (offset >= content->size)
        return;
    const uint64_t end = size < content->size - offset ? offset + size : content->size;
    const uint64_t first = (offset + CONTENT_PAGE - 1) / CONTENT_PAGE * CONTENT_PAGE;

    if (end <= first) { /* within one page */
        clear(content, offset, (size_t)(end - offset));
        return;
    }
    clear(content, offset, (size_t)(first - offset));
    drop(content, (size_t)(first / CONTENT_PAGE), (size_t)(end / CONTENT_PAGE));
    clear(content, end - end % CONTENT_PAGE, (size_t)(end % CONTENT_PAGE));
}

void content_resize(struct content *content, uint64_t size)
{
    if (size < content->size) {
        /* What is cut off does not come back when it grows again. */
        if (size % CONTENT_PAGE)
            clear(content, size, (size_t)(CONTENT_PAGE - size % CONTENT_PAGE));
        drop(content, (size_t)((size + CONTENT_PAGE - 1) / CONTENT_PAGE), CONTENT_END);
    }
    content->size = size;
}

const unsigned char *content_page(const struct content *content, size_t at)
{
    const size_t found = find(content, at);
    return is_at(content, found, at) ? content->pages[found]->bytes : NULL;
}

size_t content_next(const struct content *content, size_t at)
{
    const size_t found = find(content, at);
    return found < content->page_count ? content->pages[found]->at : CONTENT_END;
}

static bool is_zero(const unsigned char *bytes)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, CONTENT_PAGE - 1) == 0;
}

uint64_t content_hash(const struct content *content)
{
    uint64_t sum = XXH3_64bits(&content->size, sizeof(content->size));

    for (size_t i = 0; i < content->page_count; i++) {
        struct page *page = content->pages[i];
        if (!page->hashed) {
            /* A page of zeros is the same as none. */
            page->hash = is_zero(page->bytes) ? 0 : XXH3_64bits(page->bytes, CONTENT_PAGE);
            page->hashed = true;
        }
        if (page->hash)
            sum += XXH3_64bits_withSeed(&page->hash, sizeof(page->hash), page->at);
    }
    return sum;
}
