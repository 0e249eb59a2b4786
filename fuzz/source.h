/* source.h -- takes an input apart. Behind the end of the input all bytes are zeros. */
#ifndef FUZZ_SOURCE_H
#define FUZZ_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct source {
    const uint8_t *at;
    size_t left;
};

/* source_bytes -- copies the next `size` bytes to `to`. */
static inline void source_bytes(struct source *source, void *to, size_t size)
{
    const size_t there = size < source->left ? size : source->left;

    memset(to, 0, size);
    if (there)
        memcpy(to, source->at, there);
    source->at += there;
    source->left -= there;
}

static inline uint8_t source_u8(struct source *source)
{
    uint8_t value;
    source_bytes(source, &value, sizeof(value));
    return value;
}

static inline uint16_t source_u16(struct source *source)
{
    uint16_t value;
    source_bytes(source, &value, sizeof(value));
    return value;
}

static inline uint32_t source_u32(struct source *source)
{
    uint32_t value;
    source_bytes(source, &value, sizeof(value));
    return value;
}

static inline uint64_t source_u64(struct source *source)
{
    uint64_t value;
    source_bytes(source, &value, sizeof(value));
    return value;
}

#endif
