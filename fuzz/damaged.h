/* damaged.h -- a damaged journal, as an input of fuzz_segment describes it.
 *
 *   1 byte   bits: below; bits 1 and 2 say how large the first segment is
 *   3 bytes  with INPUT_FAULT: the two bytes of fault.h, and who is at it (damaged_faults.h)
 *   steps    each a byte, and those that it takes (damaged_steps.h)
 *
 * From the first step of damage on, steps of the journal's life do nothing.
 */
#ifndef FUZZ_DAMAGED_H
#define FUZZ_DAMAGED_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/history.h"
#include "fuzz/source.h"

/* The first byte. */
enum {
    INPUT_CLOSED = 1, /* an index was committed before the damage */
    INPUT_FAULT = 8,
    INPUT_REPAIR = 16,
};

enum { STRAYS = 4 }; /* at most; others do nothing */

struct damaged {
    struct history history;
    uint8_t how;                /* the first byte */
    bool closed;                /* an index was committed that covers all, and may still be had */
    bool lies;                  /* some hash fits what was never recorded so */
    uint8_t fault[2], fault_at; /* with INPUT_FAULT */
    bool blind;                 /* a writer has recovered who may not have had that index */
    bool gave_up;               /* he has given up what he could not read */
    uint8_t strays[STRAYS];
    unsigned stray_count;
    bool newer; /* a stray looks like a newer segment */
};

/* damaged_decode -- takes the input apart. */
void damaged_decode(struct damaged *journal, const struct source *source);

/* damaged_write -- makes the target's place hold the journal, and nothing else. */
void damaged_write(struct damaged *journal);

#endif
