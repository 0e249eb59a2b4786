/* timeline.c -- see timeline.h. */
#include "torture/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "torture/escape.h"
#include "torture/marks.h"
#include "torture/report.h"
#include "torture/window.h"

#define LABEL_LEAST 140.0 /* the width of the lanes' names */
#define LABEL_SHOWN 27    /* bytes of a name */
#define LETTER      7.3   /* the width of one */
#define TOP         26.0
#define LANE        38.0
#define LANE_WANTED 14.0 /* more for the lane that wants a sync */
#define MIDDLE      22.0 /* of a lane, below its top */
#define TICK_APART  36.0 /* from the number of a tick to the next */

#define LANE_OTHERS UINT32_MAX
#define LANE_ACKS   (UINT32_MAX - 1)

struct lane {
    uint32_t object; /* or LANE_OTHERS, LANE_ACKS */
    bool directory;
    char *name; /* NULL of a lane that is no object's */
    bool later; /* nothing was done to it before the crash, as far as is shown */
    double top, height;
};

struct picture {
    FILE *stream;
    const struct trace *trace;
    const struct crash *crash;
    const char *acks;
    struct window window;
    struct lane lanes[TIMELINE_LANES + 2];
    size_t lane_count;
    bool others;     /* there are objects that have no lane of their own */
    uint32_t wanted; /* the object that should have been synced; 0 */
    double label, width, bottom;
};

static bool is_names(const struct op *op)
{
    return op->kind == OP_CREATE || op->kind == OP_LINK || op->kind == OP_UNLINK || op->kind == OP_RENAME ||
           op->kind == OP_EXCHANGE;
}

/* --- lanes -------------------------------------------------------------------------------------------- */

static struct lane *lane_of(struct picture *picture, uint32_t object)
{
    struct lane *others = NULL;

    for (size_t i = 0; i < picture->lane_count; i++) {
        if (picture->lanes[i].object == object)
            return &picture->lanes[i];
        if (picture->lanes[i].object == LANE_OTHERS)
            others = &picture->lanes[i];
    }
    return others;
}

static double middle_of(struct picture *picture, uint32_t object)
{
    return lane_of(picture, object)->top + MIDDLE;
}

static void add_lane(struct picture *picture, uint32_t object, bool directory)
{
    for (size_t i = 0; i < picture->lane_count; i++) {
        if (picture->lanes[i].object == object) {
            picture->lanes[i].directory |= directory;
            return;
        }
    }
    if (picture->lane_count < TIMELINE_LANES)
        picture->lanes[picture->lane_count++] = (struct lane){.object = object, .directory = directory};
    else
        picture->others = true;
}

static void add_lanes_of(struct picture *picture, const struct op *op)
{
    if (op->kind == OP_ACK || op->kind == OP_SYNC_ALL)
        return;
    if (is_names(op)) {
        add_lane(picture, op->dir, true);
        if (op->kind == OP_RENAME || op->kind == OP_EXCHANGE)
            add_lane(picture, op->dir2, true);
    }
    add_lane(picture, op->object, op->object == 1 || op->type == TYPE_DIRECTORY);
}

/* by_lane -- directories above the files in them, and the older ones above the newer ones. */
static int by_lane(const void *left, const void *right)
{
    const struct lane *a = left, *b = right;

    if (a->directory != b->directory)
        return a->directory ? -1 : 1;
    return a->object < b->object ? -1 : a->object > b->object;
}

