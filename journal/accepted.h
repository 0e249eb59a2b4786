/* accepted.h -- the losses that a repair has accepted: the data of the log's last RECORD_ACCEPTED.
 *
 * Each such record lists all that was damaged when it was written, by the place in the log. So damage that
 * comes later is new, wherever it is. A Compact, Clear or Complete leaves nothing accepted, for it leaves no
 * damage but perhaps to what it keeps.
 */
#ifndef JOURNAL_ACCEPTED_H
#define JOURNAL_ACCEPTED_H

#include <stdbool.h>

#include "journal/tail.h"

struct journal;

/* What is wrong with a segment's file as such has no place in the log. It is listed as one byte at the
 * segment's base plus one of these. */
#define ACCEPTED_HEADER (UINT64_C(1) << 63)
#define ACCEPTED_CUT    (ACCEPTED_HEADER + 1)

/* On disk as in memory. A range that has all of a record's header in it says that the record is lost; damage
 * that no checkpoint is lost with has a range that has not. */
struct accepted_range {
    uint64_t position; /* where the damage begins */
    uint64_t end;
};

struct accepted {
    struct accepted_range *ranges;
    size_t count;
};

/* accepted_load -- the list as of `at`; empty if there is none, or if it is lost itself. 0; CAIRN_ENOMEM;
 * or another error of opening its file. */
int accepted_load(struct journal *journal, const struct tail *at, struct accepted *accepted);
void accepted_release(struct accepted *accepted);

/* accepted_add -- adds a range. 0 or CAIRN_ENOMEM. */
int accepted_add(struct accepted *accepted, uint64_t position, uint64_t end);

/* accepted_has -- whether the damage from `position` to `end` is in the list: all of it, for what has come to
 * it since is new. */
bool accepted_has(const struct accepted *accepted, uint64_t position, uint64_t end);

#endif
