/* hashes.h -- a set of hashes. */
#ifndef TORTURE_HASHES_H
#define TORTURE_HASHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty one. */
struct hashes {
    uint64_t *slots; /* 0 is free */
    size_t count, space;
};

void hashes_release(struct hashes *hashes);

/* hashes_add -- false if it is in there already. */
bool hashes_add(struct hashes *hashes, uint64_t hash);

/* hashes_has -- whether it is in there. */
bool hashes_has(const struct hashes *hashes, uint64_t hash);

#endif
