/* child.h -- runs a command for its standard output.
 *
 * The command has our standard input and error. Signals that somebody sends to us go on to it; those of a
 * terminal it has got by itself. If we are killed so is the command: its output would go to nobody.
 */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <stdbool.h>
#include <stddef.h>

struct child {
    int status;   /* of the command, as a shell would give it: 126 or 127 if it cannot be run, 128 and the
                     signal's number if one ended it */
    char *output; /* to be freed */
    size_t size;
};

/* Runs argv[0], with descriptor `inherit` left open in it unless that is -1. Returns EXIT_DONE when it has
 * ended, however that was; or another exit code, which has been told: there is no memory for its output, or
 * no process could be made. */
int child_run(const char *command, char **argv, int inherit, struct child *child);

#endif
