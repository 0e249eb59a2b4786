/* body.h -- the bytes of a checkpoint, which follow from its seed and its size. */
#ifndef TORTURE_CAIRN_BODY_H
#define TORTURE_CAIRN_BODY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* body_make -- to be freed. */
static inline void *body_make(uint32_t seed, size_t size)
{
    unsigned char *body = malloc(size + 1);
    uint32_t state = seed * 2654435761u + 1;

    for (size_t i = 0; body && i < size; i++) {
        state = state * 1664525 + 1013904223;
        body[i] = (unsigned char)(state >> 24);
    }
    return body;
}

#endif
