/* operations_second.h -- the other thread of fuzz_operations, which is given one action at a time. */
#ifndef FUZZ_OPERATIONS_SECOND_H
#define FUZZ_OPERATIONS_SECOND_H

#include <stdbool.h>

#include "fuzz/operations.h"

/* second_give -- has it do this. */
void second_give(struct job *job);

/* second_wait -- until it has done what it was given, or, if it may be waiting for us, for a moment. */
void second_wait(bool for_a_moment);

/* second_is_this -- whether the caller is it. */
bool second_is_this(void);

#endif
