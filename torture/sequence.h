/* sequence.h -- numbers that look random and follow from a seed. */
#ifndef TORTURE_SEQUENCE_H
#define TORTURE_SEQUENCE_H

#include <stdint.h>

struct sequence {
    uint64_t state;
};

struct sequence sequence_of(uint64_t seed);

/* sequence_next -- the next one. sequence_below -- one that is less than `end`, which is not 0. */
uint64_t sequence_next(struct sequence *sequence);
uint64_t sequence_below(struct sequence *sequence, uint64_t end);

#endif
