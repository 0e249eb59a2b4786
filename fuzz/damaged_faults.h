/* damaged_faults.h -- calls of the system that fail (fault.h) while one of those who look at a damaged
 * journal is at it, as the input says.
 */
#ifndef FUZZ_DAMAGED_FAULTS_H
#define FUZZ_DAMAGED_FAULTS_H

#include <stdbool.h>

#include <cairn/cairn.h>

#include "fuzz/damaged.h"

/* Who is at it when calls fail: the third of the bytes that say that. With AT_GIVES_UP, what the writer
 * cannot read where the log ends he gives up. */
enum { AT_READER, AT_WRITER, AT_ASKED, AT_REPAIR, AT_GOING_ON, AT_COUNT, AT_GIVES_UP = 0x80 };

/* damaged_fail -- calls fail from now on between calls_enter() and calls_leave(), if the input says so of
 * `at`; then it has called the first of these, and calls_inside() is true. Returns the context that his calls
 * are given, or NULL. */
const struct cairn_ctx *damaged_fail(const struct damaged *journal, unsigned at);

/* damaged_fails_files -- whether what fails now are calls for files: not memory, nor the context. */
bool damaged_fails_files(void);

/* damaged_fail_no_more -- ends that; whether any call has failed. */
bool damaged_fail_no_more(void);

#endif
