/* injection.h -- a system call of the workload's that does not do what it should: one of those that are about
 * the directory, counted from 1. */
#ifndef TORTURE_INJECTION_H
#define TORTURE_INJECTION_H

#include <stdbool.h>
#include <stdint.h>

struct injection {
    int error;   /* errno that it fails with, having done nothing; 0: a write does half of what it should */
    uint64_t at; /* the call; 0: none */
    bool from_then_on;  /* and all later ones */
    bool quiet;         /* what the workload says on its standard error is thrown away */
    unsigned timeout_s; /* for the workload, which is killed then; 0: none */

    /* What became of it. */
    uint64_t calls;   /* that were made */
    char call[24];    /* the name of the one that it hit first; "" */
    char source[240]; /* where in the program's source that was made; "" if that is not known */
    bool timed_out;
};

#endif
