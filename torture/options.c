/* options.c -- see options.h. */
#include "torture/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "torture/memory.h"
#include "torture/paths.h"

static bool misused(const char *what)
{
    fprintf(stderr, "cairn-torture: %s; see cairn-torture --help\n", what);
    return false;
}

/* list_is_whole -- whether there is a name before, behind and between the commas. */
static bool list_is_whole(const char *list)
{
    const size_t size = strlen(list);

    return size > 0 && *list != ',' && list[size - 1] != ',' && strstr(list, ",,") == NULL;
}

/* pick_profiles -- "strict,ext4": false if one is none. */
static bool pick_profiles(struct options *options, const char *list)
{
    char *copy = memory_text(list);
    bool ok = true;

    memset(options->profiles, 0, sizeof(options->profiles));
    ok = list_is_whole(list);
    for (char *name = strtok(copy, ","); name; name = strtok(NULL, ",")) {
        const enum profile profile = profile_find(name);
        if (!profile_is_power(profile))
            ok = false;
        else
            options->profiles[profile] = true;
    }
    free(copy);
    return ok;
}

/* pick_faults -- "kill,power": false if one is none. */
static bool pick_faults(struct options *options, const char *list)
{
    char *copy = memory_text(list);
    bool ok = true;

    options->kill = options->power = options->rot = options->errors = false;
    ok = list_is_whole(list);
    for (char *name = strtok(copy, ","); name; name = strtok(NULL, ",")) {
        if (strcmp(name, "kill") == 0)
            options->kill = true;
        else if (strcmp(name, "power") == 0)
            options->power = true;
        else if (strcmp(name, "rot") == 0)
            options->rot = true;
        else if (strcmp(name, "errors") == 0)
            options->errors = true;
        else
            ok = false;
    }
    free(copy);
    return ok;
}

bool options_want(const struct options *options, enum profile profile)
{
    switch (profile) {
    case PROFILE_KILL:
        return options->kill;
    case PROFILE_ROT:
        return options->rot;
    case PROFILE_ERRORS:
        return options->errors;
    case PROFILE_ROUNDS:
        return options->campaign.rounds > 0;
    default:
        return options->power && options->profiles[profile];
    }
}

static bool number_of(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && *number >= least && *number <= most;
}

static bool take(struct options *options, int key, const char *value)
{
    uint64_t number;

    switch (key) {
    case 'd':
        options->dir = value;
        return true;
    case 'c':
        options->check = value;
        return true;
    case 'L':
        options->library = value;
        return true;
    case 'r':
        options->recover = value;
        return true;
    case 'o':
        options->out = value;
        return true;
    case 't':
        options->trace = value;
        return true;
    case 'R':
        if (!number_of(value, 0, 1000000, &number))
            return false;
        options->campaign.deep = (unsigned)number;
        return true;
    case 'N':
        if (!number_of(value, 0, 1000000000, &number))
            return false;
        options->campaign.rounds = (unsigned)number;
        return true;
    case 'M':
        if (!number_of(value, 0, 1000000000, &number))
            return false;
        options->campaign.allocations = (unsigned)number;
        return true;
    case 'A':
        options->tap = value;
        return true;
    case 'U':
        options->junit = value;
        return true;
    case 'J':
        options->json = value;
        return true;
    case 'H':
        options->html = value;
        return true;
    case 'D':
        options->drop_syncs = true;
        return true;
    case 'F':
        return pick_faults(options, value);
    case 'p':
        return pick_profiles(options, value);
    case 's':
        return number_of(value, 0, UINT64_MAX, &options->campaign.seed);
    case 'n':
        if (!number_of(value, 0, 1000000, &number))
            return false;
        options->campaign.samples = (unsigned)number;
        return true;
    case 'j':
        if (!number_of(value, 1, 64, &number))
            return false;
        options->campaign.workers = (unsigned)number;
        return true;
    case 'T':
        if (!number_of(value, 1, 86400, &number))
            return false;
        options->campaign.timeout_s = (unsigned)number;
        return true;
    case 'S':
        if (!number_of(value, 1, 1000000, &number))
            return false;
        options->campaign.seconds = (unsigned)number;
        return true;
    case 'f':
        if (!number_of(value, 1, 1000000, &number))
            return false;
        options->campaign.failures_max = (unsigned)number;
        return true;
    default:
        return false;
    }
}

