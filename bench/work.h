/* work.h -- what the engines are made to do. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include "engine.h"

#define WORK_THREADS_MAX 128u
#define WORK_BYTES_MAX   ((uint64_t)256 << 20) /* under way at once, over all threads */

enum work_kind {
    WORK_APPEND,  /* by so many threads, or by so many processes of one thread */
    WORK_RECYCLE, /* where the space of what was removed is used again */
    WORK_FOLLOW,  /* while a thread reads what is new, each millisecond */
    WORK_ROLL,    /* across many segments, or whatever an engine's log is made of */
    WORK_CALLS,   /* counting calls of the system and of the heap */
    WORK_READ,    /* in a store of so many: load and latest */
    WORK_COST,    /* appends to a store of so many, and in turns to one of 10 */
    WORK_OPEN,    /* a store of so many, whose process was killed, to the first answer */
    WORK_COMPACT, /* that store, when it is open */
};

struct work {
    enum work_kind kind;
    size_t size; /* bytes of a checkpoint */
    unsigned threads, processes;
    uint64_t count; /* checkpoints in the store; 0 if it is a new one */
    bool quick;     /* one of the small choice */
};

#define WORK_NAME_MAX 64u

extern const struct work works[];
extern const unsigned works_count;

/* Writes the work's name, and that of a size, as "4 KiB". */
void work_name(const struct work *work, char name[WORK_NAME_MAX]);
void size_name(size_t size, char name[WORK_NAME_MAX]);

/* Whether more than WORK_BYTES_MAX would be under way at once. Such works are left out. */
bool work_is_too_large(const struct work *work);

/* Returns why this engine is not measured at this work, or NULL if it is. One that has nothing to do with the
 * work gives
 * "". */
const char *work_leaves_out(const struct work *work, const struct engine *engine);

#endif
