/* index_check.c -- whether LMDB may be let near a file: its page structure, checked from outside.
 *
 * LMDB 0.9 maps its file and follows page numbers and offsets without looking whether they lie within it;
 * one flipped bit there is a crash or an endless loop. This walks the newest snapshot's two trees, the
 * free list and the main table, as LMDB would, and checks on the way that
 *
 *   - both meta pages are LMDB's, of this page size, and the newest snapshot ends within the file and can be
 * followed by another;
 *   - each page is what the page that points at it says it is, has its own number, and is reached once;
 *   - the nodes fill their page, each its own bytes, and each value lies within its node or its overflow
 * pages;
 *   - keys are in ascending order, within a page and from page to page;
 *   - every free page is a page of the file, listed once and in no tree.
 *
 * The index is small (a mark for 16 KiB of log), so the whole walk is a few hundred pages for a million
 * checkpoints. It reads copies of the pages, so it does not fault itself. The format is that of LMDB 0.9
 * on a 64-bit machine; a file in any other is not whole as far as this is concerned.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assert.h>

#include "journal/index.h"
#include "system/system.h"

#define LMDB_MAGIC      0xbeefc0deu
#define LMDB_VERSION    1u
#define NO_PAGE         UINT64_MAX
#define DEPTH_MAX       16
#define MAP_SIZE_MAX    ((uint64_t)1 << 46)
#define TRANSACTION_MAX (UINT64_MAX / 2)

enum page_flags { P_BRANCH = 0x01, P_LEAF = 0x02, P_OVERFLOW = 0x04, P_META = 0x08 };
enum node_flags { F_BIGDATA = 0x01 };

struct page_header {
    uint64_t number;
    uint16_t pad;
    uint16_t flags;
    uint16_t lower; /* overflow: the low half of the number of pages */
    uint16_t upper; /* and the high half */
};
static_assert(sizeof(struct page_header) == 16, "LMDB's page header");

struct tree {
    uint32_t pad; /* of the free list: the page size */
    uint16_t flags;
    uint16_t depth;
    uint64_t branch_pages, leaf_pages, overflow_pages, entries;
    uint64_t root;
};
static_assert(sizeof(struct tree) == 48, "LMDB's MDB_db");

struct meta {
    uint32_t magic, version;
    uint64_t address, map_size;
    struct tree trees[2]; /* the free list, the main table */
    uint64_t last_page;
    uint64_t transaction;
};
static_assert(sizeof(struct meta) == 136, "LMDB's MDB_meta");

struct check {
    int fd;
    uint32_t page_size;
    uint64_t pages;      /* that the snapshot has */
    unsigned char *seen; /* one byte a page */
};

static bool read_page(const struct check *check, uint64_t number, unsigned char *page)
{
    int failed;
    return system_read(check->fd, page, check->page_size, number * check->page_size, &failed) ==
           check->page_size;
}

/* claim -- notes that `count` pages from `number` are in use; false if they cannot be. */
static bool claim(struct check *check, uint64_t number, uint64_t count)
{
    if (number < 2 || number >= check->pages || count > check->pages - number)
        return false;
    for (uint64_t i = number; i < number + count; i++) {
        if (check->seen[i])
            return false;
        check->seen[i] = 1;
    }
    return true;
}

