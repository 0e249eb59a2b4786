/* window.c -- see window.h. */
#include "torture/window.h"

#include <stdlib.h>
#include <string.h>

#include "torture/memory.h"
#include "torture/report.h"

#define BEFORE_CRASH 24
#define AFTER_CRASH  8
#define AROUND_LOST  3
#define LOST_SOUGHT  8 /* operations whose surroundings are shown */
#define HOLE         3 /* so many operations are shown rather than merged */
#define SLOT         18.0
#define IDLE         7.0

/* --- which operations --------------------------------------------------------------------------------- */

/* The flags of an operation, while it is chosen. */
enum { CHOSEN = 1, LOST = 2 };

static void choose(uint8_t *flags, size_t base, size_t count, size_t from, size_t to)
{
    for (size_t i = from > base ? from : base; i < to && i < count; i++)
        flags[i] |= CHOSEN;
}

static size_t less(size_t number, size_t by)
{
    return number > by ? number - by : 0;
}

static void choose_all(uint8_t *flags, size_t base, const struct trace *trace, const struct crash *crash)
{
    const size_t count = trace->count, late = report_late_sync(trace, crash);
    size_t sought = 0, ack = crash->at, last = SIZE_MAX;

    choose(flags, base, count, less(crash->at, BEFORE_CRASH), crash->at + AFTER_CRASH);
    for (size_t i = 0; i < crash->count; i++) {
        const size_t op = crash->losses[i].op;
        flags[op] |= LOST;
        if (op != last && sought++ < LOST_SOUGHT)
            choose(flags, base, count, less(op, AROUND_LOST), op + AROUND_LOST);
        last = op;
    }
    while (ack > 0 && trace->ops[ack - 1].kind != OP_ACK)
        ack--;
    if (ack > 0)
        choose(flags, base, count, less(ack, 2), ack + 1);
    if (late != SIZE_MAX)
        choose(flags, base, count, less(late, 1), late + 2);
}

/* fill_holes -- shows what is between two that are shown, if it is little. */
static void fill_holes(uint8_t *flags, size_t base, size_t count)
{
    size_t from = base;

    for (size_t i = base; i <= count; i++) {
        if (i < count && !(flags[i] & CHOSEN))
            continue;
        if (i - from <= HOLE)
            choose(flags, base, count, from, i);
        from = i + 1;
    }
}

/* take -- the chosen ones into the window, and the others into its gaps. */
static void take(struct window *window, const uint8_t *flags, const struct trace *trace)
{
    unsigned lost = 0;
    bool in_gap = false;

    for (size_t i = window->before; i < trace->count; i++) {
        const bool chosen = (flags[i] & CHOSEN) && window->count < WINDOW_OPS;
        lost += (flags[i] & LOST) != 0;
        if (chosen) {
            window->shown[window->count++] = (struct shown){.op = i, .lost = flags[i] & LOST ? lost : 0};
        } else {
            if (!in_gap)
                window->gaps[window->gap_count++] = (struct gap){.from = i};
            struct gap *gap = &window->gaps[window->gap_count - 1];
            gap->to = i + 1;
            gap->lost += (flags[i] & LOST) != 0;
        }
        in_gap = !chosen;
    }
}

/* take_lines -- what is told of each, in one go through the trace for those that are side by side. */
static void take_lines(struct window *window, const struct trace *trace)
{
    for (size_t i = 0; i < window->count;) {
        size_t end = i + 1;
        char *text = NULL;
        size_t size;
        while (end < window->count && window->shown[end].op == window->shown[end - 1].op + 1)
            end++;
        FILE *stream = open_memstream(&text, &size);
        if (stream) {
            trace_lines(trace, window->shown[i].op, window->shown[end - 1].op + 1, stream);
            fclose(stream);
        }
        char *rest = text;
        for (; i < end; i++) {
            const char *line = rest ? strsep(&rest, "\n") : "";
            window->shown[i].line = memory_text(line + strspn(line, " "));
        }
        free(text);
    }
}

/* --- where they are ----------------------------------------------------------------------------------- */

