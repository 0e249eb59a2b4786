/* forker.h -- a small process that forks in the place of a large one.
 *
 * libFuzzer's process has tens of megabytes that a fork copies the tables of, and that each side then faults
 * on: half of what a short-lived child costs. So a process is forked off before libFuzzer has begun, and the
 * children are that one's. What they are to do stands in shared memory.
 */
#ifndef FUZZ_FORKER_H
#define FUZZ_FORKER_H

/* forker_begin -- forks it off, if that has not been done; `child` is what each child runs, in place of
 * everything else, and does not return from. It ends with this process. */
void forker_begin(void (*child)(void));

/* forker_run -- has a child do that, and waits for its end: its status as of waitpid(). */
int forker_run(void);

/* forker_end -- ends it and waits for its end, so that its children's costs count as this process's. */
void forker_end(void);

#endif
