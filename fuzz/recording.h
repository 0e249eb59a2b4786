/* recording.h -- what Cairn does to a directory, as a trace of cairn-torture's (torture/trace.h), taken down
 * in this process from the calls that calls.h sees. So what a power cut may leave is told by torture/model.h.
 *
 * Two things are no such calls. The control page, which is mapped: what has changed in it is recorded before
 * each call. And what LMDB writes: after a commit the changed pages of its file are recorded as it writes
 * them, first the data and a sync, then the page that says where they are. One thread at a time, no
 * directories below, and a file system that gives no inode number twice, as one in memory.
 */
#ifndef FUZZ_RECORDING_H
#define FUZZ_RECORDING_H

#include <stdbool.h>

#include "fuzz/calls.h"
#include "torture/trace.h"

/* recording_begin -- a new trace; what the open directory holds is durable. recording_end() frees it. */
void recording_begin(int dir);
void recording_end(void);

/* recording_note -- takes down a call, if it did something to the directory. */
void recording_note(const struct call *call);

/* recording_sees -- whether the call syncs something of the directory. */
bool recording_sees(const struct call *call);

/* recording_note_failed -- takes down a sync of which recording_sees() is true, and which fails: what it
 * should have written is dropped, and no later sync makes that durable. */
void recording_note_failed(const struct call *call);

/* recording_trace -- what was taken down up to now. */
const struct trace *recording_trace(void);

#endif
