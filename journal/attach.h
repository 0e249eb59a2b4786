/* attach.h -- getting in: alone, or beside others.
 *
 * Two locks, both on the journal's directory itself, since a file for them could be removed under a live
 * journal:
 *
 *   the gate    flock, exclusive; held while a process attaches, and while it touches the index
 *   alive       an open-file-description lock, shared; held by every process that uses the control page
 *
 * Whoever has the gate and finds nobody alive is alone: it recovers the journal and makes the control page
 * anew. Otherwise it joins. Either way it says that it is alive before it lets go of the gate, so nobody can
 * come in between.
 *
 * A reader that is alone has nothing to join and may not write: it reads what recovery would find, keeps
 * that to itself, and looks again at each call whether somebody writes now.
 */
#ifndef JOURNAL_ATTACH_H
#define JOURNAL_ATTACH_H

#include <cairn/context.h>

struct journal;

/* attach_lock_gate -- 0 and *gate for attach_unlock_gate(), or a context's error. */
int attach_lock_gate(int dir, const char *path, const struct cairn_ctx *ctx, int *gate);
void attach_unlock_gate(int gate);

/* attach_open -- gets in. `created` says that this process has just made the directory. */
int attach_open(struct journal *journal, const struct cairn_ctx *ctx);

/* attach_refresh -- for a reader that is alone: looks again. Else nothing. The caller holds the map. */
int attach_refresh(struct journal *journal, const struct cairn_ctx *ctx);

/* attach_close -- lets go of everything; `forked` in a child that did not open it itself. */
void attach_close(struct journal *journal, int forked);

#endif
