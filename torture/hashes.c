/* hashes.c -- see hashes.h. */
#include "torture/hashes.h"

#include <assert.h>
#include <stdlib.h>

#include "torture/memory.h"

/* slot_of -- where the hash is, or would be. */
static size_t slot_of(const struct hashes *hashes, uint64_t hash)
{
    assert(hashes->space > 0);
    size_t at = hash % hashes->space;

    while (hashes->slots[at] && hashes->slots[at] != hash)
        at = (at + 1) % hashes->space;
    return at;
}

bool hashes_has(const struct hashes *hashes, uint64_t hash)
{
    hash += hash == 0;
    return hashes->space && hashes->slots[slot_of(hashes, hash)] == hash;
}

bool hashes_add(struct hashes *hashes, uint64_t hash)
{
    hash += hash == 0;
    if (hashes->count * 2 >= hashes->space) {
        struct hashes larger = {.space = hashes->space * 2 + 1024};
        larger.slots = memory_new(larger.space * sizeof(*larger.slots));
        for (size_t i = 0; i < hashes->space; i++) {
            if (hashes->slots[i])
                hashes_add(&larger, hashes->slots[i]);
        }
        free(hashes->slots);
        *hashes = larger;
    }
    const size_t at = slot_of(hashes, hash);
    if (hashes->slots[at] == hash)
        return false;
    hashes->slots[at] = hash;
    hashes->count++;
    return true;
}

void hashes_release(struct hashes *hashes)
{
    free(hashes->slots);
    *hashes = (struct hashes){0};
}
