/* html.c -- see html.h. What stands above is known at the end only, so the rows of the table and the failing
 * states are kept until then. */
#include "torture/html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "torture/acks.h"
#include "torture/escape.h"
#include "torture/failing.h"
#include "torture/marks.h"
#include "torture/memory.h"
#include "torture/report.h"
#include "torture/timeline.h"
#include "torture/window.h"

#define TEXT 16384 /* bytes of a command */

static FILE *begin_text(char **text, size_t *size)
{
    FILE *stream = open_memstream(text, size);

    if (stream == NULL)
        memory_lacks();
    return stream;
}

void html_open(struct html *html, FILE *file)
{
    *html = (struct html){.file = file};
    if (file == NULL)
        return;
    html->rows = begin_text(&html->rows_text, &html->rows_size);
    html->states = begin_text(&html->states_text, &html->states_size);
}

/* --- a profile ---------------------------------------------------------------------------------------- */

/* A verdict, and the class of what is in its colour. */
struct verdict_words {
    const char *word, *class;
};

static const struct verdict_words passed = {"passed", "good"}, failed = {"FAILED", "bad"},
                                  broken = {"BROKEN", "bad"}, incomplete = {"INCOMPLETE", "doubtful"};

static const struct verdict_words *verdict_of(const struct campaign *campaign, const struct result *result)
{
    return result->failure_count                                      ? &failed
           : result->broken                                           ? &broken
           : result_is_part(result) || campaign->trace->gap_count > 0 ? &incomplete
                                                                      : &passed;
}

static void put_number(FILE *stream, uint64_t number)
{
    if (number >= 1000) {
        put_number(stream, number / 1000);
        fprintf(stream, ",%03u", (unsigned)(number % 1000));
    } else {
        fprintf(stream, "%u", (unsigned)number);
    }
}

static void put_row(FILE *rows, const struct campaign *campaign, const struct result *result)
{
    const struct states_counts *counts = &result->counts;
    const uint64_t numbers[] = {counts->points, counts->made,       counts->distinct,
                                result->tested, result->recoveries, counts->incomplete};
    const struct verdict_words *verdict = verdict_of(campaign, result);

    fprintf(rows, "<tr><th scope=\"row\">%s</th><td><span class=\"verdict %s\">%s</span></td>",
            profile_name(campaign->profile), verdict->class, verdict->word);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        fputs("<td class=\"num\">", rows);
        put_number(rows, numbers[i]);
        fputs("</td>", rows);
    }
    fputs("<td class=\"num\">", rows);
    put_number(rows, result->failed);
    fputs("</td><td>", rows);
    struct told told;
    report_notes(told_begin(&told), campaign, result);
    char *notes = told_text(&told);
    escape_html(rows, notes + strspn(notes, "; "), TEXT, false);
    free(notes);
    fputs("</td></tr>\n", rows);
}

void html_profile(struct html *html, const struct campaign *campaign, const struct result *result,
                  const char *const repros[])
{
    const struct verdict_words *verdict = verdict_of(campaign, result);

    if (html->file == NULL)
        return;
    html->campaign = *campaign;
    html->tried[campaign->profile] = true;
    html->failed += verdict == &failed;
    html->broken += verdict == &broken;
    html->incomplete += verdict == &incomplete;
    put_row(html->rows, campaign, result);
    for (size_t i = 0; i < result->failure_count; i++) {
        html->number++;
        if (i < HTML_STATES)
            failing_put(html->states, campaign, &result->failures[i], html->number, repros[i]);
    }
    if (result->failure_count > HTML_STATES)
        fprintf(
            html->states,
            "<p class=\"which\">%s: %zu kinds of failing states more are not shown here; their numbers end "
            "with %u.</p>\n",
            profile_name(campaign->profile), result->failure_count - HTML_STATES, html->number);
}

/* --- the document ------------------------------------------------------------------------------------- */

