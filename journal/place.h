/* place.h -- the directory that a journal is to be made in.
 *
 * A journal takes its directory over: recovery removes spares, and replaces the control page and the index.
 * So it is made only where nothing of anybody else's can be meant by that.
 */
#ifndef JOURNAL_PLACE_H
#define JOURNAL_PLACE_H

struct journal;

/* place_check -- whether the directory, which has no journal in it, may become one: there is nothing in it
 * but what does not matter (names that begin with a dot, lost+found) and what a process leaves that was
 * killed while it made a journal. Else CAIRN_ENOTDIR, with the first name that stands against it. The caller
 * has the gate. */
int place_check(struct journal *journal);

#endif
