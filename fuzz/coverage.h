/* coverage.h -- what a forked child has reached, for the engine in its parent.
 *
 * libFuzzer counts in the process's own memory, so a child's counts would be lost. AFL++ counts in memory
 * that both have, and where no engine counts there is nothing to bring home. The comparisons that libFuzzer
 * looks at are the parent's only.
 */
#ifndef FUZZ_COVERAGE_H
#define FUZZ_COVERAGE_H

#include <stdbool.h>

/* coverage_share -- before the fork: the child's counts are to go to the parent. Once is enough. False if
 * nobody counts in the process's memory. */
bool coverage_share(void);

/* coverage_leave -- in the child, at its end, which may be a signal handler: leaves what it has. */
void coverage_leave(void);

/* coverage_fetch -- in the parent, when the child has ended: adds it, and none if it left none. */
void coverage_fetch(void);

#endif
