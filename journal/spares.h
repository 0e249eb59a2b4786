/* spares.h -- the files spare-NNNNNNNN, which wait to become a segment.
 *
 * The one that is taken next is published in the control page; the others are only there. A segment that was
 * retired becomes one as it is: its space is written, and what stands there has another salt. Those that are
 * not whole may be in the making, so only who knows that its maker is dead removes one. And one in the making
 * grows, and looks whole at any time: its maker holds house, or append and uses it himself.
 *
 * Who holds house looks for one to use, and chooses the one that is published; who holds append takes one;
 * none is removed but under both. A name is never that of a second file: somebody may have opened the first.
 */
#ifndef JOURNAL_SPARES_H
#define JOURNAL_SPARES_H

#include <stdbool.h>

#include "journal/journal.h"

/* What is kept of the segments that a removal retires: so many, of so many bytes in all, and of no more than
 * this share of what the disk has free. */
#define SPARES_MAX       4
#define SPARES_BYTES_MAX ((uint64_t)512 * 1024 * 1024)
#define SPARES_SHARE     4

/* spares_size -- the size of file that holds `room` bytes of records, and `wanted` at least. */
uint64_t spares_size(uint64_t room, uint64_t wanted);

/* spares_most -- the size up to which segments grow where records have so many bytes: the newest is looked
 * through at each opening, which takes no time beside large ones. */
uint64_t spares_most(uint64_t room);

/* spares_make -- makes the file of a spare of that size, for records of so many bytes. 0 or an errno. */
int spares_make(struct journal *journal, const char *name, uint64_t size, uint64_t room);

/* spares_retire -- the file of a segment that is no longer needed becomes a spare, or is removed. */
void spares_retire(struct journal *journal, const char *name);

/* spares_fits -- whether the spare has room for so many bytes, and not far too much. */
bool spares_fits(struct journal *journal, uint64_t number, uint64_t room);

/* spares_find -- the largest that fits and is not published; 0 if none is. The caller holds house. */
uint64_t spares_find(struct journal *journal, uint64_t room);

/* spares_trim -- removes those that are not published: all, or to `keep` the newest few; with `strays` also
 * those that are not whole. The caller holds house; takes append, and waits for it some ten milliseconds;
 * false if it could not be had, and nothing was done. */
bool spares_trim(struct journal *journal, bool keep, bool strays);

/* spares_give_back -- removes all that are not published, when a segment is needed at once and the disk is
 * full. The caller holds append and house. */
void spares_give_back(struct journal *journal);

#endif
