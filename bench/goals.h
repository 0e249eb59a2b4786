/* goals.h -- what Cairn is to reach, and whether it does. */
#ifndef BENCH_GOALS_H
#define BENCH_GOALS_H

#include "plan.h"
#include "table.h"

/* Returns the table of the goals, a line each; to be freed. What the run did not measure is named so. */
struct table *goals_table(const struct plan *plan);

#endif
