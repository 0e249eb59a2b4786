/* plan.h -- which engines are measured at which works, and how often. */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include "engine.h"
#include "work.h"

#define PATTERNS_MAX 32u

struct plan {
    const struct work **works;
    const struct engine **engines;
    unsigned works_count, engines_count, rounds;
    double seconds;     /* how long an engine is timed, for each work in each round */
    uint64_t count_max; /* larger stores are left out; 0 for no limit */
};

struct patterns {
    const char *pattern[PATTERNS_MAX];
    unsigned count;
};

/* Sets the engines and works: those that a pattern matches; all, if none matches any engine, or any work.
 * With `quick` only works of the small choice. Dies if a pattern matches nothing. */
void plan_choose(struct plan *plan, const struct patterns *patterns, bool quick);
void plan_free(struct plan *plan);

/* Returns the work like this, or NULL if the plan has none. */
const struct work *plan_work(const struct plan *plan, enum work_kind kind, size_t size, unsigned threads,
                             unsigned processes, uint64_t count);

#endif
