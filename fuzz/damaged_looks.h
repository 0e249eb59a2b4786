/* damaged_looks.h -- somebody opens a damaged journal, as a reader or as a writer, and asks for everything.
 */
#ifndef FUZZ_DAMAGED_LOOKS_H
#define FUZZ_DAMAGED_LOOKS_H

#include "fuzz/answers.h"
#include "fuzz/damaged.h"

/* damaged_look_failing -- he does so while calls fail, if the input says so of `at` (damaged_faults.h). What
 * he gives out was recorded; answers.c sees to that. What else comes of it is noted in the journal. */
void damaged_look_failing(struct damaged *journal, unsigned at);

/* damaged_look -- he opens it with these flags, and what he says is taken down and compared with the table.
 * Opening may cost so much and no more (budget.h). `who` is for the finding. */
void damaged_look(const struct damaged *journal, unsigned flags, struct answers *answers, const char *who);

/* damaged_compare -- a finding if two do not say the same. */
void damaged_compare(const struct answers *a, const char *a_is, const struct answers *b, const char *b_is);

#endif
