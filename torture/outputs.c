/* outputs.c -- see outputs.h. JUnit's file is one element, whose tests are written as they come; its counts
 * are left out, for they stand at its front. */
#include "torture/outputs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool open_one(FILE **stream, const char *path)
{
    *stream = path ? fopen(path, "we") : NULL;
    if (path && *stream == NULL)
        fprintf(stderr, "cairn-torture: %s: cannot make the file: %s\n", path, strerror(errno));
    return path == NULL || *stream;
}

bool outputs_open(struct outputs *outputs, const char *tap, const char *junit, const char *json,
                  const char *html)
{
    FILE *page;

    *outputs = (struct outputs){0};
    if (!open_one(&outputs->tap, tap) || !open_one(&outputs->junit, junit) ||
        !open_one(&outputs->json, json) || !open_one(&page, html))
        return false;
    html_open(&outputs->html, page);
    if (outputs->tap)
        fputs("TAP version 13\n", outputs->tap);
    if (outputs->junit)
        fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"cairn-torture\">\n",
              outputs->junit);
    if (outputs->json)
        fputs("{\"profiles\":[", outputs->json);
    return true;
}

/* put_xml -- text between elements, or in an attribute. What XML cannot have becomes a question mark. */
static void put_xml(FILE *stream, const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '<')
            fputs("&lt;", stream);
        else if (c == '>')
            fputs("&gt;", stream);
        else if (c == '&')
            fputs("&amp;", stream);
        else if (c == '"')
            fputs("&quot;", stream);
        else
            fputc((c < ' ' && c != '\n' && c != '\t') || c >= 0x7f ? '?' : c, stream);
    }
}

/* put_json -- a string. What is no ASCII is escaped as the byte that it is. */
static void put_json(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(stream, "\\%c", c);
        else if (c < ' ' || c >= 0x7f)
            fprintf(stream, "\\u%04x", c);
        else
            fputc(c, stream);
    }
    fputc('"', stream);
}

static const char *verdict_of(const struct result *result)
{
    return result->failure_count    ? "failed"
           : result->broken         ? "broken"
           : result_is_part(result) ? "incomplete"
                                    : "passed";
}

