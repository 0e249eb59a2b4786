/* main.c -- the command `cairn-torture`. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torture/recorder.h"
#include "torture/trace.h"

enum { EXIT_PASSED = 0, EXIT_FOUND = 1, EXIT_USAGE = 2, EXIT_INCOMPLETE = 3, EXIT_BROKEN = 4 };

static void usage(FILE *stream)
{
    fputs("usage: cairn-torture record --dir DIR --trace FILE -- COMMAND [ARGUMENT]...\n"
          "       cairn-torture show FILE\n"
          "\n"
          "record   run COMMAND, and record what it does to the directory DIR, and what it prints\n"
          "show     tell what was recorded, an operation a line: when it began and ended, its thread,\n"
          "         the system call, and what it did\n"
          "\n"
          "Exit status: 0 done; 2 the command line is wrong; 3 what was recorded is incomplete, and why\n"
          "is told; 4 it could not be done.\n",
          stream);
}

static int misused(const char *what)
{
    fprintf(stderr, "cairn-torture: %s\n", what);
    usage(stderr);
    return EXIT_USAGE;
}

/* tell_gaps -- what could not be followed. */
static int tell_gaps(const struct trace *trace)
{
    for (size_t i = 0; i < trace->gap_count; i++)
        fprintf(stderr, "cairn-torture: INCOMPLETE: %s\n", trace->gaps[i]);
    return trace->gap_count ? EXIT_INCOMPLETE : EXIT_PASSED;
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
    const bool ok = recorder_run(&trace, dir, argv + optind) && trace_save(&trace, file);
    const int code = ok ? tell_gaps(&trace) : EXIT_BROKEN;
    trace_release(&trace);
    return code;
}

static int run_show(int argc, char **argv)
{
    struct trace trace = {0};

    if (argc != 2)
        return misused("show needs a file");
    int code = EXIT_USAGE;
    if (trace_load(&trace, argv[1])) {
        trace_show(&trace, stdout);
        code = tell_gaps(&trace);
    }
    trace_release(&trace);
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return misused("no command");
    if (strcmp(argv[1], "record") == 0)
        return run_record(argc - 1, argv + 1);
    if (strcmp(argv[1], "show") == 0)
        return run_show(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return EXIT_PASSED;
    }
    return misused("there is no such command");
}
