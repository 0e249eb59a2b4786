/* maintain.h -- what is done beside the calls: spares, the index, retired segments.
 *
 * One process at a time does it, under the house lock. A handle has a thread for it, which sleeps until an
 * append finds that there is something to do; without the thread the calls that write do it, later and one
 * piece at a time. None of it is needed for what was acknowledged, and all of it may be cut off anywhere.
 */
#ifndef JOURNAL_MAINTAIN_H
#define JOURNAL_MAINTAIN_H

#include <cairn/context.h>

#include "journal/journal.h"

/* maintain_make_spare -- makes the spare that is published as ready, with space for `room` bytes at least: of
 * the size that is usual now, or smaller if the disk has no space for that; what removals have left goes
 * first. The caller cannot go on without it, so it waits for as long as its context lets it. 0, a context's
 * error, CAIRN_ENOSPC, ... */
int maintain_make_spare(struct journal *journal, const struct cairn_ctx *ctx, uint64_t room);

/* maintain_make_reserve -- makes the spare that is held back for a full disk, if it is not there and there is
 * space. For recovery: nobody else is there whom this could wait for. */
void maintain_make_reserve(struct journal *journal);

/* maintain_after_append -- does what there is to do, or wakes the thread for it. */
void maintain_after_append(struct journal *journal, bool threaded);

/* The next two are done beside a call that has done its own part already, or at the last close. They wait
 * for others for a second at most, and less if the context says so; then they are left undone, which is no
 * harm and no error of the call's. */

/* maintain_save_index -- commits the index as of now. If not, the next commit has more to do, or the next
 * opening more to read. */
void maintain_save_index(struct journal *journal, const struct cairn_ctx *ctx);

/* maintain_retire -- removes the segments that a Compact, Clear or Complete has left, or keeps them as
 * spares. If not, it is done by the next removal, by who next needs a spare, by the thread of whoever
 * appends next, or by the next opening. */
void maintain_retire(struct journal *journal, const struct cairn_ctx *ctx);

/* maintain_start_thread, maintain_stop_thread -- the thread of this process; starting it again does nothing.
 */
int maintain_start_thread(struct journal *journal);
void maintain_stop_thread(struct journal *journal);

#endif
