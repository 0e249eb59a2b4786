/* timeline.h -- a picture of a failing state: what the workload did, object by object, when the crash was and
 * what it lost, as an SVG element that a document's style gives its colours.
 *
 * It is bounded, however long the trace is: WINDOW_OPS operations at most (window.h), TIMELINE_LANES objects
 * and TIMELINE_TEXT bytes of each text. What is beyond that is merged, and said.
 */
#ifndef TORTURE_TIMELINE_H
#define TORTURE_TIMELINE_H

#include <stdio.h>

#include "torture/states.h"

#define TIMELINE_LANES 14
#define TIMELINE_TEXT  240

/* timeline_put -- the picture and what is to be said of it, as a figure; `acks` is what the lane of what was
 * printed is called. */
void timeline_put(FILE *stream, const struct trace *trace, const struct crash *crash, const char *acks);

#endif
