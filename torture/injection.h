/* injection.h -- what is done to a workload while it runs.
 *
 * Its system calls that are about the directory are counted from 1 (those that change or sync it; or that
 * read it, too), and so are its allocations of memory (allocations.h).
 */
#ifndef TORTURE_INJECTION_H
#define TORTURE_INJECTION_H

#include <stdbool.h>
#include <stdint.h>

enum injection_kind {
    INJECT_NOTHING,
    INJECT_ERROR,     /* call `at` fails with `error`, having done nothing */
    INJECT_HALF,      /* call `at`, if it is a write, does half of what it should */
    INJECT_KILL,      /* the processes are killed when one is about to make call `at`; or, if that is 0, after
                         `after_us` */
    INJECT_ALLOCATION /* allocation `at` fails; 0: they are only counted */
};

struct injection {
    enum injection_kind kind;
    int error;
    uint64_t at;
    uint64_t after_us;
    bool from_then_on;  /* all later calls or allocations, too */
    bool reads;         /* calls that only read count, too */
    bool ends_with_it;  /* what it has started is killed when it has ended itself; else that is waited for */
    bool quiet;         /* what the workload says on its standard error is thrown away */
    unsigned timeout_s; /* for the workload, which is killed then; 0: none */

    /* What became of it. */
    uint64_t calls;       /* that were made */
    uint64_t allocations; /* the same of INJECT_ALLOCATION */
    char call[24];        /* the name of the one that it hit first; "" */
    char source[240];     /* where in the program's source that was made; "" if that is not known */
    bool killed;          /* as INJECT_KILL has it */
    bool timed_out;
};

#endif
