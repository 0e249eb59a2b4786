/* watch.h -- what a system call did to the directory that is watched.
 *
 * A call is looked at twice: when it begins, to see whether it is about the directory at all, and when it has
 * ended, to see what it did. What a descriptor stands for is asked of a duplicate of it each time, so
 * duplicates, descriptors that were inherited or sent, and such that were opened before need no bookkeeping.
 * The bytes written are read back from the file, so all ways of writing are alike.
 *
 * Beside the trace a tree is kept of how the directory is now. At the end it must be what is really there;
 * that shows whether anything was overlooked.
 */
#ifndef TORTURE_WATCH_H
#define TORTURE_WATCH_H

#include "torture/deed.h"

struct watch;

/* watch_begin -- looks at what is in the directory and makes it the trace's base. `acks` is an open file to
 * which the workload's acknowledgements go. NULL after a failure, with a message on stderr. */
struct watch *watch_begin(struct trace *trace, const char *dir, int acks);
void watch_release(struct watch *watch);

/* watch_deed -- a stopped thread is about to make a call: false if it is not about the directory. If it is,
 * the deed is to be ended by watch_done() or watch_drop(), or by deed_forget() if it has not gone on, and
 * will not. */
bool watch_deed(struct watch *watch, struct deed *deed, pid_t thread, const struct call *call);

/* watch_go -- it goes on now. */
void watch_go(struct watch *watch, struct deed *deed);

/* watch_done -- it has returned `result`, and its thread is stopped. */
void watch_done(struct watch *watch, struct deed *deed, int64_t result);

/* watch_drop -- its thread is gone: how far the call came is seen from what is there. */
void watch_drop(struct watch *watch, struct deed *deed);

/* watch_ended -- a thread is gone. */
void watch_ended(struct watch *watch, pid_t thread);

/* watch_end -- all threads are gone: is what was recorded all there is? If not, the trace has a gap. */
void watch_end(struct watch *watch);

#endif
