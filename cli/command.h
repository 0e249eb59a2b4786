/* command.h -- a subcommand of `cairn`: what it is called, what it takes, and how it runs.
 *
 * main.c finds the command in its table, options.c fills in a request, and `run` does the work and gives
 * the exit code. A command that opens an operation does so between command_open() and command_close(),
 * which see to signals, messages and exit codes in one place.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>

#include <cairn/cairn.h>

/* What was asked for on the command line. The strings are those of argv. */
struct request {
    const char *command;  /* the subcommand's name, for messages; NULL before it is known */
    char **operands;      /* what is neither command nor option */
    int operand_count;    /* within the command's minimum and maximum */
    const char *label;    /* --label; NULL if not given */
    bool intact;          /* --intact */
    bool all;             /* --all */
    bool json;            /* --json */
    bool help;            /* --help */
    bool version;         /* --version */
    struct cairn_ctx ctx; /* --timeout, and what a signal cancels */
};

struct command {
    const char *name;
    const char *operands; /* the synopsis behind the name */
    const char *summary;  /* one line for the list of commands */
    const char *manual;   /* what --help says besides; whole lines */
    unsigned options;     /* which options it takes beside the common ones: enum option_bit */
    int operands_min;
    int operands_max;
    int (*run)(struct request *request); /* returns the exit code */
};

extern const struct command command_checkpoint;
extern const struct command command_latest;
extern const struct command command_load;
extern const struct command command_list;
extern const struct command command_watch;
extern const struct command command_copy;
extern const struct command command_step;
extern const struct command command_stat;
extern const struct command command_compact;
extern const struct command command_clear;
extern const struct command command_complete;
extern const struct command command_verify;
extern const struct command command_repair;

/* Begins to catch signals and opens the operation named by the first operand. Returns 0 or an error of
 * cairn_open(). In either case command_close() has to follow. A command that writes is from then on not
 * killed by SIGPIPE. */
int command_open(struct request *request, unsigned flags, struct cairn_op **op);

/* Ends what command_open() began: says what went wrong, if `error` is one of Cairn's, closes `op` (which
 * may be NULL) and gives signals back their usual effect. An error above zero is a callback's own, which
 * has been told already or will be by output_close(). If a signal ended the work, so it does the process,
 * and this does not return. Returns the exit code. */
int command_close(struct request *request, struct cairn_op *op, int error);

#endif
