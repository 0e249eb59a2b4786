/* holder.h -- somebody who has one of Cairn's locks: for a moment, or until he dies with it.
 *
 * He is a thread of this process. That is enough: the locks on files belong to open files, those in a
 * journal's page to threads.
 */
#ifndef FUZZ_HOLDER_H
#define FUZZ_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

/* Which lock: those of a journal, and the file `lock` of a directory. */
enum hold { HOLD_GATE, HOLD_APPEND, HOLD_SYNC, HOLD_HOUSE, HOLD_FILE };

/* holder_begin -- takes the lock of the operation in the directory `path`, and keeps it for so long, or with
 * `dies` until he is dead, which he is when this returns. False if it cannot be had. */
bool holder_begin(const char *path, enum hold hold, int64_t for_ns, bool dies);

/* holder_end -- waits until he has let go. */
void holder_end(void);

#endif
