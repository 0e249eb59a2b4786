/* log.h -- the writing end: append, commit, go on to the next segment, give one up. */
#ifndef JOURNAL_LOG_H
#define JOURNAL_LOG_H

#include "journal/journal.h"

/* What to append. */
struct entry {
    enum record_kind kind;
    const void *label;
    size_t label_size;
    const void *data;
    size_t size;
    uint64_t body_hash; /* not of a large one: log_append() finds it out while the disk is busy */
    uint32_t label_hash;

    /* For RECORD_COMPACT: the survivor that `data` names must still be the latest, or nothing is done. */
    bool must_be_latest;
    uint64_t latest_position;
};

/* entry_is_large -- whether a thread had better write it by itself. */
static inline bool entry_is_large(const struct entry *entry)
{
    return entry->size >= SEGMENT_LARGE;
}

/* What was appended. */
struct appended {
    struct record record;
};

#define LOG_NOT_LATEST 1

/* log_append -- appends a record and makes it durable. 0; LOG_NOT_LATEST, with nothing done; or an error:
 * CAIRN_ENOSPC, CAIRN_E2BIG, a context's, and CAIRN_EIO, after which the record may be there or not. */
int log_append(struct journal *journal, const struct cairn_ctx *ctx, uint64_t failures,
               const struct entry *entry, struct appended *appended);

/* log_check -- 0; or CAIRN_EIO if syncing, and going on in another segment, have failed since `failures`. */
int log_check(const struct journal *journal, uint64_t failures);

/* log_mend -- if the segment in use is broken, gives it up. For an opening handle.
 * The context bounds the waiting for it. */
int log_mend(struct journal *journal, const struct cairn_ctx *ctx);

/* log_sync_tail -- recovery: makes durable all that the control page's tail covers. Nobody else is there. 0;
 * or an error, with the segment broken. */
int log_sync_tail(struct journal *journal);

/* log_next_segment -- goes on to a new segment, numbered `number`, where the log is at `state` and positions
 * begin at `base`; the segment that `state` is in ends at `prev_end`. `fill` writes what is in it from the
 * beginning, and then the caller sets the tail; NULL for nothing. The caller holds append and sync, or is
 * alone. 0 or an errno; negative if it is not known whether the segment is there. */
int log_next_segment(struct journal *journal, const struct tail *state, uint64_t number, uint64_t base,
                     uint64_t prev_end, uint64_t room, bool urgent, segment_fill *fill, void *arg);

#endif
