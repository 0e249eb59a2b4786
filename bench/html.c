/* html.c -- see html.h. What is printed is XML as well, so that it can be checked. */
#include "html.h"

#include "figures.h"
#include "plot.h"
#include "report.h"

#include <math.h>
#include <string.h>

static const char style[] =
    "body { font: 16px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem;\n"
    "  color: var(--text); background: var(--page); }\n"
    "h1 { font-size: 1.5rem; } h2 { font-size: 1.05rem; font-weight: 500; margin-top: 2rem; }\n"
    ".wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; }\n"
    "th, td { text-align: left; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line);\n"
    "  white-space: nowrap; font-variant-numeric: tabular-nums; }\n"
    ".plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); gap: 1.5rem; }\n"
    "svg { width: 100%; height: auto; font-family: inherit; }\n"
    "svg path { fill: none; stroke-width: 1.8; } svg .grid { stroke: var(--line); stroke-width: 1; }\n"
    "svg path.bold { stroke-width: 3.5; }\n"
    "svg .lead { stroke: var(--line); stroke-width: 1; }\n"
    "svg text { fill: var(--text); font-size: 12px; } svg .title { font-size: 14px; }\n"
    "svg .tick { fill: var(--faint); font-size: 11px; } .end { text-anchor: end; }\n"
    ".middle { text-anchor: middle; }\n";

static void print_style(FILE *file)
{
    fprintf(file,
            "<style>\n:root { color-scheme: light dark; --text: #1c1c1c; --page: #ffffff; --line: #dddddd; "
            "--faint: #666666; ");
    plot_print_colours(file, false);
    fprintf(file, "}\n@media (prefers-color-scheme: dark) { :root { --text: #e8e8e8; --page: #16181c; "
                  "--line: #3a3d44; --faint: #a0a4ac; ");
    plot_print_colours(file, true);
    fprintf(file, "} }\n%s", style);
    for (unsigned s = 0; s < 8; s++)
        fprintf(file,
                "svg path.s%u { stroke: var(--s%u); } svg circle.s%u, svg text.s%u { fill: var(--s%u); }\n",
                s, s, s, s, s);
    fputs("</style>\n", file);
}

/* --- The plots -------------------------------------------------------------------------------------- */

/* Adds a line for each engine that has a value at one of the places. */
static void fill(const struct plan *plan, struct plot *plot, const struct work *const works_at[],
                 const char *const metrics[])
{
    for (unsigned e = 0; e < plan->engines_count && plot->lines < PLOT_LINES_MAX; e++) {
        bool any = false;
        for (unsigned p = 0; p < plot->places; p++) {
            double *value = &plot->line[plot->lines].values[p];
            *value = works_at[p] == NULL ? NAN : figures_median(works_at[p], plan->engines[e], metrics[p]);
            any = any || *value > 0;
        }
        if (!any)
            continue;
        plot->line[plot->lines].name = plan->engines[e]->title;
        plot->line[plot->lines].bold = plan->engines[e]->kind == ENGINE_CAIRN;
        for (unsigned s = 0; s < engines_count; s++)
            if (engines[s] == plan->engines[e])
                plot->line[plot->lines].style = s;
        plot->lines++;
    }
}

static void latency_plot(FILE *file, const struct plan *plan, size_t size, unsigned threads)
{
    static const char *const metrics[] = {"p50", "p90", "p99", "p99.9", "max"};
    const struct work *work = plan_work(plan, WORK_APPEND, size, threads, 1, 0);
    const struct work *const at[] = {work, work, work, work, work};
    char title[128], bytes[WORK_NAME_MAX];
    struct plot plot = {.title = title, .unit = "us", .places = 5};

    size_name(size, bytes);
    snprintf(title, sizeof title, "How long an append takes, in us: %s, %u thread%s", bytes, threads,
             threads == 1 ? "" : "s");
    for (unsigned p = 0; p < plot.places; p++)
        snprintf(plot.place[p], sizeof plot.place[p], "%s", metrics[p]);
    fill(plan, &plot, at, metrics);
    plot_print(&plot, file);
}