static int by_number(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static const struct gap *gap_before(const struct window *window, size_t shown)
{
    for (size_t i = 0; i < window->gap_count; i++) {
        if (window->gaps[i].to == window->shown[shown].op)
            return &window->gaps[i];
    }
    return NULL;
}

/* first_tick -- where an operation begins on the time line: if it began while others did something that is
 * not shown, that is not on it. */
static uint64_t first_tick(const struct window *window, const struct trace *trace, size_t shown)
{
    const struct op *op = &trace->ops[window->shown[shown].op];
    uint64_t least = 0;

    for (size_t i = 0; i <= shown; i++) {
        const struct gap *gap = gap_before(window, i);
        if (gap)
            least = trace->ops[gap->to - 1].end;
    }
    return op->begin > least ? op->begin : op->end;
}

static void take_ticks(struct window *window, const struct trace *trace)
{
    size_t count = 0;

    window->ticks = memory_new((2 * window->count + 1) * sizeof(*window->ticks));
    for (size_t i = 0; i < window->count; i++) {
        window->ticks[count++] = first_tick(window, trace, i);
        window->ticks[count++] = trace->ops[window->shown[i].op].end;
    }
    qsort(window->ticks, count, sizeof(*window->ticks), by_number);
    for (size_t i = 0; i < count; i++) {
        if (window->tick_count == 0 || window->ticks[window->tick_count - 1] != window->ticks[i])
            window->ticks[window->tick_count++] = window->ticks[i];
    }
}

/* place_tick -- and the operations that end there, one beside the other, left of it. */
static double place_tick(struct window *window, const struct trace *trace, size_t tick, double x)
{
    size_t ended = 0, placed = 0;
    struct gap *gap = NULL;

    for (size_t i = 0; i < window->count; i++) {
        if (trace->ops[window->shown[i].op].end == window->ticks[tick])
            ended++;
    }
    for (size_t i = 0; i < window->count && gap == NULL; i++) {
        const struct gap *before = gap_before(window, i);
        if (before && first_tick(window, trace, i) == window->ticks[tick])
            gap = &window->gaps[before - window->gaps];
    }
    if (gap && gap->x < 0) {
        x += tick > 0 ? IDLE : 0;
        gap->x = x;
        x += WINDOW_GAP;
    }
    x += ended ? SLOT * (double)ended : IDLE;
    for (size_t i = 0; i < window->count; i++) {
        if (trace->ops[window->shown[i].op].end == window->ticks[tick])
            window->shown[i].x = x - SLOT * ((double)(ended - placed++) - 0.5);
    }
    return x;
}

/* place_crash -- between the last operation that had taken effect and the first that had not. */
static void place_crash(struct window *window, const struct crash *crash, double left)
{
    double before = left, after = window->end;

    for (size_t i = 0; i < window->count; i++) {
        const double x = window->shown[i].x;
        if (window->shown[i].op < crash->at && x + SLOT / 2 > before)
            before = x + SLOT / 2;
        else if (window->shown[i].op >= crash->at && x - SLOT / 2 < after)
            after = x - SLOT / 2;
    }
    if (after > before + IDLE)
        after = before + IDLE;
    window->crash = before == left || after < before ? before : (before + after) / 2;
}

static void place(struct window *window, const struct trace *trace, const struct crash *crash, double left)
{
    double x = left;

    for (size_t i = 0; i < window->gap_count; i++)
        window->gaps[i].x = -1;
    window->xs = memory_new(window->tick_count * sizeof(*window->xs));
    for (size_t i = 0; i < window->tick_count; i++)
        window->xs[i] = x = place_tick(window, trace, i, x);
    for (size_t i = 0; i < window->gap_count; i++) {
        if (window->gaps[i].x >= 0)
            continue;
        window->gaps[i].x = x + IDLE; /* behind all that is shown */
        x += IDLE + WINDOW_GAP;
    }
    window->end = x + IDLE;
    place_crash(window, crash, left);
}

void window_make(struct window *window, const struct trace *trace, const struct crash *crash, double left)
{
    uint8_t *flags = memory_new(trace->count);

    *window = (struct window){0};
    while (window->before < trace->count && (trace->ops[window->before].flags & OP_BASE))
        window->before++;
    choose_all(flags, window->before, trace, crash);
    fill_holes(flags, window->before, trace->count);
    take(window, flags, trace);
    free(flags);
    take_lines(window, trace);
    take_ticks(window, trace);
    place(window, trace, crash, left);
}

void window_release(struct window *window)
{
    for (size_t i = 0; i < window->count; i++)
        free(window->shown[i].line);
    free(window->ticks);
    free(window->xs);
    *window = (struct window){0};
}

void window_shift(struct window *window, double by)
{
    for (size_t i = 0; i < window->tick_count; i++)
        window->xs[i] += by;
    for (size_t i = 0; i < window->count; i++)
        window->shown[i].x += by;
    for (size_t i = 0; i < window->gap_count; i++)
        window->gaps[i].x += by;
    window->crash += by;
    window->end += by;
}

double window_x(const struct window *window, uint64_t tick)
{
    for (size_t i = 0; i < window->tick_count; i++) {
        if (window->ticks[i] < tick)
            continue;
        if (window->ticks[i] == tick || i == 0)
            return window->xs[i];
        return (window->xs[i - 1] + window->xs[i]) / 2;
    }
    return window->tick_count ? window->xs[window->tick_count - 1] : 0;
}
