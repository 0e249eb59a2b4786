/* history.h -- a journal's log, made in memory by a second hand: what its files are, what was recorded in it
 * and how far it was durable, and what has been done to the files since.
 *
 * It is what an input's steps are applied to. It follows docs/format.md and takes nothing of the journal but
 * the structures and the fold over the records; salts and times are fixed, so the same steps make the same
 * bytes. Its segments are far smaller than any that a journal makes: the format does not mind, and writing
 * them costs less.
 */
#ifndef FUZZ_HISTORY_H
#define FUZZ_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fuzz/place.h"
#include "journal/segment.h"
#include "journal/tail.h"

#define HISTORY_SEGMENTS 6
#define HISTORY_RECORDS  64
#define HISTORY_CAPACITY (12u * 1024) /* of a segment, at most */
#define HISTORY_DATA_MAX 3000u

struct history_segment {
    struct segment_header header;
    unsigned char bytes[HISTORY_CAPACITY + SEGMENT_FRAME]; /* of the file as it was written */
    unsigned char now[HISTORY_CAPACITY + SEGMENT_FRAME];   /* and as it is now */
    size_t size, now_size;
    bool removed;
    enum stand stands; /* in the place of one that was removed */
};

struct history_record {
    struct record record;
    unsigned segment; /* index of history.segments */
    size_t offset;    /* in its file */
    size_t used;      /* bytes without the padding */
    bool given_up;    /* it is behind the end of a segment that was given up */
};

struct history {
    struct history_segment segments[HISTORY_SEGMENTS];
    unsigned segment_count;
    struct history_record records[HISTORY_RECORDS];
    unsigned record_count;
    struct tail tail;
    uint64_t durable;
};

/* history_begin -- a journal with one segment and nothing in it. `capacity` is made to fit. */
void history_begin(struct history *history, size_t capacity);

/* history_append -- a record of that kind. `size` is the size of the data for a checkpoint, and of the label
 * is `label_size`; both are made of the record's index. Nothing if there is no room, or if it could not be
 * recorded. True if it was. */
bool history_append(struct history *history, enum record_kind kind, size_t label_size, size_t size);

/* history_sync -- all is durable, and the records from now on say so. */
void history_sync(struct history *history);

/* history_next -- goes on to the next segment: with `sealed` the last one says so. history_give_up -- the
 * same after a failed sync. Nothing if there are enough. */
void history_next(struct history *history, size_t capacity, bool sealed);
void history_give_up(struct history *history, size_t capacity);

/* history_data, history_label -- what record `index` has; a label of 16 bytes at most. */
void history_data(unsigned index, unsigned char *data, size_t size);
void history_label(unsigned index, char *label, size_t size);

/* history_write -- makes the files in the target's place what they are now. history_write_whole -- what they
 * were. */
void history_write(const struct history *history);
void history_write_whole(const struct history *history);

/* What is left of it. */
bool history_changed(const struct history *history); /* at all */
bool history_header_good(const struct history *history,
                         unsigned segment); /* of a segment, in one copy at least */
bool history_record_header_good(const struct history *history, unsigned index);
bool history_record_good(const struct history *history, unsigned index); /* header, label and data */

#endif
