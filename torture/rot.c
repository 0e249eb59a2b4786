/* rot.c -- see rot.h. */
#include "torture/rot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "torture/memory.h"

#define SECTOR 512u

/* byte_at -- a byte of the content, within its size. */
static unsigned char byte_at(const struct content *content, uint64_t offset)
{
    const unsigned char *page = content_page(content, (size_t)(offset / CONTENT_PAGE));
    return page ? page[offset % CONTENT_PAGE] : 0;
}

static bool sector_is_zero(const struct content *content, uint64_t offset)
{
    for (uint64_t i = offset; i < offset + SECTOR && i < content->size; i++) {
        if (byte_at(content, i))
            return false;
    }
    return true;
}

/* is_there -- whether the object has a name. */
static bool is_there(const struct tree *tree, uint32_t object)
{
    for (uint32_t dir = 1; dir < tree->count; dir++) {
        const struct node *node = tree_node(tree, dir);
        for (size_t i = 0; node && i < node->entry_count; i++) {
            if (node->entries[i].object == object)
                return true;
        }
    }
    return false;
}

/* full_sectors -- how many sectors are not all zero, and where the n-th of them is. */
static uint64_t full_sectors(const struct content *content, uint64_t nth, uint64_t *where)
{
    uint64_t count = 0;

    for (size_t page = content_next(content, 0); page != CONTENT_END;
         page = content_next(content, page + 1)) {
        for (unsigned i = 0; i < CONTENT_PAGE / SECTOR; i++) {
            const uint64_t offset = (uint64_t)page * CONTENT_PAGE + i * SECTOR;
            if (offset >= content->size || sector_is_zero(content, offset))
                continue;
            if (count++ == nth)
                *where = offset;
        }
    }
    return count;
}

static bool rot_file(const struct trace *trace, uint32_t object, const struct content *content, uint64_t seed,
                     unsigned most, rot_fn *fn, void *arg)
{
    uint64_t where = 0;
    const uint64_t full = full_sectors(content, UINT64_MAX, &where), times = full < most ? full : most;
    struct rot rot = {.object = object};

    for (uint64_t i = 0; i < times; i++) {
        full_sectors(content, i * full / times, &where);
        rot.kind = ROT_ZERO;
        rot.offset = where;
        if (!fn(arg, &rot))
            return false;
        rot.kind = ROT_TURN;
        rot.offset = where + (seed + i * 37) % SECTOR;
        if (rot.offset < content->size && !fn(arg, &rot))
            return false;
    }
    rot.kind = ROT_CUT;
    for (unsigned i = 0; i < 8 && content->size > 0; i++) {
        const uint64_t sizes[] = {0,
                                  1,
                                  SECTOR,
                                  content->size / 4,
                                  content->size / 2,
                                  content->size * 3 / 4,
                                  content->size - content->size % CONTENT_PAGE,
                                  content->size - 1};
        rot.offset = sizes[i];
        if (rot.offset < content->size && !fn(arg, &rot))
            return false;
    }
    rot = (struct rot){.kind = ROT_REMOVE, .object = object};
    if (!fn(arg, &rot))
        return false;
    rot.kind = ROT_OLDER;
    for (unsigned i = 1; i <= 4; i++) {
        rot.offset = trace->count * i / 5;
        if (!fn(arg, &rot))
            return false;
    }
    return true;
}

void rot_all(const struct trace *trace, const struct tree *tree, uint64_t seed, unsigned most, rot_fn *fn,
             void *arg)
{
    for (uint32_t object = 2; object < tree->count; object++) {
        const struct node *node = tree_node(tree, object);
        if (node && node->type == TYPE_FILE && is_there(tree, object) &&
            !rot_file(trace, object, &node->content, seed, most, fn, arg))
            return;
    }
}

static void remove_names(struct tree *tree, uint32_t object)
{
    for (uint32_t dir = 1; dir < tree->count; dir++) {
        const struct node *node = tree_node(tree, dir);
        for (size_t i = 0; node && i < node->entry_count;) {
            if (node->entries[i].object == object) {
                char *name = memory_text(node->entries[i].name);
                tree_unlink(tree, dir, name);
                free(name);
            } else {
                i++;
            }
        }
    }
}

/* make_older -- the bytes that the file had once; none, if it was not there yet. */
static void make_older(struct content *content, const struct trace *trace, uint32_t object, uint64_t ops)
{
    struct tree then;

    tree_begin(&then, trace->objects);
    for (size_t i = 0; i < ops && i < trace->count; i++)
        tree_apply(&then, &trace->ops[i]);
    const struct node *node = tree_node(&then, object);
    content_release(content);
    if (node)
        content_clone(content, &node->content);
    tree_release(&then);
}

void rot_apply(const struct rot *rot, const struct trace *trace, struct tree *tree)
{
    struct node *node = tree_node(tree, rot->object);
    unsigned char byte;

    if (node == NULL || node->type != TYPE_FILE)
        return;
    switch (rot->kind) {
    case ROT_TURN:
        if (rot->offset >= node->content.size)
            break;
        byte = byte_at(&node->content, rot->offset) ^ (unsigned char)(1u << rot->offset % 8);
        content_write(&node->content, rot->offset, &byte, 1);
        break;
    case ROT_ZERO:
        content_zero(&node->content, rot->offset, SECTOR);
        break;
    case ROT_CUT:
        if (rot->offset < node->content.size)
            content_resize(&node->content, rot->offset);
        break;
    case ROT_REMOVE:
        remove_names(tree, rot->object);
        break;
    case ROT_OLDER:
        make_older(&node->content, trace, rot->object, rot->offset);
        break;
    default:
        break;
    }
}

void rot_tell(const struct rot *rot, const struct trace *trace, FILE *stream)
{
    static const char *const words[ROT_KINDS] = {
        [ROT_NONE] = "nothing",  [ROT_TURN] = "a bit is turned", [ROT_ZERO] = "a sector is zero",
        [ROT_CUT] = "it is cut", [ROT_REMOVE] = "it is gone",    [ROT_OLDER] = "it is as it once was",
    };

    trace_path(trace, rot->object, stream);
    fprintf(stream, ": %s", words[rot->kind]);
    if (rot->kind == ROT_TURN || rot->kind == ROT_ZERO)
        fprintf(stream, ", at %" PRIu64, rot->offset);
    if (rot->kind == ROT_CUT)
        fprintf(stream, " to %" PRIu64 " bytes", rot->offset);
    if (rot->kind == ROT_OLDER)
        fprintf(stream, ", after %" PRIu64 " operations", rot->offset);
}
