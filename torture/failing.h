/* failing.h -- a failing state as a section of the document that html.h writes: what was lost, what should
 * have been synced, what the check said, how to see it again, and the picture of the trace. */
#ifndef TORTURE_FAILING_H
#define TORTURE_FAILING_H

#include "torture/campaign.h"

#define FAILING_LOSSES 12   /* operations that are listed with what was lost of them */
#define FAILING_TEXT   1000 /* bytes of a path or a line */

/* failing_put -- with that number; `repro` is the file that it was written to, or NULL. */
void failing_put(FILE *stream, const struct campaign *campaign, const struct failure *failure,
                 unsigned number, const char *repro);

#endif