static const char style[] =
    ":root{color-scheme:light dark;--page:#fff;--text:#1f2328;--quiet:#59636e;--line:#d1d9e0;--band:#f6f8fa;"
    "--gap:#e4e8ec;--write:#0969da;--name:#8250df;--sync:#1a7f37;--ack:#9a6700;--lost:#cf222e}\n"
    "@media (prefers-color-scheme:dark){:root{--page:#0d1117;--text:#e6edf3;--quiet:#9198a1;--line:#3d444d;"
    "--band:#151b23;--gap:#262c36;--write:#4493f8;--name:#ab7df8;--sync:#3fb950;--ack:#d29922;"
    "--lost:#f85149}}\n"
    "body{background:var(--page);color:var(--text);font:15px/1.5 system-ui,sans-serif;max-width:76rem;"
    "margin:2rem auto;padding:0 1.25rem}\n"
    "h1{font-size:1.7rem;margin:0 0 1rem}\nh2{font-size:1.3rem;margin:2.5rem 0 .75rem;"
    "border-bottom:1px solid var(--line);padding-bottom:.25rem}\nh3{font-size:1.1rem;margin:0 0 .5rem}\n"
    "code,pre{font:13px/1.45 ui-monospace,monospace}\n"
    "code{overflow-wrap:anywhere;white-space:pre-wrap}\n"
    "pre{background:var(--band);border:1px solid var(--line);border-radius:6px;padding:.6rem .8rem;"
    "overflow-x:auto;margin:.5rem 0;white-space:pre-wrap;overflow-wrap:anywhere}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem;margin:0}\n"
    "dt{color:var(--quiet)}\ndd{margin:0}\n"
    "table{border-collapse:collapse;margin:.75rem 0}\ncaption{text-align:left;font-weight:600;"
    "padding-bottom:.25rem}\nth,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;"
    "vertical-align:top}\nthead th{color:var(--quiet);font-weight:600;font-size:.87rem;"
    "vertical-align:bottom}\n"
    ".num{text-align:right;font-variant-numeric:tabular-nums}\n"
    ".lostnum{color:var(--lost);font-weight:700;white-space:nowrap}\n"
    ".verdict{display:inline-block;border:1.5px solid;border-radius:1em;padding:0 .7em;font-weight:700;"
    "font-size:.87rem}\n"
    "h1 .verdict{font-size:1.2rem;margin-left:.4rem;vertical-align:.1em}\n"
    ".good{color:var(--sync)}\n.bad{color:var(--lost)}\n.doubtful{color:var(--ack)}\n"
    ".more,.alike,figcaption{color:var(--quiet)}\n.alike{font-weight:400;font-size:.95rem}\n"
    "figcaption,.more{font-size:.87rem}\n"
    "section{border:1px solid var(--line);border-radius:8px;padding:1rem 1.25rem;margin:1.25rem 0}\n"
    "section p{margin:.5rem 0}\nfigure{margin:1rem 0}\n.scroll{overflow-x:auto}\nsvg.time{vertical-align:"
    "middle}\n"
    ".remedy,.which{border-left:4px solid var(--lost);padding-left:.8rem}\n.which{border-color:var(--ack)}\n"
    ".legend{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,"
    "minmax(19rem,1fr));gap:.2rem 1.5rem}\n"
    "@media print{section{break-inside:avoid}}\n";

/* put_head -- what nothing may be loaded or run from, whatever else stood in the document. */
static void put_head(FILE *file, const struct verdict_words *verdict)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
          "'unsafe-inline'\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
          "<title>cairn-torture</title>\n<style>\n",
          file);
    fputs(style, file);
    marks_style(file);
    fprintf(file, "</style>\n</head>\n<body>\n<h1>cairn-torture <span class=\"verdict %s\">%s</span></h1>\n",
            verdict->class, verdict->word);
}

static void put_item(FILE *file, const char *name, const char *text)
{
    fprintf(file, "<dt>%s</dt><dd><code>", name);
    escape_html(file, text, TEXT, false);
    fputs("</code></dd>\n", file);
}

static void put_facts(FILE *file, const struct html *html, const struct trace *trace)
{
    fputs("<dl>\n", file);
    put_item(file, "command", trace->command ? trace->command : "");
    if (html->campaign.oracle == ORACLE_HISTORY)
        put_item(file, "check", "none: the files as they are");
    else if (html->campaign.check)
        put_item(file, html->campaign.oracle == ORACLE_CHECK ? "check" : "recovers", html->campaign.check);
    put_item(file, "directory", trace->dir ? trace->dir : "");
    fputs("<dt>recorded</dt><dd>", file);
    put_number(file, trace->count);
    fputs(" operations, ", file);
    put_number(file, acks_size(trace, trace->count));
    fputs(" bytes acknowledged", file);
    if (!WIFEXITED(trace->status) || WEXITSTATUS(trace->status) != 0)
        fprintf(file, "; <strong>the workload did not end well: %s %d</strong>",
                WIFEXITED(trace->status) ? "exit status" : "signal",
                WIFEXITED(trace->status) ? WEXITSTATUS(trace->status) : WTERMSIG(trace->status));
    fputs("</dd>\n</dl>\n", file);
}

static void put_gaps(FILE *file, const struct trace *trace)
{
    if (trace->gap_count == 0)
        return;
    fputs("<h2>What could not be followed</h2>\n<p class=\"which\">The run is <strong>INCOMPLETE</strong>: "
          "what "
          "passed proves nothing.</p>\n<ul>\n",
          file);
    for (size_t i = 0; i < trace->gap_count && i < HTML_GAPS; i++) {
        fputs("<li>", file);
        escape_html(file, trace->gaps[i], FAILING_TEXT, false);
        fputs("</li>\n", file);
    }
    fputs("</ul>\n", file);
    if (trace->gap_count > HTML_GAPS)
        fprintf(file, "<p class=\"more\">And %zu more.</p>\n", trace->gap_count - HTML_GAPS);
}

