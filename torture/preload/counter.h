/* counter.h -- the page that the harness and all processes of a workload share, when its allocations of
 * memory are counted: a file of that size, whose path stands in the environment of the workload. */
#ifndef TORTURE_PRELOAD_COUNTER_H
#define TORTURE_PRELOAD_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

#define COUNTER_PATH  "TORTURE_ALLOCATIONS"
#define COUNTER_MAGIC 0x3173636f6c6c6174u /* "tallocs1" */

/* The functions that allocate, in the order of counter.hit. */
#define COUNTER_NAMES "malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"

struct counter {
    uint64_t magic;
    uint64_t at;            /* this one fails, from 1; 0: none does */
    uint64_t from_then_on;  /* not 0: and all later ones */
    _Atomic uint64_t count; /* that there were */
    _Atomic uint64_t hit;   /* which function the first one that failed was, from 1; 0: there was none */
};

#endif
