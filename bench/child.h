/* child.h -- what a process does that measures one engine at one work; it is the program once more, so that
 * nothing of what was measured before is in its memory.
 *
 * Each prints a line for each figure on stdout: metric, value and unit, with tabs between them. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "engine.h"
#include "latency.h"
#include "work.h"

struct job {
    const struct engine *engine;
    const struct work *work;
    const char *dir; /* the engine's own; empty, or with the store that the work is about */
    double seconds;  /* how long it is timed */
    char *payload;   /* of work->size bytes that do not compress, and whole pages of them */
};

/* Prints a figure; and those that tell how long calls took. */
void figure_print(const char *metric, double value, const char *unit);
void latency_print(const struct latency *latency);

/* The works, a file each. */
void measure_append(const struct job *job); /* WORK_APPEND, WORK_RECYCLE and WORK_FOLLOW */
void measure_roll(const struct job *job);
void measure_calls(const struct job *job);
void measure_read(const struct job *job);
void measure_cost(const struct job *job);
void measure_open(const struct job *job);
void measure_compact(const struct job *job);

/* Makes a store of so many as the work asks for, and ends by SIGKILL. */
void store_fill(const struct job *job);

/* Appends `count` times by each of so many threads, with what is to be found in a trace: the data begins with
 * a mark of its own, `MARK-THREAD-NUMBER.`, which is printed when the append has returned. With `unsynced`
 * the engine leaves its syncs out, if it can. */
void append_marked(const struct job *job, unsigned threads, unsigned long count, bool unsynced);

/* Returns memory that begins at a page, of as many whole pages as `size` bytes take, with bytes that do not
 * compress. */
char *payload_make(size_t size);

/* Leaves nothing to be written that the next to be measured would pay for. */
void settle(const char *dir);

#endif
