/* process.h -- what the kernel knows of this process, and of those that it waits for. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <sys/types.h>

/* Returns the largest amount of memory that this process has had, in MiB; what was mapped from files counts.
 */
double process_peak_mib(void);

/* Waits for a child made by fork(), which must succeed. */
void process_wait(pid_t pid, const char *what);

#endif
