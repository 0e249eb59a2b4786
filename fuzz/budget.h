/* budget.h -- what something may cost: time of the CPU, and memory.
 *
 * The time is the process's own, so a busy machine makes no finding. Under a sanitizer, where all is some
 * times slower, the same limit is the stricter one. Memory is counted where AddressSanitizer tells of each
 * allocation; elsewhere it is not.
 */
#ifndef FUZZ_BUDGET_H
#define FUZZ_BUDGET_H

#include <stddef.h>
#include <stdint.h>

struct budget {
    int64_t began_ns;
    size_t peak;
    const char *what;
};

/* budget_begin -- begins to count, for something named `what`. No two at once. */
void budget_begin(struct budget *budget, const char *what);

/* budget_end -- a finding if it has cost more than a second, or if more than `bytes` were allocated at once.
 */
void budget_end(struct budget *budget, size_t bytes);

#endif
