/* child.h -- for tests that need a second process: one that does something and ends, or one that holds
 * something until it is told to let go.
 */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include <sys/types.h>

/* child_run -- runs `body` in a forked child and waits for it. What `body` returns, 0 to 125, is returned;
 * 126 if the child died of a signal. In the child nothing of cmocka may be used. */
int child_run(int (*body)(void *arg), void *arg);

/* A child that is at it. */
struct child {
    pid_t pid;
    int go; /* closing it tells the child to go on */
};

/* child_hold -- forks a child that calls `take`, and returns once that has returned; the child then waits for
 * child_release() and calls `let_go`, which may be NULL. Returns what `take` did; if that is not 0 the child
 * has ended. */
int child_hold(struct child *child, int (*take)(void *arg), void (*let_go)(void *arg), void *arg);

/* child_release -- lets it go and waits for its end. child_kill -- kills it instead. */
void child_release(struct child *child);
void child_kill(struct child *child);

/* child_flags -- cairn_flags for a handle that is open while a child is forked which goes on using Cairn: no
 * thread under a sanitizer, whose allocator may be in that thread's hands just then. The C library's may not.
 */
unsigned child_flags(void);

#endif
