/* tail.h -- where the log ends, and what stands there: all that a record changes.
 *
 * The state of a journal is a fold over its records; this is the folded value. The same struct is the
 * appender's state in the control page, the reader's position in the log, the beginning of each segment
 * (in its header) and what the index covers. So whoever has a tail can go on from there.
 *
 * On disk it is as in memory: little-endian words.
 */
#ifndef JOURNAL_TAIL_H
#define JOURNAL_TAIL_H

#include "journal/record.h"

struct tail {
    uint64_t position;        /* where the next record goes */
    uint64_t chain;           /* its `prev`: the hash of the header before it */
    uint64_t sequence;        /* its sequence number */
    uint64_t segment;         /* the segment that it goes to */
    uint64_t generation;      /* of the next checkpoint */
    uint64_t number;          /* one more than the last checkpoint's that is known of */
    uint64_t next_number;     /* of the next checkpoint; more than that if numbers may have been lost */
    uint64_t next_generation; /* what the next Compact, Clear or Complete begins */

    /* Everything before the horizon is dead, but for the survivor. */
    uint64_t horizon_segment;
    uint64_t horizon_position; /* of the last Compact, Clear or Complete; 0 if there was none */
    uint64_t survivor_segment;
    uint64_t survivor_position; /* of the checkpoint that is number 0 after a Compact; else RECORD_NONE */
    uint64_t survivor_hash;

    uint64_t latest_segment;
    uint64_t latest_position; /* of the newest checkpoint whose header was seen; RECORD_NONE if none */
    uint64_t latest_hash;
    uint64_t latest_number; /* less than number - 1 if newer ones are lost */

    uint64_t
        accepted_segment; /* of the record that lists the losses which have been accepted; 0 if none have */
    uint64_t accepted_position;
    uint64_t completed; /* 1 if Complete was the last thing done */
};
#define TAIL_WORDS (sizeof(struct tail) / sizeof(uint64_t))
static_assert(sizeof(struct tail) == 20 * 8, "a tail is 20 words on disk");

/* tail_begin -- the tail of a journal with no records, in segment 1. */
void tail_begin(struct tail *tail);

/* tail_apply -- goes past a record. `data` is its data; read only if record_says() something. The record
 * follows the tail, or a hole that does. */
void tail_apply(struct tail *tail, const struct record *record, const void *data);

/* tail_jump -- numbers and generations go on there at least. */
static inline void tail_jump(struct tail *tail, uint64_t next_number, uint64_t next_generation)
{
    if (tail->next_number < next_number)
        tail->next_number = next_number;
    if (tail->next_generation < next_generation)
        tail->next_generation = next_generation;
}

/* tail_is_sound -- whether a record can be put at this tail, in a segment of positions from `base` to
 * `limit`: for one that stood where others may have written over it. */
static inline int tail_is_sound(const struct tail *tail, uint64_t base, uint64_t limit)
{
    return tail->position % RECORD_ALIGN == 0 && tail->position >= base && tail->position <= limit &&
           tail->horizon_segment > 0 && tail->horizon_segment <= tail->segment;
}

/* tail_is_empty -- whether no checkpoint is recorded, not even a lost one. */
static inline int tail_is_empty(const struct tail *tail)
{
    return tail->number == 0;
}

#endif
