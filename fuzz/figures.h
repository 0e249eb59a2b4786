/* figures.h -- the figures of cairn_stat() that are of files, against a plain reading of the directory. Those
 * that follow from what was done are ledger.h's.
 */
#ifndef FUZZ_FIGURES_H
#define FUZZ_FIGURES_H

#include <stdbool.h>

#include <cairn/cairn.h>

/* figures_check -- asks the handle of the operation at `path`, on which nobody else is at work; a finding, if
 * it is told other figures than the files are. `who` is for the message. */
void figures_check(struct cairn_op *op, const char *path, bool directory, const char *who);

#endif
