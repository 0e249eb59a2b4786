/* outside.c -- see outside.h. */
#include "torture/outside.h"

#include <stdlib.h>

#include "torture/memory.h"

static struct pending *find(const struct outside *outside, const struct identity *identity)
{
    for (size_t i = outside->count; i-- > 0;) { /* most likely one of the last */
        if (identity_same(&outside->files[i].identity, identity))
            return &outside->files[i];
    }
    return NULL;
}

void outside_wrote(struct outside *outside, const struct identity *identity, bool mapped)
{
    struct pending *file = find(outside, identity);

    if (file == NULL) {
        outside->files =
            memory_grow(outside->files, outside->count, &outside->space, sizeof(*outside->files));
        file = &outside->files[outside->count++];
        *file = (struct pending){.identity = *identity};
    }
    file->mapped |= mapped;
}

void outside_synced(struct outside *outside, const struct identity *identity)
{
    size_t kept = 0;

    for (size_t i = 0; i < outside->count; i++) {
        const struct pending *file = &outside->files[i];
        if (file->mapped || (identity && !identity_same(&file->identity, identity)))
            outside->files[kept++] = *file;
    }
    outside->count = kept;
}

bool outside_is_synced(const struct outside *outside, const struct identity *identity)
{
    return find(outside, identity) == NULL;
}

void outside_release(struct outside *outside)
{
    free(outside->files);
}
