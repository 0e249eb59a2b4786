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

/* maintain_spare_size -- the size of file that holds `room` bytes of records, and `wanted` at least. */
uint64_t maintain_spare_size(uint64_t room, uint64_t wanted);

/* maintain_make_spare -- makes the spare that is published as ready, with space for `room` bytes at least: of
 * the size that is usual now, or smaller if the disk has no space for that. 0, a context's error,
 * CAIRN_ENOSPC, ... */
int maintain_make_spare(struct journal *journal, const struct cairn_ctx *ctx, uint64_t room);

/* maintain_make_reserve -- makes the spare that is held back for a full disk, if it is not there and there is
 * space. */
void maintain_make_reserve(struct journal *journal);

/* maintain_after_append -- does what there is to do, or wakes the thread for it. */
void maintain_after_append(struct journal *journal, bool threaded);

/* maintain_save_index -- commits the index as of now. Errors are no harm, nor is it if the context ends the
 * wait. */
int maintain_save_index(struct journal *journal, const struct cairn_ctx *ctx);

/* maintain_retire -- removes the segments that a Compact, Clear or Complete has left, or keeps them as
 * spares. What it does not get done, the next opening does. */
void maintain_retire(struct journal *journal);

/* maintain_start_thread, maintain_stop_thread -- the thread of this process; starting it again does nothing.
 */
int maintain_start_thread(struct journal *journal);
void maintain_stop_thread(struct journal *journal);

#endif
