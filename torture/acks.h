/* acks.h -- what a workload had acknowledged: what it printed. */
#ifndef TORTURE_ACKS_H
#define TORTURE_ACKS_H

#include "torture/trace.h"

/* acks_size -- how many bytes the workload had printed by that operation; acks_take -- a copy of the first
 * `size` of them with a NUL behind it, to be freed. */
size_t acks_size(const struct trace *trace, size_t at);
void *acks_take(const struct trace *trace, size_t size);

#endif
