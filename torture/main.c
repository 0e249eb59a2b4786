/* main.c -- the command `cairn-torture`. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture/acks.h"
#include "torture/campaign.h"
#include "torture/drops.h"
#include "torture/memory.h"
#include "torture/options.h"
#include "torture/outputs.h"
#include "torture/paths.h"
#include "torture/recorder.h"
#include "torture/report.h"
#include "torture/repro.h"
#include "torture/trace.h"

enum { EXIT_PASSED = 0, EXIT_FOUND = 1, EXIT_USAGE = 2, EXIT_INCOMPLETE = 3, EXIT_BROKEN = 4 };

static void usage(FILE *stream)
{
    fputs(
        "usage: cairn-torture run --dir DIR [--check CHECK] [OPTION]... -- COMMAND [ARGUMENT]...\n"
        "       cairn-torture replay FILE.repro\n"
        "       cairn-torture record --dir DIR --trace FILE -- COMMAND [ARGUMENT]...\n"
        "       cairn-torture show FILE\n"
        "\n"
        "run      run COMMAND, record what it does to the directory DIR, and try CHECK on the states in\n"
        "         which a crash may have left that; a line on COMMAND's standard output is a promise\n"
        "replay   show a failure that run has found again\n"
        "record   only record, and write that to a file\n"
        "show     tell what a file has, an operation a line\n"
        "\n"
        "Options of run:\n"
        "  --check-lib FILE   in place of --check: a shared library whose function\n"
        "                     int torture_check(const char *dir, const char *acked) returns 0 if all is "
        "well\n"
        "  --recover CMD      in place of --check: CMD opens the directory, recovers, and prints what it "
        "reads, a line\n"
        "                     an item; no line may come that did not before, nor one be gone that was "
        "printed as\n"
        "                     a promise, and twice must be the same. Without either, files are compared as "
        "they are\n"
        "  --faults LIST      of kill, power, errors, rot; kill,power if not given\n"
        "  --profile LIST     what a power cut may do, of strict, ext4, xfs, btrfs; all if not given\n"
        "  --drop-syncs       where all passed: leave out each sync in turn, and tell which no check misses\n"
        "  --rounds N         kill COMMAND N times, at calls and at times by the seed, each time running on "
        "what\n"
        "                     is left, and cut the power in some; 0: for programs that cannot go on\n"
        "  --deep N           one state in N is crashed again, while CHECK is at it, 32; 0: none is\n"
        "  --allocations N    of errors: so many allocations of memory fail at most, 200, evenly spread\n"
        "  --samples N        random combinations at each point, 8; --seed N makes others, 1\n"
        "  --timeout SECONDS  that a check may take, 20\n"
        "  --jobs N           checks at once, as many as there are processors\n"
        "  --failures N       a profile ends when a worker has met so many failing states, 20\n"
        "  --seconds N        a profile ends after so long, and the verdict is INCOMPLETE then\n"
        "  --out DIR          where files to replay are written, torture.out\n"
        "  --trace FILE       write what was recorded there, too\n"
        "  --tap FILE         the results for programs; as well --junit FILE and --json FILE\n"
        "  --html FILE        the results for people, one file with pictures\n"
        "\n"
        "CHECK is a command that exits with 0 if the directory is well. It finds the lines that had been\n"
        "printed before the crash in the file TORTURE_ACKED, the directory's path in TORTURE_DIR, and in\n"
        "TORTURE_FAULT what was done: kill, power, errors or rot.\n"
        "\n"
        "Exit status: 0 all passed; 1 something failed; 2 the command line or a file is wrong; 3 the "
        "program\n"
        "did something that cannot be followed; 4 it could not be done.\n",
        stream);
}

static int misused(const char *what)
{
    fprintf(stderr, "cairn-torture: %s; see cairn-torture --help\n", what);
    return EXIT_USAGE;
}

/* tell_gaps -- what could not be followed. */
static int tell_gaps(const struct trace *trace)
{
    for (size_t i = 0; i < trace->gap_count; i++)
        fprintf(stderr, "cairn-torture: INCOMPLETE: %s\n", trace->gaps[i]);
    return trace->gap_count ? EXIT_INCOMPLETE : EXIT_PASSED;
}

