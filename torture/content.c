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
    unsigned char bytes[CONTENT_PAGE];
};

static void page_put(struct page *page)
{
    if (page && --page->users == 0)
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
    for (size_t i = 0; i < content->page_count; i++) {
        if (content->pages[i])
            content->pages[i]->users++;
    }
}

/* page_own -- page number `at`, this content's alone, to be written to. */
static struct page *page_own(struct content *content, size_t at)
{
    if (at >= content->page_count) {
        const size_t count = at + 1 + at / 2;
        struct page **pages = memory_new(count * sizeof(struct page *));
        if (content->page_count)
            memcpy(pages, content->pages, content->page_count * sizeof(struct page *));
        free(content->pages);
        content->pages = pages;
        content->page_count = count;
    }
    struct page *page = content->pages[at];
    if (page == NULL) {
        page = memory_new(sizeof(*page));
        page->users = 1;
    } else if (page->users > 1) {
        page->users--;
        page = memory_copy(page, sizeof(*page));
        page->users = 1;
    }
    page->hashed = false;
    content->pages[at] = page;
    return page;
}

/* put -- writes data, or zeros if it is NULL. */
static void put(struct content *content, uint64_t offset, const unsigned char *data, uint64_t size)
{
    while (size > 0) {
        const size_t at = (size_t)(offset / CONTENT_PAGE), begin = (size_t)(offset % CONTENT_PAGE);
        const size_t part = size < CONTENT_PAGE - begin ? (size_t)size : CONTENT_PAGE - begin;
        if (data) {
            memcpy(page_own(content, at)->bytes + begin, data, part);
            data += part;
        } else if (at < content->page_count && content->pages[at]) {
            if (part == CONTENT_PAGE) {
                page_put(content->pages[at]);
                content->pages[at] = NULL;
            } else {
                memset(page_own(content, at)->bytes + begin, 0, part);
            }
        }
        offset += part;
        size -= part;
    }
}

void content_write(struct content *content, uint64_t offset, const void *data, size_t size)
{
    if (size == 0)
        return;
    put(content, offset, data, size);
    if (content->size < offset + size)
        content->size = offset + size;
}

void content_zero(struct content *content, uint64_t offset, uint64_t size)
{
    if (offset >= content->size)
        return;
    put(content, offset, NULL, size < content->size - offset ? size : content->size - offset);
}

void content_resize(struct content *content, uint64_t size)
{
    if (size < content->size) {
        /* What is cut off does not come back when it grows again. */
        const uint64_t end = (uint64_t)content->page_count * CONTENT_PAGE;
        if (size < end)
            put(content, size, NULL, end - size);
    }
    content->size = size;
}

const unsigned char *content_page(const struct content *content, size_t at)
{
    return at < content->page_count && content->pages[at] ? content->pages[at]->bytes : NULL;
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
        if (page == NULL)
            continue;
        if (!page->hashed) {
            /* A page of zeros is the same as none. */
            page->hash = is_zero(page->bytes) ? 0 : XXH3_64bits(page->bytes, CONTENT_PAGE);
            page->hashed = true;
        }
        if (page->hash)
            sum += XXH3_64bits_withSeed(&page->hash, sizeof(page->hash), i);
    }
    return sum;
}
