/* damaged_seeds.h -- the seed corpus of fuzz_segment. */
#ifndef FUZZ_DAMAGED_SEEDS_H
#define FUZZ_DAMAGED_SEEDS_H

#include "fuzz/target.h"

/* damaged_seeds -- as target_seeds(). */
void damaged_seeds(target_seed *seed);

#endif
