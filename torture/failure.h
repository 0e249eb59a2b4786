/* failure.h -- a state on which the check fails. */
#ifndef TORTURE_FAILURE_H
#define TORTURE_FAILURE_H

#include "torture/check.h"
#include "torture/states.h"

struct failure {
    struct crash crash;
    struct trace *trace; /* of the check or the run that crashed; NULL: the campaign's */
    size_t point;        /* so many operations of the campaign's trace had been done, whatever crashed */
    size_t acks;         /* bytes that had been acknowledged */
    char *acked;         /* these */
    char note[400];      /* which call failed how; "" */
    struct checked checked;
    uint64_t kind;  /* the same for those that are taken for one fault in the program */
    uint64_t alike; /* how many states of that kind failed, this one included */
};

/* failure_release -- and all that it has. */
void failure_release(struct failure *failure);

/* failure_kind -- a number for what was lost: two failures have the same one if the same calls did the same
 * to files of like names. */
uint64_t failure_kind(const struct trace *trace, const struct crash *crash);

/* failure_compare -- which is to be shown first, as of qsort(): that with the fewest losses, and of these the
 * earliest. A total order, so that the result does not depend on which worker was faster. */
int failure_compare(const struct failure *left, const struct failure *right);

#endif
