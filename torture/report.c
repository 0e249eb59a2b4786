/* report.c -- see report.h. */
#include "torture/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "torture/escape.h"
#include "torture/memory.h"

#define LOSSES_SHOWN 12

static void tell_lines(FILE *stream, const char *prefix, const char *text)
{
    while (*text) {
        const size_t size = strcspn(text, "\n");
        char *line = memory_copy(text, size + 1);
        line[size] = '\0';
        fputs(prefix, stream);
        escape_text(stream, line, SIZE_MAX, true);
        fputc('\n', stream);
        free(line);
        text += size + (text[size] == '\n');
    }
}

void report_verdict(FILE *stream, const struct checked *checked)
{
    switch (checked->verdict) {
    case CHECK_FAILED:
        fprintf(stream, "exit status %d", checked->number);
        break;
    case CHECK_CRASHED:
        fprintf(stream, "killed by signal %d (%s)", checked->number, strsignal(checked->number));
        break;
    case CHECK_HUNG:
        fputs("did not end in time", stream);
        break;
    case CHECK_NOT_RUN:
        fputs("could not be run", stream);
        break;
    default:
        fputs("passed", stream);
    }
}

/* tell_loss -- in words, behind the operation. */
static void tell_loss(FILE *stream, const struct trace *trace, const struct loss *loss)
{
    const struct op *op = &trace->ops[loss->op];

    fputs("    lost: ", stream);
    trace_tell(trace, loss->op, stream);
    if (loss->kind == PART_SIZE)
        fputs(" -- the size", stream);
    else if (loss->kind == PART_NAMES)
        fputs(" -- the name", stream);
    else if (op->kind == OP_WRITE && loss->sectors != SECTORS_ALL)
        fprintf(stream, " -- of page %" PRIu64 " the sectors 0x%02x",
                op->offset / CONTENT_PAGE + loss->number, loss->sectors);
    else if (op->kind == OP_WRITE)
        fprintf(stream, " -- page %" PRIu64, op->offset / CONTENT_PAGE + loss->number);
    trace_tell_source(trace, loss->op, stream);
    fputc('\n', stream);
}

uint32_t report_wanted(const struct trace *trace, const struct loss *loss)
{
    const struct op *op = &trace->ops[loss->op];

    if (loss->kind != PART_NAMES)
        return op->object;
    return op->kind == OP_CREATE || op->kind == OP_LINK || op->kind == OP_UNLINK ? op->dir : op->dir2;
}

/* covers -- whether the operation would have made the loss durable. */
static bool covers(const struct trace *trace, const struct op *sync, const struct loss *loss)
{
    if (sync->begin <= trace->ops[loss->op].end)
        return false;
    return sync->kind == OP_SYNC_ALL || ((sync->kind == OP_SYNC || sync->kind == OP_DATASYNC) &&
                                         sync->object == report_wanted(trace, loss));
}

size_t report_late_sync(const struct trace *trace, const struct crash *crash)
{
    if (crash->count == 0)
        return SIZE_MAX;
    const size_t first = crash->losses[0].op + 1;
    /* Those that came before have not made it durable. */
    for (size_t i = first > crash->at ? first : crash->at; i < trace->count; i++) {
        if (covers(trace, &trace->ops[i], &crash->losses[0]))
            return i;
    }
    return SIZE_MAX;
}

size_t report_failed_sync(const struct trace *trace, const struct crash *crash)
{
    if (crash->count == 0)
        return SIZE_MAX;
    for (size_t i = crash->losses[0].op + 1; i < crash->at && i < trace->count; i++) {
        const struct op *op = &trace->ops[i];
        if (op->kind == OP_SYNC_FAILED && op->object == report_wanted(trace, &crash->losses[0]))
            return i;
    }
    return SIZE_MAX;
}

/* tell_remedy -- the first sync that covers the first loss, which came too late; or that there is none, or
 * that it failed. */
static void tell_remedy(FILE *stream, const struct trace *trace, const struct crash *crash)
{
    const size_t late = report_late_sync(trace, crash), failed = report_failed_sync(trace, crash);

    if (crash->count == 0) {
        fputs("    nothing was lost: it is so whenever the program stops here\n", stream);
        return;
    }
    if (crash->profile == PROFILE_KILL) {
        fputs("    the kill came before that, or cut it short\n", stream);
        return;
    }
    if (failed != SIZE_MAX) {
        fprintf(stream, "    a sync of it failed, and no later one makes it durable: ");
        trace_tell(trace, failed, stream);
        trace_tell_source(trace, failed, stream);
        fputc('\n', stream);
        return;
    }
    if (late != SIZE_MAX) {
        fprintf(stream, "    it is synced too late, by: ");
        trace_tell(trace, late, stream);
        trace_tell_source(trace, late, stream);
        fputc('\n', stream);
        return;
    }
    const bool names = crash->losses[0].kind == PART_NAMES;
    fprintf(stream, "    nothing syncs it: %s wants an fsync %s\n", names ? "the directory" : "the file",
            names ? "after that, before it is relied on" : "before it is relied on");
}