/* recorded -- the command is run and recorded; what of it is not as it should be is a gap. False if it could
 * not be done. */
static bool recorded(struct trace *trace, const char *dir, char *const command[], unsigned timeout_s,
                     const char *file)
{
    if (!recorder_run_with_sources(trace, dir, command, timeout_s))
        return false;
    if (!WIFEXITED(trace->status) || WEXITSTATUS(trace->status) != 0)
        trace_gap(trace, "the workload did not end well: %s %d",
                  WIFEXITED(trace->status) ? "exit status" : "signal",
                  WIFEXITED(trace->status) ? WEXITSTATUS(trace->status) : WTERMSIG(trace->status));
    return file == NULL || trace_save(trace, file);
}

static int run_record(int argc, char **argv)
{
    static const struct option options[] = {
        {"dir", required_argument, NULL, 'd'}, {"trace", required_argument, NULL, 't'}, {0}};
    const char *dir = NULL, *file = NULL;
    struct trace trace = {0};
    int key;

    while ((key = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (key == 'd')
            dir = optarg;
        else if (key == 't')
            file = optarg;
        else
            return misused("an option is not known");
    }
    if (dir == NULL || file == NULL || optind == argc)
        return misused("record needs --dir, --trace and a command");
    if (!paths_dir(dir) || !paths_output(file, dir))
        return EXIT_USAGE;
    const int code = recorded(&trace, dir, argv + optind, 0, file) ? tell_gaps(&trace) : EXIT_BROKEN;
    trace_release(&trace);
    return code;
}

static int run_show(int argc, char **argv)
{
    struct trace trace = {0};

    if (argc != 2)
        return misused("show needs a file");
    int code = EXIT_USAGE;
    if (repro_is(argv[1])) {
        fprintf(stderr, "cairn-torture: %s: this is a failing state: replay shows it\n", argv[1]);
    } else if (trace_load(&trace, argv[1])) {
        trace_show(&trace, stdout);
        code = tell_gaps(&trace);
    }
    trace_release(&trace);
    return code;
}

/* --- run ---------------------------------------------------------------------------------------------- */

/* save_repro -- the failure's file in the output directory; its path, or NULL. */
static const char *save_repro(const struct options *options, const struct trace *trace,
                              const struct failure *failure, const char *fault, unsigned number)
{
    static char path[4096];
    struct repro repro = {.trace = failure->trace ? *failure->trace : *trace,
                          .crash = failure->crash,
                          .oracle = options->campaign.oracle,
                          .check = (char *)(uintptr_t)options->check,
                          .fault = (char *)(uintptr_t)fault,
                          .note = (char *)(uintptr_t)failure->note,
                          .timeout_s = options->campaign.timeout_s,
                          .acks = failure->acked,
                          .acks_size = failure->acks,
                          .verdict = failure->checked.verdict,
                          .number = failure->checked.number};

    if (mkdir(options->out, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "cairn-torture: %s: cannot make the directory: %s\n", options->out, strerror(errno));
        return NULL;
    }
    snprintf(path, sizeof(path), "%s/%u-%s.repro", options->out, number,
             profile_name(failure->crash.profile));
    if (options->campaign.readings)
        readings_expect(options->campaign.readings, failure->point, failure->acked, failure->acks,
                        &repro.expected);
    const bool saved = repro_save(&repro, path);
    expected_release(&repro.expected);
    return saved ? path : NULL;
}

/* tell_failures -- all of a profile's, as text, to be freed; repros[i] is where failure i was written, or
 * NULL. */
static char *tell_failures(const struct options *options, const struct trace *trace,
                           const struct result *result, enum profile profile, unsigned *number,
                           char *repros[])
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    for (size_t i = 0; stream && i < result->failure_count; i++) {
        const struct failure *failure = &result->failures[i];
        const char *path =
            save_repro(options, trace, failure, profile_fault(profile, failure->crash.profile), ++*number);
        fprintf(stream, "  %u. %" PRIu64 " state%s like this one\n", *number, failure->alike,
                failure->alike == 1 ? "" : "s");
        report_failure(stream, failure->trace ? failure->trace : trace, failure, failure->acked);
        if (path)
            fprintf(stream, "    again: cairn-torture replay %s\n", path);
        repros[i] = path ? memory_text(path) : NULL;
    }
    if (stream)
        fclose(stream);
    return text ? text : memory_text("");
}

