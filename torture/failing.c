/* failing.c -- see failing.h. */
#include "torture/failing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "torture/escape.h"
#include "torture/report.h"
#include "torture/timeline.h"

#define RANGES_SHOWN 8 /* of the bytes that an operation lost */

static void put_path(FILE *stream, const struct trace *trace, uint32_t object, size_t at)
{
    struct told told;

    trace_path_at(trace, object, at, told_begin(&told));
    fputs("<code>", stream);
    told_end(&told, stream, FAILING_TEXT);
    fputs("</code>", stream);
}

static void put_op(FILE *stream, const struct trace *trace, size_t op)
{
    struct told told;

    trace_tell(trace, op, told_begin(&told));
    trace_tell_source(trace, op, told.stream);
    fputs("<code>", stream);
    told_end(&told, stream, FAILING_TEXT);
    fputs("</code>", stream);
}

/* --- what was lost ------------------------------------------------------------------------------------ */

/* Bytes of a file that were lost, put together as they are met: they come in order. */
struct ranges {
    FILE *stream;
    uint64_t begin, end;
    size_t count;
};

static void end_range(struct ranges *ranges)
{
    if (ranges->begin == ranges->end)
        return;
    if (ranges->count++ < RANGES_SHOWN)
        fprintf(ranges->stream, "%s%" PRIu64 "&#8211;%" PRIu64, ranges->count > 1 ? ", " : "bytes ",
                ranges->begin, ranges->end - 1);
    ranges->begin = ranges->end = 0;
}

static void add_range(struct ranges *ranges, uint64_t begin, uint64_t end)
{
    if (begin >= end)
        return;
    if (begin != ranges->end || ranges->begin == ranges->end) {
        end_range(ranges);
        ranges->begin = begin;
    }
    ranges->end = end;
}

/* add_page -- what of a page was written and is lost. */
static void add_page(struct ranges *ranges, const struct op *op, const struct loss *loss)
{
    const uint64_t page = (op->offset / CONTENT_PAGE + loss->number) * CONTENT_PAGE;
    const uint64_t last = op->offset + op->data_size;

    for (unsigned sector = 0; sector < CONTENT_PAGE / SECTOR; sector++) {
        const uint64_t begin = page + (uint64_t)sector * SECTOR, end = begin + SECTOR;
        if (loss->sectors & 1u << sector)
            add_range(ranges, begin > op->offset ? begin : op->offset, end < last ? end : last);
    }
}

/* put_lost -- what one operation has lost, of the losses from `first` to before `end`, in words. */
static void put_lost(FILE *stream, const struct op *op, const struct loss *losses, size_t count)
{
    struct ranges ranges = {.stream = stream};
    const char *between = "";

    for (size_t i = 0; i < count; i++) {
        if (losses[i].kind == PART_BYTES)
            continue;
        fprintf(stream, "%s%s", between, losses[i].kind == PART_SIZE ? "the size" : "the name");
        between = "; ";
    }
    if (losses[count - 1].kind != PART_BYTES)
        return;
    fputs(between, stream);
    for (size_t i = 0; i < count; i++) {
        if (losses[i].kind != PART_BYTES)
            continue;
        if (op->kind == OP_WRITE)
            add_page(&ranges, op, &losses[i]);
        else
            add_range(&ranges, op->offset, op->offset + op->size);
    }
    end_range(&ranges);
    if (ranges.count > RANGES_SHOWN)
        fprintf(stream, " and %zu more ranges", ranges.count - RANGES_SHOWN);
}

static void put_offset(FILE *stream, const struct op *op)
{
    if (op->kind == OP_WRITE)
        fprintf(stream, "%" PRIu64 "</td><td class=\"num\">%zu", op->offset, op->data_size);
    else if (op->kind == OP_ZERO)
        fprintf(stream, "%" PRIu64 "</td><td class=\"num\">%" PRIu64, op->offset, op->size);
    else if (op->kind == OP_RESIZE)
        fprintf(stream, "</td><td class=\"num\">to %" PRIu64, op->size);
    else
        fputs("</td><td class=\"num\">", stream);
}

