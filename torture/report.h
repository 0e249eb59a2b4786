/* report.h -- what a campaign has found, as text. */
#ifndef TORTURE_REPORT_H
#define TORTURE_REPORT_H

#include <stdio.h>

#include "torture/campaign.h"

/* report_failure -- one failing state: when it was, what was lost, what the check said, and what would have
 * kept it. `acks` is what had been acknowledged, ended by a NUL. */
void report_failure(FILE *stream, const struct trace *trace, const struct failure *failure, const char *acks);

/* report_alike -- an operation's call and what it was on, with 0 for all digits: the same for those that are
 * alike. */
void report_alike(const struct trace *trace, size_t op, char text[256]);

/* report_result -- the verdict on a profile, and how many states there were. */
void report_result(FILE *stream, const struct campaign *campaign, const struct result *result);

#endif
