/* recorder.h -- runs a workload and records what it does to a directory.
 *
 * The workload runs as it is. A seccomp filter lets the kernel stop it at the calls that change files, and at
 * no others; there it is looked at through ptrace, once before and once after the call. All of its threads
 * and processes are followed, and end with the recorder.
 *
 * Calls that change the directory are let go on one at a time, so that their order is known; syncs, which
 * take long and change nothing, run beside them as they would.
 */
#ifndef TORTURE_RECORDER_H
#define TORTURE_RECORDER_H

#include "torture/injection.h"
#include "torture/trace.h"

/* recorder_run -- runs the command with its standard output recorded as acknowledgements, and fills in the
 * trace, which is to be released whatever happens. `injection` may be NULL; of the call that it hits
 * first it notes the source. False if it cannot be run or followed, with a message on stderr. */
bool recorder_run(struct trace *trace, const char *dir, char *const command[], struct injection *injection);

/* recorder_run_with_sources -- the same, and notes of each operation where in the program's source its call
 * was made. That takes some milliseconds for each program that is run: it is for the one run that is told of.
 * What the command leaves running when it ends has so many seconds more, if they are not 0, and is killed
 * then. */
bool recorder_run_with_sources(struct trace *trace, const char *dir, char *const command[],
                               unsigned linger_s);

#endif
