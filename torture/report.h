/* report.h -- what a campaign has found, as text. */
#ifndef TORTURE_REPORT_H
#define TORTURE_REPORT_H

#include <stdio.h>

#include "torture/campaign.h"

/* report_failure -- one failing state: when it was, what was lost, what the check said, and what would have
 * kept it. `acks` is what had been acknowledged, ended by a NUL. */
void report_failure(FILE *stream, const struct trace *trace, const struct failure *failure, const char *acks);

/* Of that, what others tell as well. report_verdict -- what the check did, and report_acks -- what had been
 * acknowledged, in a few words. */
void report_verdict(FILE *stream, const struct checked *checked);
void report_acks(FILE *stream, const char *acks);

/* report_wanted -- the object whose sync would have kept the loss. report_late_sync -- the first operation
 * that syncs what was lost first, which came too late; SIZE_MAX if there is none. */
uint32_t report_wanted(const struct trace *trace, const struct loss *loss);
size_t report_late_sync(const struct trace *trace, const struct crash *crash);

/* report_failed_sync -- the one that was made to fail, and dropped what was lost first: no later one makes
 * that durable. SIZE_MAX if there is none. */
size_t report_failed_sync(const struct trace *trace, const struct crash *crash);

/* report_alike -- an operation's call and what it was on, with 0 for all digits: the same for those that are
 * alike. */
void report_alike(const struct trace *trace, size_t op, char text[256]);

/* report_result -- the verdict on a profile, and how many states there were. */
void report_result(FILE *stream, const struct campaign *campaign, const struct result *result);

/* report_notes -- of that, what there is to be said beside the numbers: each note with a "; " before it. */
void report_notes(FILE *stream, const struct campaign *campaign, const struct result *result);

#endif
