/* cairn.h -- the whole public interface of Cairn.
 *
 * Cairn keeps the checkpoints of an ongoing operation so that the operation can be resumed after a
 * crash. The promise:
 *
 *   A checkpoint whose id was returned is returned later byte for byte, or its loss is reported by
 *   name. It is never dropped in silence and never returned wrong. A torn tail never prevents opening.
 *
 * The parts, each a manual of its own:
 *
 *   error.h      the errors, one sentence each, and the message that says where and why
 *   context.h    deadlines and cancellation
 *   operation.h  the Operation interface: open, checkpoint, latest, load, compact, clear, complete
 *   journal.h    the journal, the implementation behind a bare path and `journal:DIR`
 *   directory.h  plain files that Go programs share, the implementation behind `dir:PATH`
 *
 * Link with -lcairn. The library needs libc, LMDB and xxHash, and no others.
 */
#ifndef CAIRN_CAIRN_H
#define CAIRN_CAIRN_H

#include <cairn/context.h>
#include <cairn/directory.h>
#include <cairn/error.h>
#include <cairn/journal.h>
#include <cairn/operation.h>
#include <cairn/version.h>

#endif
