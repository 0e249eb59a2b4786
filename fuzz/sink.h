/* sink.h -- puts an input together, for target_seeds(): the other way round than source.h. */
#ifndef FUZZ_SINK_H
#define FUZZ_SINK_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sink {
    uint8_t bytes[65536];
    size_t size;
};

static inline void sink_bytes(struct sink *sink, const void *from, size_t size)
{
    assert(size <= sizeof(sink->bytes) - sink->size);
    memcpy(sink->bytes + sink->size, from, size);
    sink->size += size;
}

static inline void sink_u8(struct sink *sink, uint8_t value)
{
    sink_bytes(sink, &value, sizeof(value));
}

static inline void sink_u16(struct sink *sink, uint16_t value)
{
    sink_bytes(sink, &value, sizeof(value));
}

static inline void sink_u32(struct sink *sink, uint32_t value)
{
    sink_bytes(sink, &value, sizeof(value));
}

static inline void sink_u64(struct sink *sink, uint64_t value)
{
    sink_bytes(sink, &value, sizeof(value));
}

#endif
