/* content.h -- the bytes of a file at some moment, in pages that many moments share.
 *
 * A page that nothing was written to is all zero and takes no memory, however far out the others are; one
 * that two contents have in common is there once, until one of them writes to it. So a thousand crash states
 * of a file cost little more than one.
 */
#ifndef TORTURE_CONTENT_H
#define TORTURE_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#define CONTENT_PAGE 4096u

struct page;

/* All zero is an empty one. */
struct content {
    uint64_t size;
    struct page **pages; /* by their numbers; all others are all zero */
    size_t page_count, page_space;
};

void content_release(struct content *content);

/* content_clone -- makes *copy, which is empty, the same as *content. */
void content_clone(struct content *copy, const struct content *content);

/* content_write -- as pwrite(): what is behind the end grows the content. */
void content_write(struct content *content, uint64_t offset, const void *data, size_t size);

/* content_zero -- the same with zeros, up to the end at most. */
void content_zero(struct content *content, uint64_t offset, uint64_t size);

/* content_resize -- as ftruncate(). */
void content_resize(struct content *content, uint64_t size);

/* content_page -- page number `at`; NULL if it is all zero. It holds until the content is changed. */
const unsigned char *content_page(const struct content *content, size_t at);

/* content_next -- the number of the first page from `at` on that something was written to; CONTENT_END if
 * there is none. */
#define CONTENT_END SIZE_MAX
size_t content_next(const struct content *content, size_t at);

/* content_hash -- one number for the bytes and their size: equal contents have equal ones. */
uint64_t content_hash(const struct content *content);

#endif
