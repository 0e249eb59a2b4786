/* main.c -- cairn-bench: how fast Cairn, and others, make checkpoints durable on this disk.
 * docs/performance.md tells how to read it.
 *
 * Usual path: all engines at all works, in rounds (rounds.h), in a directory of its own below DIR, each in a
 * process of its own, which is this program again (child.h). Then the tables, the goals, and the files that
 * were asked for. An engine that fails at a work is named, and the exit status is 1. The directory is removed
 * in any case, unless the process is killed. */
#include "child.h"
#include "clock.h"
#include "figures.h"
#include "goals.h"
#include "html.h"
#include "machine.h"
#include "must.h"
#include "place.h"
#include "plan.h"
#include "report.h"
#include "rounds.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int usage(int status)
{
    fputs(
        "usage: cairn-bench [--quick] [--rounds N] [--seconds S] [--only PATTERN]... [--count-max N]\n"
        "                   [--tsv FILE] [--html FILE] [DIR]\n"
        "       cairn-bench --list\n"
        "  DIR             on the disk to be measured, with some GiB free; by default $TMPDIR, or /var/tmp\n"
        "  --quick         a small choice of works, 3 rounds of 0.1 s: two or three minutes\n"
        "  --rounds N      by default 5\n"
        "  --seconds S     how long an engine is timed, for each work in each round; by default 0.35\n"
        "  --only PATTERN  only engines, or works, whose name matches, as a shell would: 'append*'; again "
        "for more\n"
        "  --count-max N   no stores of more checkpoints than N\n"
        "  --tsv FILE      write every single figure there as well\n"
        "  --html FILE     write a page with the tables and plots there as well\n"
        "  --list          print the names of the engines and of the works\n",
        status == 0 ? stdout : stderr);
    return status;
}

static int list(void)
{
    for (unsigned e = 0; e < engines_count; e++)
        printf("engine\t%s\t%s%s%s\n", engines[e]->name, engines[e]->title,
               engines[e]->missing != NULL ? "; left out: " : "",
               engines[e]->missing != NULL ? engines[e]->missing : "");
    for (unsigned w = 0; w < works_count; w++) {
        char name[WORK_NAME_MAX];
        work_name(&works[w], name);
        printf("work\t%s\t%s\n", name, works[w].quick ? "quick" : "");
    }
    return 0;
}

/* --- One engine at one work ------------------------------------------------------------------------- */

static void job_run(const struct job *job, bool fills)
{
    static void (*const measures[])(const struct job *) = {
        [WORK_APPEND] = measure_append, [WORK_RECYCLE] = measure_append, [WORK_FOLLOW] = measure_append,
        [WORK_ROLL] = measure_roll,     [WORK_CALLS] = measure_calls,    [WORK_READ] = measure_read,
        [WORK_COST] = measure_cost,     [WORK_OPEN] = measure_open,      [WORK_COMPACT] = measure_compact,
    };

    if (fills)
        store_fill(job);
    else
        measures[job->work->kind](job);
}

/* cairn-bench --child|--fill WORK ENGINE DIR SECONDS, as rounds.c asks for it */
static int child_main(char **arguments, bool fills)
{
    const struct work *work = &works[strtoul(arguments[0], NULL, 10)];
    const struct job job = {.engine = engine_find(arguments[1]),
                            .work = work,
                            .dir = arguments[2],
                            .seconds = strtod(arguments[3], NULL),
                            .payload = payload_make(work->size)};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    job_run(&job, fills);
    return 0;
}

/* cairn-bench --append|--append-unsynced ENGINE THREADS SIZE COUNT DIR, for tests/test_bench.sh */
static int append_main(char **arguments, bool unsynced)
{
    const struct work work = {WORK_APPEND, strtoul(arguments[2], NULL, 10), 1, 1, 0, false};
    const struct job job = {.engine = engine_find(arguments[0]), .work = &work, .dir = arguments[4]};

    if (job.engine == NULL || job.engine->missing != NULL)
        leave_out("there is no engine '%s'", arguments[0]);
    append_marked(&job, (unsigned)strtoul(arguments[1], NULL, 10), strtoul(arguments[3], NULL, 10), unsynced);
    return 0;
}

/* ---------------------------------------------------------------------------------------------------- */

