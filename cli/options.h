/* options.h -- the options of the command line: one table for parsing them and for telling of them.
 *
 * Options may stand before or after the operands; `--` ends them. getopt_long() does the work, but for
 * saying what is wrong.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

struct request;

/* What only some commands take. --timeout, --help and --version are taken everywhere. */
enum option_bit {
    OPTION_LABEL = 1,
    OPTION_INTACT = 2,
    OPTION_JSON = 4,
    OPTION_ALL = 8,
};

/* Takes the options out of argv[1] and on. With `stop` it ends at the first operand, else it moves all
 * operands to the end of argv. Fills in *request; returns the index of the first operand, or -1 if something
 * was wrong, which has been said. Ends early, with what follows
 * unread, at --help and --version. */
int options_parse(struct request *request, int argc, char **argv, unsigned allowed, bool stop);

/* Prints a line for each option that a command with these takes. */
void options_print(FILE *stream, unsigned allowed);

#endif
