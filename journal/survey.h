/* survey.h -- what the log holds when nobody lives: the decision table of docs/protocol.md.
 *
 * A survey reads and changes nothing. It tells where the log can be walked from, up to where it was once
 * durable (the witness), where it ends, and what of it is damaged; recovery.h says what is done about that.
 */
#ifndef JOURNAL_SURVEY_H
#define JOURNAL_SURVEY_H

#include "journal/files.h"
#include "journal/tail.h"

#define UNKNOWN_SEGMENT_BYTES ((uint64_t)1 << 32) /* positions that a segment not there may have had */

struct survey {
    struct listing listing;
    bool index;                   /* the map was loaded from the index */
    struct tail cover;            /* what it covers */
    uint64_t newest;              /* the newest segment with a good header; 0 if there is none */
    uint64_t highest;             /* the highest number of any segment file, or that the index knows of */
    struct segment_header header; /* the newest's */
    uint64_t file_size;           /* and its file's */

    /* Only after survey_end(): */
    uint64_t witness;     /* the log was once durable up to here */
    struct tail vouched;  /* the tail there */
    bool remains;         /* there are good headers behind the log's end */
    bool unread;          /* something that was looked at could not be read, */
    bool end_unread;      /* and that may be where the log ends */
    bool renew;           /* the segment in use is damaged, or there is none: a new one is needed */
    uint64_t unknown;     /* in so many segments nothing tells what was lost */
    struct record *fresh; /* the records between the witness and the log's end */
    size_t fresh_count, fresh_space;
};

/* survey_begin -- lists the files, reads the index, and sets the journal's map to where a walk begins. The
 * caller has the gate. found->newest is 0 and the map not loaded if there is nothing at all. survey_release()
 * ends it, also after a failure. */
int survey_begin(struct journal *journal, struct survey *found);
void survey_release(struct survey *found);

/* survey_end -- the table itself: what vouches for what, and where the log ends. The map is brought up to
 * there. */
int survey_end(struct journal *journal, struct survey *found);

/* survey_jump -- where numbers and generations go on behind `tail`, past all that may have been given in what
 * is not known. */
void survey_jump(const struct survey *found, const struct tail *tail, struct jump *jump);

#endif
