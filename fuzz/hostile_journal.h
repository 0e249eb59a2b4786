/* hostile_journal.h -- a hostile directory as a journal: nothing is given out that was not recorded, files of
 * other names are not touched, and a good journal beside these is what it was.
 */
#ifndef FUZZ_HOSTILE_JOURNAL_H
#define FUZZ_HOSTILE_JOURNAL_H

#include <stdint.h>

#include "fuzz/source.h"

/* hostile_journal_run -- opens the directory that hostile_make() has made, and makes the calls. */
void hostile_journal_run(struct source *source, uint8_t flags);

#endif