static void lay_lanes(struct picture *picture)
{
    const struct window *window = &picture->window;
    const struct op *ops = picture->trace->ops;
    double top = TOP;

    if (picture->wanted)
        add_lane(picture, picture->wanted, picture->crash->losses[0].kind == PART_NAMES);
    for (int lost = 1; lost >= 0; lost--) {
        for (size_t i = 0; i < window->count; i++) {
            if ((window->shown[i].lost > 0) == lost)
                add_lanes_of(picture, &ops[window->shown[i].op]);
        }
    }
    qsort(picture->lanes, picture->lane_count, sizeof(*picture->lanes), by_lane);
    if (picture->others)
        picture->lanes[picture->lane_count++] = (struct lane){.object = LANE_OTHERS};
    picture->lanes[picture->lane_count++] = (struct lane){.object = LANE_ACKS};
    for (size_t i = 0; i < picture->lane_count; i++) {
        struct lane *lane = &picture->lanes[i];
        lane->top = top;
        lane->height = LANE + (lane->object == picture->wanted ? LANE_WANTED : 0);
        top += lane->height;
    }
    picture->bottom = top;
}

/* first_of -- the first shown operation on what a lane is of; that at the crash, if there is none. */
static size_t first_of(const struct picture *picture, const struct lane *lane)
{
    const struct window *window = &picture->window;

    for (size_t i = 0; i < window->count; i++) {
        if (picture->trace->ops[window->shown[i].op].object == lane->object)
            return window->shown[i].op;
    }
    return picture->crash->at;
}

/* name_of -- what a lane is called: the object's path when it is first shown, and the one that it has at the
 * crash, if that is another. To be freed. */
static char *name_of(const struct picture *picture, const struct lane *lane, size_t at)
{
    struct told told;

    if (at < picture->trace->count && picture->trace->ops[at].kind == OP_CREATE)
        at++;
    trace_path_at(picture->trace, lane->object, at, told_begin(&told));
    char *first = told_text(&told);
    trace_path_at(picture->trace, lane->object, at > picture->crash->at ? at : picture->crash->at,
                  told_begin(&told));
    char *last = told_text(&told);
    FILE *stream = told_begin(&told);
    fputs(first, stream);
    if (strcmp(first, last) != 0)
        fprintf(stream, " \xe2\x86\x92 %s", last);
    if (lane->directory)
        fputs("/", stream);
    free(first);
    free(last);
    return told_text(&told);
}

/* name_lanes -- and leaves room for the longest name. */
static void name_lanes(struct picture *picture)
{
    picture->label = LABEL_LEAST;
    for (size_t i = 0; i < picture->lane_count; i++) {
        struct lane *lane = &picture->lanes[i];
        if (lane->object == LANE_ACKS || lane->object == LANE_OTHERS)
            continue;
        const size_t first = first_of(picture, lane);
        lane->name = name_of(picture, lane, first);
        lane->later = first >= picture->crash->at && !lane->directory;
        const size_t size = strlen(lane->name);
        const double width = LETTER * (double)(size > LABEL_SHOWN ? LABEL_SHOWN : size) + 20;
        if (width > picture->label)
            picture->label = width;
    }
}

/* put_name -- of a long one the end, which tells it from others. */
static void put_name(const struct picture *picture, const struct lane *lane)
{
    FILE *stream = picture->stream;
    const size_t size = strlen(lane->name);
    size_t from = size > LABEL_SHOWN + 2 ? size - LABEL_SHOWN + 1 : 0; /* an arrow has three bytes */

    fprintf(stream, "<text class=\"k%s\" x=\"8\" y=\"%.1f\">%s", lane->later ? " t" : "",
            lane->top + MIDDLE + 4, from ? "\xe2\x80\xa6" : "");
    while ((lane->name[from] & 0xc0) == 0x80)
        from++;
    escape_html(stream, lane->name + from, SIZE_MAX, false);
    fputs("<title>", stream);
    escape_html(stream, lane->name, TIMELINE_TEXT, false);
    fputs("</title></text>\n", stream);
}