static void report(const struct plan *plan, const struct notes *notes, FILE *tsv, FILE *html)
{
    struct table *tables[REPORT_TABLES_MAX], *goals = goals_table(plan);
    const unsigned count = report_tables(plan, tables);

    for (unsigned i = 0; i < notes->count; i++)
        printf("- %s\n", notes->lines[i]);
    for (unsigned i = 0; i < count; i++)
        table_print(tables[i], stdout);
    table_print(goals, stdout);
    if (tsv != NULL) {
        figures_write(tsv);
        if (ferror(tsv) || fclose(tsv) != 0)
            die("the TSV cannot be written");
    }
    if (html != NULL) {
        html_write(html, plan, notes, goals, tables, count);
        if (ferror(html) || fclose(html) != 0)
            die("the HTML cannot be written");
    }
    for (unsigned i = 0; i < count; i++)
        table_free(tables[i]);
    table_free(goals);
}

static int bench(struct plan *plan, const char *dir, FILE *tsv, FILE *html)
{
    struct notes notes = {0};
    char versions[256];

    place_make(dir);
    machine_note(&notes, place_path());
    engines_versions(versions, sizeof versions);
    notes_add(&notes, "%s", versions);
    figures_rounds = plan->rounds;

    const uint64_t start = clock_ns();
    const double others = machine_others_seconds();
    const unsigned failed = rounds_run(plan, &notes);
    const double seconds = (double)(clock_ns() - start) * 1e-9;
    notes_add(&notes,
              "rounds: %u, of %.2g s for each engine at each work, %.0f s in all; other processes and the "
              "kernel took "
              "%.2f cores",
              plan->rounds, plan->seconds, seconds, (machine_others_seconds() - others) / seconds);
    notes_add(&notes, "shown: median (lowest–highest)");
    report(plan, &notes, tsv, html);
    notes_free(&notes);
    return failed == 0 ? 0 : 1;
}

static FILE *file_make(const char *path)
{
    FILE *file = fopen(path, "we");

    must(file != NULL, path);
    return file;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"quick", no_argument, NULL, 'q'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"only", required_argument, NULL, 'o'},
                                            {"count-max", required_argument, NULL, 'c'},
                                            {"tsv", required_argument, NULL, 't'},
                                            {"html", required_argument, NULL, 'w'},
                                            {"list", no_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct plan plan = {0};
    struct patterns patterns = {0};
    bool quick = false;
    FILE *tsv = NULL, *html = NULL;
    const char *dir = getenv("TMPDIR");

    if (argc == 6 && (strcmp(argv[1], "--child") == 0 || strcmp(argv[1], "--fill") == 0))
        return child_main(argv + 2, strcmp(argv[1], "--fill") == 0);
    if (argc == 7 && (strcmp(argv[1], "--append") == 0 || strcmp(argv[1], "--append-unsynced") == 0))
        return append_main(argv + 2, strcmp(argv[1], "--append-unsynced") == 0);

    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        char *end = "";
        if (option == 'q')
            quick = true;
        else if (option == 'r')
            plan.rounds = (unsigned)strtoul(optarg, &end, 10);
        else if (option == 's')
            plan.seconds = strtod(optarg, &end);
        else if (option == 'c')
            plan.count_max = strtoull(optarg, &end, 10);
        else if (option == 'o' && patterns.count < PATTERNS_MAX)
            patterns.pattern[patterns.count++] = optarg;
        else if (option == 't')
            tsv = file_make(optarg);
        else if (option == 'w')
            html = file_make(optarg);
        else
            return option == 'l' ? list() : usage(option == 'h' ? 0 : 2);
        const bool number = option == 'r' || option == 's' || option == 'c';
        if ((number && *optarg == '-') || (option == 'r' && plan.rounds == 0))
            return usage(2);
        if (*end != '\0' || plan.rounds > ROUNDS_MAX || !(plan.seconds >= 0 && plan.seconds <= 60))
            return usage(2);
    }
    if (argc - optind > 1)
        return usage(2);
    if (plan.rounds == 0)
        plan.rounds = quick ? 3 : 5;
    if (plan.seconds <= 0)
        plan.seconds = quick ? 0.1 : 0.35;
    plan_choose(&plan, &patterns, quick);
    dir = optind < argc ? argv[optind] : dir != NULL && dir[0] != '\0' ? dir : "/var/tmp";
    const int status = bench(&plan, dir, tsv, html);
    plan_free(&plan);
    return status;
}
