/* history.h -- what each name of the directory stood for, and what each file had, at every moment of a trace:
 * the oracle for those who have no check.
 *
 * A program that prints a line promises all that it did before. So after a crash a name that was there when
 * the latest line was printed must stand for what it stood for at some moment since; of a file that was being
 * appended to, what it had before that must be there. Which moments go together for several names is not
 * asked, nor for names that came after that line, or were gone by then and have come back. This holds files
 * to be read as they are: a program that mends them when it starts needs a check that lets it do so.
 */
#ifndef TORTURE_HISTORY_H
#define TORTURE_HISTORY_H

#include "torture/trace.h"
#include "torture/tree.h"

struct history;

/* history_make -- of the trace, which must stay. history_release() frees it. */
struct history *history_make(const struct trace *trace);
void history_release(struct history *history);

/* history_fits -- whether the tree may be what a crash behind `at` operations leaves; if not, `what` says
 * why. */
bool history_fits(const struct history *history, const struct tree *tree, size_t at, char *what, size_t size);

#endif