/* torture -- every profile that is asked for. */
static int torture(const struct options *options, struct trace *trace, struct outputs *outputs)
{
    bool failed = false, broken = false;
    unsigned number = 0;
    bool late[PROFILES] = {false}, unlike[PROFILES] = {false}, unsaved = false;

    for (enum profile profile = PROFILE_KILL; profile < PROFILES; profile++) {
        struct campaign campaign = options->campaign;
        struct result result;
        if (!options_want(options, profile))
            continue;
        campaign.trace = trace;
        campaign.profile = profile;
        campaign_run(&campaign, &result);
        report_result(stdout, &campaign, &result);
        char **repros = memory_new((result.failure_count + 1) * sizeof(*repros));
        char *text = tell_failures(options, trace, &result, profile, &number, repros);
        fputs(text, stdout);
        fflush(stdout);
        outputs_profile(outputs, &campaign, &result, text, (const char *const *)repros);
        failed |= result.failure_count > 0;
        broken |= result.broken;
        late[profile] = result.late;
        unlike[profile] = result.unlike;
        if (options->drop_syncs && profile_is_power(profile) && result.failure_count == 0 && !result.broken &&
            !result.late)
            drops_try(&options->campaign, trace, profile);
        for (size_t i = 0; i < result.failure_count; i++) {
            unsaved |= repros[i] == NULL;
            free(repros[i]);
        }
        free(repros);
        free(text);
        result_release(&result);
    }
    for (enum profile profile = PROFILE_KILL; profile < PROFILES; profile++) {
        if (unlike[profile])
            trace_gap(trace, "%s: on a tmpfs, and run again, the workload ends otherwise",
                      profile_name(profile));
        if (late[profile])
            trace_gap(trace, "%s: not all states were tested in %u seconds", profile_name(profile),
                      options->campaign.seconds);
    }
    return unsaved ? EXIT_BROKEN : failed ? EXIT_FOUND : broken ? EXIT_BROKEN : EXIT_PASSED;
}

/* tell_promises -- without a line that both print, nothing is held to what was acknowledged. */
static void tell_promises(const struct readings *readings, const struct trace *trace)
{
    const size_t size = acks_size(trace, trace->count);
    char *acks = acks_take(trace, size);

    if (!readings_have_promises(readings, acks, size))
        puts("no acknowledged line is one that --recover prints: that nothing is lost is not tried, only "
             "that it is no garbage");
    free(acks);
}

static int run_run(int argc, char **argv)
{
    struct options options;
    struct outputs outputs;
    struct trace trace = {0};

    if (!options_read(&options, argc, argv))
        return EXIT_USAGE;
    if (!outputs_open(&outputs, options.tap, options.junit, options.json, options.html))
        return EXIT_USAGE;
    if (!recorded(&trace, options.dir, options.campaign.command, options.campaign.timeout_s, options.trace)) {
        trace_release(&trace);
        return EXIT_BROKEN;
    }
    printf("recorded: %zu operations, %zu bytes acknowledged\n", trace.count, acks_size(&trace, trace.count));
    if (options.campaign.oracle == ORACLE_HISTORY)
        puts("no check: a file must be as it was at some moment since the latest line printed; see --recover "
             "and --check");
    fflush(stdout);
    int code = EXIT_BROKEN;
    struct readings *readings = NULL;
    if (options.recover)
        readings = readings_take(&trace, options.recover, options.campaign.timeout_s);
    options.campaign.readings = readings;
    if (readings)
        tell_promises(readings, &trace);
    if (readings || !options.recover)
        code = torture(&options, &trace, &outputs);
    const int gaps = tell_gaps(&trace);
    if (!outputs_close(&outputs, &trace) && code == EXIT_PASSED)
        code = EXIT_BROKEN;
    if (code == EXIT_FOUND && trace.unlike) {
        fputs("cairn-torture: what failed may have failed for that\n", stderr);
        code = EXIT_PASSED;
    }
    readings_release(readings);
    trace_release(&trace);
    return code == EXIT_PASSED ? gaps : code;
}

