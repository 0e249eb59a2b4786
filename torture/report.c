/* report.c -- see report.h. */
#include "torture/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "torture/memory.h"

#define LOSSES_SHOWN 12

static void tell_lines(FILE *stream, const char *prefix, const char *text)
{
    while (*text) {
        const size_t size = strcspn(text, "\n");
        fprintf(stream, "%s%.*s\n", prefix, (int)size, text);
        text += size + (text[size] == '\n');
    }
}

static void tell_verdict(FILE *stream, const struct checked *checked)
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
        fputs(loss->number ? " -- that the old name goes" : " -- the name", stream);
    else if (op->kind == OP_WRITE && loss->sectors != SECTORS_ALL)
        fprintf(stream, " -- of page %" PRIu64 " the sectors 0x%02x",
                op->offset / CONTENT_PAGE + loss->number, loss->sectors);
    else if (op->kind == OP_WRITE)
        fprintf(stream, " -- page %" PRIu64, op->offset / CONTENT_PAGE + loss->number);
    trace_tell_source(trace, loss->op, stream);
    fputc('\n', stream);
}

/* covers -- whether the operation would have made the loss durable. */
static bool covers(const struct op *sync, const struct op *lost, const struct loss *loss)
{
    if (sync->begin <= lost->end)
        return false;
    if (sync->kind == OP_SYNC_ALL)
        return true;
    if (sync->kind != OP_SYNC && sync->kind != OP_DATASYNC)
        return false;
    if (loss->kind != PART_NAMES)
        return sync->object == lost->object;
    return sync->object ==
           (loss->number || lost->kind == OP_CREATE || lost->kind == OP_LINK || lost->kind == OP_UNLINK
                ? lost->dir
                : lost->dir2);
}

/* tell_remedy -- the first sync that covers the first loss, which came too late; or that there is none. */
static void tell_remedy(FILE *stream, const struct trace *trace, const struct crash *crash)
{
    if (crash->count == 0) {
        fputs("    nothing was lost: it is so whenever the program stops here\n", stream);
        return;
    }
    const struct loss *loss = &crash->losses[0];
    const struct op *lost = &trace->ops[loss->op];
    for (size_t i = loss->op + 1; i < trace->count; i++) {
        if (!covers(&trace->ops[i], lost, loss))
            continue;
        fprintf(stream, "    it is synced too late, by: ");
        trace_tell(trace, i, stream);
        trace_tell_source(trace, i, stream);
        fputc('\n', stream);
        return;
    }
    fprintf(stream, "    nothing syncs it: %s wants an fsync %s\n",
            loss->kind == PART_NAMES ? "the directory" : "the file",
            loss->kind == PART_NAMES ? "after that, before it is relied on" : "before it is relied on");
}

static void tell_acks(FILE *stream, const char *acks)
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
    fprintf(stream, "    acknowledged: %zu line%s", lines, lines == 1 ? "" : "s");
    if (lines)
        fprintf(stream, ", the last of them \"%.100s\"", last);
    fputc('\n', stream);
    free(text);
}

void report_failure(FILE *stream, const struct trace *trace, const struct failure *failure, const char *acks)
{
    const struct crash *crash = &failure->crash;

    if (crash->rot.kind) {
        fputs("    rotten: ", stream);
        rot_tell(&crash->rot, trace, stream);
        fputs("\n    the check: ", stream);
        tell_verdict(stream, &failure->checked);
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
    tell_acks(stream, acks);
    for (size_t i = 0; i < crash->count && i < LOSSES_SHOWN; i++)
        tell_loss(stream, trace, &crash->losses[i]);
    if (crash->count > LOSSES_SHOWN)
        fprintf(stream, "    ... and %zu more\n", crash->count - LOSSES_SHOWN);
    tell_remedy(stream, trace, crash);
    fputs("    the check: ", stream);
    tell_verdict(stream, &failure->checked);
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

void report_result(FILE *stream, const struct campaign *campaign, const struct result *result)
{
    const struct states_counts *counts = &result->counts;

    fprintf(stream,
            "%-6s  %s: %" PRIu64 " points, %" PRIu64 " combinations, %" PRIu64 " distinct states, %" PRIu64
            " checks",
            profile_name(campaign->profile),
            result->failure_count ? "FAILED"
            : result->broken      ? "BROKEN"
                                  : "passed",
            counts->points, counts->made, counts->distinct, result->tested);
    if (result->recoveries)
        fprintf(stream, "; %" PRIu64 " of them crashed again", result->recoveries);
    if (counts->incomplete)
        fprintf(stream, "; at %" PRIu64 " points not all combinations", counts->incomplete);
    if (result->stopped)
        fprintf(stream, "; stopped after %" PRIu64 " failing states", result->failed);
    fputc('\n', stream);
}
