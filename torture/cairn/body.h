/* body.h -- the bytes of a checkpoint, which follow from its seed and its size. */
#ifndef TORTURE_CAIRN_BODY_H
#define TORTURE_CAIRN_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* body_next -- the next eight bytes: thousands of checks compare them all. */
static inline uint64_t body_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

/* body_make -- to be freed. */
static inline void *body_make(uint32_t seed, size_t size)
{
    unsigned char *body = malloc(size + 8);
    uint64_t state = seed;

    for (size_t i = 0; body && i < size; i += 8) {
        const uint64_t next = body_next(&state);
        memcpy(body + i, &next, sizeof(next));
    }
    return body;
}

/* body_is -- whether these are its bytes. */
static inline bool body_is(uint32_t seed, size_t size, const void *data)
{
    const unsigned char *bytes = data;
    uint64_t state = seed;

    for (size_t i = 0; i < size; i += 8) {
        const uint64_t next = body_next(&state);
        if (memcmp(bytes + i, &next, size - i < 8 ? size - i : 8) != 0)
            return false;
    }
    return true;
}

#endif