static void put_tap(struct outputs *outputs, const struct campaign *campaign, const struct result *result,
                    const char *text)
{
    const bool passed = strcmp(verdict_of(result), "passed") == 0;

    fprintf(outputs->tap, "%s %u - %s: %" PRIu64 " states\n", passed ? "ok" : "not ok", outputs->profiles,
            profile_name(campaign->profile), result->counts.distinct);
    while (*text) {
        const size_t size = strcspn(text, "\n");
        fprintf(outputs->tap, "# %.*s\n", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

static void put_junit(struct outputs *outputs, const struct campaign *campaign, const struct result *result,
                      const char *text)
{
    fprintf(outputs->junit, "  <testcase classname=\"cairn-torture\" name=\"%s\"",
            profile_name(campaign->profile));
    if (strcmp(verdict_of(result), "passed") == 0) {
        fputs("/>\n", outputs->junit);
        return;
    }
    const char *element = result->failure_count ? "failure" : "error";
    fprintf(outputs->junit, ">\n    <%s message=\"%s\">", element, verdict_of(result));
    put_xml(outputs->junit, text);
    fprintf(outputs->junit, "</%s>\n  </testcase>\n", element);
}

static void put_failure(FILE *stream, const struct campaign *campaign, const struct failure *failure,
                        const char *repro)
{
    static const char *const verdicts[] = {"passed", "exit status", "signal", "timeout", "not run"};
    const struct trace *trace = failure->trace ? failure->trace : campaign->trace;

    fprintf(stream,
            "{\"alike\":%" PRIu64 ",\"operations\":%zu,\"acknowledged_bytes\":%zu,\"in_recovery\":%s,",
            failure->alike, failure->crash.at, failure->acks, failure->trace ? "true" : "false");
    fprintf(stream, "\"check\":\"%s\",\"number\":%d,\"output\":", verdicts[failure->checked.verdict],
            failure->checked.number);
    put_json(stream, failure->checked.output);
    fputs(",\"lost\":[", stream);
    for (size_t i = 0; i < failure->crash.count; i++) {
        char *line = NULL;
        size_t size;
        FILE *text = open_memstream(&line, &size);
        if (text == NULL)
            break;
        trace_tell(trace, failure->crash.losses[i].op, text);
        fclose(text);
        if (i > 0)
            fputc(',', stream);
        put_json(stream, line + strspn(line, " "));
        free(line);
    }
    fputs("],\"lost_at\":[", stream);
    for (size_t i = 0; i < failure->crash.count; i++) {
        if (i > 0)
            fputc(',', stream);
        put_json(stream, trace->ops[failure->crash.losses[i].op].source);
    }
    fputs("],\"crash_at\":", stream);
    put_json(stream, failure->crash.at > 0 ? trace->ops[failure->crash.at - 1].source : "");
    fputs(",\"repro\":", stream);
    if (repro)
        put_json(stream, repro);
    else
        fputs("null", stream);
    fputc('}', stream);
}

void outputs_profile(struct outputs *outputs, const struct campaign *campaign, const struct result *result,
                     const char *text, const char *const repros[])
{
    FILE *json = outputs->json;

    outputs->profiles++;
    html_profile(&outputs->html, campaign, result, repros);
    if (outputs->tap)
        put_tap(outputs, campaign, result, text);
    if (outputs->junit)
        put_junit(outputs, campaign, result, text);
    if (json == NULL)
        return;
    fprintf(json,
            "%s{\"profile\":\"%s\",\"verdict\":\"%s\",\"points\":%" PRIu64 ",\"combinations\":%" PRIu64
            ",\"states\":%" PRIu64 ",\"checks\":%" PRIu64 ",\"recoveries_crashed\":%" PRIu64
            ",\"points_sampled\":%" PRIu64 ",\"allocations\":%" PRIu64 ",\"allocations_failed\":%" PRIu64
            ",\"crashes\":%" PRIu64 ",\"stopped\":%s,\"failures\":[",
            outputs->profiles > 1 ? "," : "", profile_name(campaign->profile), verdict_of(result),
            result->counts.points, result->counts.made, result->counts.distinct, result->tested,
            result->recoveries, result->counts.incomplete, result->allocated.seen, result->allocated.failed,
            result->allocated.crashes, result->stopped ? "true" : "false");
    for (size_t i = 0; i < result->failure_count; i++) {
        if (i > 0)
            fputc(',', json);
        put_failure(json, campaign, &result->failures[i], repros[i]);
    }
    fputs("]}", json);
}

static bool close_one(FILE *stream)
{
    if (stream == NULL)
        return true;
    const bool failed = ferror(stream) != 0;
    return fclose(stream) == 0 && !failed;
}

bool outputs_close(struct outputs *outputs, const struct trace *trace)
{
    if (outputs->tap) {
        for (size_t i = 0; i < trace->gap_count; i++)
            fprintf(outputs->tap, "not ok %u - complete: %s\n", ++outputs->profiles, trace->gaps[i]);
        fprintf(outputs->tap, "1..%u\n", outputs->profiles);
    }
    if (outputs->junit) {
        for (size_t i = 0; i < trace->gap_count; i++) {
            fputs("  <testcase classname=\"cairn-torture\" name=\"complete\">\n    <error message=\"",
                  outputs->junit);
            put_xml(outputs->junit, trace->gaps[i]);
            fputs("\"/>\n  </testcase>\n", outputs->junit);
        }
        fputs("</testsuite>\n", outputs->junit);
    }
    if (outputs->json) {
        fputs("],\"incomplete\":[", outputs->json);
        for (size_t i = 0; i < trace->gap_count; i++) {
            if (i > 0)
                fputc(',', outputs->json);
            put_json(outputs->json, trace->gaps[i]);
        }
        fprintf(outputs->json, "],\"operations\":%zu,\"command\":", trace->count);
        put_json(outputs->json, trace->command);
        fputs("}\n", outputs->json);
    }
    FILE *page = outputs->html.file;
    html_close(&outputs->html, trace);
    const bool tap = close_one(outputs->tap), junit = close_one(outputs->junit),
               json = close_one(outputs->json), html = close_one(page);
    if (!tap || !junit || !json || !html)
        fprintf(stderr, "cairn-torture: a report could not be written: %s\n", strerror(errno));
    return tap && junit && json && html;
}
