/* damaged_repair.h -- a damaged journal is verified, and then repaired. */
#ifndef FUZZ_DAMAGED_REPAIR_H
#define FUZZ_DAMAGED_REPAIR_H

#include "fuzz/answers.h"
#include "fuzz/damaged.h"

/* damaged_repair -- what could be had can be had, and nothing counts as damaged any more. `writer` is what
 * the writer before said; nothing is done if he could not open it. */
void damaged_repair(const struct damaged *journal, const struct answers *writer);

#endif
