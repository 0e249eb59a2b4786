/* heap.h -- counting a thread's calls of malloc(), free() and their like: the program has these itself, and
 * passes them on. A program with a sanitizer, which has them too, does not count. */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include <stdbool.h>
#include <stdint.h>

bool heap_counts(void);

/* From here on the calls of this thread are counted; heap_end() returns how many there were. */
void heap_begin(void);
uint64_t heap_end(void);

#endif
