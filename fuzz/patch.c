/* patch.c -- see patch.h. */
#include "fuzz/patch.h"

/* place -- some offset. A file of more than 64 KiB is reached at each fourth byte. */
static size_t place(struct source *source, size_t size)
{
    const size_t at = source_u16(source);
    return size > UINT16_MAX ? at * 4 : at;
}

static void put(unsigned char *bytes, size_t size, size_t at, const void *data, size_t count)
{
    if (at < size)
        memcpy(bytes + at, data, count < size - at ? count : size - at);
}

/* copy -- the two places may overlap. */
static void copy(struct source *source, unsigned char *bytes, size_t size)
{
    const size_t from = place(source, size) & ~(size_t)7, to = place(source, size) & ~(size_t)7;
    size_t count = 16u * (1u + source_u8(source));

    if (from >= size || to >= size)
        return;
    if (count > size - from)
        count = size - from;
    if (count > size - to)
        count = size - to;
    memmove(bytes + to, bytes + from, count);
}

size_t patch_apply(struct source *source, unsigned char *bytes, size_t size)
{
    while (source->left) {
        switch ((enum patch)(source_u8(source) % PATCH_COUNT)) {
        case PATCH_BYTES: {
            unsigned char some[16];
            const size_t at = place(source, size), count = source_u8(source) % sizeof(some);
            source_bytes(source, some, count);
            put(bytes, size, at, some, count);
            break;
        }
        case PATCH_WORD: {
            const size_t at = place(source, size) & ~(size_t)7;
            uint64_t value = source_u16(source);
            const uint8_t shift = source_u8(source);
            value = shift & 64 ? ~(value << shift % 64) : value << shift % 64;
            put(bytes, size, at, &value, sizeof(value));
            break;
        }
        case PATCH_HALF: {
            const size_t at = place(source, size) & ~(size_t)1;
            const uint16_t value = source_u16(source);
            put(bytes, size, at, &value, sizeof(value));
            break;
        }
        case PATCH_BIT: {
            const size_t at = place(source, size);
            const uint8_t bit = source_u8(source) % 8;
            if (at < size)
                bytes[at] ^= (unsigned char)(1u << bit);
            break;
        }
        case PATCH_COPY:
            copy(source, bytes, size);
            break;
        case PATCH_FILL: {
            const size_t at = place(source, size), count = place(source, size);
            const uint8_t value = source_u8(source);
            if (at < size)
                memset(bytes + at, value, count < size - at ? count : size - at);
            break;
        }
        case PATCH_CUT: {
            const size_t at = place(source, size);
            if (at < size)
                size = at;
            break;
        }
        case PATCH_COUNT:
            break;
        }
    }
    return size;
}