static void put_profiles(FILE *file, const struct html *html)
{
    fputs("<h2>Profiles</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>profile</th><th>verdict</th>"
          "<th class=\"num\">points</th><th class=\"num\">combinations</th><th class=\"num\">distinct "
          "states</th>"
          "<th class=\"num\">checks</th><th class=\"num\">checks crashed themselves</th>"
          "<th class=\"num\">points with more combinations than were tried</th>"
          "<th class=\"num\">failing states</th><th>notes</th></tr></thead>\n<tbody>\n",
          file);
    fputs(html->rows_text, file);
    fputs("</tbody></table></div>\n", file);
}

static void put_states(FILE *file, const struct html *html)
{
    if (html->number == 0)
        return;
    fputs("<h2>Failing states</h2>\n<p>Each was made smaller until all that is lost in it is needed, and "
          "stands "
          "for those that are like it.</p>\n",
          file);
    marks_legend(file);
    fputs(html->states_text, file);
}

/* put_list -- an option with those of the names that are wanted. */
static void put_list(FILE *file, const char *option, const char *const names[], const bool wanted[],
                     size_t count)
{
    const char *between = option;

    for (size_t i = 0; i < count; i++) {
        if (!wanted[i])
            continue;
        fprintf(file, "%s%s", between, names[i]);
        between = ",";
    }
}

/* put_oracle -- the option that says who tells whether a directory is well. */
static void put_oracle(FILE *file, const struct campaign *campaign)
{
    if (campaign->oracle == ORACLE_HISTORY)
        return;
    fputs(campaign->library                     ? " --check-lib "
          : campaign->oracle == ORACLE_READINGS ? " --recover "
                                                : " --check ",
          file);
    escape_word(file, campaign->library ? campaign->library : campaign->check);
}

/* put_again -- the whole command line. */
static void put_again(FILE *file, const struct html *html, const struct trace *trace)
{
    static const char *const faults[] = {"kill", "power", "errors", "rot"};
    const struct campaign *campaign = &html->campaign;
    const char *names[PROFILES];
    bool power[PROFILES] = {false}, wanted[4] = {false};
    struct told told;

    for (enum profile profile = PROFILE_KILL; profile < PROFILES; profile++) {
        names[profile] = profile_name(profile);
        for (size_t i = 0; i < 4; i++)
            wanted[i] |= html->tried[profile] && strcmp(profile_fault(profile, PROFILE_KILL), faults[i]) == 0;
        power[profile] = html->tried[profile] && profile_is_power(profile);
    }
    if (campaign->check == NULL || campaign->command == NULL)
        return;
    FILE *line = told_begin(&told);
    fputs("cairn-torture run --dir ", line);
    escape_word(line, trace->dir);
    put_list(line, " --faults ", faults, wanted, 4);
    put_list(line, " --profile ", names, power, PROFILES);
    fprintf(line, " --seed %" PRIu64 " --samples %u --deep %u --timeout %u --jobs %u --failures %u",
            campaign->seed, campaign->samples, campaign->deep, campaign->timeout_s, campaign->workers,
            campaign->failures_max);
    if (html->tried[PROFILE_ERRORS])
        fprintf(line, " --allocations %u", campaign->allocations);
    if (campaign->seconds)
        fprintf(line, " --seconds %u", campaign->seconds);
    if (campaign->rounds)
        fprintf(line, " --rounds %u", campaign->rounds);
    put_oracle(line, campaign);
    fputs(" --", line);
    for (char *const *word = campaign->command; *word; word++) {
        fputc(' ', line);
        escape_word(line, *word);
    }
    fputs("<h2>To run it again</h2>\n<p>In the folder where it was run, with the directory as it was "
          "before:</p>"
          "\n<pre>",
          file);
    told_end(&told, file, TEXT);
    fputs("</pre>\n", file);
}

static void put_bounds(FILE *file)
{
    fprintf(
        file,
        "<h2>What is not shown here</h2>\n<p class=\"more\">This file is bounded. Of each profile it shows "
        "the first %d kinds of failing states; of each of them %d operations that lost something, and a "
        "picture of %d operations and %d objects at most, those near the crash and near what was lost; of "
        "what could not be followed %d sentences. Texts in a picture are cut behind %d bytes, others behind "
        "%d, commands behind %d. All operations are in the file of the option --trace, and cairn-torture "
        "show "
        "tells them.</p>\n",
        HTML_STATES, FAILING_LOSSES, WINDOW_OPS, TIMELINE_LANES, HTML_GAPS, TIMELINE_TEXT, FAILING_TEXT,
        TEXT);
}

void html_close(struct html *html, const struct trace *trace)
{
    FILE *file = html->file;

    if (file == NULL)
        return;
    if (fclose(html->rows) != 0 || fclose(html->states) != 0)
        memory_lacks();
    put_head(file, html->failed           ? &failed
                   : html->broken         ? &broken
                   : trace->gap_count > 0 ? &incomplete
                                          : &passed);
    put_facts(file, html, trace);
    put_profiles(file, html);
    put_gaps(file, trace);
    put_states(file, html);
    put_again(file, html, trace);
    put_bounds(file);
    fputs("</body>\n</html>\n", file);
    free(html->rows_text);
    free(html->states_text);
    *html = (struct html){0};
}
