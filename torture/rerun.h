/* rerun.h -- the workload once more, in a worker's sandbox, while something is done to it. */
#ifndef TORTURE_RERUN_H
#define TORTURE_RERUN_H

#include "torture/injection.h"
#include "torture/worker.h"

struct rerun {
    struct worker *worker;
    const struct tree *before; /* the directory that it finds */
    const char *acked;         /* what had been acknowledged before */
    size_t acked_size;
    struct injection injection;
    void (*describe)(void *arg); /* writes worker->note when the run is over; NULL */
    int status;                  /* how it ended, as of wait() */
};

/* rerun_states -- runs it, and calls `fn` for the states that it leaves: that which is there, by
 * PROFILE_KILL, and what a power cut at its end may make of that, by PROFILE_STRICT with so many samples.
 * Meanwhile the worker has the run's trace and acknowledgements, with those before it in front of them; the
 * number that `fn` is given is without these. `fn` and `describe` are given `arg`. A run that does not end in
 * its time is told as a failure, and leaves no states. False if it could not be run.
 *
 * rerun_before -- the directory that the campaign's workload found, to be released. */
bool rerun_states(struct rerun *rerun, unsigned samples, states_fn *fn, void *arg);
void rerun_before(const struct campaign *campaign, struct tree *tree);

#endif