/* use_library -- the check is a command of ours that calls it; so a file to replay has it, too. */
static bool use_library(struct options *options)
{
    static char command[PATH_MAX + 64];
    const char *name = realpath(options->library, NULL);

    if (name == NULL || strpbrk(name, CHECK_SPECIAL " \t")) {
        fprintf(stderr, "cairn-torture: %s: %s\n", options->library,
                name ? "a library with such a character in its path cannot be taken" : strerror(errno));
        return false;
    }
    snprintf(command, sizeof(command), "/proc/self/exe check-lib %s", name);
    options->check = command;
    options->campaign.library = name;
    return true;
}

/* choose_oracle -- who says whether a directory is well. */
static bool choose_oracle(struct options *options)
{
    const int given = (options->check != NULL) + (options->library != NULL) + (options->recover != NULL);

    if (given > 1)
        return misused("only one of --check, --check-lib and --recover can be given");
    if (options->library)
        return use_library(options);
    if (options->check)
        return true;
    if (options->rot || options->errors || options->campaign.rounds)
        return misused("faults other than kill and power, and rounds, want a --check");
    options->campaign.oracle = options->recover ? ORACLE_READINGS : ORACLE_HISTORY;
    options->check = options->recover ? options->recover : "";
    return true;
}

/* check_paths -- of the directory, and of all that is to be written. */
static bool check_paths(const struct options *options)
{
    const char *const outputs[] = {options->trace, options->tap, options->junit, options->json,
                                   options->html};
    const unsigned count = sizeof(outputs) / sizeof(*outputs);

    if (!paths_dir(options->dir) || !paths_output(options->out, options->dir) ||
        !paths_differ(outputs, count))
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (!paths_output(outputs[i], options->dir))
            return false;
    }
    return true;
}

bool options_read(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {{"dir", required_argument, NULL, 'd'},
                                          {"check", required_argument, NULL, 'c'},
                                          {"check-lib", required_argument, NULL, 'L'},
                                          {"recover", required_argument, NULL, 'r'},
                                          {"profile", required_argument, NULL, 'p'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"samples", required_argument, NULL, 'n'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"timeout", required_argument, NULL, 'T'},
                                          {"failures", required_argument, NULL, 'f'},
                                          {"out", required_argument, NULL, 'o'},
                                          {"trace", required_argument, NULL, 't'},
                                          {"drop-syncs", no_argument, NULL, 'D'},
                                          {"deep", required_argument, NULL, 'R'},
                                          {"rounds", required_argument, NULL, 'N'},
                                          {"tap", required_argument, NULL, 'A'},
                                          {"junit", required_argument, NULL, 'U'},
                                          {"json", required_argument, NULL, 'J'},
                                          {"html", required_argument, NULL, 'H'},
                                          {"faults", required_argument, NULL, 'F'},
                                          {"allocations", required_argument, NULL, 'M'},
                                          {"seconds", required_argument, NULL, 'S'},
                                          {0}};
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *options = (struct options){
        .out = "torture.out",
        .profiles =
            {[PROFILE_STRICT] = true, [PROFILE_EXT4] = true, [PROFILE_XFS] = true, [PROFILE_BTRFS] = true},
        .kill = true,
        .power = true,
        .campaign = {.timeout_s = 20,
                     .seed = 1,
                     .samples = 8,
                     .workers = processors > 0 && processors < 64 ? (unsigned)processors : 1,
                     .failures_max = 20,
                     .deep = 32,
                     .allocations = 200,
                     .dropped = DROPPED_NONE,
                     .to = SIZE_MAX,
                     .progress = isatty(STDERR_FILENO) == 1}};
    int key;

    while ((key = getopt_long(argc, argv, "+", known, NULL)) != -1) {
        if (take(options, key, optarg))
            continue;
        fprintf(stderr, "cairn-torture: %s: ", argv[optind - 1]);
        fputs(key == '?' ? "this option is not known; " : "this is no value for the option; ", stderr);
        fputs("see cairn-torture --help\n", stderr);
        return false;
    }
    if (options->dir == NULL || optind == argc)
        return misused("run needs --dir and a command");
    if (!choose_oracle(options))
        return false;
    options->campaign.check = options->check;
    options->campaign.cuts = options->power;
    options->campaign.command = argv + optind;
    return check_paths(options);
}
