/* trials.h -- what a worker tries: one function for each kind of fault. Each goes through its share of the
 * states, runs the check on them, tells what fails, and counts. */
#ifndef TORTURE_TRIALS_H
#define TORTURE_TRIALS_H

#include "torture/worker.h"

/* trial_crashes -- the states in which a crash may have left the directory under the campaign's profile; some
 * of the checks that pass are crashed in turn. */
void trial_crashes(struct worker *worker, struct states_counts *counts);

/* trial_rot -- each of what may rot, one at a time, in the directory as the workload has left it. */
void trial_rot(struct worker *worker, struct states_counts *counts);

/* trial_errors -- the workload again and again, with each of its calls failing in turn, and then of its
 * allocations; the workers take turns. */
void trial_errors(struct worker *worker, struct states_counts *counts);

/* trial_rounds -- the workload again and again on what is left of it when it is killed; each worker has
 * rounds of its own. */
void trial_rounds(struct worker *worker, struct states_counts *counts);

#endif