void report_acks(FILE *stream, const char *acks)
{
    char *text = memory_text(acks);
    size_t lines = 0;
    const char *last = "";

    for (char *at = text; *at;) {
        char *end = strchr(at, '\n');
        if (end == NULL)
            break;
        *end = '\0';
        last = at;
        lines++;
        at = end + 1;
    }
    fprintf(stream, "acknowledged: %zu line%s", lines, lines == 1 ? "" : "s");
    if (lines) {
        fputs(", the last of them \"", stream);
        escape_text(stream, last, 100, false);
        fputc('"', stream);
    }
    free(text);
}

void report_failure(FILE *stream, const struct trace *trace, const struct failure *failure, const char *acks)
{
    const struct crash *crash = &failure->crash;

    if (crash->rot.kind) {
        fputs("    rotten: ", stream);
        rot_tell(&crash->rot, trace, stream);
        fputs("\n    the check: ", stream);
        report_verdict(stream, &failure->checked);
        fputc('\n', stream);
        tell_lines(stream, "      | ", failure->checked.output);
        return;
    }
    if (failure->note[0])
        fprintf(stream, "    with %s\n", failure->note);
    else if (failure->trace)
        fputs("    the check had passed, and was crashed itself while it was at it\n", stream);
    fputs("    crash after: ", stream);
    if (crash->at > 0) {
        trace_tell(trace, crash->at - 1, stream);
        trace_tell_source(trace, crash->at - 1, stream);
    }
    fputc('\n', stream);
    fputs("    ", stream);
    report_acks(stream, acks);
    fputc('\n', stream);
    for (size_t i = 0; i < crash->count && i < LOSSES_SHOWN; i++)
        tell_loss(stream, trace, &crash->losses[i]);
    if (crash->count > LOSSES_SHOWN)
        fprintf(stream, "    ... and %zu more\n", crash->count - LOSSES_SHOWN);
    tell_remedy(stream, trace, crash);
    fputs("    the check: ", stream);
    report_verdict(stream, &failure->checked);
    fputc('\n', stream);
    tell_lines(stream, "      | ", failure->checked.output);
}

void report_alike(const struct trace *trace, size_t op, char text[256])
{
    char line[1024] = "";
    FILE *stream = fmemopen(line, sizeof(line), "w");
    size_t size = 0;

    if (stream) {
        trace_tell(trace, op, stream);
        fclose(stream);
    }
    /* Behind the ticks and the thread. */
    const char *at = line;
    for (int words = 0; words < 2; words++) {
        at += strspn(at, " ");
        at += strcspn(at, " ");
    }
    for (at += strspn(at, " "); *at && size < 255; at++) {
        if (*at < '0' || *at > '9')
            text[size++] = *at;
        else if (size == 0 || text[size - 1] != '0')
            text[size++] = '0';
    }
    text[size] = '\0';
}

/* tell_allocations -- how many of them were tried, and if none, why. */
static void tell_allocations(FILE *stream, const struct campaign *campaign, const struct allocated *allocated)
{
    if (campaign->allocations == 0)
        fputs("; allocations were not tried", stream);
    else if (allocated->unlike)
        fputs("; allocations were not tried: the workload ends otherwise while they are counted", stream);
    else if (allocated->seen == 0)
        fputs("; no allocation was seen: the program takes no preload, or its allocator is a part of it",
              stream);
    else
        fprintf(stream, "; %" PRIu64 " allocations, %" PRIu64 " of them made to fail", allocated->seen,
                allocated->failed);
    if (allocated->crashes)
        fprintf(stream, ", and a signal ended the workload in %" PRIu64 " runs, which is no failure",
                allocated->crashes);
}

void report_notes(FILE *stream, const struct campaign *campaign, const struct result *result)
{
    if (result->recoveries)
        fprintf(stream, "; %" PRIu64 " of them crashed again", result->recoveries);
    if (result->refused)
        fprintf(stream, "; in %" PRIu64 " the workload could not go on", result->refused);
    if (campaign->profile == PROFILE_ERRORS)
        tell_allocations(stream, campaign, &result->allocated);
    if (result->counts.incomplete)
        fprintf(stream, "; at %" PRIu64 " points not all combinations", result->counts.incomplete);
    if (result->stopped)
        fprintf(stream, "; stopped after %" PRIu64 " failing states", result->failed);
    if (result->unlike)
        fputs("; run again, the workload ends otherwise, and what it does behind that is not tried", stream);
    if (result->late)
        fprintf(stream, "; stopped after %u seconds", campaign->seconds);
    if (result->broken)
        fputs("; a worker could not do its work, as standard error tells", stream);
}

void report_result(FILE *stream, const struct campaign *campaign, const struct result *result)
{
    const struct states_counts *counts = &result->counts;

    fprintf(stream,
            "%-6s  %s: %" PRIu64 " %s, %" PRIu64 " combinations, %" PRIu64 " distinct states, %" PRIu64
            " checks",
            profile_name(campaign->profile),
            result->failure_count    ? "FAILED"
            : result->broken         ? "BROKEN"
            : result_is_part(result) ? "INCOMPLETE"
                                     : "passed",
            counts->points, campaign->profile == PROFILE_ROUNDS ? "rounds" : "points", counts->made,
            counts->distinct, result->tested);
    report_notes(stream, campaign, result);
    fputc('\n', stream);
}