/* put_names -- the name, or both, of an operation that changes one. */
static void put_names(FILE *stream, const struct trace *trace, size_t at)
{
    const struct op *op = &trace->ops[at];

    put_path(stream, trace, op->dir, at);
    fputs(" / <code>", stream);
    escape_html(stream, op->name, FAILING_TEXT, false);
    fputs("</code>", stream);
    if (op->kind != OP_RENAME && op->kind != OP_EXCHANGE)
        return;
    fputs(" &#8594; ", stream);
    if (op->dir2 != op->dir) {
        put_path(stream, trace, op->dir2, at);
        fputs(" / ", stream);
    }
    fputs("<code>", stream);
    escape_html(stream, op->name2, FAILING_TEXT, false);
    fputs("</code>", stream);
}

static void put_row(FILE *stream, const struct trace *trace, unsigned number, const struct loss *losses,
                    size_t count)
{
    const struct op *op = &trace->ops[losses[0].op];

    fprintf(stream,
            "<tr><td class=\"lostnum\">&#10005; %u</td><td class=\"num\">%" PRIu64 "&#8211;%" PRIu64
            "</td><td><code>",
            number, op->begin, op->end);
    escape_html(stream, op->call[0] ? op->call : "(a store)", FAILING_TEXT, false);
    fputs("</code>", stream);
    if (*op->source) {
        fputs("<br/><span class=\"more\">at <code>", stream);
        escape_html(stream, op->source, FAILING_TEXT, false);
        fputs("</code></span>", stream);
    }
    fputs("</td><td>", stream);
    if (losses[0].kind == PART_NAMES)
        put_names(stream, trace, losses[0].op);
    else
        put_path(stream, trace, op->object, losses[0].op);
    fputs("</td><td class=\"num\">", stream);
    put_offset(stream, op);
    fputs("</td><td><strong>", stream);
    put_lost(stream, op, losses, count);
    fputs("</strong></td></tr>\n", stream);
}

static void put_losses(FILE *stream, const struct trace *trace, const struct crash *crash)
{
    unsigned number = 0;

    fputs(
        "<div class=\"scroll\"><table><caption>Lost</caption><thead><tr><th></th><th>ticks</th><th>call</th>"
        "<th>file</th><th>offset</th><th>bytes</th><th>of these are lost</th></tr></thead><tbody>\n",
        stream);
    for (size_t i = 0; i < crash->count;) {
        size_t end = i + 1;
        while (end < crash->count && crash->losses[end].op == crash->losses[i].op)
            end++;
        if (++number <= FAILING_LOSSES)
            put_row(stream, trace, number, &crash->losses[i], end - i);
        i = end;
    }
    fputs("</tbody></table></div>\n", stream);
    if (number > FAILING_LOSSES)
        fprintf(stream, "<p class=\"more\">And parts of %u operations more, which are not listed.</p>\n",
                number - FAILING_LOSSES);
}

/* put_remedy -- what should have been synced, and where; which is told of what was lost first. */
static void put_remedy(FILE *stream, const struct trace *trace, const struct crash *crash)
{
    const size_t late = report_late_sync(trace, crash), failed = report_failed_sync(trace, crash);

    if (crash->count == 0) {
        fputs("<p>Nothing was lost: it is so whenever the program stops here.</p>\n", stream);
        return;
    }
    if (crash->profile == PROFILE_KILL) {
        fputs("<p>The kill came before that, or cut it short.</p>\n", stream);
        return;
    }
    const struct loss *loss = &crash->losses[0];
    const struct op *op = &trace->ops[loss->op];
    fprintf(stream, "<p class=\"remedy\"><strong>Should have been synced:</strong> the %s ",
            loss->kind == PART_NAMES ? "directory" : "file");
    put_path(stream, trace, report_wanted(trace, loss), loss->op);
    fprintf(stream, ", after tick %" PRIu64 " (the end of that %s) and before what it did is relied on. ",
            op->end, op->call[0] ? "call" : "store");
    if (failed != SIZE_MAX) {
        fputs("A sync of it failed, by ", stream);
        put_op(stream, trace, failed);
        fputs(": what that should have written is dropped, and no later sync makes it durable.</p>\n",
              stream);
        return;
    }
    if (late == SIZE_MAX) {
        fputs("Nothing syncs it.</p>\n", stream);
        return;
    }
    fputs("It is synced too late, by ", stream);
    put_op(stream, trace, late);
    fputs("</p>\n", stream);
}