static uint16_t word(const unsigned char *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

/* check_free -- one value of the free list: a count, then page numbers in descending order. */
static const char *check_free(struct check *check, const unsigned char *data, uint64_t size)
{
    uint64_t count, number, last = NO_PAGE;

    if (size < sizeof(count))
        return "the free list is cut";
    memcpy(&count, data, sizeof(count));
    if (count > size / sizeof(count) - 1)
        return "the free list is longer than its value";
    for (uint64_t i = 1; i <= count; i++, last = number) {
        memcpy(&number, data + i * sizeof(number), sizeof(number));
        if (number >= last || !claim(check, number, 1))
            return "the free list names a page that is not free";
    }
    return NULL;
}

/* check_value -- the value of one leaf node. */
static const char *check_value(struct check *check, const unsigned char *node, uint64_t room, bool free_list)
{
    uint32_t size = word(node) | (uint32_t)word(node + 2) << 16;
    uint64_t key_size = word(node + 6);
    const unsigned char *data = node + 8 + key_size;
    uint64_t first;
    const char *why = NULL;

    if ((word(node + 4) & F_BIGDATA) == 0) {
        if (word(node + 4) != 0 || 8 + key_size + size > room)
            return "a value does not lie within its page";
        return free_list ? check_free(check, data, size) : NULL;
    }
    if (8 + key_size + sizeof(first) > room || !free_list)
        return "a large value where none can be";
    memcpy(&first, data, sizeof(first));
    uint64_t bytes = sizeof(struct page_header) + (uint64_t)size;
    uint64_t count = (bytes + check->page_size - 1) / check->page_size;
    if (!claim(check, first, count))
        return "a large value lies outside the file, or on pages in use";
    unsigned char *copy = malloc(count * check->page_size);
    if (copy == NULL)
        return index_no_means;
    for (uint64_t i = 0; i < count && why == NULL; i++) {
        if (!read_page(check, first + i, copy + i * check->page_size))
            why = "a page cannot be read";
    }
    struct page_header header;
    memcpy(&header, copy, sizeof(header));
    if (why == NULL && (header.number != first || header.flags != P_OVERFLOW ||
                        (header.lower | (uint32_t)header.upper << 16) != count))
        why = "a large value's page is not its own";
    if (why == NULL)
        why = check_free(check, copy + sizeof(header), size);
    free(copy);
    return why;
}

/* A key; of no bytes at the ends of the tree, where there is none to be compared with. */
struct key {
    const unsigned char *data;
    size_t size;
};

/* compare_keys -- as LMDB orders them. */
static int compare_keys(bool free_list, struct key a, struct key b)
{
    if (free_list) {
        uint64_t x, y; /* transaction numbers, as the machine has them */
        memcpy(&x, a.data, sizeof(x));
        memcpy(&y, b.data, sizeof(y));
        return x < y ? -1 : x > y;
    }
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order ? order : a.size < b.size ? -1 : a.size > b.size;
}

/* check_nodes -- whether the nodes of a page fill it from `upper` to its end, each its own bytes; LMDB moves
 * them as one piece. `bytes` has room for a byte for each of the page's, and is zeros. */
static bool check_nodes(const unsigned char *page, const struct page_header *header, uint32_t page_size,
                        unsigned char *bytes)
{
    unsigned count = (header->lower - (unsigned)sizeof(*header)) / 2;
    uint64_t total = 0;

    for (unsigned i = 0; i < count; i++) {
        unsigned offset = word(page + sizeof(*header) + 2 * (size_t)i);
        if (offset < header->upper || offset + 8 > page_size || offset % 2 != 0)
            return false;
        const unsigned char *node = page + offset;
        uint64_t size = 8 + (uint64_t)word(node + 6);
        if (header->flags == P_LEAF && (word(node + 4) & F_BIGDATA))
            size += sizeof(uint64_t);
        else if (header->flags == P_LEAF)
            size += word(node) | (uint32_t)word(node + 2) << 16;
        size = (size + 1) & ~(uint64_t)1;
        if (size > page_size - offset || memchr(bytes + offset, 1, size) != NULL)
            return false;
        memset(bytes + offset, 1, size);
        total += size;
    }
    return total == page_size - header->upper;
}

static const char *check_tree(struct check *check, uint64_t number, int level, bool free_list,
                              uint64_t *entries, struct key from, struct key to);

/* check_entries -- what the nodes of a page say: keys in order, from `from` on and before `to`, and what each
 * has below it. */
static const char *check_entries(struct check *check, const unsigned char *page, unsigned count, int level,
                                 bool free_list, uint64_t *entries, struct key from, struct key to)
{
    const char *why = NULL;

    for (unsigned i = 0; i < count && why == NULL; i++) {
        unsigned offset = word(page + sizeof(struct page_header) + 2 * (size_t)i);
        const unsigned char *node = page + offset;
        struct key key = {node + 8, word(node + 6)}, next = to;
        if (level > 0 && i == 0)
            key = from; /* LMDB does not look at the first key of a branch */
        else if (key.size == 0 || key.size > 511 || (free_list && key.size != 8))
            return "a key has an impossible size";
        if (level > 0 && i + 1 < count) {
            const unsigned char *after = page + word(page + sizeof(struct page_header) + 2 * (size_t)(i + 1));
            next = (struct key){after + 8, word(after + 6)};
            if (next.size == 0 || (free_list && next.size != 8))
                return "a key has an impossible size";
        }
        /* The first may be the one that leads here. */
        int order = key.size && from.size ? compare_keys(free_list, from, key) : -1;
        if (order > 0 || (order == 0 && i > 0) ||
            (key.size && next.size && compare_keys(free_list, key, next) >= 0))
            return "keys are not in order";
        from = key;
        if (level > 0) {
            uint64_t child = word(node) | (uint64_t)word(node + 2) << 16 | (uint64_t)word(node + 4) << 32;
            why = check_tree(check, child, level - 1, free_list, entries, key, next);
        } else {
            ++*entries;
            why = check_value(check, node, check->page_size - offset, free_list);
        }
    }
    return why;
}

/* check_tree -- the page `number` at `level` levels above the leaves, and all below; its keys stand from
 * `from` on and before `to`. */
static const char *check_tree(struct check *check, uint64_t number, int level, bool free_list,
                              uint64_t *entries, struct key from, struct key to)
{
    struct page_header header;
    const char *why = NULL;

    if (!claim(check, number, 1))
        return "a page is outside the file, or in use twice";
    unsigned char *page = calloc(2, check->page_size);
    if (page == NULL)
        return index_no_means;
    if (!read_page(check, number, page)) {
        free(page);
        return "a page cannot be read";
    }
    memcpy(&header, page, sizeof(header));
    unsigned count = header.lower < sizeof(header) ? 0 : (header.lower - (unsigned)sizeof(header)) / 2;
    if (header.number != number || header.flags != (level > 0 ? P_BRANCH : P_LEAF) || header.lower % 2 != 0 ||
        header.upper < header.lower || header.upper > check->page_size || count < (level > 0 ? 2u : 1u))
        why = "a page is not what points at it says";
    else if (!check_nodes(page, &header, check->page_size, page + check->page_size))
        why = "the nodes of a page do not fill it";
    else
        why = check_entries(check, page, count, level, free_list, entries, from, to);
    free(page);
    return why;
}

const char index_no_means[] = "there is no memory for it";

const char *index_check(int fd, bool saved)
{
    unsigned char start[sizeof(struct page_header) + sizeof(struct meta)];
    struct page_header header;
    struct meta meta[2];
    struct stat st;
    int failed;

    if (fstat(fd, &st) != 0)
        return "it cannot be looked at";
    if (!S_ISREG(st.st_mode))
        return "this is no regular file";
    uint32_t page_size = 4096;
    for (int i = 0; i < 2; i++) {
        if (system_read(fd, start, sizeof(start), (uint64_t)i * page_size, &failed) != sizeof(start))
            return "the file is too short";
        memcpy(&header, start, sizeof(header));
        memcpy(&meta[i], start + sizeof(header), sizeof(meta[i]));
        if (header.number != (uint64_t)i || header.flags != P_META || meta[i].magic != LMDB_MAGIC ||
            meta[i].version != LMDB_VERSION || meta[i].address != 0)
            return "this is no LMDB 0.9 file";
        uint32_t size = meta[i].trees[0].pad;
        if (i == 0 && (size < 512 || size > 65536 || (size & (size - 1)) != 0))
            return "the page size is impossible";
        if (i == 1 && size != page_size)
            return "the meta pages disagree";
        page_size = size;
    }
    const struct meta *newest = &meta[meta[1].transaction > meta[0].transaction];
    struct check check = {.fd = fd, .page_size = page_size, .pages = newest->last_page + 1};
    if (newest->last_page < 1 || check.pages > (uint64_t)st.st_size / page_size)
        return "the file is shorter than its snapshot";
    if (newest->map_size < check.pages * page_size || newest->map_size > MAP_SIZE_MAX >> saved)
        return "the map size is impossible";
    /* The next one must be larger, and so is written to the other page. Past the end it would begin at 0
     * again, and what is saved never be the newest. */
    if (newest->transaction > TRANSACTION_MAX >> saved || newest != &meta[newest->transaction & 1])
        return "the transaction's number is impossible";
    check.seen = calloc(1, check.pages);
    if (check.seen == NULL)
        return index_no_means;
    const char *why = NULL;
    for (int i = 0; i < 2 && why == NULL; i++) {
        const struct tree *tree = &newest->trees[i];
        uint64_t entries = 0;
        if (tree->depth > DEPTH_MAX || (tree->root == NO_PAGE) != (tree->depth == 0))
            why = "a tree is impossibly deep";
        else if (tree->flags != (i == 0 ? 0x4008 : 0)) /* integer keys; a file and no directory */
            why = "a tree is of another kind";
        else if (tree->root != NO_PAGE)
            why = check_tree(&check, tree->root, tree->depth - 1, i == 0, &entries, (struct key){0},
                             (struct key){0});
        if (why == NULL && entries != tree->entries)
            why = "a tree has lost entries";
    }
    free(check.seen);
    return why;
}