static void put_lanes(struct picture *picture)
{
    FILE *stream = picture->stream;

    for (size_t i = 0; i < picture->lane_count; i++) {
        const struct lane *lane = &picture->lanes[i];
        fprintf(stream, "<rect class=\"%s\" x=\"0\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                i % 2 ? "b" : "e", lane->top, picture->width, lane->height);
        if (lane->object == LANE_ACKS)
            fprintf(stream, "<text class=\"t\" x=\"8\" y=\"%.1f\">%s</text>\n", lane->top + MIDDLE + 4,
                    picture->acks);
        else if (lane->object == LANE_OTHERS)
            fprintf(stream, "<text class=\"t\" x=\"8\" y=\"%.1f\">others, merged</text>\n",
                    lane->top + MIDDLE + 4);
        else
            put_name(picture, lane);
        fprintf(stream, "<path class=\"r\" d=\"M%.1f %.1fH%.1f\"/>\n", picture->label, lane->top + MIDDLE,
                picture->width);
    }
}

/* --- operations --------------------------------------------------------------------------------------- */

static void put_title(FILE *stream, const char *line)
{
    fputs("<title>", stream);
    escape_html(stream, line, TIMELINE_TEXT, false);
    fputs("</title>", stream);
}

/* put_syncs -- the bars, which lie under the marks. */
static void put_syncs(struct picture *picture)
{
    FILE *stream = picture->stream;
    const struct window *window = &picture->window;

    for (size_t i = 0; i < window->count; i++) {
        const struct op *op = &picture->trace->ops[window->shown[i].op];
        const bool within = (op->flags & (OP_DSYNC | OP_FSYNC)) != 0;
        if (!within && !mark_is_bar(op))
            continue;
        const double right = within ? window->shown[i].x + 9 : window_x(window, op->end);
        double left = within ? window->shown[i].x - 9 : window_x(window, op->begin);
        if (left > right - 8)
            left = right - 8; /* one that took no time is to be seen, too */
        fputs("<g>", stream);
        put_title(stream, window->shown[i].line);
        if (op->kind == OP_SYNC_ALL)
            mark_put_bar(stream, OP_SYNC_ALL, left, TOP + 3, right - left, picture->bottom - TOP - 6);
        else if (within)
            mark_put_bar(stream, OP_SYNC, left, middle_of(picture, op->object) + 8, right - left, 4);
        else
            mark_put_bar(stream, op->kind, left, middle_of(picture, op->object) - 6, right - left, 12);
        fputs("</g>\n", stream);
    }
}

/* loses_in -- whether something that the operation did to that object is lost. */
static bool loses_in(const struct picture *picture, size_t op, uint32_t object)
{
    for (size_t i = 0; i < picture->crash->count; i++) {
        const struct loss *loss = &picture->crash->losses[i];
        if (loss->op == op && report_wanted(picture->trace, loss) == object)
            return true;
    }
    return false;
}

static void put_mark(struct picture *picture, const struct shown *shown, uint32_t object, double y)
{
    FILE *stream = picture->stream;
    const bool lost = shown->lost && loses_in(picture, shown->op, object);

    fprintf(stream, "<g%s transform=\"translate(%.1f %.1f)\">", lost ? " class=\"lost\"" : "", shown->x, y);
    fputs("<title>", stream);
    if (lost)
        fprintf(stream, "LOST (%u): ", shown->lost);
    escape_html(stream, shown->line, TIMELINE_TEXT, false);
    fputs("</title>", stream);
    mark_put(stream, picture->trace->ops[shown->op].kind);
    if (lost)
        mark_put_lost(stream, shown->lost, 0, -12);
    fputs("</g>\n", stream);
}

/* put_names -- a change of names stands in the lane of its directory, which is what has to be synced, and is
 * tied to the object that is called so. */
static void put_names(struct picture *picture, const struct shown *shown)
{
    const struct op *op = &picture->trace->ops[shown->op];
    const double object = middle_of(picture, op->object), dir = middle_of(picture, op->dir);
    const bool two = (op->kind == OP_RENAME || op->kind == OP_EXCHANGE) && op->dir2 != op->dir;
    const double dir2 = two ? middle_of(picture, op->dir2) : dir;

    fprintf(picture->stream, "<path class=\"c\" d=\"M%.1f %.1fV%.1fV%.1f\"/>", shown->x, dir, dir2, object);
    if (object > dir || object > dir2)
        fprintf(picture->stream, "<circle class=\"p\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", shown->x, object);
    put_mark(picture, shown, op->dir, dir);
    if (two)
        put_mark(picture, shown, op->dir2, dir2);
}

static void put_marks(struct picture *picture)
{
    for (size_t i = 0; i < picture->window.count; i++) {
        const struct shown *shown = &picture->window.shown[i];
        const struct op *op = &picture->trace->ops[shown->op];
        if (is_names(op))
            put_names(picture, shown);
        else if (op->kind == OP_ACK)
            put_mark(picture, shown, LANE_ACKS, middle_of(picture, LANE_ACKS));
        else if (!mark_is_bar(op))
            put_mark(picture, shown, op->object, middle_of(picture, op->object));
    }
}

/* --- what is around them ------------------------------------------------------------------------------ */

/* put_gap -- how many operations of which kinds are merged, and whether some of them are lost. */
static void put_gap(const struct picture *picture, const struct gap *gap)
{
    FILE *stream = picture->stream;
    size_t writes = 0, names = 0, syncs = 0, acks = 0;
    const size_t count = gap->to - gap->from;

    for (size_t i = gap->from; i < gap->to; i++) {
        const struct op *op = &picture->trace->ops[i];
        writes += op->kind == OP_WRITE || op->kind == OP_ZERO;
        names += is_names(op);
        syncs += mark_is_bar(op);
        acks += op->kind == OP_ACK;
    }
    fprintf(stream,
            "<g><title>%zu operations that are not drawn: %zu writes, %zu changes of names, %zu syncs, %zu "
            "acknowledgements, %zu others; %zu of them lost something</title>",
            count, writes, names, syncs, acks, count - writes - names - syncs - acks, gap->lost);
    fprintf(stream, "<rect class=\"q\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", gap->x, TOP,
            WINDOW_GAP, picture->bottom - TOP);
    fprintf(stream, "<text class=\"v\" transform=\"translate(%.1f %.1f) rotate(-90)\">%zu more</text>",
            gap->x + (gap->lost ? 19 : 27), (TOP + picture->bottom) / 2, count);
    if (gap->lost)
        fprintf(stream, "<text class=\"v z\" transform=\"translate(%.1f %.1f) rotate(-90)\">%zu lost</text>",
                gap->x + 37, (TOP + picture->bottom) / 2, gap->lost);
    fputs("</g>\n", stream);
}

static void put_axis(const struct picture *picture)
{
    FILE *stream = picture->stream;
    const struct window *window = &picture->window;
    double last = -TICK_APART;

    fprintf(stream, "<text class=\"t\" x=\"8\" y=\"%.1f\">time, in ticks</text><path class=\"y\" d=\"",
            picture->bottom + 16);
    for (size_t i = 0; i < window->tick_count; i++)
        fprintf(stream, "M%.1f %.1fv4", window->xs[i], picture->bottom);
    fputs("\"/>", stream);
    for (size_t i = 0; i < window->tick_count; i++) {
        if (window->xs[i] < last + TICK_APART)
            continue;
        last = window->xs[i];
        fprintf(stream, "<text class=\"j\" x=\"%.1f\" y=\"%.1f\">%" PRIu64 "</text>", last,
                picture->bottom + 16, window->ticks[i]);
    }
    fputc('\n', stream);
}

/* put_wanted -- from when what was lost first wanted a sync, up to the crash; and the sync that came too
 * late. */
static void put_wanted(struct picture *picture)
{
    const struct window *window = &picture->window;
    const struct crash *crash = picture->crash;
    const bool failed = report_failed_sync(picture->trace, crash) != SIZE_MAX;
    const size_t late = failed ? SIZE_MAX : report_late_sync(picture->trace, crash);
    const char *text = failed ? "its sync failed" : "not synced";
    const double y = lane_of(picture, picture->wanted)->top + MIDDLE + 15;
    double left = picture->label, too_late = 0;

    for (size_t i = 0; i < window->count; i++) {
        if (window->shown[i].op == crash->losses[0].op)
            left = window->shown[i].x;
        if (window->shown[i].op == late && late >= crash->at)
            too_late = window->shown[i].x - 9;
    }
    fprintf(picture->stream,
            "<g><title>what was lost wanted a sync of this here, before it is relied on</title><path "
            "class=\"m\" d=\"M%.1f %.1fv5H%.1fv-5\"/><text class=\"wanted to\" x=\"%.1f\" "
            "y=\"%.1f\">%s</text></g>\n",
            left, y - 2, window->crash, window->crash - 4, y + 14, text);
    if (too_late > 0)
        fprintf(picture->stream, "<text class=\"wanted\" x=\"%.1f\" y=\"%.1f\">too late</text>\n",
                too_late > window->crash + 5 ? too_late : window->crash + 5, y + 14);
}

/* put_fade -- over what was done behind the crash, which is not so in this state. */
static void put_fade(const struct picture *picture)
{
    fprintf(picture->stream, "<rect class=\"fade\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
            picture->window.crash, TOP, picture->width - picture->window.crash, picture->bottom - TOP);
}

static void put_crash(const struct picture *picture)
{
    const double x = picture->window.crash;

    fprintf(picture->stream,
            "<g><title>the crash</title><path class=\"crash\" d=\"M%.1f 20V%.1f\"/>"
            "<rect class=\"pill\" x=\"%.1f\" y=\"3\" width=\"52\" height=\"18\" rx=\"9\"/>"
            "<text class=\"pilled\" x=\"%.1f\" y=\"16\">CRASH</text></g>\n",
            x, picture->bottom, x - 26, x);
}

static void put_caption(const struct picture *picture)
{
    const struct window *window = &picture->window;
    const size_t count = picture->trace->count - window->before;
    FILE *stream = picture->stream;

    fprintf(stream, "<figcaption>Drawn: %zu of the %zu operations", window->count, count);
    if (window->count < count)
        fputs(", those near the crash and near what was lost; the grey columns stand for the others", stream);
    if (picture->others)
        fprintf(stream, "; objects beyond the first %d share a lane", TIMELINE_LANES);
    fputs(".</figcaption>", stream);
}

void timeline_put(FILE *stream, const struct trace *trace, const struct crash *crash, const char *acks)
{
    struct picture picture = {.stream = stream, .trace = trace, .crash = crash, .acks = acks};

    if (crash->count > 0)
        picture.wanted = report_wanted(trace, &crash->losses[0]);
    window_make(&picture.window, trace, crash, 30);
    lay_lanes(&picture);
    name_lanes(&picture);
    window_shift(&picture.window, picture.label);
    picture.width =
        picture.window.end > picture.window.crash + 40 ? picture.window.end : picture.window.crash + 40;
    fprintf(stream,
            "<figure><div class=\"scroll\"><svg xmlns=\"http://www.w3.org/2000/svg\" class=\"time\" "
            "role=\"img\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n"
            "<title>what was done until the crash, and what of it was lost</title>\n",
            picture.width, picture.bottom + 24, picture.width, picture.bottom + 24);
    put_lanes(&picture);
    put_syncs(&picture);
    put_marks(&picture);
    put_fade(&picture);
    for (size_t i = 0; i < picture.window.gap_count; i++)
        put_gap(&picture, &picture.window.gaps[i]);
    put_crash(&picture);
    if (picture.wanted)
        put_wanted(&picture);
    put_axis(&picture);
    fputs("</svg></div>", stream);
    put_caption(&picture);
    fputs("</figure>\n", stream);
    for (size_t i = 0; i < picture.lane_count; i++)
        free(picture.lanes[i].name);
    window_release(&picture.window);
}