static void threads_plot(FILE *file, const struct plan *plan, size_t size)
{
    static const unsigned threads[] = {1, 4, 16, 64};
    const char *metric = size < 1 << 20 ? "rate" : "throughput";
    const char *const metrics[] = {metric, metric, metric, metric};
    const struct work *at[4];
    char title[128], bytes[WORK_NAME_MAX];
    struct plot plot = {.title = title, .unit = size < 1 << 20 ? "a second" : "MB/s", .places = 4};

    size_name(size, bytes);
    snprintf(title, sizeof title, "Appends of %s, %s, by threads", bytes, plot.unit);
    for (unsigned p = 0; p < plot.places; p++) {
        at[p] = plan_work(plan, WORK_APPEND, size, threads[p], 1, 0);
        snprintf(plot.place[p], sizeof plot.place[p], "%u", threads[p]);
    }
    fill(plan, &plot, at, metrics);
    plot_print(&plot, file);
}

/* What something costs by the number of checkpoints. */
static void count_plot(FILE *file, const struct plan *plan, enum work_kind kind, const char *metric,
                       size_t size, const char *what)
{
    static const uint64_t counts[] = {10, 10000, 1000000};
    const char *const metrics[] = {metric, metric, metric};
    const struct work *at[3];
    char title[128], bytes[WORK_NAME_MAX];
    struct plot plot = {.title = title, .unit = "us", .places = 3};

    size_name(size, bytes);
    snprintf(title, sizeof title, "%s, in us, by the number of checkpoints: %s", what, bytes);
    for (unsigned p = 0; p < plot.places; p++) {
        at[p] = plan_work(plan, kind, size, 1, 1, counts[p]);
        snprintf(plot.place[p], sizeof plot.place[p], "%llu", (unsigned long long)counts[p]);
    }
    fill(plan, &plot, at, metrics);
    plot_print(&plot, file);
}

/* An append at 10 is measured beside those at each of the other counts. */
static void cost_plot(FILE *file, const struct plan *plan)
{
    static const char *const metrics[] = {"append at 10", "append", "append"};
    const struct work *few = plan_work(plan, WORK_COST, 100, 1, 1, 10000);
    const struct work *many = plan_work(plan, WORK_COST, 100, 1, 1, 1000000);
    const struct work *const at[] = {many != NULL ? many : few, few, many};
    struct plot plot = {.title = "An append, in us, by the number of checkpoints: 100 B, 1 thread",
                        .unit = "us",
                        .places = 3,
                        .place = {"10", "10000", "1000000"}};

    fill(plan, &plot, at, metrics);
    plot_print(&plot, file);
}

static void print_plots(FILE *file, const struct plan *plan)
{
    static const size_t sizes[] = {100, 4096, 65536, 1 << 20, 64 << 20};

    fputs("<div class=\"plots\">\n", file);
    latency_plot(file, plan, 100, 1);
    latency_plot(file, plan, 100, 16);
    latency_plot(file, plan, 4096, 64);
    for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        threads_plot(file, plan, sizes[s]);
    cost_plot(file, plan);
    count_plot(file, plan, WORK_READ, "load", 100, "A load");
    count_plot(file, plan, WORK_READ, "load", 4096, "A load");
    count_plot(file, plan, WORK_READ, "latest", 100, "The latest");
    fputs("</div>\n", file);
}

void html_write(FILE *file, const struct plan *plan, const struct notes *notes, const struct table *goals,
                struct table *const tables[], unsigned tables_count)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
          "<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width\"/>\n"
          "<title>cairn-bench</title>\n",
          file);
    print_style(file);
    fputs("</head>\n<body>\n<h1>cairn-bench</h1>\n<ul>\n", file);
    for (unsigned i = 0; i < notes->count; i++) {
        fputs("<li>", file);
        html_text(notes->lines[i], file);
        fputs("</li>\n", file);
    }
    fputs("</ul>\n", file);
    table_print_html(goals, file);
    print_plots(file, plan);
    for (unsigned i = 0; i < tables_count; i++)
        table_print_html(tables[i], file);
    fputs("</body>\n</html>\n", file);
}
