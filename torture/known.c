/* known.c -- see known.h. */
#include "torture/known.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "torture/memory.h"

bool identity_get(struct identity *identity, struct statx *stx, int dir, const char *path, int flags)
{
    if (statx(dir, path, flags, STATX_BASIC_STATS | STATX_BTIME, stx) != 0)
        return false;
    *identity =
        (struct identity){.inode = stx->stx_ino, .major = stx->stx_dev_major, .minor = stx->stx_dev_minor};
    if (stx->stx_mask & STATX_BTIME) {
        identity->born_s = stx->stx_btime.tv_sec;
        identity->born_ns = stx->stx_btime.tv_nsec;
    }
    return true;
}

bool identity_same(const struct identity *a, const struct identity *b)
{
    return a->inode == b->inode && a->major == b->major && a->minor == b->minor && a->born_s == b->born_s &&
           a->born_ns == b->born_ns;
}

static size_t slot_of(const struct known *known, uint64_t inode)
{
    return (size_t)(inode * 0x9e3779b97f4a7c15u >> 20) % known->slot_count;
}

uint32_t known_find(const struct known *known, const struct identity *identity)
{
    for (size_t at = slot_of(known, identity->inode); known->slots[at]; at = (at + 1) % known->slot_count) {
        if (identity_same(&known->objects[known->slots[at]].identity, identity))
            return known->slots[at];
    }
    return 0;
}

static void enter(struct known *known, uint32_t object)
{
    size_t at = slot_of(known, known->objects[object].identity.inode);

    while (known->slots[at])
        at = (at + 1) % known->slot_count;
    known->slots[at] = object;
    known->slots_used++;
}

void known_learn(struct known *known, uint32_t object, const struct identity *identity)
{
    while (known->count <= object) {
        known->objects = memory_grow(known->objects, known->count, &known->space, sizeof(*known->objects));
        known->objects[known->count++] = (struct object){.fd = -1};
    }
    known->objects[object].identity = *identity;
    if (known->slots_used * 2 >= known->slot_count) {
        free(known->slots);
        known->slot_count = known->slot_count * 2 + 64;
        known->slots = memory_new(known->slot_count * sizeof(*known->slots));
        known->slots_used = 0;
        for (uint32_t i = 1; i < known->count; i++) {
            if (i != object && known->objects[i].identity.inode)
                enter(known, i);
        }
    }
    enter(known, object);
}

uint64_t known_size(const struct known *known, uint32_t object)
{
    const int fd = known->objects[object].fd;
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

void known_release(struct known *known)
{
    for (size_t i = 0; i < known->count; i++) {
        if (known->objects[i].fd >= 0)
            close(known->objects[i].fd);
    }
    free(known->objects);
    free(known->slots);
}
