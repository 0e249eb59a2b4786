/* damaged_steps.h -- the steps of which an input of fuzz_segment is made: what a journal's life was, and what
 * became of its files.
 */
#ifndef FUZZ_DAMAGED_STEPS_H
#define FUZZ_DAMAGED_STEPS_H

#include "fuzz/history.h"
#include "fuzz/source.h"

enum step {
    STEP_CHECKPOINT,
    STEP_COMPACT,
    STEP_CLEAR,
    STEP_COMPLETE,
    STEP_RECOVERED,
    STEP_JUMP,
    STEP_SYNC,
    STEP_NEXT,
    STEP_GIVE_UP,
    /* From here on the files are what they are. */
    STEP_FLIP,
    STEP_ZERO,
    STEP_CUT,
    STEP_REMOVE,
    STEP_HEADER,
    STEP_TORN,
    STEP_COPY,
    STEP_LIE_RECORD,
    STEP_LIE_HEADER,
    STEP_PADDING, /* of a record */
    STEP_STAND,   /* something else in a segment's place */
    STEP_STRAY,   /* what does not belong there, or what is no more than of use; see damaged.h */
    STEP_COUNT
};

/* damaged_live -- one step of the journal's life, before STEP_FLIP; takes its bytes from the source. */
void damaged_live(struct history *history, enum step step, struct source *source);

/* damaged_spoil -- one step of what became of the files. Nothing if it is one of the journal's life, or a
 * stray. */
void damaged_spoil(struct history *history, enum step step, struct source *source);

#endif
