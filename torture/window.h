/* window.h -- which of a trace's operations a picture of a failing state shows, and where on its time line.
 *
 * Those near the crash and near what it lost are shown, WINDOW_OPS at most; those between are merged into
 * gaps. The time line has each tick that a shown operation begins or ends at, in order, and is as wide
 * between two of them as the operations want that ended there.
 */
#ifndef TORTURE_WINDOW_H
#define TORTURE_WINDOW_H

#include "torture/states.h"

#define WINDOW_OPS 128

struct shown {
    size_t op;
    unsigned lost; /* which of the operations that lost something, from 1; 0: it did not */
    double x;      /* of its middle */
    char *line;    /* as trace_tell() tells it */
};

/* Operations that are not shown, one after the other. */
struct gap {
    size_t from, to;
    size_t lost; /* operations among them that lost something */
    double x;    /* the left edge */
};

struct window {
    struct shown shown[WINDOW_OPS];
    size_t count;
    struct gap gaps[WINDOW_OPS + 1];
    size_t gap_count;
    size_t before; /* what was there before the workload began: so many operations are left out */
    uint64_t *ticks;
    double *xs; /* where these are */
    size_t tick_count;
    double crash, end; /* where the crash is, and the right edge */
};

#define WINDOW_GAP 46.0 /* how wide a gap is */

/* window_make -- the window of a crash, with its left edge at `left`; window_release() frees it. */
void window_make(struct window *window, const struct trace *trace, const struct crash *crash, double left);
void window_release(struct window *window);

/* window_shift -- moves all of it to the right. */
void window_shift(struct window *window, double by);

/* window_x -- where a tick is; one that is not on the time line is between those that are. */
double window_x(const struct window *window, uint64_t tick);

#endif
