/* random.h -- numbers that are the same in each run: what is shuffled, and bytes that do not compress. */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdint.h>

/* The upper half is good. For one thread. */
static inline uint64_t random_next(void)
{
    static uint64_t state = 1;

    return state = state * 6364136223846793005u + 1442695040888963407u;
}

#endif
