/* stretch.h -- where the checkpoints of a stretch of the log are: from a mark of the map on, as far as a walk
 * from there has met them without a gap. So the next one that is asked for there is found without a walk.
 *
 * What is remembered is a hint. A segment may have been retired since, or damaged; so whoever reads there
 * looks whether it is that checkpoint, and walks if it is not.
 */
#ifndef JOURNAL_STRETCH_H
#define JOURNAL_STRETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/record.h"

struct stretch {
    uint64_t position; /* of the mark */
    uint64_t segment;  /* all of them are in this one */
    uint64_t number;   /* of the first */
    uint32_t count;
    uint32_t space;
    uint16_t offsets[]; /* from the mark, in units of RECORD_ALIGN: of each, and where the last one ends */
};

/* stretch_begin -- makes one, or begins the one that is there anew: nothing is remembered, from a mark on.
 * Without memory there is none then. free() ends it. */
void stretch_begin(struct stretch **stretch, uint64_t position, uint64_t segment);

/* stretch_add -- a checkpoint that a walk has met, in that segment; those that the walk meets are added in
 * order. One that does not follow the one before, that is too far from the mark, or that there is no memory
 * for, is not remembered. */
void stretch_add(struct stretch **stretch, const struct record *record, uint64_t segment);

/* stretch_find -- whether it is remembered where checkpoint `number` stands; and *room is how many bytes
 * there are from there to the next one, or fewer if that is far from the mark. */
bool stretch_find(const struct stretch *stretch, uint64_t number, uint64_t *position, uint64_t *room);

#endif