/* --- the section -------------------------------------------------------------------------------------- */

static void put_check(FILE *stream, const struct failure *failure)
{
    struct told told;

    fputs("<p><strong>The check:</strong> ", stream);
    report_verdict(told_begin(&told), &failure->checked);
    told_end(&told, stream, FAILING_TEXT);
    if (failure->checked.output[0] == '\0') {
        fputs("; it said nothing.</p>\n", stream);
        return;
    }
    fputs(", and the end of what it said:</p>\n<pre class=\"said\">", stream);
    escape_html(stream, failure->checked.output, SIZE_MAX, true);
    fputs("</pre>\n", stream);
}

static void put_again(FILE *stream, const char *repro)
{
    struct told told;

    if (repro == NULL) {
        fputs("<p>There is no file to see it again, for it could not be written.</p>\n", stream);
        return;
    }
    fputs("<p><strong>Again:</strong> <code>", stream);
    fputs("cairn-torture replay ", told_begin(&told));
    escape_word(told.stream, repro);
    told_end(&told, stream, SIZE_MAX);
    fputs("</code></p>\n", stream);
}

static void put_rot(FILE *stream, const struct trace *trace, const struct rot *rot)
{
    struct told told;

    fputs("<p class=\"remedy\"><strong>Rotten:</strong> <code>", stream);
    rot_tell(rot, trace, told_begin(&told));
    told_end(&told, stream, FAILING_TEXT);
    fputs("</code></p>\n<p>Nothing was lost in a crash: that was done to the directory as the workload had "
          "left "
          "it.</p>\n",
          stream);
}

/* put_which -- of what the trace is, if it is not the one that the run recorded at first. */
static void put_which(FILE *stream, const struct failure *failure)
{
    if (failure->note[0]) {
        fputs("<p class=\"which\">The workload was run again with <strong>", stream);
        escape_html(stream, failure->note, FAILING_TEXT, false);
        fputs("</strong>. The ticks and the picture are of that run.</p>\n", stream);
    } else if (failure->trace) {
        fputs(
            "<p class=\"which\">The check had passed on the state that a crash of the workload left, and was "
            "crashed itself while it was at it. The ticks and the picture are of the check.</p>\n",
            stream);
    }
}

static void put_crash(FILE *stream, const struct trace *trace, const struct failure *failure)
{
    struct told told;
    const size_t at = failure->crash.at;

    fputs("<p><strong>Crash after:</strong> ", stream);
    if (at > 0)
        put_op(stream, trace, at - 1);
    else
        fputs("nothing", stream);
    fputs("<br/>\nUntil then ", stream);
    report_acks(told_begin(&told), failure->acked);
    told_end(&told, stream, FAILING_TEXT);
    fputs(".</p>\n", stream);
    timeline_put(stream, trace, &failure->crash,
                 failure->trace && !failure->note[0] ? "printed by the check" : "acknowledged");
    if (failure->crash.count > 0)
        put_losses(stream, trace, &failure->crash);
    put_remedy(stream, trace, &failure->crash);
}

void failing_put(FILE *stream, const struct campaign *campaign, const struct failure *failure,
                 unsigned number, const char *repro)
{
    const struct trace *trace = failure->trace ? failure->trace : campaign->trace;

    fprintf(stream,
            "<section id=\"state-%u\">\n<h3>%u. %s <span class=\"alike\">%" PRIu64
            " failing state%s like this one</span></h3>\n",
            number, number, profile_name(campaign->profile), failure->alike, failure->alike == 1 ? "" : "s");
    put_which(stream, failure);
    if (failure->crash.rot.kind)
        put_rot(stream, trace, &failure->crash.rot);
    else
        put_crash(stream, trace, failure);
    put_check(stream, failure);
    put_again(stream, repro);
    fputs("</section>\n", stream);
}
