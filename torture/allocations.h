/* allocations.h -- has a workload's allocations of memory counted, and one of them fail.
 *
 * A shared object (preload/allocations.c) is preloaded into it, and stands before whatever allocator it has.
 * It counts the allocations of all processes and threads together, from 1, in a page that it shares with the
 * harness. Programs that are linked statically take no preload, and of those that have an allocator within
 * themselves the linker calls that one: of these, and of a process whose environment was cleared, none is
 * counted.
 */
#ifndef TORTURE_ALLOCATIONS_H
#define TORTURE_ALLOCATIONS_H

#include "torture/injection.h"

struct allocations {
    struct counter *counter;
    char *preload; /* as it was in the environment; NULL */
};

/* allocations_begin -- puts what is needed into the directory `scratch`, and into the environment, so that it
 * is so in the programs that are run from now on: allocation injection->at fails, and all later ones if
 * injection->from_then_on; none if `at` is 0. False with a message on stderr if that cannot be done.
 *
 * allocations_end -- the environment is as it was; injection->allocations is how many there were, and
 * injection->call the function that failed first, "" if none did. */
bool allocations_begin(struct allocations *allocations, const char *scratch,
                       const struct injection *injection);
void allocations_end(struct allocations *allocations, struct injection *injection);

#endif