/* --- a check that is a library --- */

static int run_check_lib(int argc, char **argv)
{
    const bool serves = argc == 3 && strcmp(argv[1], "--serve") == 0;

    if (argc != (serves ? 3 : 2))
        return misused("check-lib needs a library");
    return serves ? library_serve(argv[2]) : library_call(argv[1]);
}

/* --- replay ------------------------------------------------------------------------------------------- */

struct replaying {
    const struct repro *repro;
    const struct tree *tree;
};

static int replay_in(struct sandbox *sandbox, void *arg)
{
    const struct replaying *replaying = arg;
    const struct repro *repro = replaying->repro;
    const bool killed = repro->crash.profile == PROFILE_KILL;
    struct failure failure = {.crash = repro->crash};
    const struct question question = {.tree = replaying->tree,
                                      .hash = repro->crash.hash,
                                      .cut = !killed,
                                      .fault = repro->fault,
                                      .acks = repro->acks,
                                      .acks_size = repro->acks_size,
                                      .at = repro->crash.at};
    struct oracle oracle = {.kind = repro->oracle,
                            .command = repro->check,
                            .timeout_s = repro->timeout_s,
                            .expected = &repro->expected};

    if (repro->oracle == ORACLE_HISTORY)
        oracle.history = history_make(&repro->trace);
    snprintf(failure.note, sizeof(failure.note), "%s", repro->note);
    oracle_ask(&oracle, sandbox, &question, &failure.checked);
    history_release(oracle.history);
    if (failure.checked.verdict == CHECK_NOT_RUN) {
        fprintf(stderr, "cairn-torture: the check could not be run: %s\n", failure.checked.output);
        return EXIT_BROKEN;
    }
    report_failure(stdout, &repro->trace, &failure, repro->acks);
    if (failure.checked.verdict == repro->verdict && failure.checked.number == repro->number)
        return EXIT_FOUND;
    puts("    it ended otherwise when it was found");
    return failure.checked.verdict == CHECK_PASSED ? EXIT_PASSED : EXIT_FOUND;
}

static int run_replay(int argc, char **argv)
{
    struct repro repro;
    struct tree tree = {0};
    int code = EXIT_USAGE, status = 0;

    if (argc != 2)
        return misused("replay needs a file");
    if (!repro_load(&repro, argv[1])) {
        repro_release(&repro);
        return EXIT_USAGE;
    }
    const uint64_t hash = repro.crash.hash;
    if (!crash_make(&repro.crash, &repro.trace, &tree) || repro.crash.hash != hash) {
        fprintf(stderr, "cairn-torture: %s: the state that it describes cannot be made\n", argv[1]);
    } else {
        struct replaying replaying = {&repro, &tree};
        printf("%s: profile %s\n", argv[1], profile_name(repro.crash.profile));
        const pid_t pid = sandbox_start(repro.trace.dir, replay_in, &replaying);
        code = pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
                       WEXITSTATUS(status) != SANDBOX_REFUSED
                   ? WEXITSTATUS(status)
                   : EXIT_BROKEN;
    }
    tree_release(&tree);
    repro_release(&repro);
    return code;
}

static int run_command(int argc, char **argv)
{
    if (argc < 2)
        return misused("no command");
    if (strcmp(argv[1], "run") == 0)
        return run_run(argc - 1, argv + 1);
    if (strcmp(argv[1], "replay") == 0)
        return run_replay(argc - 1, argv + 1);
    if (strcmp(argv[1], "record") == 0)
        return run_record(argc - 1, argv + 1);
    if (strcmp(argv[1], "show") == 0)
        return run_show(argc - 1, argv + 1);
    if (strcmp(argv[1], "check-lib") == 0)
        return run_check_lib(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return EXIT_PASSED;
    }
    return misused("there is no such command");
}

/* hold_standard -- no file of ours may get the number of a standard stream that was closed. */
static void hold_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    hold_standard();
    const int code = run_command(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "cairn-torture: standard output: %s\n", strerror(errno));
    return code == EXIT_PASSED ? EXIT_BROKEN : code;
}
