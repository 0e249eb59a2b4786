/* failure.h -- what the command says and returns when something went wrong.
 *
 * The exit codes, and the one table that gives each error its code, are here and in failure.c. Words go
 * to stderr in the form `cairn: COMMAND: MESSAGE`, with whatever could upset a terminal escaped.
 */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

/* Exit codes. */
enum exit_code {
    EXIT_DONE = 0,    /* done */
    EXIT_NOTHING = 1, /* there is no such checkpoint, or none at all */
    EXIT_MISUSE = 2,  /* the command line, or what it names, is not what the command takes */
    EXIT_DAMAGED = 3, /* what was recorded is damaged or lost */
    EXIT_FAILED = 4,  /* the system failed: I/O, space, permission, memory */
    EXIT_WAITED = 5,  /* busy, timed out or cancelled: it may work later */
};

/* Returns the exit code for an error of Cairn's; that of EXIT_FAILED for an unknown one. */
int failure_exit_code(int error);

/* Returns the error's name as in <cairn/error.h>, such as "CAIRN_EIO"; "unknown" for an unknown one. A
 * static string. */
const char *failure_name(int error);

/* Says `cairn: COMMAND: ` and the rest, as printf would, with a newline; a line of progress is erased
 * first. `command` may be NULL. Keeps errno. */
__attribute__((format(printf, 2, 3))) void failure_say(const char *command, const char *format, ...);

/* Says what the last failed call of Cairn, which gave `error`, has to say. Returns the exit code. */
int failure_report(const char *command, int error);

#endif
