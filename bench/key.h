/* key.h -- a checkpoint's number as a key that sorts by its bytes, for RocksDB and LevelDB. */
#ifndef BENCH_KEY_H
#define BENCH_KEY_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

struct key {
    char bytes[8];
};

static inline struct key key_of(uint64_t number)
{
    struct key key;
    const uint64_t big = htobe64(number);

    memcpy(key.bytes, &big, sizeof big);
    return key;
}

static inline uint64_t key_number(const char *bytes)
{
    uint64_t big;

    memcpy(&big, bytes, sizeof big);
    return be64toh(big);
}

#endif
