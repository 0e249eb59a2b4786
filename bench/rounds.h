/* rounds.h -- every engine at every work, again and again. */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include "notes.h"
#include "plan.h"

/* Measures all, in the place (place.h), adds the figures (figures.h), and notes what was left out, and why.
 * Returns the number of measurements that failed, which are noted, too. */
unsigned rounds_run(const struct plan *plan, struct notes *notes);

#endif
